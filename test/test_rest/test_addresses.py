"""Several addresses of one host: a dead one costs a part of the time to connect."""

import socket
import time

import pytest
import urllib3
from support.caller import within
from support.peers import Peer, blackhole, names, proxy, refuser, server_tls

from gentrace import clock
from gentrace.exceptions import ApiConnectionException, ApiProxyException, ApiTimeoutException


@pytest.fixture
def hole():
    with blackhole() as address:
        yield address


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("timeout", [2, (2, 30), (2, 30, 60)], ids=str)
def test_dead_address_leaves_time_for_the_next(connect, hole, tls, timeout):
    context = server_tls("two.test") if tls else None
    with Peer(tls=context) as peer, names({"two.test": [hole, peer.address]}), within(1):
        caller = connect(peer.at("two.test"), access_token=None, retries=0)
        assert caller.post(timeout=timeout).response.status == 200


@pytest.mark.parametrize("place", range(4))
def test_one_that_lives_is_found_among_dead_ones(connect, hole, place):
    with Peer() as peer:
        addresses = [hole] * 4
        addresses[place] = peer.address
        with names({"four.test": addresses}), within(2):
            caller = connect(peer.at("four.test"), access_token=None, retries=0)
            assert caller.post(timeout=2).response.status == 200


def test_time_that_one_leaves_goes_to_the_others(connect, hole):
    """Those that refuse at once give theirs away."""
    with refuser() as closed, Peer() as peer:
        found = [closed, closed, hole, peer.address]
        with names({"four.test": found}), within(1, least=0.9):
            caller = connect(peer.at("four.test"), access_token=None, retries=0)
            assert caller.post(timeout=2).response.status == 200


def test_dead_addresses_end_with_the_time_for_connecting(connect, hole):
    with names({"dead.test": [hole] * 5}), within(0.5, least=0.5):
        caller = connect("http://dead.test", access_token=None, retries=0)
        error = caller.fail(ApiTimeoutException, timeout=(0.5, 30, 60))
    assert "0.5 s while connecting" in str(error)


def test_an_address_gets_no_try_once_the_time_for_connecting_is_used_up(connect, monkeypatch):
    """The clock goes 10 s ahead while the first one refuses."""
    ahead = [0]

    class Slow(socket.socket):
        def connect(self, address):
            ahead[0] += 10
            super().connect(address)

    for module in ("connections", "deadline"):
        monkeypatch.setattr(f"gentrace.rest.{module}.now", lambda: clock.now() + ahead[0])
    with refuser() as closed, Peer() as peer, names({"two.test": [closed, peer.address]}):
        monkeypatch.setattr(socket, "socket", Slow)
        caller = connect(peer.at("two.test"), access_token=None, retries=0)
        error = caller.fail(ApiTimeoutException, timeout=(5, 30, 60))
        assert "5 s while connecting" in str(error)
        assert peer.connections == 0


def test_name_is_asked_for_as_urllib3_does(connect, monkeypatch):
    """So that what stands in for the resolver, or forces IPv4, acts on both."""
    asked = []
    resolve = socket.getaddrinfo

    def record(*arguments, **keywords):
        asked.append((arguments, keywords))
        return resolve(*arguments, **keywords)

    with Peer() as peer, names({"here.test": [peer.address]}):
        resolve = socket.getaddrinfo
        monkeypatch.setattr("urllib3.util.connection.allowed_gai_family", lambda: socket.AF_INET)
        with monkeypatch.context() as patch:
            patch.setattr("socket.getaddrinfo", record)
            url = peer.at("here.test")
            urllib3.PoolManager().request("POST", url, retries=False)
            connect(url, access_token=None).post()
    assert asked[0] == asked[1]
    assert asked[0][0][:3] == ("here.test", peer.address[1], socket.AF_INET)


def test_name_without_an_address_is_told(connect):
    with names({"none.test": []}):
        error = connect("http://none.test", access_token=None, retries=0).fail()
    assert type(error) is ApiConnectionException
    assert "no address" in str(error)


def test_refused_connection_says_what_to_check(connect):
    hint = "; check Configuration.host or GENTRACE_HOST, or run: python -m gentrace local"
    with refuser() as (host, port):
        refused = connect(f"http://{host}:{port}", retries=0).fail(ApiConnectionException)
        proxied = connect("https://a.test", proxy=f"http://{host}:{port}", retries=0)
        refused_by_proxy = proxied.fail(ApiProxyException)
    assert refused.reason.endswith(hint)
    assert hint not in refused_by_proxy.reason


def test_name_that_cannot_be_resolved_says_what_to_check(connect, monkeypatch):
    def fail(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    unknown = connect("https://none.test", retries=0).fail(ApiConnectionException)
    proxied = connect("https://a.test", proxy="http://none.test", retries=0).fail(ApiProxyException)
    why = "the name cannot be resolved: Name or service not known"
    assert unknown.reason.endswith(f": {why}; check Configuration.host or GENTRACE_HOST")
    assert proxied.reason.endswith(f": {why}")


def test_proxy_with_a_dead_address_is_reached_too(connect, hole):
    with (
        Peer(tls=server_tls()) as peer,
        Peer(proxy()) as between,
        names({"proxy.test": [hole, between.address]}),
        within(1),
    ):
        caller = connect(peer, proxy=between.at("proxy.test"), retries=0)
        assert caller.post(timeout=(2, 30, 60)).response.status == 200


def test_second_family_is_tried(connect):
    """As where ::1 swallows the connect and 127.0.0.1 would answer."""
    start = time.monotonic()
    with Peer() as peer, socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
        closed.close()
        with names({"both.test": [address, peer.address]}):
            caller = connect(peer.at("both.test"), access_token=None, retries=0)
            assert caller.works()
    assert time.monotonic() - start < 20
