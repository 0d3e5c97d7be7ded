"""Which proxy the environment names for an origin, as curl reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentrace.configuration.proxies import ProxyUrl, find_proxy

PROXY = "http://proxy.test:3128"
FOUND = ("http_proxy", PROXY)


@pytest.fixture(autouse=True)
def _proxied(monkeypatch):
    monkeypatch.setenv("http_proxy", PROXY)


MATCHING = [
    ("api.example", 80, "*"),
    ("api.example", 80, "api.example"),
    ("api.example", 80, "example"),
    ("api.example", 80, ".example"),
    ("api.example.", 80, "API.Example."),
    ("api.example", 80, "other,api.example other"),
    ("api.example", 8080, "api.example:8080"),
    ("127.0.0.1", 80, "127.0.0.1"),
    ("10.1.2.3", 80, "10.0.0.0/8"),
    ("10.1.2.3", 80, "10.9.9.9/8"),
    ("10.1.2.3", 81, "10.1.2.3:81"),
    ("::1", 80, "::1"),
    ("::1", 80, "[::1]"),
    ("::1", 81, "[::1]:81"),
    ("fe80::7", 80, "fe80::/10"),
    ("fe80::7", 80, "fe80::/10:80"),
    ("10.1.2.3", 80, "10.0.0.0/8:80"),
    ("api.example", 80, "*:80"),
    ("api.example", 80, "api.example:x, api.example"),
]
OTHER = [
    ("api.example", 80, ""),
    ("api.example", 80, " , ,"),
    ("api.example", 80, "pi.example"),
    ("api.example", 80, "api.example.org"),
    ("api.example", 80, "api.example:8080"),
    ("api.example", 80, "."),
    ("10.1.2.3", 80, "10.1.2"),
    ("10.1.2.3", 80, "10.0.0.0/33"),
    ("10.1.2.3", 80, "10.0.0.0/x"),
    ("10.1.2.3", 80, "::/0"),
    ("::1", 81, "[::1]:82"),
    ("fe80::7", 80, "fe80::/10:81"),
    ("api.example", 80, "*:81"),
]
MALFORMED = ["x", "²", "٣", "-1", "", "8o80", "9" * 5000, "+80", "80:80", "0x50", "080"]


@pytest.mark.parametrize(("host", "port", "listed"), MATCHING)
def test_host_that_is_listed_has_no_proxy(monkeypatch, host, port, listed):
    monkeypatch.setenv("no_proxy", listed)
    assert find_proxy("http", host, port) is None


@pytest.mark.parametrize(("host", "port", "listed"), OTHER)
def test_host_that_is_not_listed_has_one(monkeypatch, host, port, listed):
    monkeypatch.setenv("no_proxy", listed)
    assert find_proxy("http", host, port) == FOUND


@pytest.mark.parametrize("port", MALFORMED, ids=lambda port: f"{port:.9}")
@pytest.mark.parametrize("host", ["api.example", "10.1.2.3", "::1"])
def test_entry_with_a_port_that_is_none_is_passed_over(monkeypatch, host, port):
    """It lists nothing; those beside it hold."""
    shown = f"[{host}]" if ":" in host else host
    monkeypatch.setenv("NO_PROXY", f"{shown}:{port}")
    assert find_proxy("http", host, 80) == FOUND
    monkeypatch.setenv("NO_PROXY", f"{shown}:{port},{host}")
    assert find_proxy("http", host, 80) is None


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_list_ends_in_an_error(listed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", listed)
        for host in ("api.example", "10.1.2.3", "::1"):
            assert find_proxy("http", host, 80) in {None, FOUND}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"http_proxy": ""}, None),
        ({"http_proxy": "", "HTTP_PROXY": PROXY}, None),
        (
            {"http_proxy": "", "all_proxy": "socks5://all.test"},
            ("all_proxy", "socks5://all.test"),
        ),
        ({"HTTP_PROXY": "http://capitals.test"}, FOUND),
        ({"http_proxy": "proxy.test:1"}, ("http_proxy", "http://proxy.test:1")),
        ({"http_proxy": " http://proxy.test "}, ("http_proxy", "http://proxy.test")),
    ],
)
def test_variable_in_small_letters_wins(monkeypatch, variables, found):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_proxy("http", "api.example", 80) == found


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("https_proxy", "http://other.test", ("HTTPS_PROXY", "http://other.test")),
        ("all_proxy", "http://other.test", ("ALL_PROXY", "http://other.test")),
        ("no_proxy", "api.example", None),
    ],
)
def test_empty_variable_counts_as_unset(monkeypatch, empty, name, value, found):
    """The one in capitals holds then, as with curl."""
    if name == "no_proxy":
        monkeypatch.setenv("https_proxy", PROXY)
    monkeypatch.setenv(name, empty)
    monkeypatch.setenv(name.upper(), value)
    assert find_proxy("https", "api.example", 443) == found


def test_header_that_a_client_sent_to_a_cgi_script_is_no_proxy(monkeypatch):
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    assert find_proxy("http", "api.example", 80) == ("HTTP_PROXY", PROXY)
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    assert find_proxy("http", "api.example", 80) is None


@pytest.mark.parametrize(
    ("login", "field"),
    [
        ("", None),
        ("me@", "Basic bWU6"),
        (":pw@", "Basic OnB3"),
        ("me:pa%20ss@", "Basic bWU6cGEgc3M="),
        ("me:p%C3%A4ss@", "Basic bWU6cMOkc3M="),
        ("me:%E2%82%AC@", "Basic bWU64oKs"),
        ("me:p%E4ss@", "Basic bWU6cORzcw=="),
        ("m%E9:pw@", "Basic bek6cHc="),
        ("me:%E9%E2%82%AC@", "Basic bWU66eKCrA=="),
    ],
    ids=[
        "none",
        "user",
        "password",
        "escaped",
        "UTF-8",
        "euro",
        "octet",
        "octet of the user",
        "octets",
    ],
)
def test_login_of_an_address_goes_to_the_proxy_as_basic(login, field):
    url = ProxyUrl(f"http://{login}proxy.test:3128")
    assert url.make_fields({}).get("Proxy-Authorization") == field
    assert url.shown == PROXY
    assert "Basic" not in repr(url.make_fields({}))


def test_given_field_for_the_proxy_replaces_the_login_of_its_address():
    fields = ProxyUrl("http://me:pw@proxy.test").make_fields({"proxy-authorization": "Bearer a"})
    assert {**fields} == {"proxy-authorization": "Bearer a"}
