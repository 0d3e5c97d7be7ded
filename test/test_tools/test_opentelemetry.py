"""OpenTelemetry: a span an attempt, its trace in the request, and no token in it."""

import json

import pytest
from support.caller import TOKEN
from support.peers import echo, reply

pytest.importorskip("opentelemetry.instrumentation.urllib3")


def test_span_of_a_call_and_its_trace_in_the_request(run, scheme):
    with scheme() as peer:
        seen = run("opentelemetry", "tool_first", peer)
        (request,) = peer.requests
    (span,) = seen["spans"]
    assert span["trace"] in request["traceparent"]
    assert "POST" in span["name"]
    assert TOKEN not in json.dumps(seen)


def test_instrumentation_after_a_call_and_its_end_both_act(run, scheme):
    with scheme() as peer:
        seen = run("opentelemetry", "call_first", peer)
        traces = [request["traceparent"] for request in peer.requests]
    assert len(seen["spans"]) == 1
    assert seen["after"] == 0
    assert traces[0] is traces[2] is None
    assert seen["spans"][0]["trace"] in traces[1]


def test_each_attempt_has_a_span(run, scheme):
    with scheme(reply(503), echo) as peer:
        assert len(run("opentelemetry", "attempts", peer)["spans"]) == 2


def test_refusal_has_a_span_with_its_status(run, scheme):
    with scheme(reply(400)) as peer:
        seen = run("opentelemetry", "refused", peer)
    assert seen["kind"] == "BadRequestException"
    assert 400 in seen["spans"][0].values()
