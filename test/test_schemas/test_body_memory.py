"""How much memory a huge body takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import memory_of_bodies
from support.peers import Peer

MEMORY_SCRIPT = Path(memory_of_bodies.__file__)


@pytest.mark.parametrize("shape", memory_of_bodies.SHAPES)
def test_list_of_millions_of_items_passes_in_memory_bounded_by_its_text(shape):
    """Of an ordinary dict; the walk needs 8 bytes a container, an emoji makes each character 4."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    with Peer() as peer:
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, MEMORY_SCRIPT, peer.url, shape],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        body = peer.requests[-1].body
    assert body.count(b",") >= memory_of_bodies.ITEMS
    if shape in memory_of_bodies.BOUNDED:
        assert int(done.stdout) <= 2.5 * len(body), f"{int(done.stdout) / len(body):.2f}"
