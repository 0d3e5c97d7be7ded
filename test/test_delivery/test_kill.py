"""Processes with a spool are killed at random moments: no run is lost, none is stored twice.

The local server, which knows keys, is the judge.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from support.deliveries import delivering, list_spool
from support.effort import times
from support.programs import PROGRAMS, UNMEASURED

import gentrace.local
from gentrace import ApiClient, Configuration

KILLS = times(300)
AT_ONCE = 2
PATIENCE = 600


def stored(server):
    """How often each run is stored, by its name."""
    names, before = Counter(), ""
    with ApiClient(Configuration(server.url)) as client:
        while True:
            page = client.call_api(f"/pipeline-runs?limit=1000{before}", "GET").json()
            runs = page["pipelineRuns"]
            names.update(run["name"] for run in runs)
            if not runs:
                return names
            before = f"&before={runs[-1]['pipelineRunId']}"


def test_kills_at_random_moments_lose_no_run_and_double_none(tmp_path, record_property):
    spool = tmp_path / "spool"
    with gentrace.local.serve() as server:
        each = [KILLS // AT_ONCE] * AT_ONCE
        arguments = [
            [sys.executable, PROGRAMS, "killed", server.url, str(spool), str(kills), str(number)]
            for number, kills in enumerate(each)
        ]

        def run(command):
            return subprocess.run(  # noqa: S603 - our own
                command,
                env=os.environ | UNMEASURED,  # a process that is killed says nothing of coverage
                capture_output=True,
                text=True,
                timeout=3000,
                check=True,
            )

        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(run, arguments))
        names = [name for each in done for name in each.stdout.split()]
        assert [each.stderr for each in done] == [""] * AT_ONCE
        with delivering(server, spool=spool) as delivery:
            end = time.monotonic() + PATIENCE
            while not all(entry.owned for entry in list_spool(spool)):
                assert time.monotonic() < end
                assert delivery.flush(PATIENCE)
            assert delivery.flush(PATIENCE)
        seen = stored(server)
    lost = set(names) - set(seen)
    assert lost == set()
    assert [name for name, count in seen.items() if count > 1] == []
    record_property("runs", len(names))
