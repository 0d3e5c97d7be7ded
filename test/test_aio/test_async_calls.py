"""Calls that are awaited: parameters, answers and errors are those of the blocking ones."""

import asyncio
import inspect
import linecache
from itertools import count

import pytest
from support.caller import RUN, TOKEN
from support.peers import Peer, reply

from gentrace import ApiTypeError, ApiValueError, Configuration
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.api_client import ApiClient, ApiResponseWithoutDeserialization
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.exceptions import BadRequestException
from gentrace.paths.pipeline_run.post import ApiResponseFor200, ApiResponseFor400, operation

numbers = count()


def post(where, body=RUN, *positional, **arguments):
    """Make one awaited call."""

    async def call():
        async with AsyncApiClient(Configuration(where, access_token=TOKEN)) as client:
            return await AsyncIngestionApi(client).pipeline_run_post(body, *positional, **arguments)

    return asyncio.run(call())


def test_an_awaited_call_answers_with_the_stored_runs_id():
    with Peer() as peer:
        answer = post(peer.url, idempotency_key="key")
        assert type(answer) is ApiResponseFor200
        assert answer.body["pipelineRunId"] == "key"
        assert answer.response.data == b'{"pipelineRunId": "key"}'
        (request,) = peer.requests
        assert request["Authorization"] == f"Bearer {TOKEN}"
        assert request["Accept"] == "application/json; charset=utf-8, application/json"


@pytest.mark.parametrize("how", ["method", "operation", "task"])
def test_a_warning_points_to_the_line_that_awaits_the_call(how):
    """Not to one of the thread that makes it."""
    body = {"name": "a", "step_runs": [{f"elapsed_time{next(numbers)}": 1}]}  # warned of once

    async def call(where):
        async with AsyncApiClient(Configuration(where, access_token=TOKEN)) as client:
            if how == "operation":
                await client.call(operation, body=body)
            elif how == "method":
                await AsyncIngestionApi(client).pipeline_run_post(body)
            else:

                async def send():
                    await AsyncIngestionApi(client).pipeline_run_post(body)

                await asyncio.gather(send())

    with Peer() as peer, pytest.warns(UserWarning, match="did you mean") as caught:
        asyncio.run(call(peer.url))
    (warning,) = caught
    line = linecache.getline(__file__, warning.lineno)
    assert warning.filename == __file__
    assert ".call(" in line if how == "operation" else ".pipeline_run_post(" in line


def test_the_raw_answer_comes_read():
    with Peer() as peer:
        answer = post(peer.url, skip_deserialization=True, idempotency_key="key")
        assert type(answer) is ApiResponseWithoutDeserialization
        assert answer.response.data == b'{"pipelineRunId": "key"}'


def test_a_refusal_is_the_documented_exception():
    with Peer(reply(400)) as peer, pytest.raises(BadRequestException) as caught:
        post(peer.url)
    assert type(caught.value.api_response) is ApiResponseFor400


def test_a_mistake_in_the_body_is_raised_before_a_byte_is_sent():
    with Peer() as peer:
        with pytest.raises(ApiTypeError, match="stepRuns"):
            post(peer.url, {"name": "no steps"})
        assert not peer.connections


@pytest.mark.parametrize(
    ("positional", "named"),
    [((), {"stream": True}), (("application/json", ("application/json",), True), {})],
)
def test_a_streamed_answer_is_refused_with_the_remedy(positional, named):
    with Peer() as peer:
        with pytest.raises(ApiValueError, match=r"asyncio\.to_thread"):
            post(peer.url, RUN, *positional, **named)
        assert not peer.connections


def test_the_media_types_that_are_accepted_are_those_of_the_call():
    with Peer() as peer:
        post(peer.url, accept_content_types=("application/json", "text/plain"))
        assert peer.requests[0]["Accept"] == "application/json, text/plain"


def test_a_content_type_that_the_operation_has_not_is_refused():
    with Peer() as peer:
        with pytest.raises(ApiValueError, match="content_type: expected"):
            post(peer.url, content_type="text/plain")
        assert not peer.connections


def test_the_flag_stream_is_a_bool():
    with Peer() as peer, pytest.raises(ApiTypeError, match="stream: expected True or False"):
        post(peer.url, stream=1)


def test_the_parameters_are_those_of_the_blocking_call():
    def parameters(function):
        found = inspect.signature(function).parameters
        return [(each.name, each.kind, each.default) for each in found.values()]

    ours = parameters(AsyncIngestionApi.pipeline_run_post)
    assert ours == parameters(IngestionApi.pipeline_run_post)
    assert inspect.iscoroutinefunction(AsyncIngestionApi.pipeline_run_post)


def test_a_blocking_client_is_refused_by_name():
    with pytest.raises(ApiTypeError, match=r"gentrace\.aio\.AsyncApiClient, got ApiClient"):
        AsyncIngestionApi(ApiClient())


def test_headers_and_configuration_act_from_the_next_call_on():
    async def call(first, second):
        client = AsyncApiClient(Configuration(first), "X-Team", "one", "cookie=1")
        api = AsyncIngestionApi(client)
        await api.pipeline_run_post(RUN)
        client.configuration = Configuration(second)
        client.api_client.default_headers["X-Team"] = "two"
        await api.pipeline_run_post(RUN)
        await client.close()

    with Peer() as peer, Peer() as other:
        asyncio.run(call(peer.url, other.url))
        assert [peer.requests[0][name] for name in ("X-Team", "Cookie")] == ["one", "cookie=1"]
        assert other.requests[0]["X-Team"] == "two"


def test_the_client_shows_no_token():
    client = AsyncApiClient(Configuration("http://127.0.0.1:1", access_token=TOKEN))
    assert repr(client).startswith("AsyncApiClient(Configuration(host='http://127.0.0.1:1'")
    assert TOKEN not in repr(client)
