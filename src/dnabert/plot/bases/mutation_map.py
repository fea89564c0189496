"""Mutation map: what each base of a sequence would change if it were another one, 4 x L."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from dnabert.plot.style import GREY, INK, PALETTE, Floats, styled

__all__ = ["BASE_ROWS", "draw_mutation_map", "mutation_map_figure", "rows_of", "symmetric_limit"]

BASE_ROWS = "ACGT"
"""Rows of a map, the first on top."""

WIDTH_IN = 7.2
"""Width of a figure along a sequence: a printed page."""

_MAP_HEIGHT_IN = 0.95
_COLOURS = LinearSegmentedColormap.from_list("changes", [PALETTE[0], "#ffffff", PALETTE[1]])


def rows_of(length: int, bases_per_row: int) -> list[tuple[int, int]]:
    """Start and end of the stretches of a long sequence that stand one below the other.

    Examples:
        >>> rows_of(100, 80), rows_of(40, 80)
        ([(0, 80), (80, 100)], [(0, 40)])
    """
    return [(start, min(start + bases_per_row, length)) for start in range(0, length, bases_per_row)]


def symmetric_limit(values: Floats) -> float:
    """The largest absolute value, 1 where all are 0: ends of a scale with 0 in the middle."""
    return float(np.abs(values).max(initial=0)) or 1.0


@styled
def mutation_map_figure(changes: Floats, sequence: str, score_name: str, first: int = 0, bases_per_row: int = 80) -> Figure:
    """Heat map of the change of a score by every possible base at every place; the base that is there is lettered.

    Args:
        changes: Rows A, C, G, T, (4, L); 0 for the base that is there.
        sequence: Its L letters.
        score_name: What changes, with its unit.
        first: Position of the first base, 0-based.
        bases_per_row: Bases side by side; the rest stands below.
    """
    rows = rows_of(len(sequence), bases_per_row)
    figure = Figure(figsize=(WIDTH_IN, 0.65 + _MAP_HEIGHT_IN * len(rows)), layout="constrained")
    panels: Sequence[Axes] = figure.subplots(len(rows), 1, squeeze=False)[:, 0].tolist()
    limit, width = symmetric_limit(changes), min(bases_per_row, len(sequence))
    for axes, (start, end) in zip(panels, rows, strict=True):
        mesh = draw_mutation_map(axes, changes[:, start:end], sequence[start:end], first + start, limit, width)
    panels[-1].set_xlabel("Position in the sequence (bp, first base 0)")
    panels[0].set_title(f"Change of the {score_name} if another base is put in", loc="left")
    figure.colorbar(mesh, ax=panels, pad=0.01, aspect=12 * len(rows), label="Change")
    return figure


def draw_mutation_map(axes: Axes, changes: Floats, sequence: str, first: int, limit: float, width: int) -> QuadMesh:
    """One stretch of a map.

    Args:
        axes: Where to draw.
        changes: Rows A, C, G, T, (4, L).
        sequence: Its L letters.
        first: Position of its first base.
        limit: Change at the ends of the colours.
        width: Bases that the axes have room for.
    """
    edges = first - 0.5 + np.arange(len(sequence) + 1)
    mesh = axes.pcolormesh(edges, np.arange(5), changes, cmap=_COLOURS, norm=Normalize(-limit, limit))
    for place, base in enumerate(sequence):
        if base in BASE_ROWS:
            row = BASE_ROWS.index(base) + 0.5
            axes.text(first + place, row, base, ha="center", va="center", fontsize=min(8.0, 480 / width), color=INK)
    axes.set_yticks(np.arange(4) + 0.5, list(BASE_ROWS))
    axes.set(xlim=(first - 0.5, first - 0.5 + width), ylim=(4, 0), ylabel="Base put in")
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "bottom"]].set_color(GREY)
    return mesh
