"""What becomes of each answer."""

import json
import pickle
import re

import pytest
from support.peers import Peer, echo, head_of, raw, reply

from gentrace.api_client import (
    ApiResponseWithoutDeserialization,
)
from gentrace.exceptions import (
    ApiException,
    ApiResponseException,
    BadRequestException,
    ClientException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    RedirectException,
    ServiceException,
    TooManyRequestsException,
    UnauthorizedException,
    exception_class,
)
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.paths.pipeline_run.post import (
    ApiResponseFor200,
    ApiResponseFor400,
    ApiResponseFor500,
)
from gentrace.schemas import unset


def answering(connect, step, **settings):
    """The answer, or the exception, of one call."""
    with Peer(step) as peer:
        caller = connect(peer, **{"retries": 0} | settings)
        try:
            return caller.post()
        except ApiException as error:
            return error


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=UTF8",
        'application/json; charset="utf-8"',
        'Application/JSON ;\tCharset = "UTF-8"',
        "application/json; charset=utf-8; profile=a",
        "application/json; charset=utf-8 ; profile=a",
        'application/json; profile="a;b\\"; charset=latin-1"; charset=utf-8',
        "application/json;",
        "application/json; odd",
    ],
)
def test_media_types_match_by_meaning(connect, content_type):
    answer = answering(connect, reply(content_type=content_type))
    assert type(answer) is ApiResponseFor200
    assert type(answer.body) is PipelineRunResponse
    assert answer.body.pipeline_run_id == "run"
    assert answer.headers is unset
    assert json.loads(answer.response.data) == answer.body


def test_answers_of_ever_new_media_types_are_read(connect):
    """What is remembered of media types is bounded, and not needed."""
    steps = [reply(content_type=f"application/json; n={number}") for number in range(200)]
    with Peer(*steps) as peer:
        caller = connect(peer)
        for _ in steps:
            assert caller.post().body == {"pipelineRunId": "run"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/problem+json",
        "json",
        "*/*",
        ";",
        "",
        None,
    ],
)
def test_other_media_type_of_a_stored_run_keeps_the_proof(connect, content_type):
    data = b'{"pipelineRunId": "run"}'
    head = head_of(200, None, [("Content-Type", content_type), ("Content-Length", len(data))])
    error = answering(connect, raw(head + data))
    assert type(error) is ApiResponseException
    assert (error.status, error.body, error.tries) == (200, data, 1)
    assert type(error.api_response) is ApiResponseWithoutDeserialization
    assert error.api_response.response.data == data
    got = re.escape(content_type or "no media type")
    assert re.search(f"expected application/json.*, got {got}", str(error))


DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": 1}{}', "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"a": "\xff"}', "not JSON in UTF-8"),
        ('{"a": "é"}'.encode("latin-1"), "not JSON in UTF-8"),
        ('{"a": "é"}'.encode("utf-16"), "not JSON in UTF-8"),
        (DEEP, "deep"),
        (b'{"a": %s}' % (b"9" * 10_000), "."),
        (b"null", r"expected .*object.*None at \$"),
        (b"[]", r"expected .*object.* at \$"),
        (b'"run"', r"expected .*object.* at \$"),
        (b'{"pipelineRunId": 7}', r"expected a string, got int 7 at \$\.pipelineRunId"),
        (b'{"pipelineRunId": null}', r"expected a string, got None at \$\.pipelineRunId"),
        (b'{"a": "\\ud800"}', r"cannot be read: expected text that UTF-8 can carry, .* at \$\.a"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("stream", [True, False])
def test_unreadable_answer_of_a_stored_run_keeps_the_proof(connect, data, why, status, stream):
    with Peer(reply(status, data), echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseException, stream=stream)
        assert caller.works()
    assert (error.status, error.body) == (status, data)
    assert error.api_response.response.data == data
    assert type(error.api_response) is ApiResponseWithoutDeserialization
    assert re.search(why, str(error))
    assert len(str(error)) < 2000
    assert error.idempotency_key == peer.requests[0]["Idempotency-Key"]


@pytest.mark.parametrize(
    ("fields", "ends"), [({"Content-Encoding": "br"}, "), it came as br"), ({}, ")")]
)
def test_answer_that_is_no_json_says_how_it_is_compressed(connect, fields, ends):
    error = answering(connect, reply(body=b"\x0b\x02\x80{}\x03", headers=fields))
    assert "not JSON in UTF-8" in error.reason
    assert error.reason.endswith(ends)


def test_empty_success_is_an_exception_of_its_status(connect):
    error = answering(connect, raw(head_of(204)))
    assert type(error) is ApiResponseException
    assert (error.status, error.body) == (204, b"")
    assert error.api_response.response.status == 204


@pytest.mark.parametrize("status", [201, 202, 299])
def test_undocumented_success_reads_as_the_documented_one(connect, status):
    answer = answering(connect, reply(status, {"pipelineRunId": "run"}))
    assert type(answer) is ApiResponseFor200
    assert answer.response.status == status
    assert answer.body["pipelineRunId"] == "run"


def test_answer_is_read_by_wire_names_and_keeps_the_rest(connect):
    answer = answering(connect, reply(body={"pipeline_run_id": "x", "more": [{"a": None}]}))
    assert answer.body.pipeline_run_id is unset
    assert answer.body == {"pipeline_run_id": "x", "more": ({"a": None},)}


FAMILIES = {
    300: RedirectException,
    302: RedirectException,
    304: RedirectException,
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    418: ClientException,
    429: TooManyRequestsException,
    499: ClientException,
    500: ServiceException,
    503: ServiceException,
    599: ServiceException,
    600: ApiException,
    999: ApiException,
}


@pytest.mark.parametrize(("status", "kind"), FAMILIES.items())
def test_status_outside_2xx_is_an_exception_of_its_family(connect, status, kind):
    """The server's words are kept whatever their media type, and shown."""
    words = b"" if status == 304 else b"no \xe2\x9c\x93"
    error = answering(
        connect, reply(status, words, {"X-A": "b"}, reason="Odd", content_type="text/odd")
    )
    documented = {400: ApiResponseFor400, 500: ApiResponseFor500}
    assert type(error) is kind
    assert (error.status, error.reason, error.body, error.tries) == (status, "Odd", words, 1)
    assert type(error.api_response) is documented.get(status, ApiResponseWithoutDeserialization)
    assert error.api_response.body is unset
    assert error.api_response.headers is unset
    assert error.api_response.response.status == status
    assert error.api_response.response.data == words
    assert error.headers["x-a"] == "b"
    assert str(error).startswith(f"({status}) Odd" + (": no ✓" if words else ""))


UNREADABLE = {
    "gzip that is none": ("Content-Encoding: gzip\r\nContent-Length: 5", b"words", b"words"),
    "a chunk without a size": ("Transfer-Encoding: chunked", b"5\r\nwords\r\nzz\r\n", b"words"),
}


@pytest.mark.parametrize("flaw", UNREADABLE)
@pytest.mark.parametrize("status", [302, 400, 401, 418, 500, 503, 999])
def test_status_outside_2xx_is_of_its_family_also_where_the_body_cannot_be_read(
    connect, flaw, status
):
    fields, data, words = UNREADABLE[flaw]
    head = f"HTTP/1.1 {status} Odd\r\nLocation: /there\r\nRetry-After: 7\r\n{fields}\r\n\r\n"
    error = answering(connect, raw(head.encode() + data))
    documented = {400: ApiResponseFor400, 500: ApiResponseFor500}
    assert type(error) is exception_class(status)
    assert (error.status, error.body, error.retry_after, error.tries) == (status, words, 7, 1)
    assert type(error.api_response) is documented.get(status, ApiResponseWithoutDeserialization)
    assert error.api_response.body is unset
    assert error.api_response.response.data == words
    assert str(error).startswith(f"({status}) Odd, but it cannot be read: ")
    assert pickle.loads(pickle.dumps(error)).body == words  # noqa: S301 - our own
    if status == 302:
        assert "Location: /there" in str(error)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_refusal_is_an_exception_however_it_was_asked_for(connect, skip, stream):
    with Peer(reply(400, b"no"), echo) as peer:
        caller = connect(peer)
        error = caller.fail(BadRequestException, skip_deserialization=skip, stream=stream)
        assert error.body == b"no"
        assert error.api_response.response.data == b"no"
        assert caller.works()
    assert peer.connections == 1


def test_exception_of_an_answer_is_pickled_whole(connect):
    error = answering(connect, reply(429, b"later", {"Retry-After": "7", "Set-Cookie": "a=b"}))
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(twin) is TooManyRequestsException
    assert str(twin) == str(error)
    assert twin.api_response.response is None
    for name in ("status", "reason", "body", "retry_after", "idempotency_key", "tries"):
        assert getattr(twin, name) == getattr(error, name)
    assert dict(twin.headers) == dict(error.headers)
    assert error.headers["Set-Cookie"] == "***"
    assert error.retry_after == 7
    assert len({error, twin}) == 2


@pytest.mark.parametrize(
    ("token", "header", "says"),
    [
        (None, None, "no token was sent"),
        (None, "Basic dXNlcjpwYXNzd29yZA==", "check Configuration.access_token"),
        ("token-that-expired", None, "check Configuration.access_token"),
    ],
)
def test_401_says_whether_a_token_was_sent(connect, token, header, says):
    with Peer(reply(401)) as peer:
        caller = connect(peer, access_token=token)
        if header is not None:
            caller.client.set_default_header("authorization", header)
        error = caller.fail(UnauthorizedException)
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    for text in (str(error), str(twin)):
        assert says in text
        assert "GENTRACE_API_KEY" in text


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_other_refusals_do_not_blame_the_token(connect, status):
    assert "token" not in str(answering(connect, reply(status, b""), access_token=None))
