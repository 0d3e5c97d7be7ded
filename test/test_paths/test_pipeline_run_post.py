"""The one operation: what its module exports, what it sends, and what it refuses to send."""

import copy
import dataclasses
import inspect
import json
from pprint import pformat
from typing import get_type_hints

import pytest
from frozendict import frozendict
from support.json_values import same
from support.peers import Peer, reply

import gentrace
from gentrace import api_client, schemas
from gentrace.aio import AsyncApiClient, AsyncIngestionApi
from gentrace.api_client import ApiClient, ApiResponse, ApiResponseWithoutDeserialization
from gentrace.apis.paths.pipeline_run import PipelineRun
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun
from gentrace.paths.pipeline_run import post
from gentrace.runs import StoredRun

ANSWERS = [post.ApiResponseFor200, post.ApiResponseFor400, post.ApiResponseFor500]
RUN = {"name": "n", "stepRuns": [{"elapsedTime": 1, "provider": {"inputs": {"step_runs": [1]}}}]}


@pytest.fixture(scope="module")
def peer():
    with Peer() as peer:
        yield peer


@pytest.fixture
def make_api(peer):
    """Make the API of a client of the peer, whose requests so far are forgotten."""
    clients = []
    peer.requests.clear()

    def make(**settings):
        settings.setdefault("host", peer.url)
        clients.append(gentrace.ApiClient(gentrace.Configuration(**settings)))
        return IngestionApi(clients[-1])

    yield make
    for client in clients:
        client.close()


def test_the_schemas_of_the_contract_are_the_models_themselves():
    assert post.SchemaForRequestBodyApplicationJson is PipelineRunRequest
    assert post.SchemaFor200ResponseBodyApplicationJsonCharsetutf8 is PipelineRunResponse
    assert post.SchemaFor200ResponseBodyApplicationJson is PipelineRunResponse


def test_the_operation_declares_what_its_function_takes_and_gives():
    operation = post.operation
    assert operation.accepts == ("application/json; charset=utf-8", "application/json")
    assert [each.response_cls for each in operation.responses.values()] == ANSWERS
    for response in operation.responses.values():
        assert response.response_cls.__doc__ == f"{response.description}."
    assert post.pipeline_run_post.__doc__.startswith(f"{operation.summary}:")


@pytest.mark.parametrize("answer", [*ANSWERS, ApiResponse, ApiResponseWithoutDeserialization])
def test_answers_are_dataclasses_whose_undefined_parts_are_unset(answer):
    assert issubclass(answer, ApiResponse)
    assert dataclasses.is_dataclass(answer)
    assert [each.name for each in dataclasses.fields(answer)] == ["response", "body", "headers"]
    made = answer(response="raw")
    assert dataclasses.is_dataclass(made)
    assert (made.response, made.body, made.headers) == ("raw", schemas.unset, schemas.unset)
    other = dataclasses.replace(made, body="b", headers="h")
    assert type(other) is answer
    assert (other.response, other.body, other.headers) == ("raw", "b", "h")


@pytest.mark.parametrize("api", [IngestionApi.pipeline_run_post, PipelineRun.post])
def test_the_annotations_of_the_operation_can_be_read(api):
    """By `typing.get_type_hints` and by `inspect.signature`, as tools that make forms do."""
    hints = get_type_hints(api)
    assert hints["skip_deserialization"] is bool
    assert hints["return"] == post.ApiResponseFor200 | ApiResponseWithoutDeserialization
    assert inspect.signature(api, eval_str=True).parameters["stream"].annotation is bool


@pytest.mark.parametrize(
    "thing",
    [
        AsyncIngestionApi.pipeline_run_post,
        AsyncApiClient.__init__,
        ApiClient.call,
        ApiClient.call_api,
        ApiClient.__init__,
        ApiClient.__exit__,
        ApiClient.__enter__,
        gentrace.ApiException.__init__,
        gentrace.Configuration.copy,
        PipelineRunRequest.from_openapi_data_oapg,
        PipelineRunRequest.fromkeys,
        PipelineRunRequest.set,
        PipelineRunRequest,
        StepRun,
        StoredRun,
    ],
)
def test_the_annotations_of_what_is_public_can_be_read(thing):
    assert get_type_hints(thing)
    assert inspect.signature(thing, eval_str=True).parameters


@pytest.mark.parametrize("name", sorted({*api_client.__all__} - {"Api", "ApiClient"}))
def test_the_annotations_of_a_declaration_can_be_read(name):
    """Of the class, its constructor and its methods."""
    declaration = getattr(api_client, name)
    assert inspect.signature(declaration, eval_str=True)
    for member in vars(declaration).values():
        if inspect.isfunction(member):
            assert inspect.signature(member, eval_str=True)
            get_type_hints(member)


@pytest.mark.parametrize("answer", [*ANSWERS, ApiResponse, ApiResponseWithoutDeserialization])
def test_the_annotations_of_an_answer_can_be_read(answer):
    names = ["response", "body", "headers"]
    assert set(names) <= set(get_type_hints(answer))
    assert list(inspect.signature(answer, eval_str=True).parameters) == names
    assert get_type_hints(answer.__enter__)


@pytest.mark.parametrize("answer", [*ANSWERS, ApiResponse, ApiResponseWithoutDeserialization])
def test_an_answer_can_be_taken_apart_by_match(answer):
    match answer("raw", "body", "headers"):
        case ApiResponse(response, body, headers):
            assert (response, body, headers) == ("raw", "body", "headers")
    match answer("raw"):
        case ApiResponse(response=_, body=schemas.unset):
            pass
        case other:
            pytest.fail(repr(other))


def test_a_class_derived_from_an_answer_is_a_dataclass_with_its_own_fields():
    assert dataclasses.fields(post.ApiResponseFor200)[2].type == "Unset"

    @dataclasses.dataclass
    class Answer(post.ApiResponseFor200):
        headers: dict

    assert [each.name for each in dataclasses.fields(Answer)] == ["response", "body", "headers"]
    assert dataclasses.fields(Answer)[2].type is dict


@pytest.mark.parametrize(
    "body",
    [
        RUN,
        {
            "name": "n",
            "step_runs": [{"elapsed_time": 1, "provider": {"inputs": {"step_runs": [1]}}}],
        },
        frozendict(RUN),
        PipelineRunRequest(RUN),
        {"name": "n", "step_runs": (StepRun(RUN["stepRuns"][0]),)},
    ],
    ids=["wire", "python", "frozendict", "model", "models inside"],
)
def test_a_body_in_either_spelling_is_sent_by_wire_names_and_never_modified(body, make_api, peer):
    before = copy.deepcopy(body)
    api = make_api(access_token="t")  # noqa: S106 - of a test
    answer = api.pipeline_run_post(body=body)
    PipelineRun(api.api_client).post(body)
    assert type(answer) is post.ApiResponseFor200
    assert type(answer.body) is PipelineRunResponse
    assert answer.headers is schemas.unset
    assert answer.response.status == 200
    first, second = peer.requests
    assert first["Idempotency-Key"] == answer.body.pipeline_run_id
    for request in (first, second):
        assert (request.method, request.target) == ("POST", "/api/v1/pipeline-run")
        assert request["Content-Type"] == "application/json"
        assert request["Accept"] == "application/json; charset=utf-8, application/json"
        assert request["Authorization"] == "Bearer t"
        assert same(json.loads(request.body), RUN)
        assert b" " not in request.body
    assert same(body, before)


def test_the_answer_of_a_call_reads_well(make_api):
    answer = make_api().pipeline_run_post(body=RUN)
    run_id = answer.body["pipelineRunId"]
    assert pformat(answer) == (
        f"ApiResponseFor200(status=200, body=PipelineRunResponse({{'pipelineRunId': '{run_id}'}}))"
    )
    assert repr(post.ApiResponseFor400(None, headers=1)) == (
        "ApiResponseFor400(status=None, headers=1)"
    )


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (
            {"name": "n", "step_runs": [{}, {"elapsed_time": "12"}]},
            gentrace.ApiTypeError,
            "expected an integer, got str '12' at $.stepRuns[1].elapsedTime",
        ),
        (
            {"name": "n"},
            gentrace.ApiTypeError,
            "missing the required property 'stepRuns' or 'step_runs' at $",
        ),
        (
            {"name": "n", "stepRuns": [], "x": [float("nan")]},
            gentrace.ApiValueError,
            "expected a number that JSON has, got nan at $.x[0]",
        ),
        (
            {"name": "n", "stepRuns": [], "step_runs": []},
            gentrace.ApiValueError,
            "got both 'step_runs' and 'stepRuns', give one of them at $",
        ),
        (
            {"name": "n", "stepRuns": [], "x": {1: 2}},
            gentrace.ApiTypeError,
            "expected a string as key, got int 1 at $.x",
        ),
        ([RUN], gentrace.ApiTypeError, None),
        (None, gentrace.ApiTypeError, "expected an object, got None at $"),
        (schemas.unset, gentrace.ApiTypeError, "body: expected a value, got none"),
    ],
)
def test_a_wrong_body_is_refused_before_a_byte_is_sent(body, error, text, make_api, peer):
    connections = peer.connections
    with pytest.raises(error) as caught:
        make_api().pipeline_run_post(body=body)
    assert text is None or str(caught.value) == text
    assert not isinstance(caught.value, gentrace.ApiException)
    assert peer.connections == connections


@pytest.mark.parametrize(
    ("disabled", "body"),
    [
        ("format", {"name": "n", "stepRuns": [{"startTime": "yesterday"}]}),
        ("required", {"stepRuns": []}),
        ("required, format", {"step_runs": [{"end_time": ""}]}),
    ],
)
def test_a_check_that_is_switched_off_lets_a_plain_dict_pass(disabled, body, make_api, peer):
    with pytest.raises((gentrace.ApiTypeError, gentrace.ApiValueError)):
        make_api().pipeline_run_post(body=body)
    make_api(disabled_client_side_validations=disabled).pipeline_run_post(body=body)
    assert len(peer.requests) == 1
    with pytest.raises(gentrace.ApiTypeError):
        make_api(disabled_client_side_validations=disabled).pipeline_run_post(
            body=body | {"name": 1}
        )


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"']
)
def test_the_content_type_may_be_spelled_as_one_likes(content_type, make_api, peer):
    make_api().pipeline_run_post(body=RUN, content_type=content_type)
    assert peer.requests[0]["Content-Type"] == content_type


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/json; charset=latin-1", "application/xml"]
)
def test_a_content_type_that_is_not_declared_is_refused(content_type, make_api):
    with pytest.raises(gentrace.ApiValueError, match=r"^content_type: expected 'application/json'"):
        make_api().pipeline_run_post(body=RUN, content_type=content_type)


def test_a_raw_answer_is_given_as_it_came(make_api):
    answer = make_api().pipeline_run_post(body=RUN, skip_deserialization=True)
    assert type(answer) is ApiResponseWithoutDeserialization
    assert answer.body is answer.headers is schemas.unset
    assert json.loads(answer.response.data)["pipelineRunId"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, post.ApiResponseFor400),
        (500, post.ApiResponseFor500),
        (418, ApiResponseWithoutDeserialization),
    ],
)
def test_a_refusal_carries_the_documented_answer(status, answer, make_api):
    with Peer(reply(status, b"words")) as refusing:
        api = make_api(host=refusing.url, retries=0)
        with pytest.raises(gentrace.ApiException) as caught:
            api.pipeline_run_post(body=RUN)
    assert type(caught.value.api_response) is answer
    assert caught.value.api_response.body is schemas.unset
    assert caught.value.status == status
