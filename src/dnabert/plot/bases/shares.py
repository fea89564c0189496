"""Histograms of groups of unequal size, each as shares of its own rows."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dnabert.plot.style import GREY, LINE_STYLES, PALETTE, Floats, Integers, legend_above, new_axes, styled

__all__ = ["share_histogram_figure"]

_MAX_FILLED = 3
"""More groups are drawn as lines only: fills over one another cannot be told apart."""


@styled
def share_histogram_figure(
    edges: Floats,
    counts: Integers,
    names: Sequence[str],
    value_name: str,
    share_name: str,
    *,
    is_logarithmic: bool = False,
    marks: Sequence[float] = (),
) -> Figure:
    """How the values of each group are spread, in per cent of the group.

    Args:
        edges: Borders of the B bins, (B+1,).
        counts: Rows by group and bin, (K, B).
        names: Names of the K groups.
        value_name: Label of the horizontal axis.
        share_name: Label of the vertical axis: what is counted, and in what group.
        is_logarithmic: Whether the vertical axis is; for groups that are mostly in one bin.
        marks: Values at which to draw a vertical line.
    """
    figure, axes = new_axes(height_in=3.5)
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    percent = 100 * counts / totals
    floor = 10.0 ** np.floor(np.log10(100 / totals.max())) if is_logarithmic else 0.0
    for number, (name, row, count) in enumerate(zip(names, percent, counts, strict=True)):
        colour = PALETTE[number % len(PALETTE)]
        heights = np.maximum(row, floor)
        if len(names) <= _MAX_FILLED:
            axes.stairs(heights, edges, baseline=floor, fill=True, color=colour, alpha=0.18)
        style = LINE_STYLES[number % len(LINE_STYLES)]
        axes.stairs(
            heights, edges, baseline=floor, color=colour, linewidth=1.6, linestyle=style, label=f"{name} (n = {int(count.sum()):,})"
        )
    for mark in marks:
        axes.axvline(mark, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    if is_logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(floor, 150)
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    axes.set(xlim=(edges[0], edges[-1]))
    axes.set_xlabel(value_name)
    axes.set_ylabel(share_name)
    legend_above(figure, axes)
    return figure
