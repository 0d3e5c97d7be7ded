"""The classes by tag and by path compose what the operations declare."""

import inspect
from enum import Enum

import pytest

import gentrace
from gentrace.aio import AsyncIngestionApi
from gentrace.api_client import Api
from gentrace.apis.path_to_api import path_to_api
from gentrace.apis.paths.pipeline_run import PipelineRun
from gentrace.apis.tag_to_api import tag_to_api
from gentrace.apis.tags import TagValues, ingestion_api
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.paths import PathValues
from gentrace.paths.pipeline_run import post


def test_tags_and_paths_have_the_members_that_generated_clients_have():
    assert TagValues.INGESTION == TagValues("Ingestion") == "Ingestion"
    assert PathValues.PIPELINERUN == PathValues("/pipeline-run") == "/pipeline-run"
    for kind in (TagValues, PathValues):
        assert issubclass(kind, str)
        assert issubclass(kind, Enum)


def test_each_tag_and_each_path_has_its_class():
    assert tag_to_api[TagValues.INGESTION] is ingestion_api.IngestionApi is IngestionApi
    assert path_to_api[PathValues.PIPELINERUN] is PipelineRun
    assert type(tag_to_api) is type(path_to_api) is dict
    assert set(tag_to_api) == set(TagValues)
    assert set(path_to_api) == set(PathValues)


def test_each_operation_of_a_tag_has_its_coroutine():
    def public(api):
        return {name for name in vars(api) if name[0] != "_"}

    assert public(AsyncIngestionApi) == public(IngestionApi)


def test_both_classes_have_the_operation_itself():
    assert IngestionApi.pipeline_run_post is PipelineRun.post is post.pipeline_run_post


@pytest.mark.parametrize("api", [IngestionApi, PipelineRun])
def test_an_instance_keeps_its_client_or_makes_one_of_the_default_configuration(api, request):
    assert issubclass(api, Api)
    with gentrace.ApiClient(gentrace.Configuration(host="http://127.0.0.1:1")) as client:
        assert api(client).api_client is client
        assert api(api_client=client).api_client is client
    default = gentrace.Configuration(host="http://127.0.0.1:2/base")
    request.addfinalizer(lambda: gentrace.Configuration.set_default(None))
    gentrace.Configuration.set_default(default)
    made = api().api_client
    assert isinstance(made, gentrace.ApiClient)
    assert made.configuration.host == "http://127.0.0.1:2/base"
    assert made.configuration is not default


def test_the_signature_is_that_of_the_contract():
    """What the SDK adds comes last and by keyword only."""
    signature = inspect.signature(IngestionApi.pipeline_run_post)
    shown = {name: parameter.default for name, parameter in signature.parameters.items()}
    assert shown == {
        "self": inspect.Parameter.empty,
        "body": inspect.Parameter.empty,
        "content_type": "application/json",
        "accept_content_types": ("application/json; charset=utf-8", "application/json"),
        "stream": False,
        "timeout": None,
        "skip_deserialization": False,
        "idempotency_key": None,
    }
    assert list(shown)[1:7] == [
        *("body", "content_type", "accept_content_types"),
        *("stream", "timeout", "skip_deserialization"),
    ]
    kinds = {name: parameter.kind.name for name, parameter in signature.parameters.items()}
    assert kinds.pop("idempotency_key") == "KEYWORD_ONLY"
    assert set(kinds.values()) == {"POSITIONAL_OR_KEYWORD"}
    assert inspect.signature(IngestionApi(None).pipeline_run_post).parameters.keys() == (
        shown.keys() - {"self"}
    )
