"""What the type checkers know of a call. Checked, never run."""

from typing import reveal_type

import gentrace
from gentrace import schemas
from gentrace.apis.path_to_api import path_to_api
from gentrace.apis.paths.pipeline_run import PipelineRun
from gentrace.apis.tag_to_api import tag_to_api
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.model.step_run import StepRun

configuration = gentrace.Configuration(host="https://gentrace.ai/api/v1", access_token="KEY")  # noqa: S106
client = gentrace.ApiClient(configuration)
api = IngestionApi(client)
run = PipelineRunRequest(name="answer", step_runs=[])
flag = bool(configuration.debug)

# The two shapes of an answer.
answer = api.pipeline_run_post(body=run)
reveal_type(answer)  # ApiResponseFor200
reveal_type(answer.body)  # PipelineRunResponse
reveal_type(answer.headers)  # Unset
reveal_type(answer.response.status)  # int
reveal_type(answer.body.pipeline_run_id)  # str | Unset
reveal_type(api.pipeline_run_post(run, skip_deserialization=False))  # ApiResponseFor200
reveal_type(PipelineRun(client).post(run))  # ApiResponseFor200

raw = api.pipeline_run_post(body=run, skip_deserialization=True)
reveal_type(raw)  # ApiResponseWithoutDeserialization
reveal_type(raw.response.data)  # bytes
streamed = api.pipeline_run_post(run, stream=True, skip_deserialization=True)
reveal_type(streamed)  # ApiResponseWithoutDeserialization
either = api.pipeline_run_post(run, skip_deserialization=flag)
reveal_type(either)  # ApiResponseFor200 | ApiResponseWithoutDeserialization

with answer as entered:
    reveal_type(entered)  # ApiResponseFor200

# Bodies: a model, and plain dicts in either spelling.
api.pipeline_run_post(body={"name": "answer", "step_runs": [{"elapsed_time": 1}]})
api.pipeline_run_post(body={"name": "answer", "stepRuns": [{"elapsedTime": 1}]})
api.pipeline_run_post({"name": "answer", "stepRuns": [StepRun(elapsed_time=1)]})

# Every parameter of the contract, by place and by name.
api.pipeline_run_post(
    run,
    "application/json",
    ("application/json; charset=utf-8", "application/json"),
    flag,
    10.5,
)
by_place = api.pipeline_run_post(run, "application/json", ("application/json",), False, None, True)
reveal_type(by_place)  # ApiResponseWithoutDeserialization
stored = api.pipeline_run_post(run, "application/json", ("application/json",), False, None, False)
reveal_type(stored)  # ApiResponseFor200
any_of = api.pipeline_run_post(run, "application/json", ("application/json",), False, None, flag)
reveal_type(any_of)  # ApiResponseFor200 | ApiResponseWithoutDeserialization
api.pipeline_run_post(
    body=run,
    content_type="application/json",
    accept_content_types=("application/json",),
    stream=False,
    timeout=(5, 30),
    skip_deserialization=False,
    idempotency_key="key",
)
api.pipeline_run_post(body=run, timeout=(5, 30, 60.0))
api.pipeline_run_post(body=run, timeout=None)

reveal_type(IngestionApi().api_client)  # ApiClient
reveal_type(list(tag_to_api.values()))  # list[type[IngestionApi]]
reveal_type(list(path_to_api.values()))  # list[type[PipelineRun]]
reveal_type(gentrace.__version__)  # str

try:
    pass
except gentrace.ApiException as error:
    reveal_type(error.status)  # int
    reveal_type(error.body)  # bytes
    reveal_type(error.retry_after)  # float | None
    reveal_type(error.idempotency_key)  # str | None
except gentrace.ApiTypeError as error:
    reveal_type(error.path_to_item)  # tuple[str | int, ...] | None

reveal_type(schemas.as_datetime("2023-05-04T09:30:00Z"))  # datetime
reveal_type(PipelineRunResponse.from_openapi_data_oapg({}))  # PipelineRunResponse

# Of a request that is ready, now or later.
reveal_type(client.call_api("/x", "GET"))  # HTTPResponse
reveal_type(client.call_api("/x", "GET", async_req=None))  # HTTPResponse
reveal_type(client.call_api("/x", "GET", async_req=True))  # ApplyResult[HTTPResponse]
reveal_type(client.call_api("/x", "GET", None, None, None, None, True))  # ApplyResult[HTTPResponse]
maybe = client.call_api("/x", "GET", async_req=flag)
reveal_type(maybe)  # HTTPResponse | ApplyResult[HTTPResponse]

# The answer in an exception.
failure = gentrace.ApiException()
if failure.api_response is not None:
    failure.api_response.close()
    with failure.api_response as refused:
        reveal_type(refused.response.status)  # int
