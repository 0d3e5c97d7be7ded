"""Lines to send, and what became of them."""

import json
import time
from contextlib import contextmanager


def line(name, **more):
    return json.dumps({"name": name, "stepRuns": [], **more})


@contextmanager
def at_least(seconds):
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun >= seconds


def counts(result):
    return (result.lines, result.sent, result.duplicates, result.skipped, result.rejected)
