"""The client that a delivery is given, from which it makes its own."""

import pickle

from support.deliveries import RUN
from support.peers import Peer, echo

from gentrace import ApiClient, Configuration, Delivery


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
