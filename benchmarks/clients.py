"""The clients that are compared, each as a script that calls the API as its documentation does.

A script is text, because each client runs in a process and an environment of its own, and because
the same lines are what is measured where importing and starting are. It finds `URL` and `TOKEN`,
and its functions find `body`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

TOKEN = "benchmark-token"  # noqa: S105 - the server looks at none
FIRST_BODY = {"name": "answer-question", "stepRuns": [{"elapsedTime": 1250}]}


@dataclass(frozen=True)
class Client:
    """A client and its script.

    Attributes:
        title: its name in the report.
        imports: its import lines.
        setup: what is done once before the first call.
        functions: expressions of `body`, by name: `call` gives the id of the stored run,
            `encode` the bytes that are sent.
        prepared: expressions of `body` by name of function, for what is made before it is timed.
        extra: what only the benchmark needs before its functions.
        hidden: modules that this client shall not find, although they are installed.
        environment: name of its environment, None for that of the benchmarks.
        note: what a reader should know about it.

    """

    title: str
    imports: str
    setup: str
    functions: dict[str, str]
    prepared: dict[str, str] = field(default_factory=dict)
    extra: str = ""
    hidden: tuple[str, ...] = ()
    environment: str | None = None
    note: str = ""

    def script(self, url: str) -> dict[str, Any]:
        """Return what a worker needs to run this client."""
        return {
            "hidden": self.hidden,
            "url": url,
            "token": TOKEN,
            "code": self.imports + self.setup + self.extra,
            "functions": {
                name: (self.prepared.get(name, "body"), expression)
                for name, expression in self.functions.items()
            },
            "payloads": str(Path(__file__).with_name("payloads.py")),
        }

    def prelude(self) -> str:
        """Return the start of a program: it hides the modules in `hidden`."""
        if not self.hidden:
            return ""
        return f"import sys; sys.modules.update(dict.fromkeys({self.hidden}))\n"

    def program(self, url: str) -> str:
        """Return a program that stores one run and prints its id."""
        names = f"URL = {url!r}\nTOKEN = {TOKEN!r}\nbody = {FIRST_BODY!r}\n"
        return (
            self.prelude() + self.imports + names + self.setup + f"print({self.functions['call']})"
        )


FLOOR = Client(
    title="the floor: urllib3 and json by hand",
    imports="""
import json
import urllib3
""",
    setup="""
pool = urllib3.PoolManager(maxsize=16)
headers = {
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
    "Accept": "application/json",
}

def dumps(body):
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)

def call(body):
    data = dumps(body).encode()
    response = pool.request("POST", URL + "/pipeline-run", body=data, headers=headers)
    return json.loads(response.data)["pipelineRunId"]
""",
    functions={
        "call": "call(body)",
        "encode": "dumps(body).encode()",
        "dumps": "dumps(body)",
        "size": "len(dumps(body).encode())",
    },
)

_ENCODE = "schema.serialize(body, REQUEST_RULES, find_encoder(configuration.json_encoder))"

SDK = Client(
    title="gentrace, five packages only",
    imports="""
import gentrace
from gentrace.apis.tags import ingestion_api
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.model.pipeline_run_request import PipelineRunRequest
""",
    setup="""
configuration = gentrace.Configuration(host=URL, access_token=TOKEN)
api_client = gentrace.ApiClient(configuration)
api = ingestion_api.IngestionApi(api_client)
""",
    extra="""
from dataclasses import dataclass
from gentrace.schemas import REQUEST_RULES, ObjectSchema, find_encoder

schema = ObjectSchema(PipelineRunRequest)

@dataclass
class Empty:
    pass

streaming = ingestion_api.IngestionApi(
    gentrace.ApiClient(gentrace.Configuration(host=URL + "/stream", access_token=TOKEN))
)

def stream(body):
    answer = streaming.pipeline_run_post(body=body, stream=True, skip_deserialization=True)
    with answer.response as response:
        return sum(map(len, response.stream(64 * 1024)))
""",
    functions={
        "call": 'api.pipeline_run_post(body=body).body["pipelineRunId"]',
        "encode": _ENCODE,
        "make a model": "PipelineRunRequest(**body)",
        "encode a model": _ENCODE,
        "stream": "stream(body)",
        "Empty()": "Empty()",
        "Configuration()": "gentrace.Configuration()",
        "ApiClient(c)": "gentrace.ApiClient(configuration)",
    },
    prepared={"encode a model": "PipelineRunRequest(**body)"},
    hidden=("orjson",),
)

SDK_ORJSON = replace(SDK, title="gentrace with orjson", hidden=())

HTTP_CLIENT = Client(
    title="limit: http.client and json",
    imports="""
import http.client
import json
""",
    setup="""
address, _, prefix = URL.removeprefix("http://").partition("/")
connection = http.client.HTTPConnection(address)
headers = {
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
    "Accept": "application/json",
}

def call(body):
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    connection.request("POST", f"/{prefix}/pipeline-run", data, headers)
    return json.loads(connection.getresponse().read())["pipelineRunId"]
""",
    functions={"call": "call(body)"},
)

RAW_SOCKET = Client(
    title="limit: a raw socket, bytes ready",
    imports="""
import json
import socket
""",
    setup="""
address, _, prefix = URL.removeprefix("http://").partition("/")
host, _, port = address.partition(":")
connection = socket.create_connection((host, int(port)))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def make_ready(body):
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    head = (
        f"POST /{prefix}/pipeline-run HTTP/1.1\\r\\n"
        f"Host: {address}\\r\\n"
        f"Authorization: Bearer {TOKEN}\\r\\n"
        f"Content-Type: application/json\\r\\n"
        f"Accept: application/json\\r\\n"
        f"Content-Length: {len(data)}\\r\\n\\r\\n"
    )
    return head.encode() + data

def call(request):
    connection.sendall(request)
    answer = connection.recv(4096)
    while not answer.endswith(b"}"):
        answer += connection.recv(4096)
    return json.loads(answer.partition(b"\\r\\n\\r\\n")[2])["pipelineRunId"]
""",
    functions={"call": "call(body)"},
    prepared={"call": "make_ready(body)"},
)

CLIENTS = {
    "floor": FLOOR,
    "http.client": HTTP_CLIENT,
    "raw socket": RAW_SOCKET,
    "gentrace": SDK,
    "gentrace-orjson": SDK_ORJSON,
}
"""The clients that need nothing but the benchmarks' own environment, by key."""
