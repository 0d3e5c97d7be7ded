"""vcrpy: a cassette is recorded, replayed, and gone."""

import vcr
from calls import main, make, post, tell


def play(url):
    """Record, replay with a client of its own, then call for real."""
    with vcr.use_cassette("runs.yaml", record_mode="once"):
        recorded = post(make(url), "recorded")
    with vcr.use_cassette("runs.yaml", record_mode="none") as cassette:
        replayed = post(make(url), "replayed")
    return recorded, replayed, cassette.play_count


def tool_first(url):
    recorded, replayed, played = play(url)
    tell(runs=[recorded, replayed, post(make(url), "real")], played=played)


def call_first(url):
    api = make(url)
    first = post(api, "first")
    with vcr.use_cassette("runs.yaml", record_mode="once"):
        recorded = post(make(url), "recorded")
    with vcr.use_cassette("runs.yaml", record_mode="none") as cassette:
        replayed = post(make(url), "replayed")
    tell(
        first=first,
        runs=[recorded, replayed, post(api, "real")],
        played=cassette.play_count,
        other=post(make(url), "other"),
    )


def same_client(url):
    """One client before, within and after the cassette."""
    api = make(url)
    with vcr.use_cassette("runs.yaml", record_mode="once") as cassette:
        recorded = post(api, "recorded")
    tell(runs=[recorded, post(api, "real")], recorded=len(cassette))


main(globals())
