"""`gentrace spool`."""

import os
import re
import sqlite3
import threading
import time
from contextlib import closing
from datetime import datetime

import pytest
from support.barred import barred
from support.deliveries import ODD, keys, make_controlling
from support.peers import Peer, echo, refuser, reply

import gentrace.testing
from gentrace import ApiClient, Configuration
from gentrace.cli.owner import LOCKS
from gentrace.delivery import Delivery
from gentrace.delivery.ownership import Ownership
from gentrace.delivery.spool_file import SpoolFile
from gentrace.delivery.spool_paths import new_path

RUN = {"name": "kept", "step_runs": []}
KEPT = b'{"name": "kept", "stepRuns": []}'


@pytest.fixture(scope="module")
def shared():
    with gentrace.testing.serve() as server:
        yield server


@pytest.fixture
def server(shared):
    """A server without runs, and without the failures that another test asked for."""
    shared.clear()
    return shared


@pytest.fixture
def spool(server, tmp_path):
    """A directory in which two runs were left behind."""
    directory = tmp_path / "spool"
    server.fail(times=100)
    with ApiClient(Configuration(server.url)) as client:
        delivery = Delivery(client, spool=directory)
        for _ in range(2):
            delivery.submit(RUN)
        delivery.close(0)
        # Until the try is answered that was under way: the server would store what comes later.
        for thread in threading.enumerate():
            if thread.name.startswith("gentrace-delivery"):
                thread.join(30)
    server.clear()
    return directory


def test_what_waits_is_a_line_a_file(command, report, spool, server):
    code, output, errors = command("spool", spool)
    assert (code, errors) == (0, "")
    assert f"  {server.url}  2 runs, " in output
    _, (file,) = report("spool", spool)
    assert (file["host"], file["runs"], file["owned"]) == (server.url, 2, False)
    assert 0 <= time.time() - datetime.fromisoformat(file["oldest"]).timestamp() < 60
    assert output.endswith(f" {file['bytes']} bytes, oldest {file['oldest']}\n")
    assert server.runs == []


def test_what_nobody_owns_is_sent(command, spool, server):
    code, output, errors = command("spool", spool, "--send")
    assert errors == f"{server.url}: 2 delivered, 0 dropped, 0 left\n"
    assert (code, output) == (0, "")
    assert [run["name"] for run in server.wait_for_runs(2)] == ["kept", "kept"]


def test_where_delivery_is_off_nothing_is_sent(command, report, spool, server, monkeypatch):
    monkeypatch.setenv("GENTRACE_DISABLED", "1")
    code, _, errors = command("spool", spool, "--send")
    assert code == 1
    assert f"{server.url}: nothing is sent: delivery is off: GENTRACE_DISABLED is set" in errors
    assert server.runs == []
    _, (file,) = report("spool", spool)
    assert file["runs"] == 2


def test_of_a_living_owner_size_alone_is_said(command, report, spool, server):
    server.fail(times=100)
    with ApiClient(Configuration(server.url)) as client:
        delivery = Delivery(client, spool=spool)
        delivery.submit(RUN)
        _, files = report("spool", spool)
        assert {file["owned"] for file in files} >= {True}
        said = rf" bytes, (owned by process|in use, made by) {os.getpid()}\n"
        assert re.search(said, command("spool", spool)[1])
        delivery.close(0)


@pytest.fixture
def adopted(make, server):
    """A file of a process that is gone, which this one has adopted."""
    path = make(server.url)
    adopted = path.rename(path.with_name(ODD))
    ownership = Ownership.acquire(adopted)
    yield adopted
    ownership.release(deleted=True)


@pytest.mark.skipif(not LOCKS.exists(), reason="Linux says who has a lock")
def test_of_an_adopted_file_the_process_is_named_that_has_it(command, adopted):
    output = command("spool", adopted.parent)[1]
    assert f"{ODD}  " in output
    assert f" bytes, owned by process {os.getpid()}\n" in output


def test_where_the_system_does_not_say_who_owns_a_file_its_maker_is_named(
    command, adopted, monkeypatch
):
    monkeypatch.setattr("gentrace.cli.owner.LOCKS", adopted.with_name("none"))
    assert " bytes, in use, made by 0\n" in command("spool", adopted.parent)[1]
    adopted.with_name("none").write_text("1: POSIX  ADVISORY  READ 1 fe:00:1 128 128\n")
    assert " bytes, in use, made by 0\n" in command("spool", adopted.parent)[1]


def test_what_the_server_refuses_is_said_by_the_code(command, spool, server):
    server.fail(400, times=3)  # the first run is tried before the others, and again with them
    code, _, errors = command("spool", spool, "--send")
    assert (code, errors) == (1, f"{server.url}: 0 delivered, 2 dropped, 0 left\n")


def test_why_nothing_can_be_sent_is_said_soon_and_nothing_is_dropped(command, make):
    with refuser() as (name, port):
        host = f"http://{name}:{port}"
        path = make(host)
        code, output, errors = command("spool", path.parent, "--send")
    assert (code, output.count(" 400 runs, ")) == (1, 1)
    assert errors.startswith(f"{host}: nothing is sent: (0) ")
    assert "Connection refused" in errors
    for status, why in ((404, "Not Found"), (401, "Unauthorized")):
        path.unlink()
        with Peer(reply(status)) as peer:
            path = make(peer.url)
            code, output, errors = command("spool", path.parent, "--send")
            assert len(peer.requests) == 1
        assert (code, output.count(" 400 runs, ")) == (1, 1)
        assert errors.startswith(f"{peer.url}: nothing is sent: ({status}) {why}")


@pytest.mark.parametrize("first", [echo, reply(503), reply(429, headers={"Retry-After": "0"})])
def test_runs_are_sent_to_a_server_that_checks_nothing_or_fails_once(command, make, first):
    with Peer(first, echo) as peer:
        path = make(peer.url)
        code, output, errors = command("spool", path.parent, "--send")
        assert keys(peer).keys() == {f"key {number}" for number in range(400)}
        assert {request.body for request in peer.requests} == {KEPT}
        assert len(peer.requests) == 400 + (first is not echo)
    assert (code, output) == (0, "")
    assert errors.endswith(f"{peer.url}: 400 delivered, 0 dropped, 0 left\n")


def test_a_first_run_that_is_refused_keeps_no_other_from_being_sent(command, make):
    def refuse_first(talk, request):
        is_first = request["Idempotency-Key"] == "key 0"
        (reply(413) if is_first else echo)(talk, request)

    with Peer(refuse_first) as peer:
        code, output, errors = command("spool", make(peer.url).parent, "--send")
    assert (code, output) == (1, "")
    assert errors == f"{peer.url}: 399 delivered, 1 dropped, 0 left\n"


def test_sending_ends_when_no_more_runs_are_delivered(command, report, make, monkeypatch):
    monkeypatch.setattr("gentrace.cli.spool_sending.FLUSH_TIMEOUT", 0.5)

    def take_few(talk, request):
        is_taken = int(request["Idempotency-Key"].removeprefix("key ")) < 10
        (echo if is_taken else reply(503))(talk, request)

    with Peer(take_few) as peer:
        directory = make(peer.url).parent
        code, _, errors = command("spool", directory, "--send")
    _, (file,) = report("spool", directory)
    assert code == 1
    assert errors == f"{peer.url}: {400 - file['runs']} delivered, 0 dropped, {file['runs']} left\n"
    assert 390 <= file["runs"] < 400


def test_each_server_gets_its_own_runs(command, make):
    with Peer() as one, Peer() as other:
        directory = make(one.url).parent
        make(other.url)
        code, output, errors = command("spool", directory, "--send")
        assert len(one.requests) == len(other.requests) == 400
    assert (code, output, errors.count(": 400 delivered, 0 dropped, 0 left\n")) == (0, "", 2)


def test_a_file_of_a_later_version_keeps_no_other_from_being_sent(command, make):
    with Peer() as peer:
        path = make(peer.url)
        later = path.rename(path.with_name(ODD))
        with closing(sqlite3.connect(later)) as connection:
            connection.execute("PRAGMA user_version = 99")
        make(peer.url)
        code, output, errors = command("spool", path.parent, "--send")
    assert (code, output.count(ODD)) == (1, 1)
    assert errors == f"{peer.url}: 400 delivered, 0 dropped, 0 left\n"


def test_a_file_without_runs_is_removed(command, server, tmp_path):
    SpoolFile.make(new_path(tmp_path), server.url).release()
    code, output, errors = command("spool", tmp_path, "--send")
    assert (code, output) == (0, "")
    assert errors == f"{server.url}: 0 delivered, 0 dropped, 0 left\n"


def test_runs_are_sent_however_old_they_are(command, server, tmp_path):
    file = SpoolFile.make(new_path(tmp_path), server.url)
    file.add("key", time.time() - 90 * 86400, b'{"name": "old", "stepRuns": []}')
    file.release()
    assert command("spool", tmp_path, "--send")[2].endswith(" 1 delivered, 0 dropped, 0 left\n")


@pytest.fixture
def make(tmp_path):
    """Make a file of 400 runs that nobody owns; gives its path."""

    def write(host):
        file = SpoolFile.make(new_path(tmp_path), host)
        for number in range(400):
            file.add(f"key {number}", time.time(), KEPT)
        file.checkpoint()
        file.release()
        return file.path

    return write


def test_what_is_readable_of_a_damaged_file_is_sent_and_the_code_says_it(command, server, make):
    server.clear()
    path = make(server.url)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"x" * 4096
    path.write_bytes(content)
    code, output, errors = command("spool", path.parent, "--send")
    sent = len(server.runs)
    assert 0 < sent < 400
    assert (code, output) == (1, "")
    assert f"{server.url}: {sent} delivered, 0 dropped, 0 left\n" in errors


@pytest.mark.parametrize(("share", "least"), [(0.8, 1), (0.02, 0)])
def test_what_is_readable_of_a_file_that_was_cut_short_is_sent(command, server, make, share, least):
    server.clear()
    path = make(server.url)
    os.truncate(path, int(path.stat().st_size * share))
    code, output, _ = command("spool", path.parent)
    assert (code, "damaged: " in output) == (1, True)
    code, _, _ = command("spool", path.parent, "--send")
    assert code == 1
    assert least <= len(server.runs) < 400 * share


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ("PRAGMA user_version = 99", "of a later version"),
        ("DELETE FROM about", "damaged: it does not say where its runs go"),
    ],
)
def test_a_file_that_cannot_be_sent_is_said_by_the_code(command, make, change, flaw):
    path = make("http://127.0.0.1:1")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()
    code, output, errors = command("spool", path.parent, "--send")
    assert (code, errors) == (1, "")
    assert output.endswith(f" bytes, {flaw}\n")
    assert command("spool", path.parent)[:2] == (1, output)


CONTROLS = "http://127.0.0.1:1/\x1b[2J\u202e\nanother line"
SHOWN = r"http://127.0.0.1:1/\x1b[2J\u202e\nanother line"


def set_host(path, host):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE about SET value = ?", (host,))


def test_a_host_in_a_file_cannot_control_the_terminal_or_keep_others_from_being_sent(command, make):
    with Peer() as peer:
        path = make(peer.url)
        odd = path.rename(path.with_name(ODD))
        set_host(odd, CONTROLS)
        make(peer.url)
        listed = command("spool", path.parent)[1]
        code, output, errors = command("spool", path.parent, "--send")
    assert f"{ODD}  {SHOWN}  400 runs, " in listed
    assert listed.count("\n") == 2
    assert (code, output.count("\n")) == (1, 1)
    first, second = sorted(errors.splitlines())
    assert first.startswith(f"{SHOWN}: nothing is sent: host: expected http:// or https://")
    assert second == f"{peer.url}: 400 delivered, 0 dropped, 0 left"


def test_an_error_that_repeats_a_file_cannot_control_the_terminal(command, make):
    path = make("http://127.0.0.1:1")
    make_controlling(path)
    output = command("spool", path.parent)[1]
    assert output.endswith(" bytes, cannot be read: no such column: \\x1b[2J\\nanother line\n")


@pytest.mark.parametrize("text", ["CAST(value AS BLOB)", "CAST(x'68747470e9' AS TEXT)"])
def test_a_file_whose_host_is_no_text_does_not_say_where_its_runs_go(report, make, text):
    path = make("http://127.0.0.1:1")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE about SET value = {text}")  # noqa: S608 - our own words
    code, (entry,) = report("spool", path.parent)
    assert (code, entry["host"]) == (1, "")
    assert entry["flaw"] == "damaged: it does not say where its runs go"


def test_a_damaged_file_is_listed(command, spool):
    (spool / ODD).write_bytes(b"x" * 9999)
    assert f"{ODD}  9999 bytes, damaged: " in command("spool", spool)[1]


def test_a_file_that_cannot_be_opened_is_not_called_damaged(command, spool):
    (spool / ODD).mkdir()
    output = command("spool", spool)[1]
    assert " bytes, cannot be read: " in output
    assert "damaged" not in output


def test_a_file_that_was_removed_meanwhile_is_not_made_anew(command, spool, tmp_path):
    """Its name is still in the list of the directory."""
    gone = tmp_path / "gone"
    (spool / ODD).symlink_to(gone)
    assert ODD not in command("spool", spool)[1]
    assert not gone.exists()
    assert not (spool / ODD).with_suffix(".lock").exists()


def test_that_nothing_waits_is_said(command, tmp_path):
    assert command("spool", tmp_path) == (0, "", f"{tmp_path}: no unsent runs\n")
    file = SpoolFile.make(new_path(tmp_path), "")
    file.release()
    size = file.path.stat().st_size
    assert command("spool", tmp_path)[1] == f"{file.path.name}  {size} bytes, no runs\n"


def test_a_file_whose_lock_is_none_is_listed(command, spool):
    (spool / ODD).touch()
    (spool / ODD).with_suffix(".lock").write_bytes(b"x" * 9999)
    assert f"{ODD}  0 bytes, damaged: cannot lock " in command("spool", spool)[1]


def test_a_directory_that_is_not_there_is_a_mistake(command, tmp_path):
    code, output, errors = command("spool", tmp_path / "none")
    assert (code, output) == (2, "")
    assert errors.endswith("none: there is no such directory\n")


@pytest.mark.parametrize("words", [(), ("--send",)])
def test_a_directory_that_may_not_be_read_is_a_mistake(command, words):
    """As of another user: it is not taken for an empty one."""
    with barred(0) as directory:
        code, output, errors = command("spool", directory, *words)
    assert (code, output) == (2, "")
    assert errors == f"gentrace spool: [Errno 13] Permission denied: {str(directory)!r}\n"
