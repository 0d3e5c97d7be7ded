"""Post a body of millions of items to a server; print how many bytes that needed at its peak."""

import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.effort import times

from gentrace import ApiClient, Configuration
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.models import PipelineRunRequest

ITEMS = times(10_000_000)
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RUN = {"name": "answer-question", "stepRuns": []}
SHAPES = {
    "numbers": lambda: RUN | {"items": list(range(ITEMS))},
    "texts": lambda: RUN | {"items": ["abcdef"] * ITEMS},
    "texts, one with an emoji": lambda: RUN | {"items": ["abcdef"] * (ITEMS - 1) + ["\U0001f600"]},
    "empty lists": lambda: RUN | {"items": [[]] * ITEMS},
    "steps": lambda: RUN | {"stepRuns": [{}] * ITEMS},
    "a model": lambda: PipelineRunRequest(name="answer-question", step_runs=[], items=[1] * ITEMS),
}
BOUNDED = {"numbers", "texts", "steps"}


def read(name):
    """A size of this process, in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def main(url, shape):
    api = IngestionApi(ApiClient(Configuration(url, retries=0, timeout=600)))
    api.pipeline_run_post(RUN)  # loads what every call needs
    body = SHAPES[shape]()
    gc.collect()
    before = read("VmRSS")
    RESET.write_text("5")  # the peak starts anew from here
    api.pipeline_run_post(body)
    print(read("VmHWM") - before)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
