"""Letters of a sequence as high as what they contribute to a score, alone or above the mutation map."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnabert.errors import DnabertError, requires_extra
from dnabert.plot.bases.mutation_map import BASE_ROWS, WIDTH_IN, draw_mutation_map, rows_of, symmetric_limit
from dnabert.plot.style import GREY, INK, LETTER_COLOURS, Floats, styled

__all__ = ["attribution_figure", "check_letters", "saliency_figure"]

_LOGO_HEIGHT_IN, _MAP_HEIGHT_IN = 1.15, 0.75


def check_letters() -> None:
    """Stop before the work where letters could not be drawn.

    Raises:
        DnabertError: logomaker is not installed.
    """
    if find_spec("logomaker") is None:
        raise _missing()


def _missing() -> DnabertError:
    return requires_extra("logomaker", "interpret", "a figure of letters")


@styled
def saliency_figure(scores: Floats, sequence: str, score_name: str, first: int = 0, bases_per_row: int = 80) -> Figure:
    """Each base of a sequence as a letter as high as its score; below zero where it is negative.

    Args:
        scores: One number for each base, (L,).
        sequence: Its L letters; those that are not A, C, G or T are left out.
        score_name: What the bases contribute to, with its unit.
        first: Position of the first base, 0-based.
        bases_per_row: Bases side by side; the rest stands below.

    Raises:
        DnabertError: logomaker is not installed.
    """
    rows = rows_of(len(sequence), bases_per_row)
    figure = Figure(figsize=(WIDTH_IN, 0.6 + _LOGO_HEIGHT_IN * len(rows)), layout="constrained")
    panels: Sequence[Axes] = figure.subplots(len(rows), 1, squeeze=False, sharey=True)[:, 0].tolist()
    width = min(bases_per_row, len(sequence))
    for axes, (start, end) in zip(panels, rows, strict=True):
        _draw_logo(axes, scores[start:end], sequence[start:end], first + start, width, _limits(scores))
    panels[-1].set_xlabel("Position in the sequence (bp, first base 0)")
    panels[0].set_title(f"Contribution of each base to the {score_name}", loc="left")
    return figure


@styled
def attribution_figure(changes: Floats, scores: Floats, sequence: str, score_name: str, first: int = 0, bases_per_row: int = 80) -> Figure:
    """Letters as high as what they contribute, and below them the mutation map.

    Args:
        changes: Rows A, C, G, T, (4, L); 0 for the base that is there.
        scores: One number for each base, (L,).
        sequence: Its L letters.
        score_name: What the bases contribute to, with its unit.
        first: Position of the first base, 0-based.
        bases_per_row: Bases side by side; the rest stands below.

    Raises:
        DnabertError: logomaker is not installed.
    """
    rows = rows_of(len(sequence), bases_per_row)
    height_in = 0.6 + (_LOGO_HEIGHT_IN + _MAP_HEIGHT_IN) * len(rows)
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    grid = figure.subplots(2 * len(rows), 1, height_ratios=[_LOGO_HEIGHT_IN, _MAP_HEIGHT_IN] * len(rows))
    limit, width = symmetric_limit(changes), min(bases_per_row, len(sequence))
    for number, (start, end) in enumerate(rows):
        letters, cells = grid[2 * number], grid[2 * number + 1]
        _draw_logo(letters, scores[start:end], sequence[start:end], first + start, width, _limits(scores))
        letters.tick_params(labelbottom=False, length=0)
        mesh = draw_mutation_map(cells, changes[:, start:end], sequence[start:end], first + start, limit, width)
        cells.set_ylabel("Put in")
    grid[-1].set_xlabel("Position in the sequence (bp, first base 0)")
    figure.align_ylabels(grid.tolist())
    figure.colorbar(mesh, ax=grid.tolist(), pad=0.01, aspect=18 * len(rows), label=f"Change of {score_name}")
    grid[0].set_title(f"Contribution of each base to the {score_name}; below, its change if another base is put in", loc="left")
    return figure


def _limits(scores: Floats) -> tuple[float, float]:
    low, high = min(0.0, float(scores.min(initial=0))), max(0.0, float(scores.max(initial=0)))
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _draw_logo(axes: Axes, scores: Floats, sequence: str, first: int, width: int, limits: tuple[float, float]) -> None:
    try:
        logomaker, pandas = import_module("logomaker"), import_module("pandas")
    except ImportError:
        raise _missing() from None
    heights = np.zeros((len(sequence), 4))
    for place, base in enumerate(sequence):
        if base in BASE_ROWS:
            heights[place, BASE_ROWS.index(base)] = scores[place]
    table: Any = pandas.DataFrame(heights, columns=list(BASE_ROWS), index=first + np.arange(len(sequence)))
    logomaker.Logo(table, ax=axes, color_scheme=LETTER_COLOURS, show_spines=False, flip_below=False, font_name="DejaVu Sans")
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(xlim=(first - 0.5, first - 0.5 + width), ylim=limits)
    axes.set_ylabel("Contribution")
    axes.spines["left"].set(visible=True, color=GREY, linewidth=0.8)
    axes.grid(visible=False)
