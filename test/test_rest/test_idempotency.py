"""The key that makes the tries of a call the same call."""

import pytest
from support.caller import RUN
from support.peers import (
    Peer,
    close,
    echo,
    head_of,
    raw,
    reply,
    stall,
    then,
)
from support.retrying import keys

from gentrace.exceptions import (
    ApiConnectionException,
    ApiResponseException,
    ApiTimeoutException,
    BadRequestException,
    ServiceException,
)

NOW = {"retry-after-ms": "1"}
"""Header fields of an answer that asks for another try without delay."""


def test_key_is_the_same_for_all_tries_of_a_call_and_another_for_the_next(connect):
    with Peer(reply(503, headers=NOW), reply(500, headers=NOW), echo) as peer:
        caller = connect(peer)
        first, second = caller.post(), caller.post()
    assert keys(peer) == [first.body["pipelineRunId"]] * 3 + [second.body["pipelineRunId"]]
    assert first.body != second.body
    assert all(len(bytes.fromhex(key)) >= 16 for key in keys(peer))
    assert len({request.body for request in peer.requests}) == 1


def test_key_of_the_caller_is_sent_for_all_tries(connect):
    with Peer(reply(503, headers=NOW), echo) as peer:
        connect(peer).post(idempotency_key="order 66")
    assert keys(peer) == ["order 66"] * 2


def test_key_is_keyword_only(connect):
    with Peer() as peer, pytest.raises(TypeError):
        connect(peer).api.pipeline_run_post(RUN, "application/json", (), False, None, False, "key")


def test_requests_that_change_nothing_carry_no_key(connect):
    with Peer() as peer:
        caller = connect(peer)
        for method in ("GET", "HEAD", "DELETE", "PUT", "PATCH"):
            caller.client.call_api("/runs", method)
    assert [key is not None for key in keys(peer)] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("step", "kind", "tries"),
    [
        (reply(400), BadRequestException, 1),
        (reply(503, headers=NOW), ServiceException, 3),
        (reply(200, b"no json"), ApiResponseException, 1),
        (then(lambda talk, _: talk.send(head_of(200)[:9]), close), ApiConnectionException, 3),
        (stall, ApiTimeoutException, 3),
        (raw(head_of(200, headers={"Content-Length": 9}), b"short"), ApiConnectionException, 3),
    ],
    ids=["400", "503", "unreadable", "no-answer", "time-out", "cut-short"],
)
@pytest.mark.usefixtures("waits")
def test_every_exception_has_the_key_and_the_number_of_tries(connect, step, kind, tries):
    with Peer(step) as peer:
        error = connect(peer).fail(kind, timeout=(5, 0.3, 60))
    assert error.idempotency_key
    assert keys(peer) == [error.idempotency_key] * tries
    assert error.tries == tries


def test_exception_without_a_request_has_the_key_to_send_the_call_again_with(connect, waits):
    with Peer() as peer:
        port = peer.address[1]
    error = connect(f"http://127.0.0.1:{port}").fail(ApiConnectionException)
    assert error.idempotency_key
    assert error.tries == 0
    assert len(waits) == 2
    with Peer() as peer:
        assert connect(peer).post(idempotency_key=error.idempotency_key).body == {
            "pipelineRunId": error.idempotency_key
        }
