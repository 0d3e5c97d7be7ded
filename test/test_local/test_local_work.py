"""Threads of the server that wait for work."""

import threading

import pytest

from gentrace.local.threads import ThreadPool


def test_they_do_what_was_submitted_and_nothing_after_their_end():
    workers = ThreadPool(1, "worker")
    done = workers.submit(int, "7")
    workers.shutdown(wait=False)
    assert done.result(10) == 7
    with pytest.raises(RuntimeError, match="have ended"):
        workers.submit(int, "8")
    workers.shutdown()


def test_if_one_of_them_does_not_start_the_others_end(monkeypatch):
    start = threading.Thread.start

    def start_if_there_is_room(thread):
        if thread.name == "worker-2":
            raise RuntimeError("can't start new thread")
        start(thread)

    before = set(threading.enumerate())
    monkeypatch.setattr(threading.Thread, "start", start_if_there_is_room)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        ThreadPool(3, "worker")
    assert set(threading.enumerate()) <= before
