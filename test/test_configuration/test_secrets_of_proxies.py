"""What only a proxy may know is shown nowhere, in whatever way the proxy fails."""

import socket
import warnings
from base64 import b64decode

import pytest
from support.caller import Caller
from support.canary import CANARY, leaks
from support.peers import Peer, close, raw, reply, reset, socks5
from support.secrecy import PASSWORD, fail, line, locals_of_ours, make, tell, watched

from gentrace.exceptions import ApiValueError, InsecureTransportWarning

REFUSING = {
    "refused credentials": tell(407),
    "refused aloud": tell(407, reason=f"Wrong {CANARY}"),
    "broken": tell(502),
    "closed": close,
    "reset": reset,
    "told status line": raw(line(f"{CANARY}\r\n\r\n")),
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", REFUSING)
@watched
def test_proxy_that_refuses(scheme, name):
    """By its address, with the credentials in it, and with header fields of its own."""
    with Peer(REFUSING[name]) as through:
        address = f"http://me:{PASSWORD}@127.0.0.1:{through.address[1]}"
        fail(make(f"{scheme}://target.example/api", proxy=address))
        assert leaks(through.received)


OF_THE_PROXY = {"Proxy-Authorization": "Basic b25seTp0aGUtcHJveHk=", "X-Way": "by-the-back-door"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_only_the_proxy_may_know_is_masked(scheme):
    """Its header fields are not the token, and are hidden whole and in their parts."""

    def repeat(talk, request):
        told = " ".join(request[name].removeprefix("Basic ") for name in OF_THE_PROXY)
        reply(407, told.encode(), {"X-Told": told}, reason=told)(talk, request)

    with Peer(repeat) as through, warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureTransportWarning)
        proxy_url = through.url.removesuffix("/api/v1")
        caller = Caller(
            f"{scheme}://target.example/api", proxy=proxy_url, proxy_headers=OF_THE_PROXY, retries=0
        )
        error = caller.fail()
    shown = f"{error} {vars(error)} {error.__cause__!r}"
    assert "by-the-back-door" not in shown
    assert "b25seTp0aGU" not in shown
    assert "*** ***" in shown


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("escaped", ["gr%C3%BC%C3%9Fe-w%C3%B6rter", "gr%FC%DFe-w%F6rter"])
def test_password_of_a_proxy_is_masked_in_whatever_encoding_it_is_escaped(scheme, escaped):
    """The proxy repeats the octets that it was sent."""

    def repeat(talk, request):
        login = b64decode(request["Proxy-Authorization"].removeprefix("Basic "))
        told = login.decode("latin-1")
        reply(407, login, {"X-Told": told}, reason=told)(talk, request)

    with Peer(repeat) as through, warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureTransportWarning)
        address = f"http://me:{escaped}@127.0.0.1:{through.address[1]}"
        error = Caller(f"{scheme}://target.example/api", proxy=address, retries=0).fail()
    shown = f"{error} {vars(error)} {error.__cause__!r}"
    assert "rter" not in shown
    assert "me:***" in shown


@watched
def test_proxy_of_the_environment_that_refuses():
    with Peer(tell(407)) as through, pytest.MonkeyPatch.context() as patch:
        address = f"http://me:{PASSWORD}@127.0.0.1:{through.address[1]}"
        patch.setenv("https_proxy", address)
        fail(make("https://target.example/api"))
        assert leaks(through.received)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "address",
    [
        f"http://me:{PASSWORD}@proxy.test:99999",
        f"ftp://me:{PASSWORD}@proxy.test",
        f"http://me:{PASSWORD}@bad host",
        f"http://me:{PASSWORD}@[::1",
        f"//me:{PASSWORD}@proxy.test",
        f"proxy.test:1:me:{PASSWORD}",
    ],
)
def test_proxy_of_the_environment_that_is_refused(monkeypatch, variable, address):
    """Neither the text nor the locals of our frames hold its password."""
    monkeypatch.setenv(variable, address)
    with pytest.raises(ApiValueError, match=f"environment variable {variable}: ") as caught:
        Caller("http://target.example/api").post()
    shown = f"{caught.value}{dict(locals_of_ours(caught.value))}"
    assert "Routes.find" in shown
    assert not leaks(shown, PASSWORD)


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks4a"])
@watched
def test_proxy_that_is_not_there(scheme):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    fail(make("http://127.0.0.1:1/api", proxy=f"{scheme}://me:{PASSWORD}@127.0.0.1:{port}"))


@watched
def test_socks_proxy_that_refuses():
    with Peer(greet=socks5(("me", "other"))) as through:
        fail(
            make(
                "http://127.0.0.1:1/api",
                proxy=f"socks5h://me:{PASSWORD}@127.0.0.1:{through.address[1]}",
            )
        )
