"""Runs scenarios with tools that users have, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.peers import Peer, authority_pem, server_tls

SCENARIOS = Path(__file__).with_name("scenarios")
PATIENCE = 60


@pytest.fixture
def run(tmp_path):
    """Run a scenario; what it writes to standard error is an error."""
    trusted = tmp_path / "ca.pem"
    trusted.write_text(authority_pem())

    def finish(tool, name, peer, **environment):
        kept = {n: v for n, v in os.environ.items() if not n.startswith("COVERAGE_")}
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, SCENARIOS / f"with_{tool}.py", name, peer.url],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            cwd=tmp_path,
            env=kept | {"TRUSTED": str(trusted)} | environment,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    finish.trusted = str(trusted)
    return finish


@pytest.fixture(params=["http", "https"])
def scheme(request):
    """A function that makes a peer, plain and over TLS."""

    def make(*steps, **keywords):
        tls = server_tls() if request.param == "https" else None
        return Peer(*steps, tls=tls, **keywords)

    return make
