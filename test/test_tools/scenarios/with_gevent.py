"""gevent, patched before all else."""

# ruff: noqa: E402 - the patch comes first
from gevent import monkey

monkey.patch_all()

import gevent
from calls import fail, main, make, post, tell


def calls(url):
    api = make(url)
    tell(runs=[post(api, "one"), post(api, "two")])


def concurrent(url):
    """Ten calls at once, of one client, each answered when all have come."""
    api = make(url)
    jobs = [gevent.spawn(post, api, f"key{number}") for number in range(10)]
    gevent.joinall(jobs, timeout=30)
    tell(runs=[job.value for job in jobs])


def deadlines(url):
    """A call, and then ten at once: the watchdog has nothing to wait for when they begin."""
    api = make(url, timeout=1)
    fail(api)
    jobs = [gevent.spawn(fail, api) for _ in range(10)]
    gevent.joinall(jobs, timeout=30)
    tell(kinds=[job.value["kind"] for job in jobs])


def deadline(url):
    """Another greenlet runs while a call waits for its deadline."""
    ticks = []

    def tick():
        while True:
            ticks.append(1)
            gevent.sleep(0.05)

    ticker = gevent.spawn(tick)
    seen = fail(make(url), timeout=1)
    ticker.kill()
    tell(**seen, ticks=len(ticks))


main(globals())
