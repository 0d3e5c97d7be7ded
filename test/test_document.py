"""The package and the document say the same, in both directions."""

import copy
import json

import pytest
from hypothesis import given, settings
from openapi_spec_validator import OpenAPIV30SpecValidator
from support.document_facts import differences, document_of, facts_of, is_fact, operations_of
from support.effort import times
from support.json_values import near_values

import gentrace.configuration
import gentrace.models
import gentrace.paths
from gentrace.api_client import (
    ApiResponse,
    OpenApiResponse,
    Operation,
    QueryParameter,
    RequestBody,
)
from gentrace.apis.path_to_api import path_to_api
from gentrace.apis.tag_to_api import tag_to_api
from gentrace.apis.tags import TagValues
from gentrace.models import PipelineRunResponse
from gentrace.paths import PathValues
from gentrace.schemas import DATE_TIME, FREE_OBJECT, STRING, ArraySchema, ObjectSchema

POST = "paths./pipeline-run.post"
SCHEMAS = "components.schemas"


def facts_of_package():
    """Name what the package says as the facts of the document that it would be made from."""
    return facts_of(
        document_of(
            about={
                "info": {
                    "title": gentrace.configuration.API_TITLE,
                    "description": gentrace.configuration.API_DESCRIPTION,
                    "version": gentrace.configuration.API_VERSION,
                },
                "servers": list(gentrace.configuration.SERVERS),
                "securitySchemes": gentrace.configuration.SECURITY_SCHEMES,
            },
            tag_classes={tag.value: api for tag, api in tag_to_api.items()},
            path_classes={path.value: api for path, api in path_to_api.items()},
            operations=operations_of(gentrace.paths),
            models=[getattr(gentrace.models, name) for name in gentrace.models.__all__],
        )
    )


@pytest.fixture(scope="module")
def facts(document):
    return facts_of(document)


def test_the_document_is_valid(document):
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []


def test_the_package_ships_the_document_as_json(document, root):
    shipped = (root / "gentrace" / "openapi.json").read_text("utf-8")
    assert json.loads(shipped) == document, "run python docs/generate.py"


def test_document_and_package_say_the_same(facts):
    """A fact that no declaration can say is named, too, such as an enum or a header of an answer.

    Then `gentrace.operations` or `gentrace.schemas` learns it first, and `support.document_facts`.
    """
    found = differences(facts, facts_of_package())
    assert not found, "\n" + "\n".join(found.values())


def test_everything_in_the_document_is_described(document):
    """Each schema and property has a description, each plain property an example."""
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for wire_name, declared in schema["properties"].items():
            assert declared["description"], f"{name}.{wire_name}"
            assert "allOf" in declared or "example" in declared, f"{name}.{wire_name}"


def _parents(value, place=()):
    """Give the places of all leaves that are facts, as keys from the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if not is_fact(place[-1] if place else "", key):
            continue
        if isinstance(item, dict | list) and item:
            yield from _parents(item, (*place, key))
        else:
            yield (*place, key)


def _without(document, keys):
    """Copy a document without one leaf, and without what holds nothing then."""
    document = copy.deepcopy(document)
    for size in range(len(keys), 0, -1):
        parent = document
        for key in keys[: size - 1]:
            parent = parent[key]
        del parent[keys[size - 1]]
        if parent:
            break
    return document


def _changed(document, keys):
    document = copy.deepcopy(document)
    parent = document
    for key in keys[:-1]:
        parent = parent[key]
    leaf = parent[keys[-1]]
    parent[keys[-1]] = not leaf if isinstance(leaf, bool) else f"{leaf or ''}x"
    return document


def test_any_fact_that_the_document_loses_or_changes_is_reported_by_its_name(document, facts):
    places = list(_parents(document))
    assert len(places) == len(facts)
    for keys, name in zip(places, facts, strict=True):
        assert list(differences(facts_of(_without(document, keys)), facts)) == [name]
        reported = differences(facts_of(_changed(document, keys)), facts)
        assert name in reported
        # A changed entry of a list such as `required` is one lost and one gained.
        assert set(reported) <= {name, name.replace("]", "x]")}


def test_a_fact_that_the_document_gains_is_reported_by_its_name(document, facts):
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["StepRun"]["properties"]["cost"] = {"type": "number"}
    changed["paths"]["/pipeline-run"]["post"]["deprecated"] = True
    assert list(differences(facts_of(changed), facts).values()) == [
        f"{SCHEMAS}.StepRun.properties.cost.type: the document says 'number', the package None",
        f"{POST}.deprecated: the document says True, the package None",
    ]


def _declarations():
    """Each declaration of the package with a change of it, and the facts that it changes."""
    configuration = gentrace.configuration
    for name in ("title", "description", "version"):
        yield configuration, f"API_{name.upper()}", "x", [f"info.{name}"]
    for name in ("url", "description"):
        yield configuration.SERVERS[0], name, "x", [f"servers[0].{name}"]
    yield configuration, "SERVERS", (), ["servers"]
    for name in ("type", "scheme", "description"):
        yield (
            configuration.SECURITY_SCHEMES["bearerAuth"],
            name,
            "x",
            [f"components.securitySchemes.bearerAuth.{name}"],
        )
    declared = {operation: _place(operation) for operation in operations_of(gentrace.paths)}
    tags = [f"{place}.tags" for place in declared.values()]
    for index, (tag, api) in enumerate(tag_to_api.items()):
        yield api, "__doc__", "x", [f"tags[{index}].description"]
        yield tag_to_api, tag, None, ["tags", *tags]
    for path in path_to_api:
        yield path_to_api, path, None, [f"paths.{path.value}."]
    for operation, place in declared.items():
        yield from _declarations_of(operation, place)
    for model in (getattr(gentrace.models, name) for name in gentrace.models.__all__):
        place = f"{SCHEMAS}.{model.__name__}"
        yield model, "__doc__", "x", [f"{place}.description"]
        for wire_name, item in model.properties_oapg.items():
            inside = f"{place}.properties.{wire_name}"
            flag = f"{place}.required"
            yield model.properties_oapg, wire_name, None, [inside, flag]
            yield item, "wire_name", "x", [inside, f"{place}.properties.x", flag]
            yield item, "description", "x", [f"{inside}.description"]
            yield item, "required", not item.required, [f"{flag}[{wire_name}]"]
            for schema in (ArraySchema(DATE_TIME), ObjectSchema(PipelineRunResponse)):
                yield (
                    item,
                    "schema",
                    schema,
                    [f"{inside}.{name}" for name in ("type", "format", "items", "allOf")],
                )


def _place(operation):
    return f"paths.{operation.path}.{operation.method.lower()}"


def _declarations_of(operation, place):
    """Each declaration of one operation, likewise."""
    yield tag_to_api[TagValues(operation.tag)], operation.name, None, [f"{place}.tags"]
    yield path_to_api[PathValues(operation.path)], operation.method.lower(), None, [place]
    yield operation, "method", "TRACE", [place]
    yield operation, "path", "/x", [place]
    yield operation, "tag", "x", [f"{place}.tags"]
    yield operation, "name", "x", [f"{place}.operationId", f"{place}.tags"]
    yield operation, "summary", "x", [f"{place}.summary"]
    yield operation, "description", "x", [f"{place}.description"]
    yield operation, "auth", (), [f"{place}.security"]
    if operation.body is not None:
        yield operation, "body", None, [f"{place}.requestBody"]
        yield operation.body, "description", "x", [f"{place}.requestBody.description"]
        yield operation.body, "required", False, [f"{place}.requestBody.required"]
        yield from _media_types(operation.body, f"{place}.requestBody")
    for index, parameter in enumerate(operation.parameters):
        for name in ("name", "description"):
            yield parameter, name, "x", [f"{place}.parameters[{index}].{name}"]
    for status, response in operation.responses.items():
        inside = f"{place}.responses.{status}"
        yield operation.responses, status, None, [inside]
        yield response, "description", "x", [f"{inside}.description"]
        yield from _media_types(response, inside)


def _media_types(declared, place):
    for media_type in declared.content:
        yield declared.content, media_type, None, [f"{place}.content.{media_type}.schema"]
        yield declared.content, media_type, STRING, [f"{place}.content.{media_type}.schema"]


def test_any_declaration_that_the_package_loses_or_changes_is_reported_by_its_name(
    monkeypatch,
):
    before = facts_of_package()
    for owner, name, value, expected in list(_declarations()):
        with monkeypatch.context() as patch:
            if isinstance(owner, dict):
                if value is None:
                    patch.delitem(owner, name)
                else:
                    patch.setitem(owner, name, value)
            elif value is None and name != "body":
                patch.delattr(owner, name)
            else:
                patch.setattr(owner, name, value)
            reported = list(differences(before, facts_of_package()))
        assert reported, expected
        # An object that is left empty is a fact of its own.
        allowed = [
            each.startswith(tuple(expected)) or expected[0].startswith(each) for each in reported
        ]
        assert all(allowed), (expected, reported)


@pytest.mark.parametrize("schema", [ArraySchema(STRING), FREE_OBJECT])
def test_a_parameter_or_body_that_would_be_sent_otherwise_than_declared_is_a_difference(schema):
    """JSON text would be sent in its place."""
    declared = Operation(
        "search",
        "POST",
        "/search",
        tag="Ingestion",
        summary="Search",
        parameters=(QueryParameter("tags", schema),),
        body=RequestBody({"multipart/form-data": schema}, "What to search.", required=True),
        responses={200: OpenApiResponse(ApiResponse, "found")},
    )
    facts = facts_of(
        document_of(
            about={"info": {}, "servers": [], "securitySchemes": {}},
            tag_classes={},
            operations=[declared],
            models=[],
        )
    )
    said = "paths./search.post"
    assert facts[f"{said}.parameters[0].schema"] == {}
    assert f"{said}.requestBody.required" in facts
    assert not [name for name in facts if name.startswith(f"{said}.requestBody.content")]


def test_a_model_that_the_package_loses_is_reported_by_its_name(monkeypatch):
    before = facts_of_package()
    lost, *kept = gentrace.models.__all__
    monkeypatch.setattr(gentrace.models, "__all__", kept)
    reported = differences(before, facts_of_package())
    assert reported
    assert all(each.startswith(f"{SCHEMAS}.{lost}.") for each in reported)


def _inline(value, document):
    """Put each referenced component in the place of its reference."""
    if isinstance(value, list):
        return [_inline(item, document) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inline(document["components"]["schemas"][value["$ref"].rsplit("/", 1)[1]], document)
    return {key: _inline(item, document) for key, item in value.items() if key != "example"}


# Names made up at random may be near to those of declared properties.
@pytest.mark.filterwarnings("ignore:.*which is sent as it is")
@settings(max_examples=times(300))
@given(value=near_values("PipelineRunRequest"))
def test_named_components_give_the_verdict_of_one_nested_schema(value, document, judge):
    nested = _inline(document["components"]["schemas"]["PipelineRunRequest"], document)
    assert "$ref" not in json.dumps(nested)
    assert judge(nested)(value) == judge("PipelineRunRequest")(value)
