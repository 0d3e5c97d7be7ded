"""The local server's own document: valid, and true of what the server does."""

import json
from urllib.parse import quote

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

import gentrace.local
from gentrace.local.__main__ import DEFAULT_PORT

RUN = {
    "name": "answer-question",
    "stepRuns": [{"elapsedTime": 1.0, "startTime": "2023-05-04T09:30:00Z", "error": "boom"}],
}


@pytest.fixture(scope="module")
def local_document(root):
    return yaml.safe_load((root / "gentrace" / "local" / "openapi.yaml").read_text("utf-8"))


def _strict(schema):
    """Make a schema of Draft 2020-12 of one of OpenAPI 3.0, in which nothing may be added."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _strict(each) for key, each in schema.items()}
    if schema.pop("nullable", False):
        schema["type"] = [schema["type"], "null"]
    if "properties" in schema and isinstance(schema.get("type"), str):
        schema["additionalProperties"] = False
    return schema


def test_the_local_document_is_valid(local_document):
    assert list(OpenAPIV30SpecValidator(local_document).iter_errors()) == []


def test_the_local_document_says_where_the_server_is_and_what_it_asks_for(local_document, connect):
    """Its default address, and a token as the document says."""
    (said,) = local_document["servers"]
    host = gentrace.local.Settings().host
    assert said["url"] == f"http://{host}:{DEFAULT_PORT}/api/v1"
    (scheme,) = local_document["components"]["securitySchemes"].values()
    assert scheme["type"] == "http"
    with gentrace.local.serve(token="KEY") as server:  # noqa: S106 - of nobody
        answer = connect(server.url).get("/pipelines")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].lower() == scheme["scheme"]


@pytest.mark.parametrize("path", ["/pipeline-runs", "/pipeline-runs/export"])
def test_the_examples_of_parameters_are_taken(client, local_document, path):
    shared = local_document["components"]["parameters"]
    for each in local_document["paths"][path]["get"]["parameters"]:
        parameter = shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        example = parameter["example"]
        if parameter["name"] == "before":  # the id of a stored run
            example = client.post(RUN).json["pipelineRunId"]
        text = quote(example if isinstance(example, str) else json.dumps(example))
        answer = client.get(f"{path}?{parameter['name']}={text}")
        assert answer.status == 200, parameter["name"]


def test_everything_in_the_local_document_is_described(local_document):
    components = local_document["components"]
    for name, schema in components["schemas"].items():
        assert schema["description"], name
        for wire_name, declared in schema["properties"].items():
            assert declared["description"], f"{name}.{wire_name}"
            assert "example" in declared, f"{name}.{wire_name}"
    operations = [each for path in local_document["paths"].values() for each in path.values()]
    for parameter in [
        *components["parameters"].values(),
        *(each for operation in operations for each in operation.get("parameters", [])),
    ]:
        assert "$ref" in parameter or (parameter["description"] and "example" in parameter)


@pytest.mark.parametrize(
    ("method", "path", "template", "statuses"),
    [
        ("get", "/pipeline-runs", None, {200}),
        ("get", "/pipeline-runs?view=summary&limit=1", "/pipeline-runs", {200}),
        ("get", "/pipeline-runs?limit=0", "/pipeline-runs", {400}),
        ("get", "/pipeline-runs/ID", "/pipeline-runs/{id}", {200}),
        ("get", "/pipeline-runs/none", "/pipeline-runs/{id}", {404}),
        ("delete", "/pipeline-runs/none", "/pipeline-runs/{id}", {404}),
        ("get", "/pipelines", None, {200}),
        ("get", "/pipelines?nope=1", "/pipelines", {400}),
        ("get", "/pipeline-runs/ID?nope=1", "/pipeline-runs/{id}", {400}),
        ("delete", "/pipeline-runs/ID?nope=1", "/pipeline-runs/{id}", {400}),
    ],
)
def test_answers_are_as_the_document_says(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    client, local_document, method, path, template, statuses
):
    client.post({"name": "empty", "stepRuns": []})
    run_id = client.post(RUN).json["pipelineRunId"]
    answer = client.ask(method.upper(), f"/api/v1{path.replace('ID', run_id)}")
    assert answer.status in statuses
    declared = local_document["paths"][template or path][method]["responses"][str(answer.status)]
    (schema,) = (each["schema"] for each in declared["content"].values())
    assert list(declared["content"]) == [answer.headers["Content-Type"]]
    whole = {**_strict(schema), "components": _strict(local_document["components"])}
    assert [error.message for error in Draft202012Validator(whole).iter_errors(answer.json)] == []


def test_the_document_names_each_parameter_that_the_server_knows(client, local_document):
    parameters = local_document["components"]["parameters"]
    for path in ("/pipeline-runs", "/pipeline-runs/export"):
        declared = local_document["paths"][path]["get"]["parameters"]
        names = [
            each["name"] if "name" in each else parameters[each["$ref"].rpartition("/")[2]]["name"]
            for each in declared
        ]
        known = client.get(f"{path}?unknown=1").json["error"].partition("are ")[2].split(", ")
        assert names == known
