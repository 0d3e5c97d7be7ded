"""What importing loads and names: each look is at an interpreter that has loaded nothing else."""

import json
import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest
from support.peers import Peer, reply

import gentrace

CONTRACT = """
import gentrace
from gentrace.apis.tags import ingestion_api
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.model.pipeline_run_request import PipelineRunRequest
"""
"""The import lines of the contract's example, but for Python's own pprint (and dataclasses)."""

CALL = """
client = gentrace.ApiClient(gentrace.Configuration(sys.argv[2], "token"))
body = {"name": "n", "stepRuns": [{"startTime": "2023-05-04T09:30:00Z"}]}
answer = ingestion_api.IngestionApi(client).pipeline_run_post(body=body)
assert answer.body["pipelineRunId"] == "run"
"""

HEAVY = {
    "certifi",
    "dateutil",
    "http",
    "logging",
    "multiprocessing",
    "pathlib",
    "sqlite3",
    "tempfile",
    "typing_extensions",
    "urllib3",
    "uuid",
}
"""`ssl` is not among them: its classes take `socket.socket` for a base when it is loaded, and a
guard that stands in for that class during the first call would stay their base for good."""

CEILING = 110
"""How many modules the contract's import lines load, those of Python included; 102 on 3.11.

The package is small files of one idea each, some 57 of them here; `ssl` brings 14 of Python's, and
`dataclasses`, which the answers are made with, some 20.
"""

ABOVE = {
    name
    for name in gentrace.__all__
    if getattr(getattr(gentrace, name), "__module__", name).startswith(
        ("gentrace.recorder", "gentrace.delivery", "local")
    )
}
"""The public names of what is built upon the client."""

NAMES = {"encodings.idna", "stringprep", "unicodedata"}
"""What Python loads to look up the name of a host."""

OF_A_CALL = NAMES | {"_contextvars", "contextvars", "encodings.utf_8_sig"}
"""What the first call loads beyond urllib3 and the transport."""


def loaded_by(code, *arguments):
    """The modules that code loads beyond those that `import frozendict` does.

    Without `site`, which loads what is installed beside, such as a measurement of coverage.
    """
    script = f"""
import json, sys
sys.path[:] = json.loads(sys.argv[1])
import frozendict
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    command = [sys.executable, "-I", "-S", "-c", script, json.dumps(sys.path), *arguments]
    done = subprocess.run(  # noqa: S603 - our own
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(json.loads(done.stdout))


def top_level(modules):
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "code",
    [
        CONTRACT,
        CONTRACT + "gentrace.ApiClient(gentrace.Configuration('https://one.example', 'token'))",
        CONTRACT + "PipelineRunRequest(name='n', step_runs=[dict(elapsed_time=1)])",
        "import gentrace.models, gentrace.apis.tag_to_api, gentrace.apis.path_to_api",
        "import gentrace\nfor name in sys.argv[2:]: getattr(gentrace, name)",
    ],
    ids=["contract", "client", "model", "everything", "public names"],
)
def test_nothing_heavy_is_loaded_before_it_is_used(code):
    """By what a call needs; recording and delivery in the background need threads and logging."""
    names = [name for name in gentrace.__all__ if name not in ABOVE]
    assert not top_level(loaded_by(code, *names)) & HEAVY


def test_contract_loads_few_modules():
    """The count is today's and a little more; raise it only with the reason for it."""
    modules = loaded_by(CONTRACT)
    assert len(modules) <= CEILING, modules


def test_package_alone_loads_nothing_of_itself():
    modules = loaded_by("import gentrace")
    own = {name for name in modules if name.startswith("gentrace")}
    assert own == {"gentrace", "gentrace._version"}


def test_first_call_loads_urllib3_and_next_to_nothing_else():
    """Over plain HTTP: no certificates, no parser of dates, no typing at run time."""
    with Peer(reply()) as peer:
        modules = loaded_by(CONTRACT + CALL, peer.url)
    assert "urllib3" in modules
    beyond = modules - loaded_by(CONTRACT + "import urllib3, gentrace.rest")
    assert beyond <= OF_A_CALL
    late = {"certifi", "dateutil", "typing_extensions", "uuid", "multiprocessing"}
    assert not top_level(modules) & late


def test_second_call_loads_nothing():
    with Peer(reply()) as peer:
        once = loaded_by(CONTRACT + CALL, peer.url)
        assert loaded_by(CONTRACT + CALL * 2, peer.url) == once


def test_public_names_load_on_first_use():
    """From the package: names that are not there say so."""
    assert set(gentrace.__all__) <= set(dir(gentrace))
    for name in gentrace.__all__:
        assert getattr(gentrace, name) is getattr(gentrace, name)
    assert gentrace.Configuration is import_module("gentrace.configuration").Configuration
    with pytest.raises(
        AttributeError, match=r"^module 'gentrace' has no attribute 'Configurator'$"
    ):
        _ = gentrace.Configurator
    assert not hasattr(gentrace, "Configurator")


def test_public_name_comes_from_its_module():
    """A name of `__all__` is found anew where it has not been asked for before."""
    for name in gentrace.__all__:
        gentrace.__dict__.pop(name, None) if name != "__version__" else None
        assert getattr(gentrace, name) is not None
        assert name in vars(gentrace)


def test_public_modules_load_on_first_use():
    """Those of the rooms, which a program may name by the package alone."""
    code = """
import gentrace
for name in dir(gentrace):
    getattr(gentrace, name)
assert gentrace.schemas.unset is not None
assert issubclass(gentrace.exceptions.ApiException, gentrace.OpenApiException)
assert gentrace.runs.RunsApi and gentrace.aio.AsyncApiClient and gentrace.backfill.send_lines
"""
    loaded = loaded_by(code)
    assert {"gentrace.testing", "gentrace.models", "gentrace.rest", "gentrace.paths"} <= loaded


def test_every_module_imports():
    names = [module.name for module in walk_packages(gentrace.__path__, "gentrace.")]
    assert len(names) > 20
    for name in names:
        if not name.endswith("__main__"):
            assert import_module(name).__doc__, name
