"""Count the lines that each recorder adds to a plain program of three steps.

The programs of `user_code/` all record each step's name, parameters, inputs, outputs and times,
and a step that fails with its error. A line counts if the plain program has none like it, whatever
its indent; blank lines and docstrings do not. All are formatted by ruff, at 100 columns.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.report import Table

FOLDER = Path(__file__).with_name("user_code")
PLAIN = "plain"
PROGRAMS = {
    "gentrace_recorder": "**gentrace**",
    "langsmith_traced": "langsmith",
    "langfuse_observed": "langfuse",
    "opentelemetry_spans": "OpenTelemetry",
    "by_hand": "by hand, with `pipeline_run_post`",
}
"""The programs by the names of their files, without `.py`."""


def added(name: str) -> int:
    """Return how many lines a program has beyond the plain one."""
    return (_lines(name) - _lines(PLAIN)).total()


def _lines(name: str) -> Counter[str]:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return Counter(line for line in lines if line and not line.startswith('"""'))


def table() -> Table:
    """Return the table of added lines."""
    return Table(
        "Lines added to a plain program",
        "Lines that recording adds to a program of three steps, with their parameters, inputs, "
        "outputs and times, and the error of a failed step; counted in `benchmarks/user_code/`.",
        ("with", "lines added"),
        [[title, str(added(name))] for name, title in PROGRAMS.items()],
    )
