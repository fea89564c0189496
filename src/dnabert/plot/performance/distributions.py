"""Histograms: scores by class, and positions by kind."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dnabert.plot.style import GREY, INK, LINE_STYLES, PALETTE, Floats, Integers, legend_above, new_axes, styled

__all__ = ["position_figure", "score_histogram_figure"]

_MAX_FILLED = 3
"""More classes are drawn as lines only: fills over one another cannot be told apart."""


@styled
def score_histogram_figure(
    edges: Floats,
    counts: Integers,
    class_names: Sequence[str],
    score_name: str,
    threshold: float | None = None,
    unit: str = "sequences",
) -> Figure:
    """How the scores of each class are spread.

    Args:
        edges: Borders of the B bins, (B+1,).
        counts: Examples by class and bin, (K, B).
        class_names: Names of the K classes.
        score_name: Label of the horizontal axis.
        threshold: Where a call begins, drawn as a line; None leaves it out.
        unit: What is counted, in the plural.
    """
    figure, axes = new_axes(height_in=3.7)
    for number, (name, row) in enumerate(zip(class_names, counts, strict=True)):
        colour = PALETTE[number % len(PALETTE)]
        style = LINE_STYLES[number % len(LINE_STYLES)]
        label = f"{name} (n = {int(row.sum()):,})"
        if len(class_names) <= _MAX_FILLED:
            axes.stairs(row, edges, fill=True, color=colour, alpha=0.18)
        axes.stairs(row, edges, color=colour, linewidth=1.6, linestyle=style, label=label)
    if threshold is not None:
        axes.axvline(threshold, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label=f"threshold {threshold:g}")
    axes.set(xlim=(edges[0], edges[-1]))
    axes.set_ylim(bottom=0)
    axes.set_xlabel(score_name)
    axes.set_ylabel(f"{unit.capitalize()} (count)")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(figure, axes, "True class")
    return figure


@styled
def position_figure(edges: Floats, counts: Integers, names: Sequence[str], position_name: str, count_name: str) -> Figure:
    """Where things lie, one row for each kind, on one common scale of positions.

    Args:
        edges: Borders of the B bins, in bases, (B+1,).
        counts: Things by kind and bin, (K, B).
        names: Names of the K kinds.
        position_name: Label of the horizontal axis.
        count_name: Label of the vertical axes.
    """
    K = len(names)
    figure = Figure(figsize=(4.8, 0.8 + 0.46 * K), layout="constrained")
    rows = figure.subplots(K, 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, name, row) in enumerate(zip(rows, names, counts, strict=True)):
        axes.stairs(row, edges, fill=True, color=PALETTE[number % len(PALETTE)])
        axes.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.text(1.015, 0.5, f"{name}\n(n = {int(row.sum()):,})", transform=axes.transAxes, va="center", color=INK, fontsize=8)
        axes.set_ylim(bottom=0, top=max(int(row.max()), 1) * 1.15)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, min_n_ticks=1))
        axes.grid(visible=False, axis="y")
    rows[-1].set(xlim=(edges[0], edges[-1]))
    rows[-1].set_xlabel(position_name)
    figure.supylabel(count_name, fontsize=9)
    return figure
