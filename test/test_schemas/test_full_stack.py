"""Functions that recurse, where little is left of the stack."""

import sys
import time
import traceback
from contextlib import suppress
from threading import Thread

import pytest
from support.peers import Peer, reply

from gentrace.exceptions import ApiValueError
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.schemas.full_stack import call_with_full_stack
from gentrace.schemas.json_text import decode

RUN = {"name": "n", "stepRuns": []}
ANSWER = b'{"pipelineRunId": "id", "x": ' + b"[" * 199 + b"]" * 199 + b"}"


def with_little_left(function, left=60):
    def call(levels):
        return call(levels - 1) if levels else function()

    return call(sys.getrecursionlimit() - len(traceback.extract_stack()) - left)


def needing(levels, result):
    """A function that needs so many levels of the stack, and then returns or raises."""

    def descend(left):
        if left:
            return descend(left - 1)
        time.sleep(0.01)  # a thread may take longer than its start
        if isinstance(result, Exception):
            raise result
        return result

    return lambda: descend(levels)


@pytest.mark.parametrize("left", [60, 100, 300])
def test_an_answer_is_read_however_little_stack_is_left(connect, left):
    with Peer(reply(200, ANSWER)) as peer:
        caller = connect(peer)
        caller.post()  # the first call loads modules, which takes more of the stack
        answer = with_little_left(caller.post, left)
        assert answer.body["pipelineRunId"] == "id"
        assert caller.post().response.json() == with_little_left(answer.response.json, left)


@pytest.mark.parametrize("levels", [0, 200])
def test_result_and_error_are_those_of_the_function(levels):
    assert with_little_left(lambda: call_with_full_stack(needing(levels, 5))) == 5
    with pytest.raises(KeyError, match="x"):
        with_little_left(lambda: call_with_full_stack(needing(levels, KeyError("x"))))


def test_what_needs_more_than_a_whole_stack_raises_recursion_error():
    with pytest.raises(RecursionError, match="maximum"):
        call_with_full_stack(needing(sys.getrecursionlimit(), 5))


def test_without_a_thread_it_raises_recursion_error(monkeypatch):
    def fail(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", fail)
    with pytest.raises(RecursionError, match="no thread starts: can't start new thread"):
        with_little_left(lambda: call_with_full_stack(needing(200, 5)))


def test_a_recursion_limit_that_is_too_low_for_any_stack_is_named():
    lists = 1
    for _ in range(200):
        lists = [lists]
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(traceback.extract_stack()) + 60)
        with pytest.raises(
            ApiValueError, match=r"deeper than sys.setrecursionlimit allows at \$.x"
        ):
            PipelineRunRequest(RUN | {"x": lists})
        # From Python 3.12 on, it is no limit for the parser, which is written in C.
        with suppress(ValueError):
            decode(ANSWER)
    finally:
        sys.setrecursionlimit(limit)
    decode(ANSWER)


def test_a_recursion_limit_that_is_too_low_to_write_is_named():
    lists = 1
    for _ in range(199):
        lists = [lists]
    run = PipelineRunRequest(RUN | {"x": lists})
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(traceback.extract_stack()) + 60)
        # From Python 3.12 on, it is no limit for the encoder, which is written in C.
        with suppress(ApiValueError):
            run.to_json()
    finally:
        sys.setrecursionlimit(limit)
    run.to_json()
