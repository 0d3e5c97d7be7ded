"""How answers are asked for, and what they are."""

import copy
import dataclasses
import pickle
import pprint
import re

import pytest
from support.peers import Peer, echo, reply

from gentrace.api_client import (
    ApiResponse,
    ApiResponseWithoutDeserialization,
)
from gentrace.paths.pipeline_run.post import (
    ApiResponseFor200,
    ApiResponseFor400,
    ApiResponseFor500,
)
from gentrace.schemas import unset


def test_skipped_deserialization_gives_the_raw_answer(connect):
    with Peer(reply(202, b"no JSON", content_type="text/plain")) as peer:
        answer = connect(peer).post(skip_deserialization=True)
    assert type(answer) is ApiResponseWithoutDeserialization
    assert (answer.body, answer.headers) == (unset, unset)
    assert (answer.response.status, answer.response.data) == (202, b"no JSON")
    assert answer.response.headers["content-type"] == "text/plain"


def test_streamed_json_is_parsed_before_the_call_returns(connect):
    with Peer() as peer:
        answer = connect(peer).post(stream=True, idempotency_key="k")
    assert answer.body == {"pipelineRunId": "k"}


def test_streamed_raw_answer_is_read_when_asked_for(connect):
    with Peer(reply(body=b"x" * 500_000)) as peer:
        caller = connect(peer)
        with caller.post(stream=True, skip_deserialization=True) as answer:
            assert answer.response.read(10) == b"x" * 10
            assert sum(map(len, answer.response.stream(1000))) == 499_990
        assert caller.post(stream=True, skip_deserialization=True).response.read() == b"x" * 500_000
        assert peer.connections == 1


def test_leaving_the_block_frees_a_half_read_answer(connect):
    with Peer(reply(body=b"x" * 500_000), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        with pytest.raises(ZeroDivisionError), caller.post(stream=True, skip_deserialization=True):
            raise ZeroDivisionError
        assert caller.works()


@pytest.mark.parametrize("skip", [False, True])
def test_answer_is_copied_and_pickled_without_the_raw_one(connect, skip):
    """A shallow copy has that too."""
    with Peer() as peer:
        answer = connect(peer).post(skip_deserialization=skip, idempotency_key="k")
    pickled = pickle.loads(pickle.dumps(answer))  # noqa: S301 - our own
    for twin in (copy.deepcopy(answer), pickled):
        assert type(twin) is type(answer)
        assert (twin.response, twin.body, twin.headers) == (None, answer.body, unset)
        twin.close()
    assert copy.copy(answer).response is answer.response
    assert dataclasses.asdict(answer) == {"response": None, "body": answer.body, "headers": unset}
    assert dataclasses.astuple(answer) == (None, answer.body, unset)


def test_response_classes_are_dataclasses(connect):
    with Peer() as peer:
        answer = connect(peer).post()
    for kind in (
        ApiResponse,
        ApiResponseFor200,
        ApiResponseFor400,
        ApiResponseFor500,
        ApiResponseWithoutDeserialization,
    ):
        assert dataclasses.is_dataclass(kind)
        fields = dataclasses.fields(kind)
        assert [field.name for field in fields] == ["response", "body", "headers"]
        assert kind(None).body is kind(None).headers is unset
        assert kind(response=1, body=2, headers=3).headers == 3
        with pytest.raises(TypeError):
            kind()
    changed = dataclasses.replace(answer, body=unset)
    assert (type(changed), changed.body, changed.response) == (
        ApiResponseFor200,
        unset,
        answer.response,
    )


@pytest.mark.parametrize("show", [repr, pprint.pformat])
def test_printed_answer_reads_well(connect, show):
    with Peer(reply(body={"pipelineRunId": "4b5f", "more": [1]})) as peer:
        answer = connect(peer).post()
    shown = show(answer)
    assert shown.startswith("ApiResponseFor200(")
    for part in ("200", "pipelineRunId", "4b5f", "more"):
        assert part in shown
    assert not re.search(r"0x|object|unset", shown)
    bare = show(ApiResponseWithoutDeserialization(answer.response))
    assert bare == "ApiResponseWithoutDeserialization(status=200)"
    assert "3" in show(ApiResponse(None, unset, {"a": 3}))
