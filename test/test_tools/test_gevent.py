"""gevent, patched early: calls work, run side by side, and keep their deadlines."""

import pytest
from support.peers import echo, stall

pytest.importorskip("gevent")


def test_calls_work_and_nothing_is_said_on_standard_error(run, scheme):
    with scheme() as peer:
        assert run("gevent", "calls", peer) == {"runs": ["one", "two"]}


def together(talk, request):
    talk.peer.wait(lambda: len(talk.peer.requests) == 10)
    echo(talk, request)


def test_calls_of_several_greenlets_are_under_way_at_once(run, scheme):
    with scheme(together) as peer:
        seen = run("gevent", "concurrent", peer)
    assert seen["runs"] == [f"key{number}" for number in range(10)]


@pytest.mark.parametrize("phase", ["connection", "answer"])
def test_deadline_holds_and_other_greenlets_run(run, scheme, phase):
    with scheme(stall, **({"greet": stall} if phase == "connection" else {})) as peer:
        seen = run("gevent", "deadline", peer)
    assert seen["kind"] == "ApiTimeoutException"
    assert seen["took"] < 2
    assert seen["ticks"] > 2


def test_deadlines_of_several_greenlets_hold_at_once(run, scheme):
    with scheme(stall) as peer:
        assert run("gevent", "deadlines", peer) == {"kinds": ["ApiTimeoutException"] * 10}
