"""Ratios as a picture."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from benchmarks.measuring import ratios

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.measuring import Estimate
    from benchmarks.report import Picture

COLUMNS = 3
_CHEAPER = "#1f77b4"
_DEARER = "#b0b0b0"
_TEXT = "#333333"


def write(picture: Picture, folder: Path) -> None:
    """Draw each client's ratio to the base, a panel for each question, as SVG."""
    shown = {key: title for key, title in picture.titles.items() if key != picture.base}
    rows = -(-len(picture.samples) // COLUMNS)
    found = {title: ratios(samples, picture.base) for title, samples in picture.samples.items()}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gentrace", "font.size": 8}):
        figure = Figure(figsize=(10, 0.8 + 2.2 * rows), layout="constrained")
        axes = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axis, (title, measured) in zip(axes.flat, found.items(), strict=False):
            _draw(axis, [measured.get(key) for key in shown])
            axis.set_title(title, fontsize=9)
        axes[0, 0].set_yticks(range(len(shown)), list(shown.values()))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xscale("log")
        axes[0, 0].set_xlim(*_limits(found))
        axes[0, 0].xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes[0, 0].xaxis.set_minor_locator(NullLocator())
        figure.supxlabel(picture.label, fontsize=9)
        figure.savefig(folder / picture.name, format="svg", metadata={"Date": None})


def _limits(found: Mapping[str, Mapping[str, Estimate]]) -> tuple[float, float]:
    """Return powers of ten with room for all ratios and their numbers."""
    values = [1.0, *(estimate.value for each in found.values() for estimate in each.values())]
    return 10.0 ** (floor(log10(min(values))) - 1), 10.0 ** (ceil(log10(max(values))) + 1)


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
