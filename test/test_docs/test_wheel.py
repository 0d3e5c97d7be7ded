"""What is built, and what it offers."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email import message_from_string
from importlib import import_module

import pytest

import gentrace
import gentrace.local

FILES = """
gentrace/__init__.py
gentrace/_logs.py
gentrace/_masking.py
gentrace/_proxies.py
gentrace/_signals.py
gentrace/api_client.py
gentrace/apis/__init__.py
gentrace/apis/path_to_api.py
gentrace/apis/paths/__init__.py
gentrace/apis/paths/pipeline_run.py
gentrace/apis/tag_to_api.py
gentrace/apis/tags/__init__.py
gentrace/apis/tags/ingestion_api.py
gentrace/configuration.py
gentrace/exceptions.py
gentrace/local/__init__.py
gentrace/local/__main__.py
gentrace/local/app.py
gentrace/local/checks.py
gentrace/local/connection.py
gentrace/local/gate.py
gentrace/local/refusal.py
gentrace/local/server.py
gentrace/local/store.py
gentrace/model/__init__.py
gentrace/model/pipeline_run_request.py
gentrace/model/pipeline_run_response.py
gentrace/model/step_run.py
gentrace/model/step_run_provider.py
gentrace/models/__init__.py
gentrace/openapi.json
gentrace/paths/__init__.py
gentrace/paths/pipeline_run/__init__.py
gentrace/paths/pipeline_run/post.py
gentrace/py.typed
gentrace/rest.py
gentrace/schemas.py
"""
NAMES = """
ApiAttributeError ApiClient ApiException ApiKeyError ApiResponse ApiResponseWithoutDeserialization
ApiTypeError ApiValueError Configuration OpenApiException __version__
"""
DEPENDENCIES = {"certifi", "frozendict", "python-dateutil", "typing-extensions", "urllib3"}


@pytest.fixture(scope="session")
def built(tmp_path_factory, root):
    """The source distribution, and the wheel that is built from it."""
    for needed in ("build", "hatchling"):
        pytest.importorskip(needed, reason="the group docs, which builds wheels, is not installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, root]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own project
    (source,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return source, wheel


@pytest.fixture(scope="session")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]


def test_wheel_holds_these_files_and_no_other(built):
    name = "gentrace_py-2.0.0"
    assert built[1].name == f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(built[1]) as wheel:
        files = {file for file in wheel.namelist() if not file.startswith(f"{name}.dist-info/")}
        metadata = message_from_string(wheel.read(f"{name}.dist-info/METADATA").decode())
    assert files == set(FILES.split())
    assert metadata["Name"] == "gentrace-py"
    assert metadata["Version"] == gentrace.__version__
    assert metadata["License-Expression"] == "MIT"


def test_source_distribution_holds_what_the_tests_need(built):
    with tarfile.open(built[0]) as source:
        tops = {file.split("/")[1] for file in source.getnames()}
    expected = (
        "CHANGELOG.md LICENSE README.md benchmarks docs examples gentrace openapi.yaml test tox.ini"
    )
    assert set(expected.split()) <= tops


def test_public_names():
    assert sorted(gentrace.__all__) == NAMES.split()
    assert all(getattr(gentrace, name) is not None for name in gentrace.__all__)
    assert sorted(gentrace.local.__all__) == ["Server", "Settings", "run", "serve"]


@pytest.mark.parametrize("file", [name for name in FILES.split() if name.endswith(".py")])
def test_module_imports(file):
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    import_module(module)


def test_package_has_five_dependencies(project):
    names = {re.split("[<>=]", requirement)[0] for requirement in project["dependencies"]}
    assert names == DEPENDENCIES
    assert project["requires-python"] == ">=3.11"


def test_lowest_versions_are_those_of_the_tox_lane(project, root):
    """The lane `lowest` installs each lower bound of the package and of its extras."""
    extras = project["optional-dependencies"]
    bounds = [*project["dependencies"], *extras["local"], *extras["orjson"]]
    tox = ConfigParser(interpolation=None)
    tox.read_string((root / "tox.ini").read_text("utf-8"))
    pins = tox["testenv:lowest"]["deps"].split()
    assert sorted(pins) == sorted(
        re.sub(r"\[.*\]", "", bound).replace(">=", "==") for bound in bounds
    )
