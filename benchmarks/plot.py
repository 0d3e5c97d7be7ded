"""The comparison as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from benchmarks.measuring import ratios

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.measuring import Estimate, Samples

COLUMNS = 3
_CHEAPER = "#1f77b4"
_DEARER = "#b0b0b0"
_TEXT = "#333333"


def write(comparison: Mapping[str, Samples], titles: Mapping[str, str], path: Path) -> None:
    """Draw each client's ratio to the floor, a panel for each question, as SVG."""
    shown = {key: title for key, title in titles.items() if key != "floor"}
    rows = -(-len(comparison) // COLUMNS)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gentrace", "font.size": 8}):
        figure = Figure(figsize=(10, 0.8 + 2.2 * rows), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axis, (title, samples) in zip(axes.flat, comparison.items(), strict=False):
            measured = ratios(samples)
            _draw(axis, [measured.get(key) for key in shown])
            axis.set_title(title, fontsize=9)
        axes[0, 0].set_yticks(range(len(shown)), list(shown.values()))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xscale("log")
        axes[0, 0].set_xlim(0.001, 1000)
        axes[0, 0].xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes[0, 0].xaxis.set_minor_locator(NullLocator())
        figure.supxlabel(
            "duration as a multiple of the floor's, which is the line at 1: urllib3 and json by "
            "hand; to the left is cheaper",
            fontsize=9,
        )
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw(axis: Axes, measured: list[Estimate | None]) -> None:
    """Draw a bar from 1 to each ratio, with its quartiles."""
    for position, estimate in enumerate(measured):
        if estimate is None:
            continue
        value, low, high = estimate
        axis.barh(
            position,
            value - 1,
            left=1,
            xerr=[[value - low], [high - value]],
            color=_CHEAPER if value < 1 else _DEARER,
            ecolor=_TEXT,
        )
        dearer = value >= 1
        axis.annotate(
            f"{value:.2f}",
            (high if dearer else low, position),
            xytext=(3 if dearer else -3, 0),
            textcoords="offset points",
            ha="left" if dearer else "right",
            va="center",
            color=_TEXT,
        )
    axis.axvline(1, color=_TEXT, linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)
