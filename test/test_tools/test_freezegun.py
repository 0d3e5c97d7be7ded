"""freezegun: what waits is measured by a clock that does not stand still."""

import pytest
from support.peers import Peer, echo, reply, stall

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


@pytest.mark.parametrize("name", ["kit_across", "kit_within"])
def test_kits_server_serves_and_ends_while_the_clock_stands_still(run, name):
    with Peer() as peer:
        assert run("freezegun", name, peer) == {"names": ["answer-question"]}


def test_local_server_waits_no_longer_for_its_database_while_the_clock_stands_still(run):
    with Peer() as peer:
        seen = run("freezegun", "busy", peer)
    assert seen["kind"] == "ServiceException"
    assert "another process is writing to the database" in seen["words"]


def test_step_takes_its_own_time_though_the_clock_stops_within(run):
    with Peer() as peer:
        assert 0 <= run("freezegun", "step", peer, GENTRACE_HOST=peer.url)["elapsed"] < 30_000


def test_flush_ends_in_its_time_while_the_clock_stands_still(run):
    with Peer(stall) as peer:
        assert run("freezegun", "flush", peer) == {"answers": [False, False]}


def test_run_in_a_spool_is_as_old_as_it_is_though_the_clock_stood_still(run):
    with Peer(reply(503), echo) as peer:
        assert run("freezegun", "spool", peer) == {"is_delivered": True, "is_closed": True}
