"""Proxies that the environment names, and hosts that need none."""

import pytest
from support.caller import TOKEN
from support.peers import (
    Peer,
    basic,
    names,
    proxy,
    reply,
    server_tls,
)

from gentrace import ApiValueError
from gentrace.exceptions import (
    ApiProxyException,
)


@pytest.fixture(params=["http", "https"])
def target(request):
    """A server."""
    with Peer(tls=server_tls() if request.param == "https" else None) as peer:
        yield peer


@pytest.mark.parametrize(
    ("scheme", "variable"),
    [
        ("http", "http_proxy"),
        ("http", "HTTP_PROXY"),
        ("http", "all_proxy"),
        ("http", "ALL_PROXY"),
        ("https", "https_proxy"),
        ("https", "HTTPS_PROXY"),
        ("https", "all_proxy"),
        ("https", "ALL_PROXY"),
    ],
)
@pytest.mark.parametrize("spelling", ["{}", "127.0.0.1:{port}"])
def test_proxy_of_the_environment_is_used(connect, monkeypatch, scheme, variable, spelling):
    with (
        Peer(tls=server_tls() if scheme == "https" else None) as target,
        Peer(proxy()) as between,
    ):
        monkeypatch.setenv(variable, spelling.format(between.origin, port=between.address[1]))
        assert connect(target).works()
    assert len(between.requests) == 1


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ftp_proxy", "https_proxys"])
def test_proxy_for_another_scheme_is_not_used(connect, monkeypatch, variable):
    with Peer(tls=server_tls()) as target:
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
        assert connect(target).works()


def test_small_letters_win_and_an_empty_one_is_none(connect, monkeypatch):
    with Peer() as target, Peer(proxy()) as between:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", between.origin)
        assert connect(target).works()
        assert len(between.requests) == 1
        monkeypatch.setenv("http_proxy", "")
        assert connect(target).works()
    assert len(between.requests) == 1


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_port_of_a_scheme_may_be_excluded_though_the_address_has_none(
    connect, monkeypatch, scheme, port
):
    with Peer(proxy()) as between:
        monkeypatch.setenv("all_proxy", between.origin)
        monkeypatch.setenv("no_proxy", f"127.0.0.1:{port}")
        connect(f"{scheme}://127.0.0.1/api", retries=0).fail()  # nothing is there
    assert between.connections == 0


def test_scheme_of_its_own_wins_over_all(connect, monkeypatch):
    with Peer() as target, Peer(proxy()) as between:
        monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", between.origin)
        assert connect(target).works()
    assert len(between.requests) == 1


def test_setting_wins_over_the_environment(connect, monkeypatch):
    with Peer() as target, Peer(proxy()) as between:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert connect(target, proxy=between.origin).works()
        assert connect(target, proxy="").works()
    assert (len(between.requests), target.connections) == (1, 2)


def test_cgi_variable_that_a_client_can_set_is_not_used(connect, monkeypatch):
    """As in CVE-2016-1000110 of Python: under CGI, HTTP_PROXY is the client's header Proxy."""
    with Peer() as target:
        monkeypatch.setenv("REQUEST_METHOD", "POST")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        assert connect(target).works()


@pytest.mark.parametrize("value", ["http://", "ftp://127.0.0.1", "http://a:many", "http://a b"])
def test_bad_proxy_of_the_environment_is_told(connect, monkeypatch, value):
    monkeypatch.setenv("https_proxy", value)
    with pytest.raises(ApiValueError, match="https_proxy"):
        connect("https://target.test").post()


NO_PROXY = [
    ("api.example.test", "api.example.test", True),
    ("example.test", "api.example.test", True),
    (".example.test", "api.example.test", True),
    (".example.test", "example.test", True),
    ("EXAMPLE.test", "api.example.TEST", True),
    ("example.test", "api.example.test.", True),
    ("example.test.", "api.example.test", True),
    ("127.0.0.1", "127.0.0.1.", True),
    ("ample.test", "api.example.test", False),
    ("api.example.test.evil", "api.example.test", False),
    ("other.test, example.test", "example.test", True),
    ("other.test example.test", "example.test", True),
    ("other.test,,example.test,", "example.test", True),
    ("*", "example.test", True),
    ("*", "127.0.0.1", True),
    ("example.test:{port}", "example.test", True),
    ("example.test:1", "example.test", False),
    (".example.test:{port}", "api.example.test", True),
    ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1:{port}", "127.0.0.1", True),
    ("127.0.0.1:1", "127.0.0.1", False),
    ("127.0.0.0/8", "127.0.0.1", True),
    ("127.0.0.7/8", "127.0.0.1", True),
    ("10.0.0.0/8", "127.0.0.1", False),
    ("127.0.0.0/40", "127.0.0.1", False),
    ("27.0.0.1", "127.0.0.1", False),
    ("0.0.1", "127.0.0.1", False),
    ("::1", "[::1]", True),
    ("[::1]", "[::1]", True),
    ("[::1]:{port}", "[::1]", True),
    ("[::1]:1", "[::1]", False),
    ("::/64", "[::1]", True),
    ("2001:db8::/32", "[::1]", False),
    ("", "example.test", False),
    (" ", "example.test", False),
    (",.,", "example.test", False),
]


@pytest.mark.parametrize(("listed", "host", "direct"), NO_PROXY)
def test_no_proxy(connect, monkeypatch, listed, host, direct):
    variable = "no_proxy" if len(listed) % 2 else "NO_PROXY"
    name = host.strip("[]").lower().removesuffix(".")
    tls = server_tls("api.example.test", "example.test", "127.0.0.1", "::1")
    with (
        Peer(tls=tls, host="::1" if ":" in host else "127.0.0.1") as target,
        Peer(reply(403)) as between,
        names({name: [target.address]} if name[0].isalpha() else {}),
    ):
        monkeypatch.setenv("https_proxy", between.origin)
        monkeypatch.setenv(variable, listed.format(port=target.address[1]))
        caller = connect(target.at(host), retries=0)
        if direct:
            assert caller.works()
        else:
            caller.fail(ApiProxyException)
    assert (target.connections, between.connections) == ((1, 0) if direct else (0, 1))


def test_no_proxy_does_not_touch_the_setting(connect, monkeypatch):
    with Peer() as target, Peer(proxy()) as between:
        monkeypatch.setenv("no_proxy", "*")
        assert connect(target, proxy=between.origin).works()
    assert len(between.requests) == 1


def test_netrc_is_never_read(connect, monkeypatch, tmp_path):
    """As in CVE-2024-47081 of requests, which sent its credentials to the wrong host."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login user password from-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with Peer() as target, Peer(proxy()) as between:
        assert connect(target, access_token=None, proxy=between.origin).works()
        assert connect(target, proxy=between.origin).works()
    assert [request["Authorization"] for request in target.requests] == [None, f"Bearer {TOKEN}"]
    assert b"from-netrc" not in target.received + between.received
    assert basic("user", "from-netrc").encode() not in target.received + between.received
