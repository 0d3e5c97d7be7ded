"""Waiting for a receipt in vain: what the `TimeoutError` says."""

import signal

import pytest
from support.deliveries import RUN, HandClock, delivering
from support.peers import Peer, head_of, raw, reply, stall

import gentrace


def test_it_says_why_the_last_try_failed():
    with Peer(reply(503)) as peer, delivering(peer, clock=HandClock()) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: peer.requests and not delivery.stats().in_flight)
        for wait in (receipt.result, receipt.exception):
            with pytest.raises(TimeoutError, match=r"not delivered yet; .* failed: \(503\)"):
                wait(0)
        delivery.close(0)
        assert receipt.exception(0).reason == "closed"


def test_before_a_try_has_failed_it_says_that_the_run_is_not_delivered():
    with Peer(stall) as peer, delivering(peer) as delivery:
        receipt = delivery.submit(RUN)
        with pytest.raises(TimeoutError, match=r"^the run is not delivered yet$"):
            receipt.result(0)


@pytest.mark.parametrize(
    "answer",
    [reply(400), raw(head_of(headers={"Transfer-Encoding": "chunked"}), "no size\r\n")],
    ids=["refused", "stored"],
)
def test_what_was_wrong_with_another_run_is_no_reason(answer):
    with Peer(answer, stall) as peer, delivering(peer) as delivery:
        delivery.submit(RUN).exception(30)
        receipt = delivery.submit(RUN)
        with pytest.raises(TimeoutError, match=r"^the run is not delivered yet$"):
            receipt.result(0)
        delivery.close(0)
        assert receipt.exception(0).__cause__ is None


def test_inside_of_a_run_it_says_that_the_run_has_not_ended():
    with Peer() as peer, delivering(peer) as delivery:
        run = gentrace.Pipeline("answer-question", delivery=delivery).start()
        with pytest.raises(TimeoutError, match="the run has not ended: leave its `with`"):
            run.receipt.result(0)
        assert run.submit().result(30)


def test_an_error_of_a_signal_handler_passes_unchanged():
    def strike(*_):
        raise TimeoutError("of a handler")

    with Peer(stall) as peer, delivering(peer) as delivery:
        receipt = delivery.submit(RUN)
        before = signal.signal(signal.SIGALRM, strike)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(TimeoutError, match=r"^of a handler$"):
                receipt.result(30)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
