"""The steps of a run as a small HTML table with a bar each, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gentrace.model.step_run import StepRun

SHOWN_STEPS = 100
"""How many steps are shown."""

SHOWN_TEXT = 60
"""How many characters of a name are shown."""

WIDTH = 200
"""Pixels of the bar of the step that took longest."""


def draw_timeline(name: str, steps: Sequence[StepRun]) -> str:
    """Return the HTML of a run; all text of it is escaped."""
    shown = steps[:SHOWN_STEPS]
    longest = max(map(_milliseconds, shown), default=0) or 1
    rows = "".join(_draw(number, step, longest) for number, step in enumerate(shown, 1))
    more = len(steps) - len(shown)
    rest = f"<p>… {more} more</p>" if more else ""
    head = "<tr><th>#</th><th>provider</th><th>invocation</th><th>start</th><th>ms</th></tr>"
    return f"<p><b>{_text(name)}</b></p><table>{head}{rows}</table>{rest}"


def _draw(number: int, step: StepRun, longest: int) -> str:
    provider = step.get("provider", {})
    texts = provider.get("name", ""), provider.get("invocation", ""), step.get("startTime", "")
    cells = "".join(f"<td>{_text(text)}</td>" for text in texts)
    width = WIDTH * _milliseconds(step) // longest
    bar = f'<div style="background:#69c;height:.6em;width:{width}px"></div>'
    elapsed = _text(str(step.get("elapsedTime", "")))
    return f"<tr><td>{number}</td>{cells}<td>{elapsed}{bar}</td></tr>"


def _milliseconds(step: StepRun) -> int:
    """Return how long a step took; 0 where it does not say, or says less."""
    return max(int(step.get("elapsedTime", 0)), 0)


def _text(text: str) -> str:
    return escape(text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…")
