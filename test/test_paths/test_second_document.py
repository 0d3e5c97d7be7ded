"""A second document shows how an API grows: one declaration an operation, and nothing else.

It has a GET with a parameter in the path, in the query and in a header, whose answer is an array.
"""

import json
from datetime import UTC, datetime
from enum import Enum

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator
from support.document_facts import differences, document_of, facts_of
from support.peers import Peer, reply

import gentrace
from gentrace.api_client import (
    Api,
    ApiResponse,
    HeaderParameter,
    OpenApiResponse,
    Operation,
    PathParameter,
    QueryParameter,
)
from gentrace.schemas import (
    DATE_TIME,
    INTEGER,
    STRING,
    ArraySchema,
    Model,
    ObjectSchema,
    Unset,
    optional,
    required,
    unset,
)

DOCUMENT = yaml.safe_load("""
openapi: 3.0.3
info: {title: Runs, description: Reads runs., version: 1.0.0}
servers: [{url: "https://example.com/v1", description: An example.}]
security: [bearerAuth: []]
tags: [{name: Runs, description: Reading runs.}]
paths:
  /projects/{project}/runs:
    get:
      tags: [Runs]
      operationId: projectRunsGet
      summary: List runs
      description: Lists the runs of a project.
      parameters:
        - name: project
          in: path
          description: Name of the project.
          required: true
          style: simple
          explode: false
          schema: {type: string}
        - name: tag
          in: query
          description: Tag that each run has.
          required: false
          style: form
          explode: true
          schema: {type: string}
        - name: limit
          in: query
          description: How many runs at most.
          required: true
          style: form
          explode: true
          schema: {type: integer}
        - name: X-Trace
          in: header
          description: Id of the call that led to this one.
          required: false
          style: simple
          explode: false
          schema: {type: integer}
      responses:
        '200':
          description: The runs
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/RunSummary'}}
        '404':
          description: No such project
components:
  securitySchemes:
    bearerAuth: {type: http, scheme: bearer, description: A key.}
  schemas:
    RunSummary:
      type: object
      description: One run in a list.
      required: [runId]
      properties:
        runId: {type: string, description: Id of the run.}
        startedAt: {type: string, format: date-time, description: When it started.}
""")


# What a developer adds: a model, a module below `paths`, a line in the tag's and the path's class.


class RunSummary(Model):
    """One run in a list."""

    __slots__ = ()

    run_id = required("runId", STRING, "Id of the run.")
    started_at = optional("startedAt", DATE_TIME, "When it started.")


class ApiResponseFor200(ApiResponse):
    """The runs."""

    body: tuple[RunSummary, ...]
    headers: Unset = unset


class ApiResponseFor404(ApiResponse):
    """No such project."""


operation = Operation(
    "project_runs_get",
    "GET",
    "/projects/{project}/runs",
    tag="Runs",
    summary="List runs",
    description="Lists the runs of a project.",
    parameters=(
        PathParameter("project", STRING, "Name of the project.", required=True),
        QueryParameter("tag", STRING, "Tag that each run has."),
        QueryParameter("limit", INTEGER, "How many runs at most.", required=True),
        HeaderParameter("X-Trace", INTEGER, "Id of the call that led to this one."),
    ),
    responses={
        200: OpenApiResponse(
            ApiResponseFor200,
            "The runs",
            {"application/json": ArraySchema(ObjectSchema(RunSummary))},
        ),
        404: OpenApiResponse(ApiResponseFor404, "No such project"),
    },
)


def project_runs_get(self, project, *, limit=unset, tag=unset, x_trace=unset):
    """List runs."""
    return self.api_client.call(
        operation, arguments={"project": project, "tag": tag, "limit": limit, "X-Trace": x_trace}
    )


class RunsApi(Api):
    """Reading runs."""

    project_runs_get = project_runs_get


class ProjectRuns(Api):
    """The operations of `/projects/{project}/runs`."""

    get = project_runs_get


RUNS = [{"runId": "a", "startedAt": "2023-05-04T09:30:00Z"}, {"runId": "b", "cost": [1]}]


@pytest.fixture(scope="module")
def peer():
    with Peer(reply(200, RUNS)) as peer:
        yield peer


@pytest.fixture(scope="module")
def client(peer):
    with gentrace.ApiClient(gentrace.Configuration(host=peer.url)) as client:
        yield client


@pytest.fixture
def send(client, peer):
    """Call an operation with one parameter; gives the request that the server got."""

    def call(parameter, value, path="/p"):
        declared = Operation(
            "x_get",
            "GET",
            path,
            tag="X",
            summary="X",
            parameters=(parameter,),
            responses=operation.responses,
        )
        client.call(declared, arguments={parameter.name: value})
        return peer.requests[-1]

    return call


def test_the_declarations_say_what_the_document_says():
    assert list(OpenAPIV30SpecValidator(DOCUMENT).iter_errors()) == []
    package = document_of(
        about=DOCUMENT | DOCUMENT["components"],
        tag_classes={"Runs": RunsApi},
        path_classes={"/projects/{project}/runs": ProjectRuns},
        operations=[operation],
        models=[RunSummary],
    )
    assert differences(facts_of(DOCUMENT), facts_of(package)) == {}


@pytest.mark.parametrize("api", [RunsApi, ProjectRuns])
def test_a_call_sends_its_parameters_and_reads_an_array(api, client, peer):
    call = api(client).project_runs_get if api is RunsApi else api(client).get
    answer = call("café/1", limit=3.0, tag="a&b", x_trace=1)
    assert type(answer) is ApiResponseFor200
    assert answer.body == (RunSummary(RUNS[0]), RunSummary(RUNS[1]))
    assert [run.run_id for run in answer.body] == ["a", "b"]
    assert answer.body[1].started_at is unset
    assert answer.body[1]["cost"] == (1,)
    request = peer.requests[-1]
    assert request.method == "GET"
    assert request.target == "/api/v1/projects/caf%C3%A9%2F1/runs?tag=a%26b&limit=3"
    assert request["X-Trace"] == "1"
    assert request["Accept"] == "application/json"
    assert request.body == b""
    for absent in ("Content-Type", "Idempotency-Key"):
        assert request[absent] is None


def test_parameters_that_are_unset_are_left_out(client, peer):
    RunsApi(client).project_runs_get("p", limit=1, tag=unset, x_trace=unset)
    request = peer.requests[-1]
    assert request.target == "/api/v1/projects/p/runs?limit=1"
    assert request["X-Trace"] is None


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"project": "p"}, gentrace.ApiTypeError, "limit: expected a value, got none"),
        (
            {"project": unset, "limit": 1},
            gentrace.ApiTypeError,
            "project: expected a value, got none",
        ),
        (
            {"project": "p", "limit": "1"},
            gentrace.ApiTypeError,
            "expected an integer, got str '1' at $.limit",
        ),
        (
            {"project": "p", "limit": 1, "tag": ["a"]},
            gentrace.ApiTypeError,
            "expected a string, got list ['a'] at $.tag",
        ),
        (
            {"project": "p", "limit": 1, "x_trace": None},
            gentrace.ApiTypeError,
            "expected an integer, got None at $['X-Trace']",
        ),
        (
            {"project": "\ud800", "limit": 1},
            gentrace.ApiValueError,
            (
                "expected text that UTF-8 can carry, got the lone surrogate '\\ud800' "
                "at character 0 of str '\\ud800' at $.project"
            ),
        ),
        *(
            (
                {"project": text, "limit": 1},
                gentrace.ApiValueError,
                f"project: expected text that names something in a path, got str {text!r}",
            )
            for text in ("", ".", "..")
        ),
    ],
)
def test_a_wrong_argument_is_refused_before_a_byte_is_sent(arguments, error, text, client, peer):
    before = len(peer.requests)
    with pytest.raises(error) as caught:
        RunsApi(client).project_runs_get(**arguments)
    assert str(caught.value) == text
    assert len(peer.requests) == before


RESERVED = "!#$&'()*+,/:;=?@[] %\"<>\\^`{|}"
ESCAPED = "%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D%20%25%22%3C%3E%5C%5E%60%7B%7C%7D"
UNRESERVED = "AZaz09-._~"


class Sort(Enum):
    NEWEST = "newest first"


@pytest.mark.parametrize(
    ("schema", "value", "sent"),
    [
        (STRING, RESERVED, ESCAPED),
        (STRING, UNRESERVED, UNRESERVED),
        (STRING, "naïve 名 \U0001f600", "na%C3%AFve%20%E5%90%8D%20%F0%9F%98%80"),
        (STRING, "{p}", "%7Bp%7D"),
        (STRING, Sort.NEWEST, "newest%20first"),
        (INTEGER, -5, "-5"),
        (DATE_TIME, datetime(2023, 5, 4, tzinfo=UTC), "2023-05-04T00%3A00%3A00%2B00%3A00"),
    ],
)
def test_parameters_of_path_and_query_are_escaped(schema, value, sent, send):
    path = PathParameter("p", schema, required=True)
    assert send(path, value, "/a/{p}/b").target == f"/api/v1/a/{sent}/b"
    assert send(QueryParameter("q", schema), value).target == f"/api/v1/p?q={sent}"


def test_a_path_parameter_is_put_in_its_own_place_only(client, peer):
    two = Operation(
        "x_get",
        "GET",
        "/{a}/{b}/{a}",
        tag="X",
        summary="X",
        parameters=[PathParameter(name, STRING, required=True) for name in "ab"],
        responses=operation.responses,
    )
    client.call(two, arguments={"a": "{b}", "b": "{a}"})
    assert peer.requests[-1].target == "/api/v1/%7Bb%7D/%7Ba%7D/%7Bb%7D"


def test_characters_may_be_declared_safe_in_path_parameters(peer):
    configuration = gentrace.Configuration(host=peer.url, safe_chars_for_path_param="/@")
    with gentrace.ApiClient(configuration) as client:
        RunsApi(client).project_runs_get("a/b@c d", limit=1)
    assert peer.requests[-1].target == "/api/v1/projects/a/b@c%20d/runs?limit=1"


def test_the_name_of_a_query_parameter_is_escaped_and_its_text_may_be_empty(send):
    assert send(QueryParameter("a[b]", STRING), "").target == "/api/v1/p?a%5Bb%5D="


@pytest.mark.parametrize(
    ("schema", "value", "sent"),
    [(STRING, "a, b; c=d é", "a, b; c=d é"), (INTEGER, 7.0, "7")],
)
def test_a_header_parameter_is_sent_unescaped(schema, value, sent, send):
    assert send(HeaderParameter("X-H", schema), value)["X-H"] == sent


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\0", "名", " a"])
def test_a_header_parameter_that_cannot_be_sent_is_refused(value, send, peer):
    before = len(peer.requests)
    with pytest.raises(gentrace.ApiValueError, match=r"^X-H: expected"):
        send(HeaderParameter("X-H", STRING), value)
    assert len(peer.requests) == before


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, {"runs": []}, r"expected an array, got dict .* at \$"),
        (200, [{"runId": "a"}, {"run_id": "b"}], r"missing the required property 'runId'.*\$\[1\]"),
        (200, [{"runId": "a", "startedAt": "now"}], r"RFC 3339 .* at \$\[0\]\.startedAt"),
        (404, [], "404"),
    ],
)
def test_an_answer_that_is_not_as_declared_is_an_api_exception(status, body, text):
    with (
        Peer(reply(status, body)) as peer,
        gentrace.ApiClient(gentrace.Configuration(host=peer.url)) as client,
        pytest.raises(gentrace.ApiException, match=text) as caught,
    ):
        RunsApi(client).project_runs_get("p", limit=1)
    assert caught.value.status == status
    assert json.loads(caught.value.body) == body
    assert isinstance(caught.value.api_response, ApiResponseFor404) == (status == 404)


def test_an_operation_without_a_body_takes_none(client):
    with pytest.raises(gentrace.ApiTypeError, match=r"^body: expected none"):
        client.call(operation, body={}, arguments={"project": "p", "limit": 1})
