"""Runs of a spool whose bodies cannot be read: for now, or never again."""

from support.desks import HOST, Desk, damage, make_limits

from gentrace.delivery import DeliveryStats
from gentrace.delivery.run import Run
from gentrace.delivery.spool import Spool
from gentrace.delivery.spooled_queue import SpooledQueue


def test_a_body_that_cannot_be_read_now_is_read_later(desk):
    desk.accept(1)
    desk.execute("ALTER TABLE runs RENAME TO others")
    assert [desk.queue.take(now) for now in (0, 0, 1, 1)] == [0, 1, 0, 2]
    assert "cannot be read" in desk.said[0]
    assert desk.queue.stats.queued == 1
    desk.execute("ALTER TABLE others RENAME TO runs")
    assert desk.queue.take(3).body == b"{}"


def test_a_body_that_could_not_be_read_stays_on_disk(desk):
    (receipt,) = desk.accept(1)
    desk.execute("ALTER TABLE runs RENAME TO others")
    desk.queue.take(0)
    desk.queue.abandon(None)
    assert desk.ended() == {receipt: "spooled"}
    assert desk.queue.stats == DeliveryStats(1, queued=1)


def test_a_file_that_cannot_be_read_now_pauses_nothing(desk):
    """The server is not to blame."""
    desk.accept(3)
    desk.execute("ALTER TABLE runs RENAME TO others")
    for now in range(0, 600, 60):
        assert desk.queue.take(now) == 0
    assert not desk.queue.breaker.is_paused
    assert desk.queue.stats == DeliveryStats(3, queued=3, bytes=3 * 2048)
    desk.execute("ALTER TABLE others RENAME TO runs")
    assert desk.queue.take(600).body == b"{}"


def test_the_probe_of_a_pause_that_cannot_be_read_is_not_read_over_and_over(desk):
    desk.accept(1)
    for now in range(0, 500, 100):
        desk.queue.requeue(desk.queue.take(now), now, None, None)
    desk.execute("ALTER TABLE runs RENAME TO others")
    assert desk.queue.breaker.is_paused
    assert desk.queue.take(500) > 0
    desk.execute("ALTER TABLE others RENAME TO runs")
    assert desk.queue.take(501).body == b"{}"


def test_a_run_that_is_damaged_in_use_ends_as_expired(tmp_path, desk):
    """Nothing is paused for it."""
    left = Desk(tmp_path / "spool")
    left.accept(50, bytes(10_000))
    left.spool.close()
    (file,) = desk.adopt()
    desk.queue.deliver(desk.queue.take(0), "id")
    damage(file.path)
    for _ in range(2):
        assert desk.queue.take(0) == 0
    assert desk.dropped == ["expired"] * 2
    assert not desk.queue.breaker.is_paused


def test_a_run_whose_row_is_gone_ends_as_expired(desk):
    (receipt,) = desk.accept(1)
    desk.execute("DELETE FROM runs")
    assert desk.queue.take(0) == 0
    desk.queue.abandon(None)  # does not end it again
    assert desk.ended() == {receipt: "expired"}
    assert desk.dropped == ["expired"]
    assert desk.queue.stats.in_flight == 0


def test_a_run_that_something_keeps_from_being_read_is_in_flight_no_more(tmp_path, desk):
    """Here it is a clock that fails."""
    answers = iter([ValueError, None])

    def time():
        if next(answers) is not None:
            raise ValueError
        return 0.0

    limits = make_limits(max_runs=3)
    spool = Spool(tmp_path / "other", limits, lambda: HOST, time, desk.say)
    queue = SpooledQueue(limits, lambda most: most, desk.count_drop, spool)
    queue.accept(Run("key", b"{}"))
    assert queue.take(0) == 0
    assert (queue.stats.queued, queue.stats.in_flight) == (1, 0)
    assert "cannot be read" in desk.said[0]
    assert queue.take(60).body == b"{}"
    spool.close()


def test_the_next_run_is_the_probe_of_a_pause_if_the_first_is_gone(desk):
    desk.accept(2)
    for now in range(5):
        desk.queue.requeue(desk.queue.take(100 * now), 100 * now, None, None)
    desk.execute("DELETE FROM runs WHERE id = 2")
    assert desk.queue.breaker.is_paused
    while (found := desk.queue.take(500)) == 0:
        pass
    assert (found.number, desk.queue.stats.dropped) == (1, {"expired": 1})
