"""Sending lines where the system has few threads, or none."""

import threading

import pytest
from support.backfill import line

from gentrace import ApiException


@pytest.fixture
def limit_threads(monkeypatch):
    """Let only so many threads send, as where the system has no more."""
    start = threading.Thread.start

    def limit(count, kind=RuntimeError):
        started = []

        def refuse(thread):
            if thread.name == "gentrace-backfill":
                if len(started) == count:
                    raise kind("can't start new thread")
                started.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)

    return limit


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError])
def test_fewer_threads_send_where_no_more_can_be_started(server, send, limit_threads, kind):
    limit_threads(2, kind)
    assert send(map(line, "abcdefgh"), parallel=6).sent == 8
    assert len(server.runs) == 8


def test_without_a_daemon_thread_nothing_is_sent_and_the_reason_is_given(server, send, monkeypatch):
    """A subinterpreter refuses to construct them."""

    def refuse(*_, **__):
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "__init__", refuse)
        with pytest.raises(ApiException, match="no thread can be had to send runs: daemon threads"):
            send([line("a")])
    assert server.runs == []


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError])
def test_without_any_thread_nothing_is_sent_and_the_reason_is_given(
    server, send, limit_threads, kind
):
    limit_threads(0, kind)
    with pytest.raises(ApiException, match="no thread can be had to send runs: can't start"):
        send(map(line, "ab"))
    assert server.runs == []
