"""`gentrace send`."""

import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from support.caller import TOKEN
from support.full_disk import disk_that_fills
from support.peers import Peer, echo, names, refuser, reply, then

import gentrace.testing
from gentrace import ApiException
from gentrace.backfill import BackfillResult, sending
from gentrace.cli import progress


def lines(count):
    return [json.dumps({"name": f"run {n}", "stepRuns": []}) for n in range(count)]


@pytest.fixture(scope="module")
def _shared():
    with gentrace.testing.serve() as server:
        yield server


@pytest.fixture
def server(_shared, monkeypatch):
    """A server that holds nothing yet, and that the environment names."""
    _shared.clear()
    monkeypatch.setenv("GENTRACE_HOST", _shared.url)
    return _shared


def test_the_runs_of_all_files_are_stored(command, file, server):
    one, two = file(lines(5)), file(lines(7), "more.jsonl.gz")
    code, output, errors = command("send", one, two)
    assert (code, errors) == (0, "")
    assert output == "12 lines, 7 sent, 5 duplicates, 0 skipped, 0 rejected\n"
    assert len(server.runs) == 7


def test_a_byte_order_mark_is_no_part_of_a_line(command, file, server):
    """The line has the key that it has without one."""
    (line,) = lines(1)
    for text in (line, f"\ufeff{line}"):
        assert command("send", file([text]))[0] == 0
    assert len(server.runs) == 1


def test_standard_input_is_a_file_too(finish, server):
    code, output, errors = finish("send", "-", "--json", given="\n".join(lines(3)))
    assert (code, errors) == (0, "")
    assert json.loads(output) == {
        "lines": 3,
        "sent": 3,
        "duplicates": 0,
        "skipped": 0,
        "rejected": 0,
    }
    assert len(server.runs) == 3


def test_input_that_does_not_block_is_read_to_its_end(start, server):
    """As the socket that a program with an event loop hands over; data comes now and then."""
    end, begin = os.pipe()
    os.set_blocking(end, False)
    process = start("send", "-", given=end, GENTRACE_HOST=server.url)
    os.close(end)
    with os.fdopen(begin, "wb", buffering=0) as pipe:
        for count, text in enumerate(lines(3), 1):
            pipe.write(f"{text}\n".encode())
            assert len(server.wait_for_runs(count, 30)) == count
    output, errors = process.communicate(timeout=30)
    assert (output[:15], errors) == ("3 lines, 3 sent", "")


def test_a_line_that_is_refused_is_named_and_the_code_says_so(command, file, server):
    path = file(["[]", *lines(1)])
    code, output, errors = command("send", path)
    assert (code, output) == (1, "2 lines, 1 sent, 0 duplicates, 0 skipped, 1 rejected\n")
    assert errors == f"{path}:1: expected an object that is a pipeline run, got list []\n"
    assert len(server.runs) == 1


def test_lines_are_sent_though_rejects_cannot_be_printed(start, file, server):
    """Standard error may be a file on a full disk; the exit code says that one was rejected."""
    with Path("/dev/full").open("w") as full:
        process = start("send", file(["[]", *lines(2)]), errors=full)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, len(server.runs)) == (1, 2)
    assert output == "3 lines, 2 sent, 0 duplicates, 0 skipped, 1 rejected\n"


def test_lines_that_a_full_pipe_does_not_take_are_printed_later(start, server):
    """Standard error may be a pipe that does not block, of a program with an event loop."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filling = os.write(writing, b"x" * 2**20)
    process = start("send", "-", errors=writing, GENTRACE_HOST=server.url, PYTHONUNBUFFERED="")
    os.close(writing)
    process.stdin.write("\n".join(["[]", *lines(1), ""]))
    process.stdin.flush()
    server.wait_for_runs(1, 30)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read(filling) == b"x" * filling
        output, _ = process.communicate("{}\n", timeout=60)
        shown = re.findall("^-:[13]: ", pipe.read().decode(), re.MULTILINE)
    assert (process.returncode, output[:15], len(shown)) == (1, "3 lines, 1 sent", 2)


@pytest.mark.filterwarnings("default")
def test_a_warning_about_a_line_has_its_place_and_another_none(command, file, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    path = file([*lines(1), '{"name": "a", "stepRuns": [{"elapsedTme": 1}]}'])
    with Peer() as peer, names({"api.test": [peer.address]}):
        code, _, errors = command("send", path, "--host", f"{peer.at('api.test')}/api/v1")
    assert code == 0
    first, second = errors.splitlines()
    assert first.startswith("warning: the token ")
    assert second.startswith(f"{path}:2: warning: StepRun has no property 'elapsedTme'")


def test_a_file_takes_what_was_refused_with_the_reason(
    command, file, server, tmp_path, monkeypatch
):
    monkeypatch.setattr("gentrace.backfill.lines.MAX_LINE", 100)
    path, rejects = file(["[]", "x" * 101, *lines(1)]), tmp_path / "rejects.jsonl"
    code, _, errors = command("send", path, "--rejects", rejects)
    assert (code, errors) == (1, "")
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    first, second = map(json.loads, rejects.read_text().splitlines())
    assert first == {
        "file": str(path),
        "line": 1,
        "error": "expected an object that is a pipeline run, got list []",
        "content": "[]",
    }
    assert (second["line"], second["content"]) == (2, None)
    assert len(server.runs) == 1


def test_what_is_known_of_a_quiet_pipe_outlives_a_kill(start, tmp_path):
    """Each line that was refused is in its file, each that was acknowledged in the state."""
    rejects, state = tmp_path / "rejects.jsonl", tmp_path / "state"
    words = ("send", "--rejects", rejects, "--state", state, "-")
    with Peer(echo, reply(400), echo) as peer:
        process = start(*words, GENTRACE_HOST=peer.url)
        process.stdin.write("\n".join([*lines(2), "[]", ""]))
        process.stdin.flush()
        peer.wait(lambda: rejects.exists() and len(rejects.read_text().splitlines()) == 2)
        process.kill()
        process.communicate()
        output, _ = start(*words, GENTRACE_HOST=peer.url).communicate("\n".join(lines(2)), 60)
    assert output == "2 lines, 1 sent, 0 duplicates, 1 skipped, 0 rejected\n"


@pytest.mark.parametrize("taken", ["file", "link", "hard link", "standard input", "state"])
def test_rejects_overwrite_no_file_that_is_in_use(start, file, tmp_path, taken):
    path = file(lines(2))
    words, rejects = [path], tmp_path / "rejects"
    if taken == "file":
        rejects = tmp_path / "folder" / ".." / path.name
        (tmp_path / "folder").mkdir()
    elif taken == "link":
        rejects.symlink_to(path)
    elif taken == "hard link":
        rejects.hardlink_to(path)
    elif taken == "standard input":
        words, rejects = ["-"], path
    else:
        words = [path, "--state", rejects]
    with path.open() as given:
        process = start("send", *words, "--rejects", rejects, given=given)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (2, "")
    assert errors.endswith(" name another file\n")
    assert path.read_text().splitlines() == lines(2)


def test_a_device_may_be_what_is_read_and_take_rejects(command):
    assert command("send", "/dev/null", "--rejects", "/dev/null")[0] == 0


@pytest.mark.usefixtures("server")
def test_a_file_for_rejects_that_cannot_be_written_is_a_mistake(command, file, tmp_path):
    code, output, errors = command("send", file(lines(1)), "--rejects", tmp_path / "no" / "file")
    assert (code, output) == (2, "")
    assert "No such file or directory" in errors


def test_what_stops_it_midway_leaves_totals_and_the_way_on(command, file, server, tmp_path):
    """A file that is missing or damaged behind a good one, a full disk under what is written."""
    good, cut = file(lines(9)), file(lines(9), "cut.jsonl.gz")
    cut.write_bytes(cut.read_bytes()[:-4])
    missing, bad = tmp_path / "missing.jsonl", file([*lines(9), "[]", *lines(9)], "bad.jsonl")
    state = tmp_path / "state"
    for words, reason in [
        ((good, missing), f"[Errno 2] No such file or directory: {str(missing)!r}"),
        ((good, cut), f"{cut}: the gzip file is damaged: "),
        ((bad, "--rejects", "/dev/full"), "/dev/full: cannot be written: No space left on device"),
    ]:
        code, output, errors = command("send", *words)
        assert (code, output.count(" lines, ")) == (1, 1)
        assert errors.splitlines()[0].startswith(f"gentrace send: {reason}")
        assert errors.splitlines()[1] == (
            "gentrace send: run it again to go on: a server that knows idempotency keys stores "
            "nothing twice"
        )
    with disk_that_fills() as fill, Peer(echo, echo, then(fill, echo)) as peer:
        code, output, errors = command("send", good, "--state", state, "--host", peer.url)
    assert code == 1
    assert re.match(r"\d lines, \d sent, ", output)
    assert errors.startswith(f"gentrace send: {state}: cannot be used: ")
    assert len(server.runs) >= 9


@pytest.mark.usefixtures("server")
def test_a_first_file_that_is_missing_is_a_mistake(command, tmp_path):
    code, output, errors = command("send", tmp_path / "missing.jsonl")
    assert (code, output) == (2, "")
    assert errors.startswith("gentrace send: [Errno 2] No such file")


def test_a_property_holds_the_key(command, file, server):
    path = file([json.dumps({"name": name, "stepRuns": [], "id": "same"}) for name in "ab"])
    code, output, _ = command("send", path, "--key", "id")
    assert (code, output) == (1, "2 lines, 1 sent, 0 duplicates, 0 skipped, 1 rejected\n")
    assert len(server.runs) == 1


def test_what_a_state_knows_is_skipped(command, file, server, tmp_path):
    path, state = file(lines(3)), tmp_path / "state"
    assert command("send", path, "--state", state)[0] == 0
    code, output, _ = command("send", path, "--state", state)
    assert (code, output) == (0, "3 lines, 0 sent, 0 duplicates, 3 skipped, 0 rejected\n")
    assert len(server.runs) == 3


def test_a_server_that_is_down_is_one_line(command, file):
    with refuser() as (host, port):
        code, output, errors = command("send", file(lines(50)), "--host", f"http://{host}:{port}")
    assert (code, output) == (1, "1 lines, 0 sent, 0 duplicates, 0 skipped, 0 rejected\n")
    assert len(errors.splitlines()) == 1
    assert "Connection refused" in errors


def test_a_token_is_taken_from_the_environment_and_not_shown(command, file, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    with Peer(echo, reply(403)) as peer:
        code, output, errors = command("send", file(lines(9)), "--host", peer.url, "--parallel", 1)
        assert peer.requests[0]["Authorization"] == f"Bearer {TOKEN}"
    assert code == 1
    first, second = errors.splitlines()
    assert first.startswith("gentrace send: (403) ")
    assert second.startswith("gentrace send: run it again to go on")
    assert TOKEN not in output + errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--parallel", "0"), "--parallel: expected"),
        (("--rate", "0"), "--rate: expected"),
        (("--host", "ftp://x"), "--host: expected"),
    ],
)
def test_an_option_that_cannot_be_is_a_mistake(command, file, words, message):
    code, output, errors = command("send", file(lines(1)), *words)
    assert (code, output) == (2, "")
    assert errors.startswith(f"gentrace send: {message}")


def test_a_handler_of_ones_own_and_other_threads_are_left_alone(command, file, server):
    """Only the main thread may set one."""
    assert command("send", file(lines(1)))[0] == 0
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert command("send", file(lines(2)))[0] == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(command, "send", file(lines(3))).result(30)[0] == 0
    assert len(server.runs) == 3


def test_killed_at_random_and_run_again_it_stores_each_line_once(start, file, server):
    """With neither a state nor a word of the killed ones: the keys are made of the lines."""
    path = file(lines(100))
    chance = random.Random(8371)  # noqa: S311 - no secret
    for _ in range(5):
        process = start("send", path, GENTRACE_HOST=server.url)
        with suppress(TimeoutError):  # when all are stored
            server.wait_for_runs(len(server.runs) + chance.randrange(1, 20), timeout=20)
        process.kill()
        process.communicate()
    process = start("send", path, GENTRACE_HOST=server.url)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert output == "100 lines, 100 sent, 0 duplicates, 0 skipped, 0 rejected\n"
    assert sorted(run["name"] for run in server.runs) == sorted(f"run {n}" for n in range(100))


def test_progress_is_a_line_now_and_then(command, file, server, monkeypatch):
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.0)
    code, _, errors = command("send", file(lines(3)))
    assert code == 0
    assert errors.splitlines()[-1].startswith("3 lines, 3 sent, ")
    assert len(server.runs) == 3


def test_a_long_pause_is_said_with_its_reason_and_a_short_one_is_not(command, file, monkeypatch):
    monkeypatch.setattr(progress, "MIN_SHOWN_PAUSE", 1.0)
    monkeypatch.setattr(sending, "INITIAL_BACKOFF", 0.001)
    with Peer(reply(503), reply(429, {}, [("Retry-After", "1")]), echo) as peer:
        code, _, errors = command("send", file(lines(1)), "--host", peer.url)
    assert (code, errors) == (0, "(429) Too Many Requests: {}; trying again in 1 s\n")


def test_of_pauses_at_once_one_is_said(capsys):
    shown = progress.Progress(BackfillResult(), [])
    for status in (503, 429):
        shown.pause(ApiException(status), 30)
    assert capsys.readouterr().err == "(503); trying again in 30 s\n"


def test_a_terminal_without_tqdm_gets_lines(command, file, server, monkeypatch):
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.0)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, _, errors = command("send", file(lines(3)))
    assert code == 0
    assert errors.splitlines()[-1].startswith("3 lines, 3 sent, ")
    assert len(server.runs) == 3


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.jsonl.gz"])
def test_a_bar_on_a_terminal_shows_how_much_was_read_and_goes(
    start_on_terminal, file, server, name
):
    path = file(["[]", *lines(300)], name)
    code, output, screen = start_on_terminal("send", path, GENTRACE_HOST=server.url)
    assert (code, output) == (1, "301 lines, 300 sent, 0 duplicates, 0 skipped, 1 rejected\n")
    # What was refused is a line of its own, before the bar and not in it.
    refused = f"\r{path}:1: expected an object that is a pipeline run, got list []\r\n"
    assert refused in screen
    assert re.search(r"\r +\d+%\|.+\| \d\d:\d\d<.+, \d+ lines, \d+ sent, \d+ a second", screen)
    assert screen.endswith(" \r")


def test_a_bar_for_standard_input_has_no_end(start_on_terminal, server):
    code, _, screen = start_on_terminal(
        "send", "-", given="\n".join(lines(300)), GENTRACE_HOST=server.url
    )
    assert code == 0
    assert " lines, " in screen
    assert "%|" not in screen


PEAK = """
import sys
from contextlib import suppress
from gentrace.cli import main
code = main(sys.argv[1:])
peak, = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(peak.split()[1])
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_file(file):
    """Ten times as many runs of 1 MB each take at most as much as a few of them more."""
    peaks = []
    with Peer() as peer:
        for count in (10, 100):
            path = file(
                [
                    json.dumps({"name": str(n), "stepRuns": [], "x": "y" * 2**20})
                    for n in range(count)
                ]
            )
            command = [sys.executable, "-c", PEAK, "send", str(path), "--host", peer.url]
            done = subprocess.run(  # noqa: S603 - our own script
                command, capture_output=True, text=True, timeout=120, check=True
            )
            totals, peak = done.stdout.splitlines()  # of KiB
            assert totals.startswith(f"{count} lines, {count} sent, ")
            peaks.append(int(peak) // 1024)
            peer.requests.clear()
    assert peaks[1] - peaks[0] < 20, peaks
