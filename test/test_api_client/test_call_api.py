"""Requests that are ready."""

import json
import threading

import pytest
import urllib3
from support.caller import RUN, TOKEN
from support.peers import Peer, echo, proxy, reply, server_tls

from gentrace.api_client import (
    ApiClient,
    ApiResponse,
    OpenApiResponse,
    Operation,
    QueryParameter,
)
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.configuration import Configuration
from gentrace.exceptions import (
    ApiConnectionException,
    ApiTlsException,
    ApiTypeError,
    ApiValueError,
)
from gentrace.schemas import INTEGER


def names(request):
    return {name.lower() for name, _ in request.headers}


@pytest.mark.parametrize("status", [200, 204, 304, 400, 418, 500])
def test_call_api_gives_the_raw_answer_whatever_its_status(connect, status):
    body = b"" if status in {204, 304} else b"words"
    with Peer(reply(status, body, content_type="text/plain")) as peer:
        caller = connect(peer, retries=0)
        answer = caller.client.call_api("/x?a=b", "put", body="größe")
        assert isinstance(answer, urllib3.HTTPResponse)
        assert (answer.status, answer.data) == (status, body)
    (request,) = peer.requests
    assert (request.method, request.target, request.body) == (
        "PUT",
        "/api/v1/x?a=b",
        "größe".encode(),
    )
    assert request["Authorization"] == f"Bearer {TOKEN}"
    assert request["Content-Length"] == str(len(request.body))
    assert request["Content-Type"] is None


def test_call_api_header_stands_in_place_of_the_clients_own(connect):
    given = {
        "accept": "text/plain",
        "AUTHORIZATION": "Basic abc",
        "content-type": "text/plain",
        "cookie": "c=d",
        "user-agent": "mine",
    }
    with Peer() as peer:
        caller = connect(peer)
        caller.client.cookie = "a=b"
        caller.client.call_api("/x", "POST", headers=given, body=b"\xff")
    (request,) = peer.requests
    for name, value in given.items():
        assert request.all(name) == [value], name
    assert len(names(request)) == len(request.headers)
    assert request.body == b"\xff"


def test_call_api_sends_a_form(connect):
    with Peer() as peer:
        connect(peer).client.call_api("/x", "POST", fields=[("a b", "é&="), ("c", "d")])
    (request,) = peer.requests
    assert request.body == b"a+b=%C3%A9%26%3D&c=d"
    assert request["Content-Type"] == "application/x-www-form-urlencoded"


def test_header_has_one_spelling_on_the_wire(connect):
    """The last one that is given; that of the form gives way to any other."""
    given = {"X-A": "1", "x-a": "2", "content-type": "text/plain", "AUTHORIZATION": "Basic a"}
    with Peer() as peer:
        client = connect(peer).client
        client.call_api("/x", "POST", headers=given, fields=[("a", "b")])
        client.set_default_header("content-TYPE", "text/csv")
        client.call_api("/x", "POST", fields=[("a", "b")])
    for request in peer.requests:
        assert len(names(request)) == len(request.headers)
    first, second = peer.requests
    assert (first["X-A"], first["Content-Type"]) == ("2", "text/plain")
    assert second["Content-Type"] == "text/csv"


def test_call_api_sends_the_token_to_its_own_host_alone(connect):
    with Peer() as peer, Peer() as other:
        client = connect(peer).client
        client.call_api("/x", "GET")
        client.call_api("/x", "GET", auth_settings=[])
        client.call_api("/x", "GET", host=other.url)
        client.call_api("/x", "GET", host=other.url, auth_settings=["bearerAuth"])
    sent = [request["Authorization"] for request in (*peer.requests, *other.requests)]
    assert sent == [f"Bearer {TOKEN}", None, None, f"Bearer {TOKEN}"]


def test_call_api_keys_what_changes_something(connect):
    with Peer() as peer:
        client = connect(peer).client
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            client.call_api("/x", method)
        client.call_api("/x", "POST", idempotency_key="mine")
    keys = [request["Idempotency-Key"] for request in peer.requests]
    assert [bool(key) for key in keys] == [False, False, True, True, True, True]
    assert keys[-1] == "mine"


def test_call_api_streams(connect):
    with Peer(reply(body=b"x" * 300_000)) as peer:
        answer = connect(peer).client.call_api("/x", "GET", stream=True)
        assert sum(map(len, answer.stream(1000))) == 300_000


@pytest.mark.parametrize(
    ("argument", "values", "kind"),
    [
        (
            "resource_path",
            ["x", "", "/x y", "/x#y", "/x\r\nX: y", "/é", "/x\0", "//\x7f"],
            ApiValueError,
        ),
        ("resource_path", [None, b"/x"], ApiTypeError),
        ("method", ["", "GET\r\nX: y", "G T"], ApiValueError),
        ("method", [None, b"GET"], ApiTypeError),
        ("headers", [{"X-A": 1}, {1: "a"}, [("a", "b")], 5, ""], ApiTypeError),
        ("body", [{}, 1, ["a"]], ApiTypeError),
        ("body", ["a\ud800"], ApiValueError),
        (
            "fields",
            [5, ["ab"], {"ab": "cd"}, [("a",)], [("a", 1)], [("a", "b", "c")]],
            ApiTypeError,
        ),
        ("fields", [[("a", "\ud800")], [("\ud800", "a")]], ApiValueError),
        ("auth_settings", [5, "bearerAuth", {"bearerAuth"}, [5], [["a"]]], ApiTypeError),
        ("auth_settings", [["nope"], ["bearerAuth", ""]], ApiValueError),
        ("stream", [1, None], ApiTypeError),
        ("timeout", ["1", True], ApiTypeError),
        ("timeout", [0, (1, -1)], ApiValueError),
        ("host", ["ftp://one", "", "http://me:secret@one"], ApiValueError),
        ("host", [1], ApiTypeError),
        ("idempotency_key", ["", "é", "a\n"], ApiValueError),
        ("idempotency_key", [1], ApiTypeError),
    ],
)
@pytest.mark.parametrize("async_req", [None, True])
def test_call_api_refuses_wrong_arguments(connect, argument, values, kind, async_req):
    """Before a byte is sent; in a thread, at the latest where its result is asked for."""
    with Peer() as peer:
        client = connect(peer).client

        def ask(**arguments):
            given = client.call_api(**arguments, async_req=async_req)
            given.get(20)

        for value in values:
            arguments = {"resource_path": "/x", "method": "POST", argument: value}
            with pytest.raises(kind, match=rf"^{argument}.*: expected .") as caught:
                ask(**arguments)
            assert type(caught.value) is kind
            assert "secret" not in str(caught.value)
        assert peer.connections == 0


@pytest.mark.parametrize("async_req", ["no", 1, 0])
def test_call_api_runs_in_a_thread_for_true_alone(connect, async_req):
    with Peer() as peer, pytest.raises(ApiTypeError, match=r"^async_req: expected True or False"):
        connect(peer).client.call_api("/x", "GET", async_req=async_req)
    assert not peer.requests


def test_call_api_takes_a_body_or_a_form(connect):
    with Peer() as peer:
        with pytest.raises(ApiValueError, match=r"^fields: expected None beside a body"):
            connect(peer).client.call_api("/x", "POST", body=b"", fields=[])
        assert peer.connections == 0


def test_call_api_runs_in_threads_of_the_client():
    """`pool_threads` at once; the failure of a call is raised where its result is asked for."""

    def crowd(talk, request):
        talk.peer.wait(lambda: talk.peer.connections >= 3)
        echo(talk, request)

    before = set(threading.enumerate())
    with Peer(crowd) as peer, ApiClient(Configuration(peer.url), pool_threads=3) as client:
        pending = [
            client.call_api("/x", "POST", async_req=True, idempotency_key=f"key {n}")
            for n in range(9)
        ]
        answers = [json.loads(result.get(20).data)["pipelineRunId"] for result in pending]
        client.configuration.host = "http://127.0.0.1:1"
        client.configuration.retries = 0
        failed = client.call_api("/x", "POST", async_req=True)
        with pytest.raises(ApiConnectionException):
            failed.get(20)
    assert answers == [f"key {n}" for n in range(9)]
    assert not [
        t for t in set(threading.enumerate()) - before if "Pool" in type(t).__name__ + t.name
    ]


def test_call_that_waits_for_a_thread_goes_with_the_settings_of_when_it_was_made():
    """A later configuration's token does not go to the host of an earlier one."""
    changed = threading.Event()

    def answer_late(talk, request):
        changed.wait(30)
        reply()(talk, request)

    with Peer(answer_late) as one, Peer() as other:
        configuration = Configuration(one.url, "token-of-one")
        with ApiClient(configuration) as client:
            client.set_default_header("X-Team", "one")
            answers = [client.call_api("/x", "GET", async_req=True) for _ in range(3)]
            configuration.access_token = "token-of-two"  # noqa: S105 - of nobody
            client.configuration = Configuration(other.url, "token-of-other")
            client.set_default_header("X-Team", "other")
            changed.set()
            assert [answer.get(30).status for answer in answers] == [200] * 3
            assert client.call_api("/x", "GET").status == 200
    sent = [(request["Authorization"], request["X-Team"]) for request in one.requests]
    assert sent == [("Bearer token-of-one", "one")] * 3
    assert [request["Authorization"] for request in other.requests] == ["Bearer token-of-other"]


def test_call_under_way_goes_to_the_host_that_its_token_is_for():
    """Another thread may put another configuration in place meanwhile."""
    with Peer() as one, Peer() as other:
        client = ApiClient(Configuration(one.url, "token-of-one"))

        class Changing(dict):
            def get(self, *arguments):
                client.configuration = Configuration(other.url, "token-of-other")
                return super().get(*arguments)

        operation = Operation(
            "runs",
            "GET",
            "/runs",
            tag="Runs",
            summary="",
            parameters=[QueryParameter("limit", INTEGER)],
            responses={200: OpenApiResponse(ApiResponse, "")},
        )
        with client:
            client.call(operation, arguments=Changing(limit=1))
    assert [request["Authorization"] for request in one.requests] == ["Bearer token-of-one"]
    assert not other.requests


class Meanwhile:
    """What calls a function as it is encoded: so a call of another thread comes in between."""

    def __init__(self, function):
        self.function = function

    def model_dump(self, **_):
        thread = threading.Thread(target=self.function)
        thread.start()
        thread.join()
        return {}


@pytest.mark.parametrize("setting", ["proxy", "verify_ssl"])
def test_call_under_way_keeps_to_the_transport_that_its_token_is_for(setting):
    """Its token goes through no other configuration's proxy, nor to a server that its own bars."""
    tls = server_tls() if setting == "verify_ssl" else None
    with Peer(tls=tls) as one, Peer() as other, Peer(proxy()) as between:
        client = ApiClient(Configuration(one.url, "token-of-one", retries=0))
        values = {"proxy": between.origin, "verify_ssl": False}
        second = Configuration(other.url, "token-of-other", **{setting: values[setting]})

        def call_by_another():
            client.configuration = second
            IngestionApi(client).pipeline_run_post(RUN)

        run = {"name": "answer-question", "stepRuns": [], "made": Meanwhile(call_by_another)}
        with client:
            if tls is None:
                IngestionApi(client).pipeline_run_post(run)
            else:
                with pytest.raises(ApiTlsException):
                    IngestionApi(client).pipeline_run_post(run)
    sent = [request["Authorization"] for request in one.requests]
    assert sent == ([] if tls else ["Bearer token-of-one"])
    assert [request["Authorization"] for request in other.requests] == ["Bearer token-of-other"]
    assert len(between.requests) == (0 if tls else 1)
