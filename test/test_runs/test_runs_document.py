"""What `gentrace.runs` declares and the local server's document say the same."""

import importlib

import pytest
import yaml
from support.document_facts import differences, document_of, facts_of, operations_of

import gentrace.runs
from gentrace.runs import RunsApi
from gentrace.schemas import STRING, Model

LIST = "paths./pipeline-runs.get"


@pytest.fixture(scope="module")
def local_document(root):
    """The document, each parameter in the place of its reference."""
    document = yaml.safe_load((root / "gentrace" / "local" / "openapi.yaml").read_text("utf-8"))
    shared = document["components"].pop("parameters")
    for path in document["paths"].values():
        for operation in path.values():
            if "parameters" in operation:
                operation["parameters"] = [
                    shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                    for each in operation["parameters"]
                ]
    return document


@pytest.fixture
def say(local_document):
    """Say what the document and the package say differently.

    Name, version, address and kind of token are the server's, which a client takes from its
    configuration.
    """

    def compare():
        package = document_of(
            about={
                "info": local_document["info"],
                "servers": local_document["servers"],
                "securitySchemes": local_document["components"]["securitySchemes"],
            },
            tag_classes={"Runs": RunsApi},
            operations=operations_of(gentrace.runs),
            models=models(),
        )
        return differences(facts_of(local_document), facts_of(package))

    return compare


def models():
    public = (getattr(gentrace.runs, name) for name in gentrace.runs.__all__)
    return [each for each in public if issubclass(each, Model)]


def test_document_and_package_say_the_same(say):
    assert say() == {}


def test_a_fact_that_only_the_document_has_is_reported(say, local_document, monkeypatch):
    declared = local_document["components"]["schemas"]["StoredRun"]["properties"]
    monkeypatch.setitem(declared, "cost", {"type": "number"})
    monkeypatch.setitem(declared["duration"], "nullable", False)
    monkeypatch.setitem(local_document["paths"]["/pipelines"]["get"], "deprecated", True)
    assert list(say()) == [
        "components.schemas.StoredRun.properties.cost.type",
        "components.schemas.StoredRun.properties.duration.nullable",
        "paths./pipelines.get.deprecated",
    ]


def test_a_declaration_that_only_the_package_has_or_lacks_is_reported(say, monkeypatch):
    declared = {each.name: each for each in operations_of(gentrace.runs)}
    with monkeypatch.context() as patch:
        patch.setattr(declared["runs_list"], "parameters", declared["runs_list"].parameters[1:])
        assert all(each.startswith(f"{LIST}.parameters") for each in say())
        assert say()
    with monkeypatch.context() as patch:
        patch.setattr(declared["run_get"].parameters[0], "required", False)
        assert list(say()) == ["paths./pipeline-runs/{id}.get.parameters[0].required"]
    with monkeypatch.context() as patch:
        patch.setattr(gentrace.runs.StoredRun.properties_oapg["duration"], "schema", STRING)
        assert {each.rpartition(".")[2] for each in say()} == {"type", "nullable"}
    with monkeypatch.context() as patch:
        patch.delitem(declared["run_delete"].responses, 404)
        assert all(".delete.responses.404." in each for each in say())
        assert say()
    with monkeypatch.context() as patch:
        patch.delattr(RunsApi, "pipelines_list")
        assert set(say()) == {"paths./pipelines.get.tags", "paths./pipelines.get.tags[Runs]"}


def test_each_operation_is_a_method_with_its_own_module():
    names = [each.name for each in operations_of(gentrace.runs)]
    assert len(names) == 5
    for name in names:
        module = importlib.import_module(f"gentrace.runs.{name}")
        assert vars(module)[name] is vars(RunsApi)[name]
