"""What the scenarios share: a client, its calls, and how a scenario is chosen.

A scenario is a function of the peer's URL; it prints what it saw as JSON. Each runs in a process of
its own: `python scenarios/with_TOOL.py NAME URL`.
"""

import json
import os
import sys
import time

from gentrace import ApiClient, ApiException, Configuration
from gentrace.apis.tags.ingestion_api import IngestionApi

TOKEN = "token-of-a-test"  # noqa: S105 - of nobody
RUN = {"name": "answer-question", "step_runs": [{"elapsed_time": 1250}]}


def make(url, **settings):
    """A client whose calls are sent once; https trusts what the environment names."""
    trusted = os.environ.get("TRUSTED") if url.startswith("https:") else None
    given = {"access_token": TOKEN, "retries": 0, "ssl_ca_cert": trusted} | settings
    return IngestionApi(ApiClient(Configuration(url, **given)))


def post(api, key="key", **arguments):
    """The id of the stored run: this peer gives the key back."""
    answer = api.pipeline_run_post(RUN, idempotency_key=key, **arguments)
    return answer.body["pipelineRunId"]


def fail(api, **arguments):
    """The name and the words of the exception that a call ends in, and the seconds it took."""
    start = now()
    try:
        post(api, **arguments)
    except ApiException as error:
        return {
            "kind": type(error).__name__,
            "words": str(error),
            "took": now() - start,
        }
    return {"kind": None}


def now():
    """Seconds of a clock that no tool stops."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def tell(**seen):
    print(json.dumps(seen))  # noqa: T201 - how a scenario answers


def main(scenarios):
    scenarios[sys.argv[1]](sys.argv[2])
