"""The client itself: how it is made, copied, pickled and closed."""

import copy
import gc
import os
import pickle
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
from support.caller import RUN
from support.canary import CANARY, leaks
from support.peers import Peer, reply

from gentrace import Delivery, Pipeline, set_default_delivery
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.api_client import (
    ApiClient,
)
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.backfill import send_lines
from gentrace.configuration import Configuration
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTypeError,
    ApiValueError,
)


def test_making_a_client_opens_no_socket_and_starts_no_thread():
    def held():
        return {path.name for path in Path("/proc/self/fd").iterdir()}

    files, threads = held(), set(threading.enumerate())
    clients = [ApiClient(Configuration(), pool_threads=50) for _ in range(100)]
    assert held() <= files
    assert threads.issuperset(threading.enumerate())
    assert len(clients) == 100


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("https://one.example",), ApiTypeError),
        (({},), ApiTypeError),
        ((Configuration,), ApiTypeError),
        ((None, None, None, None, "1"), ApiTypeError),
        ((None, None, None, None, True), ApiTypeError),
        ((None, None, None, None, 0), ApiValueError),
        ((None, "X-A"), ApiTypeError),
        ((None, None, "a"), ApiTypeError),
    ],
)
def test_wrong_argument_of_a_client_is_refused(arguments, kind):
    with pytest.raises(kind, match="expected") as caught:
        ApiClient(*arguments)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("configuration", None, ApiTypeError),
        ("configuration", "https://one.example", ApiTypeError),
        ("pool_threads", "1", ApiTypeError),
        ("pool_threads", 0, ApiValueError),
    ],
)
def test_wrong_attribute_of_a_client_is_refused(name, value, kind):
    client = ApiClient(Configuration())
    before = getattr(client, name)
    with pytest.raises(kind, match=rf"^{name}: expected"):
        setattr(client, name, value)
    assert getattr(client, name) == before


@pytest.mark.parametrize("given", ["https://one.example", Configuration(), ApiClient, 0])
def test_api_takes_a_client_alone(given):
    with pytest.raises(ApiTypeError, match=r"^api_client: expected a gentrace.ApiClient, such as"):
        IngestionApi(given)


def test_close_frees_the_connection_and_a_later_call_opens_another(connect):
    with Peer() as peer:
        caller = connect(peer)
        with caller.client as client:
            assert client is caller.client
            caller.post()
            caller.post()
            assert (peer.connections, peer.open) == (1, 1)
        peer.wait(lambda: peer.open == 0)
        caller.post()
        assert peer.connections == 2
        client.close()
        client.close()
        peer.wait(lambda: peer.open == 0)


def test_dropped_client_frees_its_connection():
    with Peer() as peer:
        client = ApiClient(Configuration(peer.url))
        IngestionApi(client).pipeline_run_post(body=RUN)
        assert peer.open == 1
        del client
        gc.collect()
        peer.wait(lambda: peer.open == 0)


def test_client_keeps_the_configuration_that_it_was_given():
    configuration = Configuration()
    client = ApiClient(configuration)
    assert client.configuration is configuration
    assert IngestionApi(client).api_client is client
    assert type(IngestionApi().api_client) is ApiClient
    assert repr(client) == f"ApiClient({configuration!r})"


@pytest.mark.parametrize("name", ["X-Api-Key", "Private-Token", "x-client-secret"])
def test_key_in_a_header_field_of_another_name_is_a_secret(name):
    """It is in no pickle, goes to no other host, and is masked where a server repeats it."""
    with Peer(reply(401, CANARY.encode())) as peer, Peer(reply(200)) as other:
        client = ApiClient(Configuration(peer.url), name, CANARY)
        client.set_default_header("X-Team", "search")
        with client, pytest.raises(ApiException) as caught:
            IngestionApi(client).pipeline_run_post(RUN)
        client.call_api("/x", "GET", host=other.url)
        assert not leaks(f"{caught.value} {client.default_headers} {vars(client)}")
        assert not leaks(caught.value.body + pickle.dumps(caught.value) + pickle.dumps(client))
    assert (peer.requests[0][name], other.requests[0][name]) == (CANARY, None)
    assert peer.requests[0]["X-Team"] == other.requests[0]["X-Team"] == "search"


@pytest.mark.parametrize("keep", [True, False])
def test_client_pickles_as_its_configuration(keep):
    """Header fields that carry secrets go the way of the token."""
    with Peer() as peer:
        client = ApiClient(
            Configuration(peer.url, CANARY, pickle_token=keep), "X-Team", "search", f"a={CANARY}", 3
        )
        client.set_default_header("Proxy-Authorization", CANARY)
        client.call_api("/warm", "GET")
        pickled = pickle.dumps(client)
        client.close()
        twin = pickle.loads(pickled)  # noqa: S301 - our own
        assert bool(leaks(pickled)) == keep
        assert twin.pool_threads == 3
        twin.configuration.access_token = twin.configuration.access_token or "new"
        if not keep:
            with pytest.raises(ApiValueError, match=r"Cookie: .* left out"):
                twin.call_api("/x", "GET")
            twin.cookie = None
            with pytest.raises(ApiValueError, match=r"Proxy-Authorization: .* left"):
                twin.call_api("/x", "GET")
            twin.default_headers["proxy-authorization"] = "new"
        twin.call_api("/x", "GET")
        twin.close()
    request = peer.requests[-1]
    assert request["X-Team"] == "search"
    assert request["Authorization"] == ("Bearer " + CANARY if keep else "Bearer new")
    assert request["Cookie"] == (f"a={CANARY}" if keep else None)
    assert request["Proxy-Authorization"] == (CANARY if keep else "new")


@pytest.mark.parametrize("name", ["Cookie", "cookie"])
@pytest.mark.parametrize("cookie", ["a=b", None])
def test_cookie_put_in_place_stands_for_a_default_header_field_of_that_name(name, cookie):
    twin = pickle.loads(pickle.dumps(ApiClient(Configuration(), name, "a=b")))  # noqa: S301 - our own
    with pytest.raises(ApiValueError, match=f"^{name}: "):
        twin.check_complete()
    twin.cookie = cookie
    twin.check_complete()


@pytest.mark.parametrize("fields", [{"Authorization": "Basic b"}, {}])
def test_header_fields_put_in_place_are_all_that_a_pickled_client_needs(fields):
    client = ApiClient(Configuration(), "Authorization", "Basic a")
    twin = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    with pytest.raises(ApiValueError, match="Authorization"):
        twin.check_complete()
    twin.default_headers = fields
    twin.check_complete()
    assert client.default_headers == {"Authorization": "Basic a"}


def test_pickled_client_has_no_cookie_of_its_own():
    twin = pickle.loads(pickle.dumps(ApiClient(Configuration())))  # noqa: S301 - our own
    assert (twin.cookie, dict(twin.default_headers), twin.pool_threads) == (None, {}, 1)


def test_pickled_cookie_is_the_clients_own():
    client = ApiClient(Configuration(pickle_token=True), cookie="a=b")
    twin = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    assert (twin.cookie, dict(twin.default_headers)) == ("a=b", {})


class OfTenant(ApiClient):
    """A client of a program, which takes other arguments and holds more."""

    def __init__(self, tenant):
        super().__init__(Configuration(), "X-Tenant", tenant)
        self.tenants = [tenant]


@pytest.mark.parametrize(
    ("make_twin", "is_deep"),
    [
        (copy.copy, False),
        (copy.deepcopy, True),
        (lambda client: pickle.loads(pickle.dumps(client)), True),  # noqa: S301 - our own
        (lambda client: pickle.loads(pickle.dumps(client, 0)), True),  # noqa: S301 - our own
    ],
)
def test_what_a_subclass_holds_goes_with_a_copy(make_twin, is_deep):
    client = OfTenant("a")
    client.itself = client
    twin = make_twin(client)
    assert type(twin) is OfTenant
    assert (twin.tenants, dict(twin.default_headers)) == (["a"], {"X-Tenant": "a"})
    assert (twin.tenants is client.tenants) != is_deep
    assert twin.itself is (twin if is_deep else client)


@pytest.mark.parametrize("deep", [False, True])
def test_copied_client_keeps_its_secrets_and_is_apart(deep):
    """It shares the configuration; a deep copy has its own, as has all that is copied with it."""
    with Peer() as peer:
        client = ApiClient(Configuration(peer.url, "token"), "Authorization", "Basic a", "a=b", 3)
        client.call_api("/x", "GET")
        pair = client, client.configuration
        twin, configuration = copy.deepcopy(pair) if deep else (copy.copy(client), pair[1])
        assert (twin.configuration is configuration, twin.pool_threads) == (True, 3)
        assert (configuration is client.configuration) != deep
        twin.call_api("/x", "GET")
        assert peer.connections == 2
        twin.cookie = None
        del twin.default_headers["Authorization"]
        for each in (twin, client):
            each.call_api("/x", "GET")
            each.close()
    fields = [(request["Authorization"], request["Cookie"]) for request in peer.requests]
    own = ("Basic a", "a=b")
    assert fields == [own, own, ("Bearer token", None), own]


def test_call_whose_transport_cannot_load_fails(connect, monkeypatch):
    """As when the interpreter ends before the first call."""
    monkeypatch.setitem(sys.modules, "gentrace.rest", None)
    with Peer() as peer:
        error = connect(peer).fail(ApiConnectionException)
    assert "cannot load" in str(error)


def test_wrong_time_out_is_refused_before_the_body_is_converted(connect):
    with pytest.raises(ApiValueError, match=r"^timeout: expected seconds above 0"):
        connect("http://127.0.0.1:1/").post([], timeout=-1)


def test_key_without_a_certificate_is_refused(connect, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text("a key")
    with pytest.raises(ApiValueError, match="key_file: is of no use without cert_file"):
        connect("https://target.test", key_file=str(key)).post()


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: ApiClient(Configuration(), "X A", CANARY),
        lambda: ApiClient(Configuration(), "X-A", f"{CANARY}\n"),
        lambda: ApiClient(Configuration(), cookie=f"{CANARY}\n"),
        lambda: ApiClient(Configuration(), "X-A", CANARY, CANARY, 0),
        lambda: setattr(ApiClient(Configuration()), "configuration", CANARY),
        lambda: setattr(ApiClient(Configuration()), "cookie", f"{CANARY}\n"),
        lambda: setattr(ApiClient(Configuration()), "default_headers", {"X A": CANARY}),
        lambda: ApiClient(Configuration()).set_default_header("X A", CANARY),
        lambda: ApiClient(Configuration()).default_headers.update({"X-A": f"{CANARY}\n"}),
        lambda: ApiClient(Configuration()).call_api("/", "GET", {"A": CANARY, "X B": "1"}),
        lambda: ApiClient(Configuration()).call_api("/", "G T", {"A": CANARY}),
        lambda: ApiClient(Configuration()).call_api("/", "GET", host=CANARY),
        lambda: ApiClient(Configuration()).call_api("/", "GET", host=f"https://u:{CANARY}@h"),
        lambda: ApiClient(Configuration()).call_api("/", "GET", auth_settings=CANARY),
        lambda: ApiClient(Configuration()).call_api("/", "GET", auth_settings=[CANARY]),
        lambda: ApiClient(CANARY),
        lambda: ApiClient(access_token=CANARY),
        lambda: AsyncApiClient(CANARY),
        lambda: AsyncApiClient(access_token=CANARY),
        lambda: AsyncApiClient(cookie=f"{CANARY}\n"),
        lambda: AsyncIngestionApi(CANARY),
        lambda: IngestionApi(CANARY),
        lambda: Delivery(CANARY),
        lambda: Delivery(access_token=CANARY),
        lambda: set_default_delivery(CANARY),
        lambda: Pipeline("x", delivery=CANARY),
        lambda: send_lines([], CANARY),
        lambda: Configuration.set_default(CANARY),
        lambda: Configuration().get_host_from_settings(0, None, [{"url": f"https://u:{CANARY}@h"}]),
    ],
)
def test_frames_of_a_refused_argument_do_not_hold_it(mistake):
    """As an error tracker sees them, which collects the locals of all frames of the package."""
    with pytest.raises((TypeError, ApiValueError)) as caught:
        mistake()
    assert not leaks(str(caught.value))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if f"{os.sep}gentrace{os.sep}" in frame.filename]
    assert frames
    assert not leaks("\n".join(text for frame in frames for text in (frame.locals or {}).values()))


def test_locals_of_a_frame_that_still_runs_stay():
    """Such as one that keeps an error, and raises it again where the package calls it."""
    client = ApiClient(Configuration())
    saved = RuntimeError()

    class Headers(dict):
        def items(self):
            raise saved

    with suppress(RuntimeError):
        raise saved
    with pytest.raises(RuntimeError) as caught:
        client.default_headers = Headers(a=CANARY)
    assert caught.value is saved
