"""What operations are declared with."""

import pytest
from support.peers import Peer, head_of, raw, reply

import gentrace.local
from gentrace.api_client import (
    ApiResponse,
    MediaType,
    OpenApiResponse,
    Operation,
    RequestBody,
)
from gentrace.exceptions import (
    ApiTypeError,
    ApiValueError,
    BadRequestException,
)
from gentrace.paths.pipeline_run.post import (
    ApiResponseFor400,
)
from gentrace.schemas import FREE_OBJECT, unset


def declare(**responses_and_body):
    return Operation("op", "POST", "/x", tag="T", summary="S", **responses_and_body)


def test_operation_without_a_body_refuses_one(connect):
    operation = declare(responses={204: OpenApiResponse(ApiResponse, "done")})
    with Peer(raw(head_of(204))) as peer:
        client = connect(peer).client
        with pytest.raises(ApiTypeError, match=r"^body: expected none"):
            client.call(operation, body={})
        assert client.call(operation).body is unset
    assert peer.requests[0]["Content-Length"] in {None, "0"}
    assert peer.requests[0]["Content-Type"] is None


def test_operation_without_an_answer_that_says_it_is_done_is_refused():
    with pytest.raises(ApiValueError, match=r"^responses: expected one of 2xx, got \[400\]$"):
        declare(responses={400: OpenApiResponse(ApiResponse, "bad")})


def test_answer_is_of_the_class_of_its_status(connect):
    """A success that is not declared is read as the first one that is."""

    class Accepted(ApiResponse):
        pass

    operation = declare(
        responses={
            400: OpenApiResponse(ApiResponseFor400, "bad"),
            200: OpenApiResponse(ApiResponse, "done"),
            202: OpenApiResponse(Accepted, "accepted"),
        }
    )
    with Peer(reply(200), reply(202), reply(201)) as peer:
        client = connect(peer).client
        assert [type(client.call(operation)) for _ in range(3)] == [
            ApiResponse,
            Accepted,
            ApiResponse,
        ]


def test_optional_body_may_be_left_out(connect):
    operation = declare(
        responses={200: OpenApiResponse(ApiResponse, "done")},
        body=RequestBody({"application/json": FREE_OBJECT}, "anything", required=False),
    )
    with Peer() as peer:
        client = connect(peer).client
        client.call(operation)
        client.call(operation, body={})
    assert [(request.body, request["Content-Type"]) for request in peer.requests] == [
        (b"", None),
        (b"{}", "application/json"),
    ]


def test_refusal_with_a_documented_body_is_deserialized(connect):
    """Unless it is not as documented: then the status matters more."""
    problem = OpenApiResponse(ApiResponseFor400, "no", {"application/json": FREE_OBJECT})
    operation = declare(responses={200: OpenApiResponse(ApiResponse, "done"), 400: problem})
    with Peer(
        reply(400, {"why": "x"}), reply(400, b"<html>"), reply(400, content_type="a/b")
    ) as peer:
        client = connect(peer).client
        for body in ({"why": "x"}, unset, unset):
            with pytest.raises(BadRequestException) as caught:
                client.call(operation)
            assert caught.value.api_response.body == body


def test_binary_answer_is_bytes_or_a_file(connect, tmp_path):
    binary = OpenApiResponse(ApiResponse, "a file", {"application/octet-stream": None})
    operation = declare(responses={200: binary})
    disposition = {"Content-Disposition": 'attachment; filename="../../evil"'}
    with Peer(
        reply(body=b"\0\xff", headers=disposition, content_type="application/octet-stream")
    ) as peer:
        client = connect(peer, temp_folder_path=tmp_path).client
        assert client.call(operation).body == b"\0\xff"
        with client.call(operation, stream=True).body as file:
            assert type(file) is gentrace.schemas.FileSchema
            assert file.read() == b"\0\xff"
        (path,) = tmp_path.iterdir()
        assert str(path) == file.name
        assert path.stat().st_mode & 0o777 == 0o600
    assert peer.requests[0]["Accept"] == "application/octet-stream"


def test_media_type_includes_what_has_its_parameters():
    assert MediaType("a/b; x=1").includes(MediaType('A/B; y=2; X="1"'))
    assert not MediaType("a/b; x=1").includes(MediaType("a/b; x=2"))
    assert not MediaType("a/b; x=1").includes(MediaType("a/b"))
    assert not MediaType("a/b; charset=latin-1").includes(MediaType("a/b"))
    assert not MediaType("a/b; x=A").includes(MediaType("a/b; x=a"))
