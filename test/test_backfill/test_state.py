"""The file that remembers what was acknowledged."""

import json
import sqlite3
import stat
from functools import partial

import pytest
from support.full_disk import disk_that_fills
from support.peers import Peer, echo, reply

from gentrace import ApiValueError, Configuration
from gentrace.backfill import send_lines
from gentrace.backfill.state import State
from gentrace.exceptions import UnauthorizedException


def lines(names):
    return [json.dumps({"name": name, "stepRuns": []}) for name in names]


def test_what_was_acknowledged_is_not_sent_again(tmp_path):
    """For servers that know no keys."""
    state = tmp_path / "state"
    with Peer() as peer:
        configuration = Configuration(peer.url)
        first = send_lines(lines("aba"), configuration, state=state)
        second = send_lines(lines("abc"), configuration, state=str(state))
        assert (first.sent, first.duplicates, first.skipped) == (2, 1, 0)
        assert (second.sent, second.duplicates, second.skipped) == (1, 0, 2)
        third = send_lines(lines("abcd"), configuration, state=state)
        assert (third.sent, third.duplicates, third.skipped) == (1, 0, 3)
        assert [request.json()["name"] for request in peer.requests] == ["a", "b", "c", "d"]


def test_what_was_refused_or_failed_is_sent_again(tmp_path):
    state = tmp_path / "state"
    with Peer(reply(400), echo, reply(401), echo) as peer:
        configuration = Configuration(peer.url)
        with pytest.raises(UnauthorizedException):
            send_lines(lines("abc"), configuration, state=state, parallel=1)
        result = send_lines(lines("abc"), configuration, state=state, parallel=1)
        assert result.skipped == 1
        assert result.sent == 2


def test_without_a_file_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Peer() as peer:
        send_lines(lines("ab"), Configuration(peer.url))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_sqlite_takes_for_memory_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Peer() as peer:
        for name in ("a", "ab"):
            result = send_lines(lines(name), Configuration(peer.url), state=":memory:")
    assert (result.sent, result.skipped) == (1, 1)


def test_only_its_user_may_read_a_new_file(tmp_path):
    """Keys may be what runs hold; a file that is there keeps its mode."""
    new, known, link = tmp_path / "new", tmp_path / "known", tmp_path / "link"
    known.touch(0o640)
    link.symlink_to(tmp_path / "linked")
    states = (new, known, link)
    with Peer() as peer:
        for state in states:
            send_lines(lines("a"), Configuration(peer.url), state=state, key="name")
    assert [stat.S_IMODE(path.stat().st_mode) for path in states] == [0o600, 0o640, 0o600]


def test_a_disk_that_fills_up_is_an_error_that_names_the_state(tmp_path):
    """What was acknowledged before is known the next time."""
    state = tmp_path / "state"
    with Peer() as peer:
        configuration = Configuration(peer.url)
        with disk_that_fills() as fill, pytest.raises(OSError, match=f"{state}: cannot be used: "):
            send_lines(
                lines("abc"),
                configuration,
                state=state,
                on_progress=lambda result: result.sent == 1 and fill(),
            )
        assert send_lines(lines("abc"), configuration, state=state).skipped == 1


def test_a_state_that_another_call_uses_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))
    state = tmp_path / "state"
    with Peer() as peer, State(str(state), peer.url):
        with pytest.raises(OSError, match=f"{state}: cannot be used: it is already in use"):
            send_lines(lines("a"), Configuration(peer.url), state=state)
        assert not peer.connections


def test_a_state_of_another_server_is_refused(tmp_path):
    state = tmp_path / "state"
    with Peer() as peer, Peer() as other:
        send_lines(lines("a"), Configuration(peer.url), state=state)
        with pytest.raises(ApiValueError, match=f"it is of {peer.url}; name another file"):
            send_lines(lines("a"), Configuration(other.url), state=state)
        assert not other.connections


def test_a_file_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "theirs"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ApiValueError, match="expected a file of gentrace send, or a new one"):
        send_lines([], Configuration("http://127.0.0.1:1"), state=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: path.write_text("x" * 999)]
)
def test_what_is_no_database_is_an_error_that_names_it(tmp_path, make):
    path = tmp_path / "state"
    make(path)
    with pytest.raises(OSError, match=f"{path}: cannot be "):
        send_lines([], Configuration("http://127.0.0.1:1"), state=path)
