"""The state machine alone, with time in the test's hand: outages of any length, in no time."""

import random
from collections import Counter
from math import inf

import pytest
from support.deliveries import balances
from support.desks import make_limits

from gentrace.delivery.queue import RunQueue
from gentrace.delivery.receipt import Receipt
from gentrace.delivery.run import Run

WORKERS = 4


class World:
    """A queue, workers that take no time to send but `latency`, and a server that a test plays."""

    def __init__(self, seed=1, latency=0.1, **limits):
        draw = random.Random(seed).uniform  # noqa: S311 - no secret
        self.dropped = Counter()
        self.queue = RunQueue(
            make_limits(**limits),
            lambda most: draw(0, most),
            lambda reason, _cause: self.dropped.update([reason]),
        )
        self.breaker = self.queue.breaker
        self.now = 0.0
        self.latency = latency
        self.under_way = []
        self.tries = []

    def accept(self, count=1, body=b"{}"):
        runs = [Run(f"key {n}", body, receipt=Receipt()) for n in range(count)]
        for run in runs:
            self.queue.accept(run)
        return runs

    def work(self, until, answer):
        """Have workers send until some moment; `answer(run, now)` says what the server does."""
        while True:
            wait = 0.0
            while len(self.under_way) < WORKERS:
                found = self.queue.take(self.now)
                assert balances(self.queue.stats)
                if isinstance(found, float):
                    wait = found
                    break
                self.tries.append((self.now, found))
                self.under_way.append((self.now + self.latency, found))
            ends = [end for end, _ in self.under_way]
            nexts = [*ends, self.now + wait] if len(self.under_way) < WORKERS else ends
            self.now = max(self.now, min(nexts))
            if self.now >= until:
                self.now = until
                return
            for end, run in [item for item in self.under_way if item[0] <= self.now]:
                self.under_way.remove((end, run))
                self.settle(run, answer(run, self.now))
                assert balances(self.queue.stats)

    def settle(self, run, status):
        status, asked = status if isinstance(status, tuple) else (status, None)
        if status == 200:
            self.queue.deliver(run, "id")
        elif status in {401, 403}:
            self.queue.deny(run, self.now, "settings", None)
        elif status >= 500 or status in {0, 408, 429}:
            self.queue.requeue(run, self.now, asked, None)
        else:
            self.queue.refuse(run, None)


def answers(status):
    return lambda _run, _now: status


@pytest.mark.parametrize("minutes", [1, 5, 10, 60, 24 * 60])
def test_an_outage_costs_few_requests(minutes):
    """Those needed, 10 and one for each 25 s: the tail of so many random waits included."""
    spent = []
    seeds = 50 if minutes <= 60 else 3
    for seed in range(seeds):
        world = World(seed)
        world.accept(200)
        world.work(60 * minutes, answers(503))
        spent.append(len(world.tries))
        world.work(world.now + 300, answers(200))
        assert world.queue.stats.delivered == 200
    bound = 10 + 60 * minutes / 25
    within = sum(count <= bound for count in spent)
    assert within >= 0.98 * seeds, sorted(spent)


@pytest.mark.parametrize("asked", [0.0, 1.0])
def test_a_server_that_asks_for_little_each_time_is_asked_no_oftener(asked):
    world = World()
    world.accept(20)
    world.work(3600, answers((503, asked)))
    assert len(world.tries) <= 10 + 3600 / 25


def test_skipping_the_backoff_ends_no_wait_that_was_asked_for_but_what_is_beyond_it():
    """The probe of a long outage is told to wait for 5 s; the wait drawn is longer."""
    world = World(latency=0)
    world.accept(1)
    world.work(3600, answers(503))
    world.queue.skip_backoff(world.now)
    probe = world.queue.take(world.now)
    world.queue.requeue(probe, world.now, 1.0, None)
    world.queue.skip_backoff(world.now)
    assert world.queue.take(world.now) == 1.0


def test_five_failures_in_a_row_pause_the_whole_delivery():
    world = World()
    world.accept(100)
    world.work(0.5, answers(500))
    assert len(world.tries) == 5
    assert world.breaker.is_paused


def test_a_success_in_between_counts_from_the_start():
    world = World(latency=0.01)
    world.accept(40)
    count = iter(range(1000))
    world.work(0.2, lambda _run, _now: 200 if next(count) % 5 == 4 else 500)
    assert not world.breaker.is_paused


def test_the_run_least_recently_tried_is_the_probe():
    world = World(latency=0.01)
    world.accept(8)
    world.work(3600, answers(0))
    first = [run for _, run in world.tries[:8]]
    assert len(set(map(id, first))) == 8
    later = [run for _, run in world.tries[8:]]
    for place, run in enumerate(later[:-8]):
        assert later[place + 8] is run


def test_probes_go_one_at_a_time_until_one_succeeds():
    world = World(latency=1)
    world.accept(100)
    most = []

    def answer(_run, now):
        if world.breaker.is_paused and now > 30:
            most.append(len(world.under_way))
        return 503 if now < 600 else 200

    world.work(2000, answer)
    assert max(most) == 0  # besides the one that is answered
    assert world.queue.stats.delivered == 100


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (300.0, 300.0), (86400.0, 300.0)])
def test_retry_after_pauses_at_once(asked, waited):
    world = World(latency=0)
    world.accept(1)
    world.work(0.001, answers((429, asked)))
    world.accept(1)
    assert world.queue.take(world.now) == pytest.approx(waited, abs=0.01)
    world.queue.skip_backoff(world.now)
    assert world.queue.take(world.now) == pytest.approx(waited, abs=0.01)
    assert isinstance(world.queue.take(waited), Run)
    assert world.queue.take(waited) == inf


def test_a_pause_that_the_server_did_not_ask_for_ends_when_the_backoff_is_skipped():
    world = World(latency=0)
    world.accept(20)
    world.work(0.001, answers(503))
    assert world.breaker.is_paused
    world.queue.skip_backoff(world.now)
    assert isinstance(world.queue.take(world.now), Run)


def test_the_longest_of_several_waits_that_were_asked_for_holds():
    world = World()
    runs = world.accept(2)
    for asked, _ in zip((50.0, 20.0), runs, strict=True):
        run = world.queue.take(0)
        world.under_way.append((asked, run))
    for asked, run in world.under_way:
        world.queue.requeue(run, 0, asked, None)
    assert world.queue.take(1) == 49


def probing():
    """A world in a pause, a run that is under way since before it, and the probe, taken at 100."""
    world = World()
    world.accept(8)
    *failing, late = [world.queue.take(0) for _ in range(6)]
    for run in failing:
        world.settle(run, 503)
    world.now = 100
    return world, late, world.queue.take(100)


@pytest.mark.parametrize("status", [503, 401])
def test_a_failed_probe_shortens_no_wait_that_another_run_was_asked_for(status):
    world, late, probe = probing()
    world.settle(late, (503, 200.0))
    world.settle(probe, status)
    assert world.queue.take(100) == 200


def test_a_success_of_a_run_sent_before_does_not_end_a_pause():
    world = World()
    world.accept(3)
    first, second = world.queue.take(0), world.queue.take(0)
    world.queue.requeue(first, 0, 30.0, None)
    world.queue.deliver(second, "id")
    assert world.queue.take(0) == 30


def test_a_failure_of_a_run_sent_before_does_not_lengthen_a_pause():
    world = World()
    world.accept(3)
    first, second = world.queue.take(0), world.queue.take(0)
    world.queue.requeue(first, 0, 30.0, None)
    world.queue.requeue(second, 1, None, None)
    assert world.queue.take(1) == 29


@pytest.mark.parametrize("status", [500, 403])
def test_one_run_that_always_fails_is_dropped_and_the_others_are_delivered(status):
    world = World()
    poisoned, *others = world.accept(50)

    def answer(run, _now):
        return status if run is poisoned else 200

    for _ in range(10):
        others += world.accept(1)
        world.work(world.now + 120, answer)
    stats = world.queue.stats
    assert stats.dropped == {"refused": 1}
    assert stats.delivered == len(others)


def test_a_run_that_fails_as_all_others_do_is_kept():
    world = World()
    world.accept(2)
    world.work(86400, answers(500))
    assert world.queue.stats.dropped == {}
    assert min(run.failures for _, run in world.tries) > 5


def test_a_sporadic_failure_holds_up_no_other():
    world = World(latency=0.1)
    runs = world.accept(100)
    world.work(5, lambda run, _now: 500 if run in runs[::10] and run.failures == 0 else 200)
    first = {run: now for now, run in reversed(world.tries)}
    assert len(first) == 100
    assert max(first.values()) < 3.5  # 25 rounds of four, and what little the failures take


def test_a_refusal_says_nothing_about_others():
    """A 413 of a probe is no success: the next probe follows, and one at a time."""
    world = World(latency=0.01)
    world.accept(10)
    world.work(0.1, answers(503))
    world.queue.skip_backoff(world.now)
    probe = world.queue.take(world.now)
    world.queue.refuse(probe, None)
    assert world.breaker.is_paused
    assert isinstance(world.queue.take(world.now), Run)
    assert world.queue.take(world.now) == inf


def test_401_pauses_for_a_minute_or_until_settings_change():
    world = World(latency=0)
    world.accept(3)
    world.work(0.001, answers(401))
    assert world.queue.take(world.now) == pytest.approx(60, abs=0.01)
    assert world.breaker.waits_for_settings
    world.breaker.check_settings("settings", world.now)
    assert world.breaker.waits_for_settings
    world.breaker.check_settings("others", world.now)
    assert not world.breaker.waits_for_settings
    world.breaker.check_settings("still others", world.now + 9)
    run = world.queue.take(world.now)
    world.queue.deliver(run, "id")
    assert not world.breaker.is_paused


@pytest.mark.parametrize("status", [503, 401])
def test_a_run_tried_before_the_pause_ends_no_probe(status):
    world, late, probe = probing()
    world.settle(late, status)
    assert world.queue.take(1000) == inf
    world.settle(probe, 200)
    assert isinstance(world.queue.take(1000), Run)


def test_a_pause_for_settings_begins_once():
    world = World()
    world.accept(3)
    runs = [world.queue.take(0) for _ in range(3)]
    news = [world.queue.deny(run, 0, "settings", None) for run in runs]
    assert news == [True, False, False]
    probe = world.queue.take(60)
    assert world.queue.deny(probe, 60, "settings", None)


def test_flushes_during_a_pause_for_settings_warn_once_in_its_time():
    world = World()
    world.accept()
    news = []
    for now in (0, 1, 59, 60, 61):
        world.queue.breaker.skip_backoff(now)
        news.append(world.queue.deny(world.queue.take(now), now, "settings", None))
    assert news == [True, False, False, True, False]
    world.queue.breaker.check_settings("others", 62)
    assert world.queue.deny(world.queue.take(62), 62, "others", None)


def test_the_newest_run_is_dropped_when_there_is_no_room():
    world = World(max_runs=3)
    runs = world.accept(5)
    assert [receipt for receipt, _ in world.queue.endings] == [run.receipt for run in runs[3:]]
    assert world.queue.stats.dropped == {"queue_full": 2}
    assert world.queue.stats.bytes == 3 * (2048 + 2)
    assert all(run.is_accepted for run in runs)


def test_runs_in_flight_and_those_that_are_tried_again_take_room():
    world = World(max_runs=3)
    world.accept(3)
    failed = world.queue.take(0)
    world.settle(failed, 503)
    assert world.queue.take(0) is not failed
    world.accept()
    assert world.queue.stats.dropped == {"queue_full": 1}


def test_bytes_are_bounded_with_2_kib_a_run_and_what_is_in_flight():
    world = World(max_bytes=10 * (2048 + 1000))
    world.accept(8, body=b"x" * 1000)
    for _ in range(4):
        world.queue.take(0)
    world.accept(8, body=b"x" * 1000)
    assert world.queue.stats.queued + world.queue.stats.in_flight == 10
    assert world.queue.stats.bytes == 10 * (2048 + 1000)
    assert world.queue.stats.dropped == {"queue_full": 6}


def test_a_run_that_was_given_up_while_it_was_sent_counts_once():
    world = World()
    world.accept(4)
    runs = [world.queue.take(0) for _ in range(4)]
    world.queue.abandon(None)
    stats = world.queue.stats
    world.queue.deliver(runs[0], "id")
    world.queue.refuse(runs[1], None)
    world.queue.requeue(runs[2], 0, None, None)
    assert not world.queue.deny(runs[3], 0, "settings", None)
    assert world.queue.stats == stats
    assert balances(stats)
    assert stats.dropped == {"closed": 4}


def test_a_flush_ends_when_nobody_sends_any_more():
    world = World()
    world.accept(3)
    before = world.queue.flush()
    world.queue.abandon(None)
    assert before.is_stopped
    assert world.queue.flush().is_stopped


def test_random_walks_keep_the_balance():
    """40 worlds in which anything happens at any time."""
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311 - no secret
        world = World(seed, latency=chance.uniform(0, 5), max_runs=50)
        statuses = [200, 200, 200, 413, 500, 401, 0, (429, chance.uniform(0, 400))]
        for _ in range(30):
            world.accept(chance.randrange(20))
            if chance.random() < 0.2:
                world.queue.skip_backoff(world.now)
            world.work(
                world.now + chance.uniform(0, 100),
                lambda *_: chance.choice(statuses),  # noqa: B023
            )
        world.queue.abandon(None)
        stats = world.queue.stats
        assert balances(stats)
        assert stats.dropped == world.dropped
        assert (stats.queued, stats.in_flight, stats.bytes) == (0, 0, 0)
        assert len(world.queue.endings) == stats.accepted
        assert len({id(receipt) for receipt, _ in world.queue.endings}) == stats.accepted
