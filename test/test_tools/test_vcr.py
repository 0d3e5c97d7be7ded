"""vcrpy: what it records is replayed, and nothing of it stays behind."""

import gzip

import pytest
from support.peers import reply

pytest.importorskip("vcr")


def test_cassette_before_the_first_call(run, scheme):
    with scheme() as peer:
        seen = run("vcr", "tool_first", peer)
        keys = [request["Idempotency-Key"] for request in peer.requests]
    assert seen == {"runs": ["recorded", "recorded", "real"], "played": 1}
    assert keys == ["recorded", "real"]


def test_cassette_after_a_call(run, scheme):
    with scheme() as peer:
        seen = run("vcr", "call_first", peer)
        keys = [request["Idempotency-Key"] for request in peer.requests]
    assert seen == {
        "first": "first",
        "runs": ["recorded", "recorded", "real"],
        "played": 1,
        "other": "other",
    }
    assert keys == ["first", "recorded", "real", "other"]


def test_one_client_before_within_and_after_a_cassette(run, scheme):
    with scheme() as peer:
        seen = run("vcr", "same_client", peer)
    assert seen["runs"] == ["recorded", "real"]
    assert seen["recorded"] == 1


def test_cassette_of_a_compressed_response(run, scheme):
    packed = reply(200, gzip.compress(b'{"pipelineRunId": "1"}'), {"Content-Encoding": "gzip"})
    with scheme(packed, packed) as peer:
        seen = run("vcr", "tool_first", peer)
    assert seen == {"runs": ["1", "1", "1"], "played": 1}
