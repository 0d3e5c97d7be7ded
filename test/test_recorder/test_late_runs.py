"""Runs that end after the end of the program, while the interpreter ends."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("how", ["run.submit()", "delivery.submit({'name': 'a', 'stepRuns': []})"])
def test_run_that_ends_after_the_program_ends_as_closed(root, how):
    """In a finalizer, when no thread can start any more: Python 3.11 waits for it for ever."""
    script = f"""
import os
from gentrace import ApiClient, Configuration, Delivery, Pipeline
delivery = Delivery(ApiClient(Configuration(host="http://127.0.0.1:9")))
class Late:
    def __del__(self, pipeline=Pipeline("a", delivery=delivery), delivery=delivery, write=os.write):
        with pipeline.start() as run, run.step("a", inputs=[1, {{2}}]):
            receipt = {how}
        write(1, receipt.exception(0).reason.encode())
late = Late()
late.me = late
"""
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=root,
    )
    assert done.stdout == "closed"
