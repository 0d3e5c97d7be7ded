"""What the fuzzers call: each target takes any bytes, and fails where a promise does not hold."""

import atexit
import json
import os
import pickle
import re
import socket
import stat
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

import gentrace
from gentrace.api_client import ApiResponse, MediaType, OpenApiResponse, Operation
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider
from gentrace.rest import parse_retry_after
from gentrace.schemas import REQUEST_RULES, ObjectSchema, encode, find_encoder

CORPUS = Path(__file__).with_name("corpus")
TOKEN = "t0ken-of-the-fuzzer"  # noqa: S105 - of nobody
RUN = {"name": "a", "stepRuns": []}
DEADLINE = 10
BOUND = 65536
BODY = b'{"pipelineRunId": "1"}'
WELL = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n" + BODY
DOWNLOAD = Operation(
    "download",
    "GET",
    "/file",
    tag="Files",
    summary="A file",
    responses={200: OpenApiResponse(ApiResponse, "A file", {"application/octet-stream": None})},
)


class Peer:
    """A server that answers each request with the same bytes.

    It ends its side of a connection when a call does not take them for a whole answer: they are
    judged by what they are, and no call waits for its deadline.
    """

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._answer = b""
        self._changed = threading.Condition()
        self._in_call = False
        self._open_answers = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def answering(self, data):
        """Answer the call inside with `data`; after it, nothing more is sent or ended."""
        self._answer, self._in_call = data, True
        try:
            yield
        finally:
            with self._changed:
                self._in_call = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._open_answers, DEADLINE)

    def _serve(self):
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(DEADLINE)
                try:
                    while self._take_request(connection):
                        pass
                except (OSError, ValueError):
                    continue

    def _take_request(self, connection):
        """Answer one request; tell whether the connection takes another."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += _receive(connection)
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += _receive(connection)
        self._open_answers += 1
        try:
            connection.sendall(self._answer)
            with self._changed:
                if self._changed.wait_for(lambda: not self._in_call, 0.005):
                    return True
            connection.shutdown(socket.SHUT_WR)
        finally:
            with self._changed:
                self._open_answers -= 1
                self._changed.notify_all()
        while True:
            _receive(connection)


def _receive(connection):
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


class _Client:
    """A client of a peer of its own, made when a target first asks for it."""

    peer = None

    def __new__(cls):
        if cls.peer is None:
            cls.peer = Peer()
            cls.folder = tempfile.TemporaryDirectory(prefix="gentrace-fuzz-")
            atexit.register(cls.folder.cleanup)
            cls.client = gentrace.ApiClient(
                gentrace.Configuration(
                    cls.peer.host,
                    access_token=TOKEN,
                    retries=0,
                    timeout=DEADLINE,
                    proxy="",
                    temp_folder_path=cls.folder.name,
                    max_response_body=BOUND,
                )
            )
            cls.api = IngestionApi(cls.client)
        return cls


def answer(data):
    """Whatever a server answers, each call ends in time as documented, and the next one works."""
    own = _Client()
    for call in (_call, _stream, _stream_and_leave):
        start = time.monotonic()
        with own.peer.answering(data):
            try:
                call(own.api)
            except gentrace.ApiException as error:
                assert len(error.body) <= BOUND
                assert TOKEN not in f"{error} {error!r} {vars(error)}"
                assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - ours
        assert time.monotonic() - start < 2 * DEADLINE
        with own.peer.answering(WELL):
            assert own.api.pipeline_run_post(RUN).body.pipeline_run_id == "1"


def _call(api):
    assert type(api.pipeline_run_post(RUN).body) is PipelineRunResponse


def _stream(api):
    with api.pipeline_run_post(RUN, stream=True, skip_deserialization=True).response as response:
        while response.read(4096):
            pass


def _stream_and_leave(api):
    response = api.pipeline_run_post(RUN, stream=True, skip_deserialization=True).response
    response.read(3)
    response.release_conn()


def disposition(data):
    """No file name of a server is used as a path."""
    own = _Client()
    name = data.replace(b"\r", b"").replace(b"\n", b"")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\n"
    with own.peer.answering(head + b"Content-Disposition: " + name + b"\r\n\r\nx"):
        try:
            file = own.client.call(DOWNLOAD, stream=True).body
        except gentrace.ApiException:
            file = None
    folder = Path(own.folder.name)
    if file is not None:
        with file:
            assert file.read() == b"x"
        path = Path(file.name)
        assert path.parent == folder
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: PLR2004 - its owner's alone
        path.unlink()
    assert list(folder.iterdir()) == []


_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf'({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*")'
_MEDIA_TYPE = re.compile(rf"[ \t]*({_WORD}/{_WORD})((?:[ \t]*;[ \t]*(?:{_PARAMETER})?)*)[ \t]*")


def media_type(data):
    """A media type is one and the same however it is spelled, and reading it takes no time."""
    text = data.decode("latin-1")
    media = MediaType(text)
    assert media.includes(media)
    assert not media.includes(MediaType("x/" + text))
    if whole := _MEDIA_TYPE.fullmatch(text):
        other = whole[1].swapcase()
        for name, value in re.findall(_PARAMETER, whole[2]):
            plain = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] == '"' else value
            quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
            other += f' ;\t{name.swapcase()}="{quoted}"'
        assert media.includes(MediaType(other))
        assert MediaType(other).includes(media)
        assert media.is_json == bool(re.fullmatch(r"(?i)application/json|.*\+json", whole[1]))


def retry_after(data):
    """A wait is a positive number or absent, and no matter of the process's time zone."""
    value = data.decode("latin-1")
    for name in ("Retry-After", "retry-after-ms"):
        waits = [_wait_in(zone, {name: value}) for zone in ("UTC", "X+7")]
        assert waits == [None, None] or abs(waits[0] - waits[1]) < DEADLINE
        assert all(wait is None or 0 < wait < float("inf") for wait in waits)
        if re.fullmatch(r"0*[1-9]\d{,8}", value):
            assert waits[0] == int(value) / (1 if name == "Retry-After" else 1000)


def _wait_in(zone, headers):
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = zone
        time.tzset()
        return parse_retry_after(headers)
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


_PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=-]+)(?::\d{1,5})?")


def host(data):
    """A host is refused where it is set, or is one that every reader of addresses reads alike."""
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
            _check_address(value)


def _check_address(value):
    parts = urlsplit(value)
    assert all("!" <= c <= "~" for c in value)
    assert _PLACE.fullmatch(parts.netloc.rpartition("@")[2])
    parts.hostname.encode("idna")
    try:
        other = parse_url(value)
    except LocationParseError as error:
        raise AssertionError from error
    assert (parts.hostname, parts.port) == (other.host.strip("[]"), other.port)


_NAMES = ["", "a", "é", "\ud800", "step_runs", "elapsed_time", "pipelineRunId", "runs[0]"]
for _model in (PipelineRunRequest, StepRun, StepRunProvider):
    _NAMES += _model.properties_oapg
_SCALARS = [
    *(None, True, False, 0, -1, 2**62, 2**63, 2**64, -(2**63) - 1, 10**40, 10**4299),
    *(0.0, -0.0, 1.0, 0.5, 1e22, 1e308, 5e-324, float("inf"), float("nan")),
    *("", "a", "é", "漢", "😀", "\0", '"\\', "\u2028", "\x7f", "a\ud800", "a" * 300),
    *("2023-05-04T09:30:00Z", "2024-02-29T23:59:60+23:59", "2023-02-29T00:00:00Z"),
]


def build(data):
    """Return the JSON value that bytes are the text of, or build one step after the other."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        pass
    top = {"name": "a", "stepRuns": []}
    path = [top]
    steps = iter(data)
    for step in steps:
        kind, choice = step % 4, next(steps, 0)
        if kind == 0:
            path = path[:-1] or [top]
            continue
        item = ({}, [], _SCALARS[next(steps, 0) % len(_SCALARS)])[kind - 1]
        if type(path[-1]) is dict:
            path[-1][_NAMES[choice % len(_NAMES)]] = item
        else:
            path[-1].extend([item] * (1 + choice // 64 * 16))
        if type(item) in (dict, list):
            path.append(item)
    return top


def model(data):
    """A plain dict goes out as the model made of it does, and a model is read back as it was."""
    value = build(data)
    schema = ObjectSchema(PipelineRunRequest)
    texts = []
    for dumps in (None, find_encoder("auto")):
        quick = _outcome(lambda dumps=dumps: schema.serialize(value, REQUEST_RULES, dumps))
        readable = _outcome(lambda dumps=dumps: encode(schema.check(value, REQUEST_RULES), dumps))
        assert quick == readable
        texts.append(json.loads(quick) if type(quick) is bytes else quick)
    assert texts[0] == texts[1]
    for kind in (PipelineRunRequest, StepRun, PipelineRunResponse):
        made = _outcome(lambda kind=kind: kind.from_openapi_data_oapg(value))
        if isinstance(made, kind):
            assert kind.from_openapi_data_oapg(json.loads(encode(made))) == made
            assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - ours


def _outcome(make):
    try:
        return make()
    except (gentrace.ApiTypeError, gentrace.ApiValueError) as error:
        assert error.path_to_item is not None
        return type(error), str(error)


TARGETS = {
    function.__name__: function
    for function in (answer, disposition, media_type, retry_after, host, model)
}


def seeds(name):
    """The inputs that the repository keeps for a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
