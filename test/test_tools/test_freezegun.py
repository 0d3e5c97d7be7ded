"""freezegun: deadlines are measured by a clock that does not stand still."""

import pytest
from support.peers import Peer, stall

pytest.importorskip("freezegun")


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("tool_first", ["one", "two"]),
        ("call_first", ["one", "two", "three"]),
        ("jump", ["one", "two"]),
    ],
)
def test_calls_work_while_the_clock_stands_still_or_jumps(run, scheme, name, runs):
    with scheme() as peer:
        assert run("freezegun", name, peer) == {"runs": runs}


@pytest.mark.parametrize("name", ["deadline_tool_first", "deadline_call_first"])
def test_deadline_holds_while_the_clock_stands_still(run, name):
    with Peer(stall) as peer:
        seen = run("freezegun", name, peer)
    assert seen["kind"] == "ApiTimeoutException"
    assert 0.5 < seen["took"] < 2
