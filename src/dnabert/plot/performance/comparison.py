"""Shares with their intervals side by side, and measured against predicted values."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dnabert.plot.style import GREY, PALETTE, Floats, Integers, legend_above, new_axes, styled

__all__ = ["scatter_figure", "share_figure"]


@styled
def share_figure(
    names: Sequence[str], shares: Floats, low: Floats, high: Floats, groups: Integers, group_names: Sequence[str], share_name: str
) -> Figure:
    """One row for each name: a point and its interval on a scale from 0 to 1.

    Args:
        names: Labels of the N rows, top to bottom.
        shares: The points, 0-1, (N,).
        low: Lower ends of the intervals, (N,).
        high: Upper ends, (N,).
        groups: Number of each row's group, (N,).
        group_names: Names of the groups; each has its colour and marker.
        share_name: Label of the horizontal axis.
    """
    figure, axes = new_axes(4.8, 1.0 + 0.28 * len(names))
    markers = ("o", "s", "^", "D")
    for number, group in enumerate(group_names):
        rows = np.flatnonzero(groups == number)
        reach = np.abs(np.stack([shares[rows] - low[rows], high[rows] - shares[rows]]))
        colour, marker = PALETTE[number % len(PALETTE)], markers[number % len(markers)]
        axes.errorbar(
            shares[rows],
            rows,
            xerr=reach,
            color=colour,
            marker=marker,
            linestyle="none",
            markersize=5.5,
            linewidth=1.4,
            capsize=3,
            label=group,
        )
    axes.set_yticks(np.arange(len(names)), names)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5))
    axes.set_xlabel(share_name)
    axes.grid(visible=False, axis="y")
    legend_above(figure, axes)
    return figure


@styled
def scatter_figure(measured: Floats, predicted: Floats, value_name: str) -> Figure:
    """Predicted against measured values, with the line on which they agree.

    Args:
        measured: What is true, (N,).
        predicted: What the model says, (N,).
        value_name: What is measured, with its unit.
    """
    figure, axes = new_axes(4.2, 3.9)
    ends = [float(min(measured.min(), predicted.min())), float(max(measured.max(), predicted.max()))]
    axes.plot(ends, ends, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="agreement")
    # Many points are drawn as an image: a million vector circles would choke a browser.
    axes.scatter(measured, predicted, s=9, alpha=0.45, color=PALETTE[0], linewidths=0, label="sequences", rasterized=len(measured) > 2000)
    axes.set_xlabel(f"{value_name}, measured")
    axes.set_ylabel(f"{value_name}, predicted")
    axes.legend(loc="best")
    return figure
