"""Celery: what the processes of a worker recorded is sent before each ends."""

import pytest
from support.peers import Peer, echo

pytest.importorskip("celery")


def answer_late(talk, request):
    """So that the second run of a process is still queued when that ends."""
    talk.pause(1.5)
    echo(talk, request)


def test_processes_that_are_replaced_lose_no_run(run):
    with Peer(answer_late) as peer:
        assert run("celery", "recycled", peer) == {"code": 0}
        sent = [request.json()["stepRuns"][0]["provider"]["inputs"] for request in peer.requests]
    assert sorted(inputs["number"] for inputs in sent) == list(range(6))
