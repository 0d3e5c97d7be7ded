"""Other clients of the same API, each installed from PyPI in its own virtual environment.

An environment lives beside that of the benchmarks, below its folder, and is made once; it is made
anew when the API's document or what is said here changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import Client

DOCUMENT = Path(__file__).parent.parent / "openapi.yaml"
ENVIRONMENTS = Path(sys.prefix) / "peers"


class CannotMakeError(Exception):
    """A peer cannot be made here; the text says why."""


@dataclass(frozen=True)
class Recipe:
    """How the environment of a peer comes to be.

    Attributes:
        package: what is installed from PyPI.
        generate: the command that makes the client from the document, as the folder `client`;
            empty where the package is the client.
        java: whether the command needs Java.

    """

    package: str
    generate: tuple[str, ...] = ()
    java: bool = False

    def stamp(self) -> str:
        """Return what identifies everything that the environment is made from."""
        text = f"{self} {sys.version}".encode()
        return hashlib.sha256(text + DOCUMENT.read_bytes()).hexdigest()


def _openapi_generator(version: str) -> Recipe:
    command = "openapi-generator-cli generate -g python --package-name generated_client -o client"
    return Recipe(
        f"openapi-generator-cli=={version}", (*command.split(), "-i", str(DOCUMENT)), java=True
    )


_GENERATED_EXAMPLE = """
configuration = generated_client.Configuration(host=URL)
configuration.access_token = TOKEN
api_client = generated_client.ApiClient(configuration)
"""

PEERS: dict[str, tuple[Client, Recipe]] = {
    "openapi-generator-6": (
        Client(
            title="the client this one replaces (openapi-generator 6.6)",
            imports="""
import generated_client
from generated_client.apis.tags import ingestion_api
from generated_client.model.pipeline_run_request import PipelineRunRequest
from generated_client.model.pipeline_run_response import PipelineRunResponse
""",
            setup=_GENERATED_EXAMPLE
            + "api_instance = ingestion_api.IngestionApi(api_client)\n"
            + "def model(body):\n"
            + '    return PipelineRunRequest(name=body["name"], stepRuns=body["stepRuns"])\n',
            functions={
                "call": 'api_instance.pipeline_run_post(body=model(body)).body["pipelineRunId"]',
                "encode": 'request_body.serialize(model(body), "application/json")["body"]',
            },
            extra="""
from generated_client.paths.pipeline_run import post

request_body = post.request_body_pipeline_run_request
""",
            note="urllib3 1.26 and frozendict 2.3, the newest that it allows",
        ),
        _openapi_generator("6.6.0"),
    ),
    "openapi-generator-7": (
        Client(
            title="openapi-generator 7.26 (pydantic)",
            imports="""
import generated_client
from generated_client.models.pipeline_run_request import PipelineRunRequest
from generated_client.models.pipeline_run_response import PipelineRunResponse
from generated_client.rest import ApiException
""",
            setup=_GENERATED_EXAMPLE + "api_instance = generated_client.IngestionApi(api_client)\n",
            functions={
                "call": "api_instance.pipeline_run_post("
                "PipelineRunRequest.from_dict(body)).pipeline_run_id",
                "encode": "encode(body)",
            },
            extra="""
import json

def encode(body):
    model = PipelineRunRequest.from_dict(body)
    return json.dumps(api_client.sanitize_for_serialization(model)).encode()
""",
            note="encode ends with the `json.dumps` of its transport",
        ),
        _openapi_generator("7.26.0"),
    ),
    "openapi-python-client": (
        Client(
            title="openapi-python-client 0.29 (attrs, httpx)",
            imports="""
from gentrace_api_client import AuthenticatedClient
from gentrace_api_client.models import PipelineRunRequest
from gentrace_api_client.api.ingestion import pipeline_run_post
from gentrace_api_client.types import Response
""",
            setup="client = AuthenticatedClient(base_url=URL, token=TOKEN)\n",
            extra="""
import json

def encode(body):
    data = PipelineRunRequest.from_dict(body).to_dict()
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
""",
            functions={
                "call": "pipeline_run_post.sync("
                "client=client, body=PipelineRunRequest.from_dict(body)).pipeline_run_id",
                "encode": "encode(body)",
            },
            note="encode ends with the `json.dumps` of httpx",
        ),
        Recipe(
            "openapi-python-client==0.29.*",
            (
                *("openapi-python-client", "generate", "--meta", "setup"),
                *("--output-path", "client", "--path", str(DOCUMENT)),
            ),
        ),
    ),
    "gentrace-py": (
        Client(
            title="gentrace-py 1.6.1 (httpx, pydantic)",
            imports="""
import httpx
from gentrace import Gentrace
""",
            setup="client = Gentrace(api_key=TOKEN, base_url=URL)\n",
            functions={
                "call": 'client.post("/pipeline-run", cast_to=httpx.Response, body=body)'
                '.json()["pipelineRunId"]'
            },
            note="it has no method for this operation, so the call is its generic `post`, which "
            "checks nothing",
        ),
        Recipe("gentrace-py==1.6.1"),
    ),
}
"""The peers by key."""


def make(key: str, recipe: Recipe) -> Path:
    """Make a peer's environment by its recipe, unless it is there; return its Python.

    Raises:
        CannotMakeError: something that it needs is not there, or a step failed.

    """
    folder = ENVIRONMENTS / key
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text(encoding="ascii") == recipe.stamp():
        return scripts / "python"
    if recipe.java and shutil.which("java") is None:
        raise CannotMakeError("there is no Java here, which its generator needs")
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], folder.parent)
    install = [str(scripts / "python"), "-m", "pip", "install", "--quiet"]
    _run([*install, recipe.package], folder)
    if recipe.generate:
        _run([str(scripts / recipe.generate[0]), *recipe.generate[1:]], folder)
        _run([*install, str(folder / "client")], folder)
    stamp.write_text(recipe.stamp(), encoding="ascii")
    return scripts / "python"


def _run(command: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    opened = " ".join(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in ("util", "lang"))
    environment = {
        **os.environ,
        "JAVA_TOOL_OPTIONS": opened,  # generator 6.6 is older than Java 17
        "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}",  # finds ruff
    }
    result = subprocess.run(  # noqa: S603 - a command of a recipe
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        lines = (result.stdout + result.stderr).strip().splitlines()
        raise CannotMakeError(
            f"{Path(command[0]).name} failed: {lines[-1] if lines else 'no word'}"
        )
