"""What a request looks like on the wire, and what cannot be put into one."""

import pytest
from support.caller import TOKEN
from support.peers import (
    Peer,
    server_tls,
)

from gentrace import ApiClient, ApiValueError

# On the wire.


def test_request_has_each_field_once(connect):
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        caller.client.set_default_header("accept", "text/plain")
        caller.client.set_default_header("USER-AGENT", "mine")
        caller.client.set_default_header("authorization", "Other")
        assert caller.works()
    for request in peer.requests:
        fields = [name.lower() for name, _ in request.headers]
        assert sorted(fields) == sorted(set(fields))
    first, second = peer.requests
    assert (first["Host"], first["Content-Type"]) == (
        f"127.0.0.1:{peer.address[1]}",
        "application/json",
    )
    assert first["Accept"] == "application/json; charset=utf-8, application/json"
    assert first["Content-Length"] == str(len(first.body))
    assert first["User-Agent"].startswith("gentrace-python/")
    assert [second[name] for name in ("Accept", "User-Agent", "Authorization")] == [
        "text/plain",
        "mine",
        "Other",
    ]


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("{}", "/pipeline-run"),
        ("{}/", "/pipeline-run"),
        ("{}/api/v1", "/api/v1/pipeline-run"),
        ("{}/api/v1/", "/api/v1/pipeline-run"),
        ("{}/a%20b", "/a%20b/pipeline-run"),
    ],
)
def test_path_of_the_host_comes_before_that_of_the_operation(connect, host, target):
    with Peer() as peer:
        assert connect(host.format(peer.origin)).works()
    assert peer.requests[0].target == target


def test_host_may_be_an_ipv6_literal(connect):
    with Peer(host="::1") as peer:
        assert connect(f"http://[::1]:{peer.address[1]}/api").works()
    assert peer.requests[0]["Host"] == f"[::1]:{peer.address[1]}"


def test_body_of_64_mib_passes(connect):
    blob = "x" * (64 * 1024 * 1024)
    with Peer() as peer:
        caller = connect(peer)
        key = caller.post({"name": "big", "stepRuns": [], "blob": blob}).body["pipelineRunId"]
        assert key == peer.requests[0]["Idempotency-Key"]
        body = peer.requests[0].body
    assert (len(body) > len(blob), body[-3:]) == (True, b'x"}')


def test_64_mib_over_tls_pass(connect):
    blob = "x" * (64 * 1024 * 1024)
    with Peer(tls=server_tls()) as peer:
        assert connect(peer).post({"name": "big", "stepRuns": [], "blob": blob})
        assert len(peer.requests[0].body) > len(blob)


# Control characters, which would be fields or requests of their own.

INJECTIONS = ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\0", "\x7f", "\u2028", "\x85"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_control_characters_are_refused_where_they_are_set(connect, text):
    """As in CVE-2016-5699 (fields), CVE-2020-26116 (method) and CVE-2019-9740 (address)."""
    with Peer() as peer:
        caller = connect(peer)
        client, configuration = caller.client, caller.configuration
        for set_it in (
            lambda: setattr(configuration, "access_token", f"a{text}b"),
            lambda: setattr(configuration, "host", f"{peer.url}/a{text}b"),
            lambda: setattr(configuration, "host", f"http://127.0.0.1{text}/"),
            lambda: setattr(client, "user_agent", f"a{text}b"),
            lambda: setattr(client, "cookie", f"a{text}b"),
            lambda: client.set_default_header("X-Field", f"a{text}b"),
            lambda: client.set_default_header(f"X-Field{text}", "a"),
            lambda: ApiClient(configuration, "X-Field", f"a{text}b"),
            lambda: caller.post(idempotency_key=f"a{text}b"),
            lambda: caller.post(content_type=f"application/json{text}"),
            lambda: caller.post(accept_content_types=(f"application/json{text}",)),
            lambda: client.call_api(f"/a{text}b", "GET"),
            lambda: client.call_api("/a", f"GET{text}"),
            lambda: client.call_api("/a", "GET", {"X-Field": f"a{text}b"}),
            lambda: client.call_api("/a", "GET", {f"X-Field{text}": "a"}),
            lambda: client.call_api("/a", "GET", host=f"{peer.url}{text}"),
        ):
            with pytest.raises(ApiValueError) as caught:
                set_it()
            assert TOKEN not in str(caught.value)
        assert peer.connections == 0
        assert caller.works()
