"""Scores along a sequence with its letters, and their mean along a set of aligned sequences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dnabert.plot.style import GREY, LETTER_COLOURS, LINE_STYLES, PALETTE, Floats, legend_above, new_axes, styled

__all__ = ["BASE_COLOURS", "MeanLine", "draw_letters", "mean_landscape_figure", "sequence_landscape_figure"]

BASE_COLOURS = {**LETTER_COLOURS, "G": "#b07800", "N": GREY}
"""Colours of small letters, which need a darker gold."""

_LINE_BP = 80
"""Most bases of one line of a figure: more would make letters too small to read in print."""
_BASE_IN = 0.086
"""Width of a base in inches."""
_LEGEND_LINE_IN = 0.19


@dataclass(frozen=True)
class MeanLine:
    """A line of a mean landscape.

    Attributes:
        name: Its entry in the legend.
        mean: Mean score at each base, (L,).
        low: Lower end of its interval, (L,), or None.
        high: Upper end, (L,), or None.
    """

    name: str
    mean: Floats
    low: Floats | None = None
    high: Floats | None = None


@styled
def sequence_landscape_figure(
    scores: Floats, letters: str, name: str, score_name: str, anchor: int | None = None, anchor_name: str = "anchor"
) -> Figure:
    """Scores along one sequence, its letters beneath, in lines of at most 80 bases on one scale.

    Args:
        scores: A score for each base, (L,).
        letters: Its bases, L of them.
        name: Its id, the title.
        score_name: Label of the vertical axis.
        anchor: The base that positions are counted from, 0-based; None counts from the first.
        anchor_name: What is there, for the axis.
    """
    lines = -(-len(letters) // _LINE_BP)
    width_bp = -(-len(letters) // lines)  # so that no line is nearly empty
    figure = Figure(figsize=(max(3.4, _BASE_IN * width_bp + 0.9), 0.95 + 1.35 * lines), layout="constrained")
    rows = figure.subplots(lines, 1, sharey=True, squeeze=False)[:, 0]
    top = float(scores.max()) * 1.08 or 1.0
    for number, axes in enumerate(rows):
        start = number * width_bp
        _draw_line(axes, scores[start : start + width_bp], letters[start : start + width_bp], start, anchor)
        axes.set(xlim=(start - 0.6, start + width_bp - 0.4), ylim=(0, top))
    rows[0].set_title(name, loc="left")
    rows[-1].set_xlabel(_position_name(anchor, anchor_name))
    figure.supylabel(score_name, fontsize=9)
    return figure


def _draw_line(axes: Axes, scores: Floats, letters: str, start: int, anchor: int | None) -> None:
    places = np.arange(start, start + len(scores))
    # A step for each base: the score is of the base, nothing lies between two of them.
    edges = np.arange(start, start + len(scores) + 1) - 0.5
    axes.stairs(scores, edges, fill=True, color=PALETTE[0], alpha=0.18)
    axes.stairs(scores, edges, color=PALETTE[0], linewidth=1.2, baseline=None)
    draw_letters(axes, letters, start)
    if anchor is not None and start <= anchor < start + len(scores):
        axes.axvline(anchor, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    first = anchor or 0
    ticks = [place for place in places.tolist() if (place - first) % 10 == 0]
    axes.set_xticks(ticks, [_position(place, anchor) for place in ticks])
    axes.tick_params(axis="x", pad=11, length=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))
    axes.grid(visible=False, axis="x")


def draw_letters(axes: Axes, letters: str, start: int) -> None:
    """Put the letters of a sequence under the axes, the first at ``start``; ticks need a pad of 11 points."""
    for place, letter in enumerate(letters, start=start):
        axes.annotate(
            letter,
            (float(place), 0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -7),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7,
            family="DejaVu Sans Mono",
            weight="bold",
            color=BASE_COLOURS.get(letter, GREY),
        )


@styled
def mean_landscape_figure(lines: Sequence[MeanLine], score_name: str, anchor: int | None = None, anchor_name: str = "anchor") -> Figure:
    """Mean scores along sets of aligned sequences, each with its interval as a band.

    Args:
        lines: The sets.
        score_name: Label of the vertical axis.
        anchor: The base that positions are counted from, 0-based; None counts from the first.
        anchor_name: What is there, for the legend.
    """
    banded = any(line.low is not None for line in lines)
    entries = len(lines) + banded + (anchor is not None)
    figure, axes = new_axes(5.6, 3.0 + _LEGEND_LINE_IN * entries)
    for number, line in enumerate(lines):
        colour = PALETTE[number % len(PALETTE)]
        places = np.arange(len(line.mean)) - (anchor or 0)
        if line.low is not None and line.high is not None:
            axes.fill_between(places, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(places, line.mean, color=colour, linestyle=LINE_STYLES[number % len(LINE_STYLES)], linewidth=1.5, label=line.name)
    if banded:
        axes.fill_between([], [], [], color=GREY, alpha=0.35, linewidth=0, label="95% interval of the mean")
    if anchor is not None:
        axes.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label=anchor_name)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}" if value else "0"))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
    axes.margins(x=0.01)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(_position_name(anchor, anchor_name))
    axes.set_ylabel(score_name)
    legend_above(figure, axes)
    return figure


def _position(place: int, anchor: int | None) -> str:
    return str(place) if anchor is None else f"{place - anchor:+d}" if place != anchor else "0"


def _position_name(anchor: int | None, name: str) -> str:
    return "Position in the sequence (bp, first base 0)" if anchor is None else f"Position relative to the {name} (bp)"
