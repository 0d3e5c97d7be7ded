"""Answers that become files: private, named by nobody else, and whole or not there."""

import errno
import gzip
import os
import resource
import shutil
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from support import bombs
from support.caller import FETCH, MEDIA, within
from support.peers import Peer, drip, echo, head_of, raw, reply, reset, send, stall, then
from support.secrecy import locals_of_ours

from gentrace import ApiException
from gentrace.exceptions import (
    ApiConnectionException,
    ApiResponseException,
    ApiTimeoutException,
    NotFoundException,
)
from gentrace.schemas import FileSchema

MIB = 1024 * 1024
BINARY = {"Content-Type": MEDIA}
CHUNKED = {"Transfer-Encoding": "chunked"}
SHORT = head_of(200, headers=BINARY | {"Content-Length": 9}) + b"part"

PACKED = gzip.compress(b"content" * 1000)[:-9]
CUT = (
    head_of(200, headers=BINARY | {"Content-Encoding": "gzip", "Content-Length": len(PACKED)})
    + PACKED
)


def binary(body, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(200, body, fields, content_type=MEDIA)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The place for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def fetch(caller, **arguments):
    return caller.client.call(FETCH, **{"stream": True} | arguments)


def fetch_path(caller):
    """Where the file is."""
    with fetch(caller).body as file:
        return Path(file.name)


def fetch_failing(caller, kind, **arguments):
    with pytest.raises(ApiException) as caught:
        fetch(caller, **arguments)
    assert type(caught.value) is kind, repr(caught.value)
    return caught.value


def test_file_is_private_and_whole(connect, folder):
    """Not as in CVE-2021-21430 of generated clients, whose temporary files all users could read."""
    old = os.umask(0)
    try:
        with Peer(binary(b"content")) as peer:
            answer = fetch(connect(peer))
    finally:
        os.umask(old)
    assert isinstance(answer.body, FileSchema)
    with answer.body as file:
        assert file.read() == b"content"
    path = Path(file.name)
    assert path.parent == folder
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"content"


NAMES = [
    "../../etc/cron.d/evil",
    "/etc/passwd",
    "..",
    "report.pdf",
    "a\\..\\b",
    "%2e%2e%2fevil",
    "con",
    "x" * 5000,
    ".bashrc",
    "\xe9vil",
]


@pytest.mark.parametrize("name", NAMES)
def test_name_is_never_the_servers(connect, folder, name):
    """As in CVE-2021-21430's class: a name that is predictable or chosen by the server."""
    header = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    with Peer(binary(b"content", Content_Disposition=header)) as peer:
        caller = connect(peer)
        paths = [fetch_path(caller) for _ in range(3)]
    assert len(set(paths)) == 3
    for path in paths:
        assert path.parent == folder
        assert len(path.name) >= 8
        for part in ("evil", "passwd", "report", "bashrc", "xxxx"):
            assert part not in path.name


def test_folder_of_the_configuration_acts_from_the_next_call_on(connect, folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    with Peer(binary(b"content")) as peer:
        caller = connect(peer)
        assert fetch_path(caller).parent == folder
        caller.configuration.temp_folder_path = other
        assert fetch_path(caller).parent == other


def test_download_may_take_longer_than_the_deadline(connect, folder):
    body = b"slow, sure"
    head = head_of(200, headers=BINARY | {"Content-Length": len(body)})
    with Peer(drip(head, body)) as peer:
        caller = connect(peer)
        with within(1, least=0.8), fetch(caller, timeout=0.5).body as file:
            assert file.read() == body
    assert Path(file.name).parent == folder


def test_file_without_stream_is_bytes(connect, folder):
    with Peer(binary(b"content")) as peer:
        assert fetch(connect(peer), stream=False).body == b"content"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (raw(SHORT), ApiConnectionException, 0),
        (then(send(SHORT), reset), ApiConnectionException, 0),
        (then(send(SHORT), stall), ApiTimeoutException, 0),
        (raw(head_of(200, headers=BINARY | CHUNKED) + b"5\r\npa"), ApiConnectionException, 0),
        (send(bombs.packed("six encodings", media=MEDIA)), ApiResponseException, 200),
        (send(CUT), ApiResponseException, 200),
        (reply(404, b"no such file", content_type=MEDIA), NotFoundException, 404),
        (reply(200, b"{}"), ApiResponseException, 200),
    ],
    ids=[
        "cut short",
        "reset",
        "stall",
        "chunks cut short",
        "six encodings",
        "cut gzip",
        "404",
        "JSON",
    ],
)
def test_download_that_fails_leaves_no_file(connect, folder, fault, kind, status):
    """Nor does its error, which is held, keep a connection from other calls."""
    with Peer(fault, echo) as peer:
        caller = connect(peer, retries=0, connection_pool_maxsize=1)
        error = fetch_failing(caller, kind, timeout=(5, 0.3, 20))
        assert error.status == status
        assert list(folder.iterdir()) == []
        assert caller.works()


def test_full_disk_is_told_and_leaves_no_file(connect, folder):
    """The kernel refuses to let any file grow beyond 64 KiB."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Peer(binary(b"x" * MIB), echo) as peer:
        caller = connect(peer)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, old[1]))
        try:
            error = fetch_failing(caller, ApiResponseException)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert error.status == 200
        assert "File too large" in str(error)
        for one in (error, error.__cause__):
            assert not [place for place, shown in locals_of_ours(one) if "xxxxx" in shown]
        assert error.idempotency_key is None
        assert list(folder.iterdir()) == []
        assert caller.works()


def test_download_that_fails_after_its_file_was_removed_says_why_it_failed(connect, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()

    def remove(talk, request):
        send(SHORT)(talk, request)
        talk.peer.wait(lambda: list(folder.iterdir()))
        shutil.rmtree(folder)
        raise EOFError

    with Peer(remove, echo) as peer:
        caller = connect(peer, temp_folder_path=folder, retries=0)
        assert fetch_failing(caller, ApiConnectionException).status == 0
        assert caller.works()


def test_folder_that_went_away_is_told(connect, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    with Peer(binary(b"content"), echo) as peer:
        caller = connect(peer, temp_folder_path=folder)
        folder.rmdir()
        error = fetch_failing(caller, ApiResponseException)
        assert error.status == 200
        assert f"cannot be saved as {folder}/gentrace-" in error.reason
        assert error.reason.endswith("No such file or directory; check temp_folder_path")
        assert caller.works()


def test_system_without_a_folder_for_files_is_told(connect, monkeypatch):
    def fail():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", fail)
    with Peer(binary(b"content")) as peer:
        error = fetch_failing(connect(peer), ApiResponseException)
    why = "the answer cannot be saved: No usable temporary directory found"
    assert f"{why}; check temp_folder_path" in error.reason


@pytest.mark.usefixtures("folder")
def test_download_needs_constant_memory(connect):
    size = 128 * MIB

    def large(talk, _):
        talk.send(head_of(200, headers=BINARY | {"Content-Length": size}))
        for _ in range(size // MIB):
            talk.send(b"x" * MIB)

    with Peer(large, echo) as peer:
        caller = connect(peer)
        tracemalloc.start()
        try:
            path = fetch_path(caller)
            assert tracemalloc.get_traced_memory()[1] < 24 * MIB
        finally:
            tracemalloc.stop()
        assert path.stat().st_size == size
        path.unlink()
        assert caller.works()
    assert peer.connections == 1
