"""The client that a delivery is given, from which it makes its own."""

import pickle
import sys
import threading
from itertools import count
from types import ModuleType

from support.deliveries import PATIENCE, RUN, Gate, delivering
from support.peers import Peer, echo

from gentrace import ApiClient, Configuration, Delivery, IngestionApi


class OfTenant(ApiClient):
    """A client of a program, which takes other arguments and holds more."""

    def __init__(self, tenant, configuration):
        super().__init__(configuration)
        self.tenant = tenant

    def call_api(self, *arguments, **keywords):
        self.set_default_header("X-Tenant", self.tenant)
        return super().call_api(*arguments, **keywords)


def test_client_of_a_subclass_sends_with_what_it_holds():
    with Peer(echo) as peer, OfTenant("a", Configuration(peer.url, "token")) as client:
        delivery = Delivery(client)
        assert delivery.submit(RUN).result(30)
        assert delivery.close(30)
    assert [request["X-Tenant"] for request in peer.requests] == ["a"]


def test_opentelemetry_that_cannot_suppress_its_spans_does_not_stop_delivery(monkeypatch):
    """Its versions before 0.44b0, or one that another thread is importing."""
    utils = "opentelemetry.instrumentation.utils"
    monkeypatch.setitem(sys.modules, utils, ModuleType(utils))
    with Peer(echo) as peer, delivering(peer) as delivery:
        assert delivery.submit(RUN).result(30)


def test_client_that_lost_its_cookie_in_a_pickle_sends_nothing_until_that_is_set():
    with Peer(echo) as peer:
        given = ApiClient(Configuration(peer.url), cookie="a=b")
        with pickle.loads(pickle.dumps(given)) as client:  # noqa: S301 - our own
            delivery = Delivery(client)
            receipt = delivery.submit(RUN)
            assert not delivery.flush(1)
            assert not peer.requests
            client.cookie = "c=d"
            assert receipt.result(30)
            assert delivery.close(30)
    assert [request["Cookie"] for request in peer.requests] == ["c=d"]


def test_run_goes_where_a_call_of_its_operation_goes(monkeypatch):
    """With all that the client adds to such a call."""
    with Peer(echo) as peer, Peer(echo) as other:
        servers = ({"url": peer.url}, {"url": other.url})
        monkeypatch.setattr("gentrace.configuration.document.SERVERS", servers)
        configuration = Configuration(peer.url, "token")
        with ApiClient(configuration, "X-Api-Key", "key", "a=b") as client:
            delivery = Delivery(client)
            assert delivery.submit(RUN).result(30)
            configuration.server_operation_index = {"pipeline_run_post": 1}
            assert delivery.submit(RUN).result(30)
            assert delivery.close(30)
            IngestionApi(client).pipeline_run_post(RUN)
    for request in (*peer.requests, *other.requests):
        assert request["Authorization"] == "Bearer token"
        assert (request["X-Api-Key"], request["Cookie"]) == ("key", "a=b")
    assert (len(peer.requests), len(other.requests)) == (1, 2)


def test_each_worker_has_a_connection_whatever_the_pool_of_the_given_client_holds():
    """Waiting for one is no trouble of the server, for which others would have to wait."""
    gate = Gate()
    settings = {"connection_pool_maxsize": 1}
    with Peer(gate) as peer, delivering(peer, settings=settings, workers=6) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(6)]
        peer.wait(lambda: len(peer.requests) == 6)
        assert delivery.api_client.configuration.connection_pool_maxsize == 1
        gate.go.set()
        assert all(receipt.result(30) for receipt in receipts)


def test_no_worker_sends_by_a_client_that_retries_by_itself():
    """Though two of them make one at the same time, and one of them takes longer."""
    copies, has_sent, retries = count(), threading.Event(), []

    class CopiedSlowly(ApiClient):
        """Its first copy is made only when another one has sent a run."""

        def __copy__(self):
            if next(copies) == 0:
                has_sent.wait(PATIENCE)
            return super().__copy__()

        def call_api(self, *arguments, **keywords):
            retries.append(self.configuration.retries)
            answer = super().call_api(*arguments, **keywords)
            has_sent.set()
            return answer

    with (
        Peer(echo) as peer,
        CopiedSlowly(Configuration(peer.url, "token")) as client,
        Delivery(client, workers=2) as delivery,
    ):
        receipts = [delivery.submit(RUN) for _ in range(2)]
        assert all(receipt.result(PATIENCE) for receipt in receipts)
        assert delivery.submit(RUN).result(PATIENCE)
    assert retries == [False] * 3
