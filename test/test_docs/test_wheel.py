"""What is built, and what it offers."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_string
from importlib import import_module
from pathlib import Path

import pytest

import gentrace
import gentrace.local

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (ROOT / "gentrace").rglob("*")
    if file.is_file() and "__pycache__" not in file.parts
)
"""All files of the package in the checkout."""

NAMES = """
ApiAttributeError ApiClient ApiException ApiKeyError ApiResponse ApiResponseWithoutDeserialization
ApiTypeError ApiValueError Configuration Delivery DeliveryError DeliveryStats IngestionApi
OpenApiException Pipeline PipelineRun PipelineRunRequest PipelineRunResponse Receipt Step StepRun
StepRunProvider __version__ bind current_run current_step default_delivery local
set_default_delivery step
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


def test_wheel_holds_the_files_of_the_package_and_no_other(built):
    name = f"gentrace_py-{gentrace.__version__}"
    assert built[1].name == f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(built[1]) as wheel:
        files = {file for file in wheel.namelist() if not file.startswith(f"{name}.dist-info/")}
        metadata = message_from_string(wheel.read(f"{name}.dist-info/METADATA").decode())
    assert files == set(FILES)
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
    assert sorted(gentrace.local.__all__) == ["RunsApi", "Server", "Settings", "run", "serve"]


@pytest.mark.parametrize("file", [name for name in FILES if name.endswith(".py")])
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
    bounds = [*project["dependencies"], *extras["local"], *extras["orjson"], *extras["socks"]]
    lines = (root / "test" / "lowest.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    wanted = {re.sub(r"\[.*\]|,<.*", "", bound).replace(">=", "==") for bound in bounds}
    assert sorted(pins) == sorted(wanted)
