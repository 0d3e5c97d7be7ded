"""What the type checkers know of an awaited call. Checked, never run."""

from typing import reveal_type

import gentrace
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.model.pipeline_run_request import PipelineRunRequest


async def call(configuration: gentrace.Configuration, run: PipelineRunRequest, flag: bool) -> None:
    """Make each kind of call."""
    async with AsyncApiClient(configuration) as client:
        reveal_type(client)  # AsyncApiClient
        api = AsyncIngestionApi(client)
        answer = await api.pipeline_run_post(body=run)
        reveal_type(answer)  # ApiResponseFor200
        reveal_type(answer.body.pipeline_run_id)  # str | Unset
        raw = await api.pipeline_run_post(run, skip_deserialization=True)
        reveal_type(raw)  # ApiResponseWithoutDeserialization
        either = await api.pipeline_run_post(run, skip_deserialization=flag)
        reveal_type(either)  # ApiResponseFor200 | ApiResponseWithoutDeserialization
    await client.close()
