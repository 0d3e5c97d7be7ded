"""multiprocess: what its processes recorded is sent before each ends."""

import pytest
from support.peers import Peer

pytest.importorskip("multiprocess")


def test_processes_lose_no_run(run):
    with Peer() as peer:
        assert run("multiprocess", "forked", peer) == {"numbers": [0, 1, 2, 3], "code": 0}
        sent = [request.json()["stepRuns"][0]["provider"]["inputs"] for request in peer.requests]
    assert sorted(inputs["number"] for inputs in sent) == list(range(5))
