"""freezegun: a clock that stands still."""

from calls import fail, main, make, post, tell
from freezegun import freeze_time

THEN = "2026-06-01"


def tool_first(url):
    with freeze_time(THEN):
        run = post(make(url), "one")
    tell(runs=[run, post(make(url), "two")])


def call_first(url):
    api = make(url)
    first = post(api, "one")
    with freeze_time(THEN):
        second = post(api, "two")
    tell(runs=[first, second, post(api, "three")])


def deadline_tool_first(url):
    with freeze_time(THEN):
        tell(**fail(make(url), timeout=1))


def deadline_call_first(url):
    fail(make(url), timeout=0.3)
    with freeze_time(THEN, tick=False):
        tell(**fail(make(url), timeout=1))


def jump(url):
    """The clock jumps a year ahead in the middle of a call's life."""
    with freeze_time(THEN) as frozen:
        api = make(url)
        first = post(api, "one", timeout=20)
        frozen.tick(366 * 86400)
        tell(runs=[first, post(api, "two", timeout=20)])


main(globals())
