"""How fast `gentrace send` sends."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError

from support.backfill import at_least, line
from support.peers import Peer, echo, then


def test_as_many_lines_are_sent_at_once_as_are_asked_for(command, file):
    together = Barrier(6)

    def meet(*_):
        with suppress(BrokenBarrierError):
            together.wait(10)

    # The first line goes alone.
    with Peer(echo, then(meet, echo)) as peer:
        words = ["send", file(map(line, "abcdefg")), "--host", peer.url, "--parallel", 6]
        assert command(*words)[0] == 0
    assert not together.broken


def test_no_more_lines_are_sent_a_second_than_are_asked_for(command, file):
    with Peer() as peer, at_least(0.4):
        words = ["send", file(map(line, "abc")), "--host", peer.url, "--rate", 5]
        assert command(*words)[0] == 0
    assert len(peer.requests) == 3
