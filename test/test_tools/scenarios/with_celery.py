"""Celery: a worker whose process is forked, and replaced after two tasks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from calls import main, tell

PATIENCE = 60
OPTIONS = ["--concurrency=1", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def recycled(url):
    os.environ |= {"GENTRACE_HOST": url, "PYTHONPATH": os.pathsep.join(sys.path)}
    Path("broker/control").mkdir(parents=True)
    from celery_app import answer  # noqa: PLC0415 - of this environment

    for number in range(6):
        answer.delay(number)
    with Path("log").open("w") as log:
        command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", *OPTIONS]
        worker = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            end = time.monotonic() + PATIENCE
            # The fourth process is there when the third has ended.
            while len(list(Path().glob("process-*"))) < 4 and time.monotonic() < end:
                time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            tell(code=worker.wait(PATIENCE))
        finally:
            worker.kill()
            worker.wait()


main(globals())
