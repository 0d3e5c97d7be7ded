"""Redirects: followed inside the origin where the method stays, an exception everywhere else."""

import pytest
from support.caller import TOKEN
from support.peers import Peer, echo, head_of, proxy, reply, send, server_tls

from gentrace.exceptions import RedirectException

STATUSES = [301, 302, 303, 307, 308]


def to(location, status=307):
    """A redirect; `{port}` and `{origin}` in the location are the peer's, None is no location."""

    def answer(talk, request):
        peer = talk.peer
        filled = location and location.format(port=peer.address[1], origin=peer.origin)
        reply(status, headers={"Location": filled})(talk, request)

    return answer


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_reaches_another_origin(connect, status, scheme):
    """As in CVE-2018-20060, CVE-2023-43804 and CVE-2024-37891 of urllib3.

    It took Authorization, Cookie and Proxy-Authorization there.
    """
    tls = server_tls() if scheme == "https" else None
    with Peer(tls=tls) as other, Peer(to(other.url, status)) as peer:
        caller = connect(peer)
        caller.client.cookie = "session=secret"
        caller.client.set_default_header("Proxy-Authorization", "secret")
        caller.client.set_default_header("X-Api-Key", "secret")
        error = caller.fail(RedirectException)
        assert other.connections == 0
    assert (error.status, error.tries, len(peer.requests)) == (status, 1, 1)
    assert other.url in str(error)
    assert error.headers["Location"] == other.url


def test_token_does_not_follow_from_https_to_http(connect):
    """As in CVE-2018-18074 of requests: the host is the same, the encryption is gone."""
    with Peer() as other, Peer(to(other.url), tls=server_tls()) as peer:
        error = connect(peer).fail(RedirectException)
        assert other.connections == 0
    assert other.url in str(error)


def test_nothing_reaches_another_origin_through_a_proxy(connect):
    """As in CVE-2026-44431 of urllib3, whose proxied redirects kept the sensitive fields."""
    with Peer() as other, Peer(to(other.url)) as peer, Peer(proxy()) as between:
        connect(peer, proxy=between.origin).fail(RedirectException)
        assert other.connections == 0
    assert [request.target for request in between.requests] == [f"{peer.url}/pipeline-run"]


@pytest.mark.parametrize("status", [301, 302, 303])
@pytest.mark.parametrize("retries", [None, 5])
def test_redirect_that_would_change_the_method_is_not_followed(connect, status, retries):
    """As in CVE-2023-45803 of urllib3, which kept the body of what became a GET."""
    with Peer(to("/elsewhere", status)) as peer:
        error = connect(peer, retries=retries).fail(RedirectException)
    assert (error.status, error.tries, len(peer.requests)) == (status, 1, 1)
    assert "/elsewhere" in str(error)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("{origin}/v2/runs?a=b", "/v2/runs?a=b"),
        ("/v2/runs", "/v2/runs"),
        ("runs", "/api/v1/runs"),
        ("?again", "/api/v1/pipeline-run?again"),
        ("//127.0.0.1:{port}/v2", "/v2"),
        ("HTTP://127.0.0.1:{port}", "/"),
        ("http://127.0.0.1:{port}?again", "/?again"),
        ("/v2#fragment", "/v2"),
    ],
)
def test_redirect_inside_the_origin_is_followed_as_it_was_sent(connect, status, location, target):
    with Peer(to(location, status), echo) as peer:
        assert connect(peer).works()
    first, second = peer.requests
    assert (second.method, second.target, second.body) == ("POST", target, first.body)
    assert second.headers == first.headers
    assert second["Authorization"] == f"Bearer {TOKEN}"


def test_redirects_are_followed_three_times(connect):
    hops = [to(f"/{hop}") for hop in range(4)]
    with Peer(*hops[:3], echo) as peer:
        assert connect(peer).works()
    assert [request.target for request in peer.requests][1:] == ["/0", "/1", "/2"]
    with Peer(*hops) as peer:
        error = connect(peer).fail(RedirectException)
    assert (error.status, error.tries, len(peer.requests)) == (307, 4, 4)
    assert "/3" in str(error)


def test_redirects_and_retries_count_apart(connect):
    busy = reply(503, headers={"retry-after-ms": "1"})
    with Peer(busy, to("/1"), busy, to("/2"), echo) as peer:
        assert connect(peer).works()
    targets = [request.target.rpartition("/")[2] for request in peer.requests]
    assert targets == ["pipeline-run", "pipeline-run", "1", "1", "2"]
    assert len({request["Idempotency-Key"] for request in peer.requests}) == 1


BAD = {
    "none": None,
    "another port": "http://127.0.0.1:1/",
    "another name of the host": "http://localhost:{port}/",
    "another scheme": "https://127.0.0.1:{port}/",
    "no web": "ftp://127.0.0.1:{port}/",
    "a file": "file:///etc/passwd",
    "code": "javascript:alert(1)",
    "userinfo": "http://user:password@127.0.0.1:{port}/",
    "no port": "http://127.0.0.1:many/",
    "no brackets": "http://[::1/",
    "blanks": "/a b",
    "latin-1": "/caf\xe9",
    "NUL": "/a\0b",
}


@pytest.mark.parametrize("name", BAD)
def test_location_that_is_none_inside_the_origin_is_not_followed(connect, name):
    with Peer(to(BAD[name]), echo) as peer:
        caller = connect(peer)
        error = caller.fail(RedirectException)
        assert (error.status, error.tries) == (307, 1)
        assert "password" not in str(error)
        if name in {"another port", "no web", "code"}:
            assert error.headers["Location"] in str(error)
        assert caller.works()


@pytest.mark.parametrize("status", [300, 304, 305, 306, 310])
def test_other_3xx_is_not_followed(connect, status):
    step = send(head_of(status, headers={"Location": "/", "Content-Length": "0"}))
    with Peer(step, echo) as peer:
        caller = connect(peer)
        assert caller.fail(RedirectException).status == status
        assert caller.works()


def test_get_is_not_redirected_elsewhere_either(connect):
    with Peer() as other, Peer(to(other.url, 302)) as peer:
        answer = connect(peer).client.call_api("/runs", "GET")
        assert (answer.status, other.connections) == (302, 0)


def test_location_that_holds_the_token_shows_it_masked(connect):
    with Peer(to(f"https://elsewhere.test/?token={TOKEN}")) as peer:
        error = connect(peer).fail(RedirectException)
    assert "elsewhere.test" in str(error)
    assert TOKEN not in f"{error}{error!r}{error.headers}"
