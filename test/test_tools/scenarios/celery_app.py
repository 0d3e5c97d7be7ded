"""An application of Celery whose tasks record."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_process_init

import gentrace

BROKER = Path("broker").absolute()
app = Celery("answers", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(BROKER),
        "data_folder_out": str(BROKER),
        "control_folder": str(BROKER / "control"),
    },
    task_ignore_result=True,
    worker_max_tasks_per_child=2,
    worker_prefetch_multiplier=1,
)
pipeline = gentrace.Pipeline("answer-question")


@worker_process_init.connect
def be_patient(**_):
    """Send one run after the other, for as long as that takes."""
    gentrace.set_default_delivery(gentrace.Delivery(workers=1, exit_timeout=60))
    Path(f"process-{os.getpid()}").touch()


@app.task
@pipeline.traced
def answer(number):
    with gentrace.step("model", inputs={"number": number}):
        pass
