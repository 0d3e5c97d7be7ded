"""What the fuzzers call: each target takes any bytes, and fails where a promise does not hold."""

import json
import socket
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import gentrace
from gentrace.api_client import ApiResponse, MediaType, OpenApiResponse, Operation
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.exceptions import ApiConnectionException
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.rest import parse_retry_after
from gentrace.schemas import REQUEST_RULES, ObjectSchema, encode, find_encoder

BODY = b'{"pipelineRunId": "1"}'
WELL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
    BODY
)
DOWNLOAD = Operation(
    "download",
    "GET",
    "/file",
    tag="Files",
    summary="A file",
    responses={200: OpenApiResponse(ApiResponse, "A file", {"application/octet-stream": None})},
)


class Peer:
    """A server that answers the first request of each connection with `answer`, and closes it."""

    def __init__(self):
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(5)
                try:
                    self._read(connection)
                    connection.sendall(self.answer)
                except OSError:
                    continue

    @staticmethod
    def _read(connection):
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionResetError
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0"
        while len(body) < int(length):
            body += connection.recv(65536)


class _Client:
    """A client of a peer of its own, made when a target first asks for it."""

    peer = None

    def __new__(cls):
        if cls.peer is None:
            cls.peer = Peer()
            cls.folder = tempfile.TemporaryDirectory(prefix="gentrace-fuzz-")
            cls.client = gentrace.ApiClient(
                gentrace.Configuration(
                    cls.peer.host,
                    retries=0,
                    timeout=10,
                    proxy="",
                    temp_folder_path=cls.folder.name,
                    max_response_body=65536,
                )
            )
        return cls


def answer(data):
    """Whatever a server answers, the call ends as documented, and the next one works."""
    own = _Client()
    own.peer.answer = data
    api = IngestionApi(own.client)
    try:
        api.pipeline_run_post({"name": "a", "stepRuns": []})
    except gentrace.ApiException as error:
        str(error)
    own.peer.answer = WELL + BODY
    assert _next_id(api) == "1"


def _next_id(api):
    # The peer closes each connection: a call may meet one that is just closing.
    for _ in range(3):
        try:
            return api.pipeline_run_post({"name": "a", "stepRuns": []}).body["pipelineRunId"]
        except ApiConnectionException as error:
            failure = error
    raise failure


def disposition(data):
    """No file name of a server is used as a path."""
    own = _Client()
    name = data.replace(b"\r", b"").replace(b"\n", b"")
    own.peer.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename=" + name + b"\r\nContent-Length: 1\r\n\r\nx"
    )
    try:
        file = own.client.call(DOWNLOAD, stream=True).body
    except gentrace.ApiException:
        return
    with file:
        path = Path(file.name)
        assert path.parent == Path(own.folder.name)
        assert file.read() == b"x"
    path.unlink()


def media_type(data):
    """A media type includes itself, and none of another name."""
    text = data.decode("latin-1")
    media = MediaType(text)
    assert media.includes(media)
    assert not media.includes(MediaType("x/" + text))


def retry_after(data):
    """A wait is a number from 0 on, or absent."""
    value = data.decode("latin-1")
    for name in ("Retry-After", "retry-after-ms"):
        seconds = parse_retry_after({name: value})
        assert seconds is None or 0 <= seconds < float("inf")


def host(data):
    """A host is refused where it is set, or can be reached as it is written."""
    text = data.decode("utf-8", "surrogateescape")
    for name in ("host", "proxy"):
        try:
            value = getattr(gentrace.Configuration(**{name: text}), name)
        except (gentrace.ApiValueError, gentrace.ApiTypeError) as error:
            login, _, rest = text.rpartition("@")
            if "p4ssw0rd" in login and "p4ssw0rd" not in rest and "p4ssw0rd" in str(error):
                raise AssertionError("the message shows the password") from error
            continue
        if value:
            parts = urlsplit(value)
            assert parts.hostname
            assert all("!" <= c <= "~" for c in value)
            parts.hostname.encode("idna")


def model(data):
    """A plain dict goes out as the model made of it does, whichever encoder writes it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    schema = ObjectSchema(PipelineRunRequest)
    outcomes = []
    for dumps in (None, find_encoder("auto")):
        for write in (
            lambda dumps=dumps: schema.serialize(value, REQUEST_RULES, dumps),
            lambda dumps=dumps: encode(schema.check(value, REQUEST_RULES), dumps),
        ):
            try:
                outcomes.append(json.loads(write()))
            except (gentrace.ApiTypeError, gentrace.ApiValueError) as error:
                outcomes.append((type(error), str(error)))
    assert all(outcome == outcomes[0] for outcome in outcomes), outcomes


TARGETS = {
    function.__name__: function
    for function in (answer, disposition, media_type, retry_after, host, model)
}
CORPUS = Path(__file__).with_name("corpus")


def seeds(name):
    """The inputs that the repository keeps for a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
