"""Proxies that are set: how they are asked, and who sees what."""

import socket
import ssl
import sys
from base64 import b64decode

import pytest
import trustme
from support.caller import TOKEN, within
from support.peers import (
    Peer,
    authority_pem,
    basic,
    close,
    names,
    proxy,
    raw,
    refuser,
    reply,
    reset,
    server_tls,
    socks5,
    stall,
)

from gentrace import ApiValueError
from gentrace.exceptions import (
    ApiProxyException,
    ApiTimeoutException,
    ApiTlsException,
)

LOGIN = ("user", "pass/word@\xe9")
SECRET = basic(*LOGIN).removeprefix("Basic ")
ESCAPED = "user:pass%2Fword%40%C3%A9"


@pytest.fixture(params=["http", "https"])
def target(request):
    """A server."""
    with Peer(tls=server_tls() if request.param == "https" else None) as peer:
        yield peer


@pytest.fixture(params=["http proxy", "https proxy"])
def proxy_tls(request):
    """The context of a proxy, if it speaks TLS."""
    return server_tls() if request.param == "https proxy" else None


def uses_tls(peer):
    return peer.url.startswith("https")


# HTTP and HTTPS.


@pytest.mark.parametrize("secret", ["in the address", "as a field", "in both", None])
def test_target_is_reached_through_the_proxy(connect, target, proxy_tls, secret):
    """The credentials stay with the proxy, as they did not in CVE-2023-32681 of requests."""
    with Peer(proxy(credentials=LOGIN if secret else None), tls=proxy_tls) as between:
        address, fields = between.origin, {"X-Proxy": "seen by the proxy"}
        if secret in {"in the address", "in both"}:
            address = address.replace("://", f"://{ESCAPED}@")
        if secret in {"as a field", "in both"}:
            fields["Proxy-Authorization"] = basic(*LOGIN)
        caller = connect(target, proxy=address, proxy_headers=fields, ssl_ca_cert=authority_pem())
        assert caller.works()
        assert caller.works()
    assert between.connections == 1
    if uses_tls(target):
        (request,) = between.requests
        assert (request.method, request.target) == ("CONNECT", f"127.0.0.1:{target.address[1]}")
        assert TOKEN.encode() not in between.received
        assert b"answer-question" not in between.received
        assert SECRET.encode() not in target.received
        assert b"seen by the proxy" not in target.received
        assert target.connections == 1
    else:
        assert [r.target for r in between.requests] == [f"{target.url}/pipeline-run"] * 2
        assert between.requests[0]["Authorization"] == f"Bearer {TOKEN}"
    for request in between.requests:
        assert request.all("X-Proxy") == ["seen by the proxy"]
        assert request.all("Proxy-Authorization") == ([basic(*LOGIN)] if secret else [])
    for request in target.requests:
        assert request["Authorization"] == f"Bearer {TOKEN}"
        assert request.target == "/api/v1/pipeline-run"
        assert request["Host"] == f"127.0.0.1:{target.address[1]}"
        assert request["Proxy-Authorization"] is None


def test_credentials_beyond_latin_1_are_sent_as_utf_8(connect):
    with Peer() as target, Peer(proxy()) as between:
        at = "user:%E2%82%AC"
        assert connect(target, proxy=between.origin.replace("//", f"//{at}@")).works()
    sent = between.requests[0]["Proxy-Authorization"].removeprefix("Basic ")
    assert b64decode(sent).decode() == "user:\u20ac"


def test_name_is_resolved_by_the_proxy(connect):
    with Peer(tls=server_tls("nowhere.test")) as target:
        routes = {f"nowhere.test:{target.address[1]}": target.address}
        with Peer(proxy(routes=routes)) as between, names({}) as asked:
            assert connect(target.at("nowhere.test"), proxy=between.origin).works()
            assert "nowhere.test" not in asked


def test_proxy_that_changes_acts_from_the_next_call_on(connect, target):
    with Peer(proxy()) as first, Peer(proxy()) as second:
        caller = connect(target, proxy=first.origin)
        assert caller.works()
        caller.configuration.proxy = second.origin
        assert caller.works()
        caller.configuration.proxy_headers = {"X-New": "field"}
        assert caller.works()
        caller.configuration.proxy = None
        assert caller.works()
    assert (first.connections, second.connections, target.connections) == (1, 2, 4)
    assert second.requests[-1]["X-New"] == "field"


# Faults.


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_proxy_that_refuses_to_connect(connect, proxy_tls, status):
    with Peer(reply(status, b"the proxy's words"), tls=proxy_tls) as between:
        error = connect(
            "https://target.test", proxy=between.origin.replace("://", f"://{ESCAPED}@")
        ).fail(ApiProxyException)
    assert (error.status, error.tries, len(between.requests)) == (0, 0, 1)
    assert str(status) in str(error)
    assert "check Configuration.proxy" in str(error)
    assert f"127.0.0.1:{between.address[1]}" in str(error)
    assert "word" not in str(error)
    assert TOKEN.encode() not in between.received


def test_proxy_that_asks_for_credentials_of_a_plain_request_is_told(connect):
    with Peer() as target, Peer(proxy(credentials=LOGIN)) as between:
        error = connect(target, proxy=between.origin).fail()
    assert error.status == 407
    assert "check Configuration.proxy" in str(error)
    assert target.connections == 0


@pytest.mark.parametrize("plain", [True, False])
def test_proxy_that_cannot_be_reached(connect, plain):
    host = "http://127.0.0.1:9" if plain else "https://target.test"
    with refuser() as (name, port):
        error = connect(host, proxy=f"http://{name}:{port}", retries=0).fail(ApiProxyException)
    assert (error.status, error.tries) == (0, 0)
    assert f"{name}:{port}" in str(error)


def test_proxy_whose_name_is_unknown(connect):
    with names({"proxy.test": socket.gaierror(socket.EAI_NONAME, "Name or service not known")}):
        error = connect("https://target.test", proxy="http://proxy.test", retries=0).fail(
            ApiProxyException
        )
    assert "proxy.test" in str(error)


@pytest.mark.parametrize(
    "fault", [reset, close, raw(b"garbage\r\n\r\n"), raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2**20)]
)
def test_proxy_that_breaks_is_tried_again(connect, monkeypatch, fault):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Peer(tls=server_tls()) as target, Peer(fault, fault, proxy()) as between:
        assert connect(target, proxy=between.origin).works()
    assert (len(between.requests), target.connections) == (3, 1)


def test_proxy_whose_certificate_is_not_trusted_is_named(connect, target):
    with Peer(proxy(), tls=server_tls(ca=trustme.CA())) as between:
        error = connect(target, proxy=between.origin, ssl_ca_cert=authority_pem()).fail(
            ApiTlsException
        )
    assert "not trusted" in str(error)
    assert f"127.0.0.1:{between.address[1]}" in str(error)
    assert (between.requests, target.connections) == ([], 0)


def test_target_whose_certificate_is_not_trusted_behind_a_proxy(connect, proxy_tls):
    with Peer(tls=server_tls(ca=trustme.CA())) as target, Peer(proxy(), tls=proxy_tls) as between:
        error = connect(target, proxy=between.origin).fail(ApiTlsException)
    assert "not trusted" in str(error)
    assert target.requests == []
    assert TOKEN.encode() not in between.received


def test_settings_of_tls_hold_for_the_proxy_too(connect):
    """Not as in CVE-2026-97687 of urllib3, which ignored them for an HTTPS proxy."""
    with Peer(tls=server_tls()) as target, Peer(proxy(), tls=server_tls("proxy.test")) as between:
        error = connect(target, proxy=between.origin).fail(ApiTlsException)
        assert "another name" in str(error)
    assert between.requests == []


def test_certificate_of_the_client_is_shown_to_the_target_alone(connect, tmp_path):
    ca = trustme.CA()
    ca.issue_cert("client.test").private_key_and_cert_chain_pem.write_to_path(tmp_path / "cert")
    asking = server_tls(clients=ca)
    asking.verify_mode = ssl.CERT_OPTIONAL
    shown = []

    def look(talk, request):
        shown.append(talk.sock.getpeercert())
        proxy()(talk, request)

    with Peer(tls=server_tls(clients=ca)) as target, Peer(look, tls=asking) as between:
        assert connect(target, proxy=between.origin, cert_file=tmp_path / "cert").works()
    assert shown == [None]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\0"])
def test_fields_for_the_proxy_cannot_inject_others(connect, end):
    """As in CVE-2026-1502 of http.client."""
    with pytest.raises(ApiValueError):
        connect("https://target.test", proxy_headers={"X-Proxy": f"a{end}X-Evil: b"})
    with pytest.raises(ApiValueError):
        connect("https://target.test", proxy_headers={f"X-Proxy{end}": "a"})
    with pytest.raises(ApiValueError):
        connect("https://target.test", proxy=f"http://proxy.test{end}/")


# SOCKS.


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", [None, ("user", "pass/word@")])
def test_target_is_reached_through_a_socks_proxy(connect, target, scheme, login):
    with Peer(greet=socks5(login)) as between:
        at = "user:pass%2Fword%40@" if login else ""
        caller = connect(target, proxy=f"{scheme}://{at}127.0.0.1:{between.address[1]}")
        assert caller.works()
        assert caller.works()
    assert between.asked == [f"127.0.0.1:{target.address[1]}"]
    assert target.connections == 1
    assert b"pass/word" not in target.received


def test_socks5h_lets_the_proxy_resolve_the_name_and_socks5_does_not(connect):
    with Peer(tls=server_tls("socks.test")) as target:
        at = f"socks.test:{target.address[1]}"
        with Peer(greet=socks5(routes={at: target.address})) as between:
            address = f"127.0.0.1:{between.address[1]}"
            with names({"socks.test": [target.address]}) as asked:
                assert connect(target.at("socks.test"), proxy=f"socks5h://{address}").works()
                assert "socks.test" not in asked
                assert connect(target.at("socks.test"), proxy=f"socks5://{address}").works()
                assert "socks.test" in asked
    assert between.asked == [at, f"127.0.0.1:{target.address[1]}"]


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_proxy_may_have_an_address_of_ipv6(connect, target, scheme):
    with Peer(greet=socks5(), host="::1") as between:
        assert connect(target, proxy=f"{scheme}://[::1]:{between.address[1]}").works()
    assert between.asked == [f"127.0.0.1:{target.address[1]}"]


def test_socks_proxy_is_found_among_its_addresses(connect, target):
    with Peer(greet=socks5()) as between, refuser() as closed:
        with_both = names({"socks.test": [closed, between.address]})
        caller = connect(target, proxy="socks5h://socks.test:1080", access_token=None)
        with with_both:
            assert caller.works()


@pytest.mark.parametrize(
    ("greet", "kind", "says"),
    [
        (socks5(refusal=5), ApiProxyException, "refused"),
        (socks5(refusal=1), ApiProxyException, ""),
        (socks5(("user", "another")), ApiProxyException, "authenti"),
        (reset, ApiProxyException, ""),
        (close, ApiProxyException, ""),
        (raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ApiProxyException, ""),
        (stall, ApiTimeoutException, ""),
    ],
    ids=["refused", "failure", "credentials", "reset", "closed", "no SOCKS", "stall"],
)
def test_socks_proxy_that_fails(connect, greet, kind, says):
    with Peer(greet=greet) as between, within(1):
        address = f"socks5h://user:wrong-secret@127.0.0.1:{between.address[1]}"
        error = connect("https://target.test", proxy=address, retries=0).fail(kind, timeout=1)
    assert error.status == 0
    assert says in str(error).lower()
    assert "wrong-secret" not in str(error)


def test_socks_without_pysocks_names_what_to_install(connect, monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)
    caller = connect("https://target.test", proxy="socks5://127.0.0.1:1080")
    with pytest.raises(ApiValueError, match=r"urllib3\[socks\]"):
        caller.post()
