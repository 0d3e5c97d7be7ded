"""The server is killed at random moments under load: no answered run is lost, none is there twice.

There are few, as each takes the start of a process.
"""

import itertools
import random
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPException
from queue import Empty, SimpleQueue
from subprocess import DEVNULL

from support.effort import times

KILLS = times(8)
WRITERS = 8
CHANCE = random.SystemRandom()


class Writers:
    """Send runs of ever new keys, and first of all again what was not answered before."""

    def __init__(self):
        self.answered = {}
        self.cut_off = 0
        self._new = map(str, itertools.count())
        self._unanswered = SimpleQueue()

    def write(self, client, enough):
        """Write until the server is gone; set `enough` once this many are answered."""
        wanted = len(self.answered) + CHANCE.randrange(1, 100)
        try:
            while True:
                self._send(client, self._next())
                if len(self.answered) >= wanted:
                    enough.set()
        except (OSError, HTTPException):
            return

    def write_the_rest(self, client):
        """Send again all that was not answered."""
        while not self._unanswered.empty():
            self._send(client, self._unanswered.get())

    def _next(self):
        try:
            return self._unanswered.get_nowait()
        except Empty:
            return next(self._new)

    def _send(self, client, key):
        try:
            reply = client.post({"name": key, "stepRuns": []}, Idempotency_Key=key)
        except (OSError, HTTPException):
            self.cut_off += 1
            self._unanswered.put(key)
            raise
        assert reply.status == 200
        self.answered[key] = reply.json["pipelineRunId"]


def test_every_answered_run_is_there_once_after_kills_at_random_moments(
    start, connect, tmp_path, record_property
):
    writers = Writers()
    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in range(KILLS):
            process, url = start(errors=DEVNULL)
            enough = threading.Event()
            done = [pool.submit(writers.write, connect(url), enough) for _ in range(WRITERS)]
            assert enough.wait(60)
            # Right after an answer is one moment; the others matter too.
            time.sleep(CHANCE.uniform(0, 0.02))
            process.kill()
            process.communicate()
            for each in done:
                each.result(60)

    _, url = start(errors=DEVNULL)
    client = connect(url)
    answered_before = dict(writers.answered)
    writers.write_the_rest(client)
    for key, run_id in CHANCE.sample(sorted(answered_before.items()), KILLS):
        again = client.post({"name": key, "stepRuns": []}, Idempotency_Key=key)
        assert again.json["pipelineRunId"] == run_id
    listed, before = [], ""
    while page := client.get(f"/pipeline-runs?limit=1000{before}").json["pipelineRuns"]:
        listed += page
        before = f"&before={page[-1]['pipelineRunId']}"
    assert Counter(run["name"] for run in listed) == Counter(dict.fromkeys(writers.answered, 1))
    assert {run["name"]: run["pipelineRunId"] for run in listed} == writers.answered
    with closing(sqlite3.connect(tmp_path / "gentrace.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    record_property("runs", len(listed))
    record_property("cut off", writers.cut_off)
