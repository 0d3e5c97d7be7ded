"""gunicorn: what its worker processes recorded is sent before they end."""

import pytest
from support.peers import Peer, echo

pytest.importorskip("gunicorn")


def answer_late(talk, request):
    """So that runs are still queued when the processes end."""
    talk.pause(0.5)
    echo(talk, request)


@pytest.mark.parametrize("workers", ["sync", "preloaded", "gthread"])
def test_worker_processes_lose_no_run(run, workers):
    with Peer(answer_late) as peer:
        assert run("gunicorn", workers, peer) == {"code": 0}
        sent = [request.json()["stepRuns"][0]["provider"]["inputs"] for request in peer.requests]
    assert sorted(inputs["number"] for inputs in sent) == list(range(20))
