"""A delivery whose token the server refuses, with real requests."""

import pytest
from support.deliveries import RUN, HandClock, delivering
from support.peers import Peer, reply


@pytest.mark.parametrize("status", [401, 403])
def test_pause_is_warned_of_once_however_often_the_program_flushes(status, caplog):
    with Peer(reply(status)) as peer, delivering(peer, HandClock()) as delivery:

        def wait_for_tries(count):
            peer.wait(lambda: len(peer.requests) == count and not delivery.stats().in_flight)

        delivery.submit(RUN)
        for tries in (1, 2, 3):
            wait_for_tries(tries)
            assert not delivery.flush(0)
        wait_for_tries(4)
        # A thread of its own logs it.
        peer.wait(lambda: "pauses until token or settings change" in caplog.text)
    assert caplog.text.count("pauses until token or settings change") == 1
