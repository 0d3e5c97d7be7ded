"""The steps of a run as an HTML table with a bar for each duration, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.model.step_run import StepRun

SHOWN_STEPS = 100
"""How many steps are shown."""

SHOWN_TEXT = 60
"""How many characters of a name are shown."""

WIDTH = 200
"""Width in pixels of the bar of the longest step."""


def render_timeline(name: str, steps: Sequence[StepRun]) -> str:
    """Return the HTML of a run; all text from the run is escaped."""
    shown = steps[:SHOWN_STEPS]
    longest = max(map(_milliseconds, shown), default=0) or 1
    rows = "".join(_render_row(number, step, longest) for number, step in enumerate(shown, 1))
    more = len(steps) - len(shown)
    footer = f"<p>… {more} more</p>" if more else ""
    head = "<tr><th>#</th><th>provider</th><th>invocation</th><th>start</th><th>ms</th></tr>"
    return f"<p><b>{_escape(name)}</b></p><table>{head}{rows}</table>{footer}"


def _render_row(number: int, step: StepRun, longest: int) -> str:
    provider = step.get("provider", {})
    texts = provider.get("name", ""), provider.get("invocation", ""), step.get("startTime", "")
    cells = "".join(f"<td>{_escape(text)}</td>" for text in texts)
    width = WIDTH * _milliseconds(step) // longest
    bar = f'<div style="background:#69c;height:.6em;width:{width}px"></div>'
    elapsed = _escape(str(step.get("elapsedTime", "")))
    return f"<tr><td>{number}</td>{cells}<td>{elapsed}{bar}</td></tr>"


def _milliseconds(step: StepRun) -> int:
    """Return the duration of a step; 0 if it is missing or negative."""
    return max(int(step.get("elapsedTime", 0)), 0)


def _escape(text: str) -> str:
    return escape(text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…")
