"""Statistics of the runs of each pipeline."""

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

RUNS: Final = "SELECT name, position, duration, failed FROM run_facts ORDER BY position"
CREATED: Final = "SELECT created_at FROM pipeline_runs WHERE position = ?"


@dataclass(slots=True)
class _Pipeline:
    """The runs of one pipeline, counted so far."""

    last: int = 0
    runs: int = 0
    failed: int = 0
    durations: list[float] = field(default_factory=list[float])


def read_pipelines(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the statistics of all pipelines as JSON objects, the one that ran last first.

    Durations are in milliseconds, None if unknown.
    """
    seen: dict[str, _Pipeline] = {}
    for name, position, duration, failed in connection.execute(RUNS):
        pipeline = seen.setdefault(name, _Pipeline())
        pipeline.last = position
        pipeline.runs += 1
        pipeline.failed += failed
        if duration is not None:
            pipeline.durations.append(duration)
    newest_first = sorted(seen.items(), key=lambda item: -item[1].last)
    return [_to_wire(connection, name, pipeline) for name, pipeline in newest_first]


def _to_wire(connection: sqlite3.Connection, name: str, pipeline: _Pipeline) -> dict[str, Any]:
    pipeline.durations.sort()
    (created_at,) = connection.execute(CREATED, (pipeline.last,)).fetchone()
    return {
        "name": name,
        "runs": pipeline.runs,
        "errorRate": pipeline.failed / pipeline.runs,
        "medianDuration": _percentile(pipeline.durations, 50),
        "p95Duration": _percentile(pipeline.durations, 95),
        "lastRun": created_at,
    }


def _percentile(durations: list[float], percent: int) -> float | None:
    """Return the nearest-rank percentile of sorted numbers, None if there are none."""
    if not durations:
        return None
    return durations[-(-len(durations) * percent // 100) - 1]
