"""Each setting acts on calls, from the next one on also when it is changed later."""

import contextlib
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from support import peers
from support.caller import TOKEN
from support.canary import CANARY, leaks
from support.peers import Peer, echo, proxy, reply, stall

import gentrace
from gentrace.api_client import OpenApiResponse, Operation, PathParameter
from gentrace.configuration import Configuration
from gentrace.exceptions import (
    ApiException,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ApiTypeError,
    ApiValueError,
    InsecureTransportWarning,
    ServiceException,
)
from gentrace.schemas import STRING

DATELESS = {"name": "answer-question", "stepRuns": [{"startTime": "yesterday"}]}
NAMELESS = {"stepRuns": []}


def download(caller, path="/runs/{id}", **arguments):
    """Call an operation whose answer is a file, and which has a path parameter."""
    operation = Operation(
        "run_get",
        "GET",
        path,
        tag="Ingestion",
        summary="Get a run",
        responses={
            200: OpenApiResponse(gentrace.ApiResponse, "a run", {"application/octet-stream": None})
        },
        parameters=[PathParameter("id", STRING, required=True)],
    )
    return caller.client.call(operation, arguments={"id": "a/b c"}, **arguments)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("suffix", "target"),
    [
        ("", "/pipeline-run"),
        ("/", "/pipeline-run"),
        ("/api/v1", "/api/v1/pipeline-run"),
        ("/api/v1/", "/api/v1/pipeline-run"),
        ("/api/v1//", "/api/v1/pipeline-run"),
        ("/a%20b;c", "/a%20b;c/pipeline-run"),
    ],
)
def test_host_with_path_slash_or_literal_address(connect, address, suffix, target):
    with Peer(host=address) as peer:
        connect(peer.origin + suffix).post()
    assert [request.target for request in peer.requests] == [target]
    assert peer.requests[0]["Host"] == peer.origin.removeprefix("http://")


def test_host_in_capitals_is_the_same(connect):
    with Peer() as peer:
        connect(peer.at("LOCALHOST", "HTTP")).post()
    assert len(peer.requests) == 1


def test_changed_host_acts(connect):
    with Peer() as one, Peer() as two:
        caller = connect(one)
        for peer in (one, two, two, one):
            caller.configuration.host = peer.url
            caller.post()
    assert (len(one.requests), len(two.requests)) == (2, 2)


def test_rotated_token_acts_on_the_same_connection(connect):
    with Peer() as peer:
        caller = connect(peer)
        for token in ("first", "second", None, "third é"):
            caller.configuration.access_token = token
            caller.post()
    sent = [request["Authorization"] for request in peer.requests]
    assert sent == ["Bearer first", "Bearer second", None, "Bearer third é"]
    assert peer.connections == 1


def test_replaced_configuration_acts(connect):
    with Peer() as one, Peer() as two:
        caller = connect(one)
        caller.post()
        caller.client.configuration = Configuration(two.url, "second")
        caller.post()
    assert [r["Authorization"] for r in (*one.requests, *two.requests)] == [
        f"Bearer {TOKEN}",
        "Bearer second",
    ]


def test_disabled_validations_act(connect):
    with Peer() as peer:
        caller = connect(peer)
        for keywords, body in (
            ("format", DATELESS),
            ("required", NAMELESS),
            ("format,required", NAMELESS),
        ):
            caller.configuration.disabled_client_side_validations = keywords
            caller.post(body)
            caller.configuration.disabled_client_side_validations = "minLength"
            with pytest.raises((ApiTypeError, ApiValueError)):
                caller.post(body)
    assert [request.json() for request in peer.requests] == [DATELESS, NAMELESS, NAMELESS]


def test_disabled_validation_disables_no_other(connect):
    with Peer() as peer:
        caller = connect(peer, disabled_client_side_validations="format")
        with pytest.raises(ApiTypeError):
            caller.post(NAMELESS)
        caller.configuration.disabled_client_side_validations = "required"
        with pytest.raises(ApiValueError):
            caller.post(DATELESS)
        with pytest.raises(ApiTypeError):
            caller.post({"name": 1})
    assert not peer.requests


def test_temp_folder_path_acts(connect, tmp_path):
    with Peer(reply(body=b"content", content_type="application/octet-stream")) as peer:
        caller = connect(peer)
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            caller.configuration.temp_folder_path = folder
            with download(caller, stream=True).body as file:
                assert file.read() == b"content"
            assert [str(path) for path in folder.iterdir()] == [file.name]


def test_safe_chars_for_path_param_act(connect):
    with Peer(reply(body=b"", content_type="application/octet-stream")) as peer:
        caller = connect(peer)
        for safe in ("", "/", "/ "[:1], ""):
            caller.configuration.safe_chars_for_path_param = safe
            download(caller)
    paths = [request.target.removeprefix("/api/v1/runs/") for request in peer.requests]
    assert paths == ["a%2Fb%20c", "a/b%20c", "a/b%20c", "a%2Fb%20c"]


@pytest.mark.parametrize("timeout", [0.2, (60, 0.2), (60, 60, 0.2), [0.2, 60, 0.2]])
def test_timeout_acts(connect, timeout):
    with Peer(stall) as peer:
        caller = connect(peer, retries=0)
        caller.configuration.timeout = timeout
        with pytest.raises(ApiTimeoutException):
            caller.post()
        caller.configuration.timeout = 60
        with pytest.raises(ApiTimeoutException):
            caller.post(timeout=timeout)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *((value, ApiTypeError) for value in ("1", True, (1,), (1, 2, 3, 4), (1, "2"), [], {}, 1j)),
        *((value, ApiValueError) for value in (0, -1, 0.0, float("nan"), float("inf"), (1, 0))),
    ],
)
def test_timeout_of_a_call_is_refused_like_the_configurations(connect, value, kind):
    with Peer() as peer:
        with pytest.raises(kind, match=r"^timeout: expected seconds above 0"):
            connect(peer).post(timeout=value)
        assert not peer.requests


def tries(caller):
    return caller.fail(ServiceException).tries


def test_retries_act(connect):
    again = reply(503, headers={"retry-after-ms": "1"})
    with Peer(again) as peer:
        caller = connect(peer)
        for value, count in ((None, 3), (False, 1), (0, 1), (1, 2), (5, 6)):
            caller.configuration.retries = value
            before = len(peer.requests)
            assert tries(caller) == len(peer.requests) - before == count


def test_given_urllib3_retry_says_whether(connect):
    """Exactly what it says: other methods and statuses than the default's."""
    with Peer(reply(501)) as peer:
        caller = connect(peer)
        assert tries(caller) == 1
        caller.configuration.retries = urllib3.Retry(
            2, status_forcelist=[501], allowed_methods=None
        )
        assert tries(caller) == 3
        caller.configuration.retries = urllib3.Retry(2, status_forcelist=[501])
        assert tries(caller) == 1
    assert len(peer.requests) == 5


def test_max_response_body_acts(connect):
    answer = {"pipelineRunId": "x" * 1000}
    with Peer(reply(body=answer)) as peer:
        caller = connect(peer, max_response_body=1000)
        with pytest.raises(ApiResponseTooLargeException) as caught:
            caller.post()
        assert caught.value.status == 200
        assert len(caught.value.body) <= 1000
        caller.configuration.max_response_body = 2000
        assert caller.post().body == answer


def options_of(peer, *wanted):
    """The options of this process's end of the peer's latest connection."""
    there = peer.all_talks[-1].sock.getpeername()
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
            if sock.getsockname() == there:
                return [sock.getsockopt(*option) for option in wanted]
    raise AssertionError("no such socket")


def test_socket_options_act(connect):
    nodelay = socket.IPPROTO_TCP, socket.TCP_NODELAY
    alive = socket.SOL_SOCKET, socket.SO_KEEPALIVE
    with Peer() as peer:
        caller = connect(peer)
        for setting, seen in (
            (None, [1, 0]),
            ([(*alive, 1)], [0, 1]),
            ([(*alive, 1), (*nodelay, 1)], [1, 1]),
            ((), [0, 0]),
            (None, [1, 0]),
        ):
            caller.configuration.socket_options = setting
            caller.post()
            assert [bool(value) for value in options_of(peer, nodelay, alive)] == seen
    assert len(peer.requests) == 5


def test_connection_pool_maxsize_acts(connect):
    """Calls wait for one of `connection_pool_maxsize` connections; raised, they need not."""

    def crowd(talk, request):
        talk.peer.wait(lambda: talk.peer.connections >= 3)
        echo(talk, request)

    with Peer(*[echo] * 9, crowd) as peer, ThreadPoolExecutor(9) as threads:
        caller = connect(peer, connection_pool_maxsize=1)
        list(threads.map(lambda _: caller.post(), range(9)))
        assert peer.connections == 1
        caller.configuration.connection_pool_maxsize = 3
        list(threads.map(lambda _: caller.post(), range(3)))
    assert peer.connections <= 4
    assert len(peer.requests) == 12


def test_proxy_and_its_headers_act(connect):
    """Also later; they reach the proxy alone, and an empty string is no proxy at all."""
    with Peer() as peer, Peer(proxy(("me", "pa ss"))) as through:
        caller = connect(peer, retries=0)
        caller.post()
        caller.configuration.proxy = through.origin.replace("//", "//me:pa%20ss@")
        caller.post()
        caller.configuration.proxy = through.origin
        with pytest.raises(ApiException):
            caller.post()
        caller.configuration.proxy_headers = {
            "Proxy-Authorization": peers.basic("me", "pa ss"),
            "X-Way": "a",
        }
        caller.post()
        caller.configuration.proxy = ""
        caller.post()
    assert len(through.requests) == 3
    assert through.requests[-1]["X-Way"] == "a"
    assert len(peer.requests) == 4
    assert {request["Proxy-Authorization"] for request in peer.requests} == {None}
    assert peer.requests[-1]["X-Way"] is None


def test_proxy_of_the_environment_gives_way(connect, monkeypatch):
    with Peer() as peer, Peer(proxy()) as through:
        monkeypatch.setenv("http_proxy", through.origin)
        caller = connect(peer)
        caller.post()
        assert len(through.requests) == 1
        caller.configuration.proxy = ""
        caller.post()
    assert len(through.requests) == 1
    assert len(peer.requests) == 2


def test_token_over_plain_http_beyond_loopback_warns_once(connect):
    with Peer() as peer, Peer(proxy(routes={"api.example:80": peer.address})) as through:

        def call_twice():
            caller = connect("http://api.example", access_token=CANARY, proxy=through.origin)
            caller.post()
            caller.post()

        with pytest.warns(InsecureTransportWarning, match="https") as caught:
            call_twice()
    assert len(caught) == 1
    assert not leaks(str(caught[0].message))
    assert len(peer.requests) == 2


def test_no_warning_without_a_token(connect):
    with Peer() as peer, Peer(proxy(routes={"api.example:80": peer.address})) as through:
        connect("http://api.example", access_token=None, proxy=through.origin).post()
    assert len(peer.requests) == 1
