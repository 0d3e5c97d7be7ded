"""Runs that end after the end of the program, while the interpreter ends."""

import subprocess
import sys

import pytest
from support.recording import reason_of

from gentrace import ApiClient, Configuration
from gentrace.delivery import Delivery


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
    assert "a run of pipeline 'a' ended after the program and is dropped" in done.stderr


def test_delivery_takes_no_run_while_the_interpreter_ends(pipeline, delivery, monkeypatch, caplog):
    def fail(_):
        raise ValueError

    with Delivery(ApiClient(Configuration("http://127.0.0.1:9"))) as other:
        masking = Delivery(other.api_client, mask=fail)
        monkeypatch.setattr(sys, "is_finalizing", lambda: True)
        with pipeline.start() as run:
            pass
        run_of_its_own = {"name": "a", "stepRuns": [{}]}
        receipts = [run.receipt, *(one.submit(run_of_its_own) for one in (other, masking))]
        monkeypatch.undo()
    assert [reason_of(receipt) for receipt in receipts] == ["closed"] * 3
    assert delivery.bodies == []
    assert [record.getMessage() for record in caplog.records] == [
        "a run of pipeline 'answer-question' ended after the program and is dropped"
    ]
