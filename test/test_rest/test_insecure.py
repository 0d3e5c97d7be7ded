"""What warns, once, that others can read or answer what is sent."""

import warnings

import pytest
import trustme
from support.caller import TOKEN
from support.peers import Peer, names, proxy, server_tls

from gentrace.exceptions import ApiTlsException, InsecureTransportWarning


def test_unchecked_certificate_warns_once_for_each_client(connect):
    with Peer(tls=server_tls("another.test", ca=trustme.CA())) as peer:
        caller = connect(peer, verify_ssl=False)
        with pytest.warns(InsecureTransportWarning, match="verify_ssl") as caught:
            assert caller.works()
        assert TOKEN not in str(caught[0].message)
        assert len(caught) == 1
        assert caller.works()


def test_unchecked_client_does_not_touch_another(connect):
    """As in CVE-2024-35195 of requests, whose sessions went on unchecked after one request."""
    with Peer(tls=server_tls(ca=trustme.CA())) as peer:
        careless, careful = connect(peer, verify_ssl=False), connect(peer)
        with pytest.warns(InsecureTransportWarning):
            assert careless.works()
        careful.fail(ApiTlsException)
        careless.configuration.verify_ssl = True
        careless.fail(ApiTlsException)
        assert len(peer.requests) == 1


def test_unchecked_client_through_a_proxy_does_not_touch_another(connect):
    with (
        Peer(tls=server_tls(ca=trustme.CA())) as peer,
        Peer(proxy(), tls=server_tls(ca=trustme.CA())) as between,
    ):
        with pytest.warns(InsecureTransportWarning):
            assert connect(peer, proxy=between.origin, verify_ssl=False).works()
        connect(peer, proxy=between.origin).fail(ApiTlsException)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("name", ["plain.test", "notlocalhost", "localhost.test"])
def test_plain_http_beyond_loopback_warns_once(connect, name):
    with Peer() as peer, names({name: [peer.address]}):
        caller = connect(peer.at(name))
        with pytest.warns(InsecureTransportWarning, match="https://") as caught:
            assert caller.works()
        assert caller.works()
    assert len(caught) == 1
    assert TOKEN not in str(caught[0].message)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "LocalHost.", "api.localhost", "API.LOCALHOST.", "[::1]"]
)
def test_plain_http_on_loopback_does_not_warn(connect, name):
    with Peer(host="::1" if ":" in name else "127.0.0.1") as peer:
        asked = name.lower()
        with names({asked: [peer.address], asked.removesuffix("."): [peer.address]}):
            assert connect(peer.at(name)).works()


def test_plain_http_warns_of_a_token_in_any_spelling_of_its_header(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"), access_token=None)
        caller.client.set_default_header("authorization", f"Bearer {TOKEN}")
        with pytest.warns(InsecureTransportWarning):
            assert caller.works()


def test_plain_http_through_a_proxy_elsewhere_warns_for_loopback_too(connect):
    """The token can be read up to the proxy."""
    with Peer(proxy()) as between, Peer() as peer, names({"proxy.test": [between.address]}):
        address = between.at("proxy.test").removesuffix("/api/v1")
        with pytest.warns(InsecureTransportWarning):
            assert connect(peer, proxy=address).works()


def test_warning_names_the_line_of_the_caller(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        for call in (
            lambda caller: caller.api.pipeline_run_post({"name": "n", "stepRuns": []}),
            lambda caller: caller.client.call_api("/pipeline-run", "POST"),
        ):
            with pytest.warns(InsecureTransportWarning) as caught:
                call(connect(peer.at("plain.test")))
            assert caught[0].filename == __file__


def test_warning_that_is_an_error_ends_each_call(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"))
        with warnings.catch_warnings():
            warnings.simplefilter("error", InsecureTransportWarning)
            for _ in range(2):
                with pytest.raises(InsecureTransportWarning):
                    caller.post()
        assert peer.requests == []


def test_setting_that_changes_does_not_warn_again(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"))
        with pytest.warns(InsecureTransportWarning):
            assert caller.works()
        caller.configuration.connection_pool_maxsize = 7
        assert caller.works()


def test_plain_http_without_a_token_does_not_warn(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        assert connect(peer.at("plain.test"), access_token=None).works()
