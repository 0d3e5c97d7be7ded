"""Threads of the server that wait for work."""

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
