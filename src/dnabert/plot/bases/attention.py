"""Attention of one sequence: k-mer by k-mer, a map for each head, and head by base."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dnabert.plot.bases.landscape import draw_letters
from dnabert.plot.style import PALETTE, Floats, new_axes, styled

__all__ = ["attention_maps_figure", "head_rows_figure"]

_COLOURS = LinearSegmentedColormap.from_list("attention", ["#ffffff", "#9ecbe6", PALETTE[0], "#00263d"])
_MOST_LETTERS = 80
"""With more bases the letters would run into each other, and are left out."""
_TOP_PERCENTILE = 99.5
"""The largest weights of a map are many times the rest: the scale ends here, and says so."""

_MAP_IN, _LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN = 1.65, 0.72, 0.95, 0.55, 0.6
"""Room of a map, and of what stands around all of them, in inches."""


@styled
def attention_maps_figure(maps: Floats, head_names: Sequence[str], name: str) -> Figure:
    """Who attends to whom: a map of k-mers by k-mers for each head, all on one scale.

    Args:
        maps: Attention weights of k-mers (rows) to k-mers (columns), 0-1, (H, T, T).
        head_names: Names of the H heads.
        name: What the maps are of, the title.
    """
    count = len(maps)
    columns = min(count, 4)
    rows = -(-count // columns)
    width, height = _LEFT_IN + _MAP_IN * columns + _RIGHT_IN, _TOP_IN + _MAP_IN * rows + _BOTTOM_IN
    # Sizes are known: an automatic layout of up to 13 axes would take seconds.
    figure = Figure(figsize=(width, height))
    edges = {"left": _LEFT_IN / width, "right": 1 - _RIGHT_IN / width, "bottom": _BOTTOM_IN / height, "top": 1 - _TOP_IN / height}
    grid = figure.add_gridspec(rows, columns, **edges, wspace=0.12, hspace=0.2)
    places = [figure.add_subplot(grid[number // columns, number % columns]) for number in range(count)]
    top = float(np.percentile(maps, _TOP_PERCENTILE)) or 1.0
    for number, (axes, weights, title) in enumerate(zip(places, maps, head_names, strict=True)):
        image = axes.imshow(weights, cmap=_COLOURS, vmin=0, vmax=top, interpolation="nearest", aspect="equal")
        axes.set_title(title, fontsize=8)
        axes.grid(visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        # The panel below may be missing in the last row.
        axes.tick_params(labelbottom=number + columns >= count, labelleft=number % columns == 0)
    bar_axes = figure.add_axes((1 - (_RIGHT_IN - 0.15) / width, _BOTTOM_IN / height, 0.13 / width, _MAP_IN / height))
    bar = figure.colorbar(image, cax=bar_axes, extend="max" if maps.max() > top else "neither")
    bar.set_label("Attention weight")
    figure.text(0.1 / width, 1 - 0.08 / height, name, va="top")
    middle = (edges["left"] + edges["right"]) / 2
    figure.text(middle, 0.08 / height, "k-mer attended to (its first base)", ha="center", va="bottom")
    figure.text(0.1 / width, (edges["bottom"] + edges["top"]) / 2, "k-mer that attends (its first base)", rotation=90, va="center")
    return figure


@styled
def head_rows_figure(scores: Floats, row_names: Sequence[str], letters: str, name: str, score_name: str) -> Figure:
    """Scores of each head (or layer) along one sequence, with its letters.

    Args:
        scores: A row for each head, (H, L).
        row_names: Names of the H rows.
        letters: The bases, L of them.
        name: Its id, the title.
        score_name: Label of the colour bar.
    """
    bases = len(letters)
    figure, axes = new_axes(min(max(4.0, 1.6 + 0.085 * bases), 8.4), max(2.5, 1.15 + 0.24 * len(scores)))
    top = float(scores.max()) or 1.0
    image = axes.imshow(scores, cmap=_COLOURS, vmin=0, vmax=top, interpolation="nearest", aspect="auto")
    axes.set_yticks(np.arange(len(row_names)), row_names)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    if bases <= _MOST_LETTERS:
        draw_letters(axes, letters, 0)
        axes.tick_params(axis="x", pad=11)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlabel("Position in the sequence (bp, first base 0)")
    axes.set_title(name, loc="left")
    figure.colorbar(image, ax=axes, pad=0.02).set_label(score_name)
    return figure
