"""Collections of garbage in the middle of a call, whose finalizers record or make calls."""

import os
import subprocess
import sys

import pytest
from support.peers import Peer

CALLING = """
import gc
import sys
import threading
from support.deliveries import RUN, make_client
from support.recording import InMemory
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.recorder import Pipeline

_, url, how = sys.argv
api = IngestionApi(make_client(url))
pipeline = Pipeline("a", delivery=InMemory())

def call():
    api.pipeline_run_post(RUN)

def record():
    with pipeline.start() as run, run.step("b"):
        pass

def callback(phase, info):
    if threading.current_thread() is threading.main_thread():
        gc.callbacks.clear()
        {"calls": call, "records": record}[how]()
        gc.callbacks.append(callback)

call()
for threshold in (1, 2, 3, 5):
    gc.callbacks.append(callback)
    gc.set_threshold(threshold)
    for _ in range(3):
        call()
    gc.set_threshold(700)
    gc.callbacks.clear()
print("called")
"""


@pytest.mark.parametrize("how", ["calls", "records"])
def test_what_a_collection_does_in_a_call_does_not_crash_the_interpreter(how):
    """Wherever it begins, such as while the context is being changed."""
    with Peer() as peer:
        ended = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-c", CALLING, peer.url, how],
            capture_output=True,
            text=True,
            timeout=120,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "called\n", "")
