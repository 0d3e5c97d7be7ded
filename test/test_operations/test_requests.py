"""What a call puts on the wire, and which arguments it refuses."""

import re

import pytest
from support.caller import RUN, TOKEN
from support.header_fields import BAD_TEXT
from support.peers import Peer

import gentrace.local
from gentrace.api_client import (
    ApiResponseWithoutDeserialization,
)
from gentrace.configuration.secrets import Headers
from gentrace.exceptions import (
    ApiTypeError,
    ApiValueError,
)
from gentrace.operations import Request
from gentrace.schemas import unset

ACCEPT = "application/json; charset=utf-8, application/json"


class Array:
    """Compares its items, as arrays of numpy do."""

    def __eq__(self, _):
        raise ValueError("The truth value of an array is ambiguous")

    __ne__ = __eq__
    __hash__ = None


def names(request):
    return [name.lower() for name, _ in request.headers]


def test_request_is_exactly_what_is_documented(connect):
    with Peer() as peer:
        connect(peer).post({"name": "größe ✓ \u2028", "step_runs": [{"elapsed_time": 1.0}]})
    (request,) = peer.requests
    assert (request.method, request.target, request.version) == (
        "POST",
        "/api/v1/pipeline-run",
        "HTTP/1.1",
    )
    body = '{"name":"größe ✓ \u2028","stepRuns":[{"elapsedTime":1}]}'.encode()
    assert request.body == body
    assert re.fullmatch(r"[0-9a-f]{32,}", request["Idempotency-Key"])
    assert {name: value for name, value in request.headers if name != "Idempotency-Key"} == {
        "Host": peer.origin.removeprefix("http://"),
        "Accept": ACCEPT,
        "Accept-Encoding": request["Accept-Encoding"],
        "Authorization": f"Bearer {TOKEN}",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        "User-Agent": f"gentrace-python/{gentrace.__version__}",
    }
    assert len(set(names(request))) == len(request.headers)


def test_every_call_has_its_own_idempotency_key(connect):
    with Peer() as peer:
        caller = connect(peer)
        for _ in range(50):
            caller.post()
    assert len({request["Idempotency-Key"] for request in peer.requests}) == 50


@pytest.mark.parametrize("key", ["a", 'order 7/2; "x"', "x" * 255])
def test_given_idempotency_key_is_sent(connect, key):
    with Peer() as peer:
        assert connect(peer).post(idempotency_key=key).body == {"pipelineRunId": key}
        assert peer.requests[0].all("Idempotency-Key") == [key]


@pytest.mark.parametrize("arguments", [{}, {"body": unset}, {"body": None}])
def test_body_is_required(connect, arguments):
    with Peer() as peer:
        with pytest.raises(TypeError):
            connect(peer).api.pipeline_run_post(**arguments)
        assert not peer.requests


def test_arguments_of_the_contract_are_positional(connect):
    with Peer() as peer:
        answer = connect(peer).api.pipeline_run_post(
            RUN, "application/json", ("application/json",), False, 20, True
        )
    assert type(answer) is ApiResponseWithoutDeserialization
    assert peer.requests[0]["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("argument", "values", "kind"),
    [
        (
            "content_type",
            ["text/plain", "application/xml", "", "application/json; charset=utf-16"],
            ApiValueError,
        ),
        ("content_type", BAD_TEXT, ApiValueError),
        ("content_type", [None, 1, b"application/json", ["application/json"]], ApiTypeError),
        ("accept_content_types", ["application/json", 1, {"application/json"}, (1,)], ApiTypeError),
        ("accept_content_types", [Array(), (Array(),)], ApiTypeError),
        ("accept_content_types", [(text,) for text in (*BAD_TEXT, "")], ApiValueError),
        ("stream", [None, 1, "yes"], ApiTypeError),
        ("skip_deserialization", [None, 0, "no"], ApiTypeError),
        ("timeout", ["1", True, (1,)], ApiTypeError),
        ("timeout", [0, -1, float("nan"), (1, 0)], ApiValueError),
        ("idempotency_key", ["", "é", "x" * 256, *BAD_TEXT], ApiValueError),
        ("idempotency_key", [1, b"key"], ApiTypeError),
    ],
)
def test_wrong_argument_is_refused_before_a_byte_is_sent(connect, argument, values, kind):
    with Peer() as peer:
        caller = connect(peer)
        for value in values:
            with pytest.raises(kind, match=rf"^{argument}: expected .") as caught:
                caller.post(**{argument: value})
            assert type(caught.value) is kind
        assert peer.connections == 0


@pytest.mark.parametrize(
    "text",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json; x=y",
    ],
)
def test_content_type_may_be_spelled_otherwise(connect, text):
    with Peer() as peer:
        connect(peer).post(content_type=text)
    assert peer.requests[0].all("Content-Type") == [text]


def test_accept_of_a_call_replaces_the_documented_one(connect):
    with Peer() as peer:
        caller = connect(peer)
        caller.post(accept_content_types=("application/json", "text/plain"))
        caller.post(accept_content_types=["application/json"])
        caller.post(accept_content_types=())
    accepts = [request.all("Accept") for request in peer.requests]
    assert accepts[:2] == [["application/json, text/plain"], ["application/json"]]
    assert accepts[2] in ([], ["*/*"])


def test_request_shows_itself_without_what_it_carries():
    """As a traceback with locals does."""
    request = Request("POST", "https://one.example", "/runs", Headers(Authorization=TOKEN), [TOKEN])
    assert TOKEN not in repr(request)
