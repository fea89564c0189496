"""Confusion matrix."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dnabert.plot.style import INK, PALETTE, Integers, new_axes, styled

__all__ = ["confusion_figure"]

_MAX_LETTERED = 10
"""With more classes the cells are too small for numbers, and a colour bar takes their place."""


@styled
def confusion_figure(counts: Integers, class_names: Sequence[str]) -> Figure:
    """True class by predicted class: counts, and the share of the true class as colour.

    Args:
        counts: Examples by true (rows) and predicted (columns) class, (K, K).
        class_names: Names of the K classes.
    """
    K = len(class_names)
    lettered = K <= _MAX_LETTERED
    side_in = min(max(2.4, 0.62 * K), 6.5) if lettered else min(max(4.0, 0.22 * K), 7.0)
    figure, axes = new_axes(side_in + 1.4, side_in + 0.9)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    colours = LinearSegmentedColormap.from_list("shares", ["#ffffff", PALETTE[0]])
    mesh = axes.pcolormesh(shares, cmap=colours, vmin=0, vmax=1, edgecolors="#ffffff", linewidth=1.5)
    for row in range(K if lettered else 0):
        for column in range(K):
            text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}"
            ink = "white" if shares[row, column] > 0.8 else INK
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink, fontsize=10 if K <= 4 else 8 if K <= 6 else 7)
    long = max(len(name) for name in class_names) > 4 and K > 3
    axes.set_xticks(np.arange(K) + 0.5, class_names, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(np.arange(K) + 0.5, class_names)
    if not lettered:
        bar = figure.colorbar(mesh, ax=axes, shrink=0.8, format=PercentFormatter(1.0))
        bar.set_label("Share of the true class")
        axes.tick_params(labelsize=6)
    axes.set(aspect="equal", ylim=(K, 0))
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure
