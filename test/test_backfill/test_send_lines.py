"""Sending lines: what is stored, counted and refused."""

import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from support.backfill import at_least, counts, line
from support.peers import Peer, echo, reply, then

from gentrace import ApiException, ApiTypeError, ApiValueError, Configuration
from gentrace.backfill import BackfillResult, Reject, send_bag, send_lines, sending
from gentrace.backfill.arguments import MAX_INTERVAL, check_rate


def test_each_line_is_stored_once(server, send):
    names = [f"run {n}" for n in range(20)]
    result = send([*map(line, names), "", b"  \n"])
    assert result == BackfillResult(lines=20, sent=20)
    assert sorted(run["name"] for run in server.runs) == sorted(names)


def test_equal_lines_are_one_run_and_spaces_around_them_do_not_matter(server, send):
    result = send([line("a"), line("b"), f"  {line('a')}\n", line("a").encode()])
    assert counts(result) == (4, 2, 2, 0, 0)
    assert len(server.runs) == 2


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff".encode()])
def test_byte_order_mark_does_not_make_another_line(server, send, mark):
    """As for `gentrace send`, so that a file is sent once by either."""
    text = line("a")
    send([mark + (text if isinstance(mark, str) else text.encode())])
    send([text])
    assert len(server.runs) == 1


def test_lines_that_are_sent_again_are_stored_once(server, send):
    for _ in range(2):
        assert send(map(line, "abc")).sent == 3
    assert len(server.runs) == 3


def test_a_property_may_hold_the_key(server, send):
    longest = "x" * 255
    first = send([line("a", id=longest), line("a", id=2)], key="id")
    again = send([line("a", id=longest)], key="id")
    assert (first.sent, again.sent, len(server.runs)) == (2, 1, 2)


def test_another_run_with_the_key_of_one_before_is_rejected(server, send):
    """Not dropped as a duplicate; 7 and "7" are the same key."""
    same = line("a", id=7).replace(":", " :  ")
    texts = [line("a", id=7), line("b", id="7"), same, line("c", id=7)]
    result = send(texts, key="id")
    assert counts(result) == (4, 1, 1, 0, 2)
    assert all("(409) Conflict" in reject.reason for reject in result.rejects)
    assert [run["name"] for run in server.runs] == ["a"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "expected the key in the property 'id', which is missing"),
        ({"id": None}, "expected a string or an integer, got None at $.id"),
        ({"id": True}, "expected a string or an integer, got bool True at $.id"),
        ({"id": ""}, "expected printable ASCII characters, got str '' at $.id"),
        ({"id": " a"}, "expected printable ASCII characters, got str ' a' at $.id"),
        ({"id": "a\tb"}, r"expected printable ASCII characters, got str 'a\tb' at $.id"),
        ({"id": "\u00e9"}, "expected printable ASCII characters, got str 'é' at $.id"),
        ({"id": "x" * 256}, "expected at most 255 characters, got 256 at $.id"),
    ],
)
def test_a_line_without_a_key_that_can_be_one_is_rejected(server, send, more, reason):
    result = send([line("a", **more)], key="id")
    assert [reject.reason for reject in result.rejects] == [reason]
    assert server.runs == []


def test_what_is_no_run_is_rejected_with_its_place_and_the_rest_is_sent(server, send):
    result = send(["[]", line("a"), "nope", '{"name": "b"}', "\ud800"])
    assert counts(result) == (5, 1, 0, 0, 4)
    assert [reject.line.number for reject in result.rejects] == [1, 3, 4, 5]
    assert "missing the required property 'stepRuns'" in result.rejects[2].reason
    assert len(server.runs) == 1


def test_what_the_server_refuses_is_rejected_with_its_reason():
    steps = [echo, reply(400, {"error": "too early"}), reply(413)]
    with Peer(*steps) as peer:
        result = send_lines(map(line, "abc"), Configuration(peer.url), parallel=1)
    assert counts(result) == (3, 1, 0, 0, 2)
    assert "too early" in result.rejects[0].reason
    assert len(peer.requests) == 3


@pytest.mark.parametrize("between", [0, 5], ids=["under way", "answered"])
def test_a_line_with_the_key_of_a_refused_one_is_sent(between):
    """However late it is known that that one is refused."""
    texts = [
        line("first", id=0),
        line("too large", id=1),
        *[line("other", id=n) for n in range(2, 2 + between)],
        line("small", id=1),
        line("small", id=1),
    ]

    def answer(talk, request):
        reply(413 if request.json()["name"] == "too large" else 200)(talk, request)

    with Peer(answer) as peer:
        result = send_lines(texts, Configuration(peer.url), key="id")
        names = [request.json()["name"] for request in peer.requests]
    assert counts(result) == (4 + between, 2 + between, 1, 0, 1)
    assert names.count("small") == 1


def test_rejects_go_where_the_caller_wants_them(send):
    seen = []
    result = send(["[]", line("a")], on_reject=seen.append)
    assert [type(each) for each in seen] == [Reject]
    assert (result.rejects, result.rejected) == ([], 1)


def test_a_callback_for_rejects_that_is_empty_is_called(send):
    class Rejects(list):
        __call__ = list.append

    seen = Rejects()
    result = send(["[]"], on_reject=seen)
    assert (len(seen), result.rejects) == (1, [])


def test_rejects_may_be_taken_out_of_the_result_meanwhile(send):
    taken = []

    def take(result):
        taken.extend(result.rejects)
        result.rejects = []

    assert send(["[]"] * 3, on_progress=take).rejected == len(taken) == 3


@pytest.mark.parametrize(
    "answers",
    [
        [reply(200, b"stored!")],
        [reply(200, b"stored!", content_type="text/plain")],
        [reply(204, b"", content_type="text/plain")],
        [echo, reply(200, b"stored!", content_type="text/html")],
    ],
)
def test_an_answer_that_cannot_be_read_counts_as_stored(answers):
    with Peer(*answers) as peer:
        assert send_lines(map(line, "ab"), Configuration(peer.url)).sent == 2


UNREADABLE = {
    "length": {"headers": [("Content-Length", "abc")]},
    "gzip": {"headers": [("Content-Encoding", "gzip")]},
    "chunk": {"headers": [("Content-Length", None), ("Transfer-Encoding", "chunked")]},
    "size": {"body": b"x" * 2000},
}
"""Answers of which the status alone can be read, where 1,000 bytes are allowed."""


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("flaw", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("status", [400, 401, 413, 500, 503])
def test_an_error_that_cannot_be_read_is_that_error(tmp_path, status, flaw):
    """And no run that is stored, which a state would never send again."""
    tries = sending.MAX_TRIES if status >= 500 else 1
    with Peer(*[reply(status, **flaw)] * tries, echo) as peer:
        configuration = Configuration(peer.url, max_response_body=1000)

        def send():
            return send_lines([line("a")], configuration, state=tmp_path / "state")

        if status in {400, 413}:
            result = send()
            assert counts(result) == (1, 0, 0, 0, 1)
            assert f"({status})" in result.rejects[0].reason
        else:
            with pytest.raises(ApiException) as caught:
                send()
            assert caught.value.status == status
        assert len(peer.requests) == tries
        assert send().sent == 1


def test_so_many_are_sent_at_once():
    barrier = threading.Barrier(3)
    together = then(lambda *_: barrier.wait(20), echo)
    with Peer(echo, *[together] * 6) as peer:
        assert send_lines(map(line, "abcdefg"), Configuration(peer.url), parallel=3).sent == 7
        assert peer.connections == 3


def test_lines_are_read_as_they_are_sent():
    """So that memory is bounded: no more are read than may be under way."""
    released = threading.Event()
    read = []

    def lines():
        for number in range(50):
            read.append(number)
            yield line(f"run {number}")

    with Peer(echo, then(lambda *_: released.wait(20), echo)) as peer:
        thread = threading.Thread(
            target=send_lines, args=(lines(), Configuration(peer.url)), kwargs={"parallel": 2}
        )
        thread.start()
        peer.wait(lambda: len(peer.requests) == 3)
        peer.wait(lambda: len(read) == 4)
        released.set()
        thread.join()
    assert len(read) == 50


def test_the_rate_is_kept(send):
    with at_least(0.4):
        assert send(map(line, "abcde"), rate=10).sent == 5


@pytest.mark.parametrize(
    ("rate", "seconds"), [(None, 0), (4, 0.25), (0.5, 2), (1e-10, MAX_INTERVAL)]
)
def test_a_rate_is_the_time_between_two_lines(rate, seconds):
    assert check_rate(rate) == seconds


def test_a_line_that_is_sent_already_is_told_too(send, tmp_path):
    seen = []
    settings = {
        "state": tmp_path / "state",
        "on_progress": lambda result: seen.append(counts(result)),
    }
    send([line("a"), line("a")], **settings)
    assert seen[-1] == (2, 1, 1, 0, 0)
    send([line("a")], **settings)
    assert seen[-1] == (1, 0, 0, 1, 0)


def test_the_rate_is_kept_after_lines_that_were_long_in_coming(send):
    read = []

    def lines():
        yield line("first")
        time.sleep(0.3)
        for name in "abcd":
            read.append(time.monotonic())
            yield line(name)

    assert send(lines(), rate=20).sent == 5
    assert read[3] - read[0] >= 0.1  # the fourth is read when the third has been sent


def test_what_became_of_a_line_is_noted_though_the_next_is_long_in_coming(tmp_path):
    """As of a log that is followed: its last runs are acknowledged, and nothing comes after."""
    state, seen = tmp_path / "state", []
    latest = BackfillResult()
    ended = threading.Event()

    def progress(result):
        nonlocal latest
        latest = result
        if result.sent + result.rejected == 5:
            ended.set()

    with Peer(echo, echo, echo, reply(400), echo) as peer:

        def lines():
            yield from map(line, "abcd")
            yield "[]"
            assert ended.wait(60)
            seen.append((latest.sent, latest.rejected, len(rejects)))
            # The file itself is locked.
            for file in tmp_path.glob("state*"):
                shutil.copy(file, tmp_path / f"seen-{file.name}")
            yield line("e")

        rejects = []
        where = {"state": state, "on_reject": rejects.append, "on_progress": progress}
        result = send_lines(lines(), Configuration(peer.url), **where)
    assert seen == [(3, 2, 2)]
    assert counts(result) == (6, 4, 0, 0, 2)
    with closing(sqlite3.connect(tmp_path / "seen-state")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM acknowledged").fetchone() == (3,)


def test_progress_is_told_after_each_line_and_each_outcome(send):
    seen = []
    send(map(line, "abc"), on_progress=lambda result: seen.append((result.lines, result.sent)))
    assert seen[-1] == (3, 3)
    assert {lines for lines, _ in seen} == {1, 2, 3}
    assert {sent for _, sent in seen} == {0, 1, 2, 3}


def test_an_error_of_the_lines_ends_it_and_what_was_begun_is_counted():
    """Also what the server answers only later."""
    seen = []
    late = then(lambda *_: time.sleep(0.2), echo)
    with Peer(echo, late, reply(400)) as peer:

        def lines():
            yield from map(line, "abc")
            peer.wait(lambda: len(peer.requests) == 3)
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            send_lines(lines(), Configuration(peer.url), on_progress=seen.append)
        assert counts(seen[-1]) == (3, 2, 0, 0, 1)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"configuration": "http://user:hidden@127.0.0.1"}, ApiTypeError),
        ({"parallel": 0}, ApiValueError),
        ({"parallel": "2"}, ApiTypeError),
        ({"rate": 0}, ApiValueError),
        ({"rate": float("nan")}, ApiValueError),
        ({"rate": True}, ApiTypeError),
        ({"rate": "5"}, ApiTypeError),
        ({"key": 5}, ApiTypeError),
        ({"key": ""}, ApiValueError),
        ({"state": 5}, ApiTypeError),
        ({"state": b"state"}, ApiTypeError),
        ({"state": ""}, ApiValueError),
        ({"state": "a\0b"}, ApiValueError),
        ({"on_reject": 5}, ApiTypeError),
        ({"on_progress": []}, ApiTypeError),
        ({"on_pause": 5}, ApiTypeError),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, kind):
    given = {"configuration": Configuration("http://127.0.0.1:1"), **settings}
    with pytest.raises(kind, match=f"^{next(iter(settings))}: expected ") as caught:
        send_lines([], **given)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("lines", ["runs.jsonl", b"runs", {"name": "a"}, None, 5])
def test_what_is_no_lines_is_refused(send, lines):
    with pytest.raises(ApiTypeError, match=r"^lines: expected lines to iterate over"):
        send(lines)


@pytest.mark.parametrize("value", [{"name": "a", "stepRuns": []}, None, bytearray(b"{}")])
def test_a_line_that_is_no_text_ends_it(server, send, value):
    with pytest.raises(ApiTypeError, match=r"^lines: line 3: expected JSON as str or bytes"):
        send([line("a"), "", value, line("b")])
    assert [run["name"] for run in server.runs] == ["a"]


def test_the_slowest_rate_is_one_that_can_be_waited_for(server):
    """It is centuries until the second run would be sent."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        with pytest.raises(KeyboardInterrupt):
            send_lines(map(line, "ab"), Configuration(server.url), rate=5e-324)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_bag_is_one_of_dask():
    with pytest.raises(ApiTypeError, match=r"^bag: expected a dask\.bag\.Bag, got list"):
        send_bag([line("a")])


def test_the_default_configuration_is_taken(server, monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", server.url)
    assert send_lines([line("a")]).sent == 1
