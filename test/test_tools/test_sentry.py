"""Sentry: a span a request, and events without the token."""

import pytest
from support.peers import reply, stall

pytest.importorskip("sentry_sdk")


@pytest.mark.parametrize("name", ["tool_first", "call_first"])
def test_span_of_a_call(run, scheme, name):
    with scheme() as peer:
        assert run("sentry", name, peer) == {"spans": ["http.client"]}


def test_trace_is_sent(run, scheme):
    with scheme() as peer:
        run("sentry", "tool_first", peer)
        assert peer.requests[0]["sentry-trace"]


@pytest.mark.parametrize("step", [reply(400), reply(503), reply(200, b"no JSON"), "refused"])
def test_event_of_a_failed_call_does_not_hold_the_token(run, scheme, step):
    greet = {"greet": lambda talk: talk.reset()} if step == "refused" else {}
    with scheme(stall if step == "refused" else step, **greet) as peer:
        seen = run("sentry", "event", peer)
    assert seen["frames"] > 2
    assert seen["leaks"] is False
