"""Points in two dimensions: a map of vectors, coloured by group or by a number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from dnabert.plot.style import GREY, INK, PALETTE, Floats, Integers, new_axes, styled

__all__ = ["Panel", "contexts_figure", "embedding_map_figure", "value_map_figure"]

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_VALUES = LinearSegmentedColormap.from_list("values", [PALETTE[0], "#d9d9d9", PALETTE[1]])
_MAX_LETTERED = 70
"""Points that can have their names beside them."""

_NAME_WIDTH, _NAME_HEIGHT = 0.075, 0.025
"""Room of a name, as a share of the axes."""


@dataclass(frozen=True)
class Panel:
    """One map among several.

    Attributes:
        title: What is above it.
        points: Coordinates, (N, 2).
        groups: Number of each point's group, (N,).
        names: Names of the groups.
    """

    title: str
    points: Floats
    groups: Integers
    names: Sequence[str]


@styled
def embedding_map_figure(points: Floats, groups: Integers | None, names: Sequence[str], axis_names: tuple[str, str]) -> Figure:
    """A map, a colour and marker for each group.

    Args:
        points: Coordinates, (N, 2).
        groups: Number of each point's group, (N,); None where there are none.
        names: Names of the groups, at most 8.
        axis_names: Labels of the axes.
    """
    figure, axes = new_axes(4.6, 4.2)
    _scatter(axes, points, np.zeros(len(points), np.int64) if groups is None else groups, names or [f"{len(points):,} sequences"])
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    _legend_below(figure, axes)
    return figure


@styled
def contexts_figure(panels: Sequence[Panel], axis_names: Sequence[tuple[str, str]]) -> Figure:
    """The contexts of several k-mers side by side, coloured by cluster.

    Args:
        panels: One for each k-mer.
        axis_names: Labels of the axes of each.
    """
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(0.6 + 3.3 * columns, 0.2 + 3.4 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes, panel, labels in zip(grid, panels, axis_names, strict=False):
        _scatter(axes, panel.points, panel.groups, panel.names)
        axes.set_title(panel.title, loc="left")
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.legend(loc="best", handletextpad=0.2)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


@styled
def value_map_figure(points: Floats, values: Floats, value_name: str, names: Sequence[str], axis_names: tuple[str, str]) -> Figure:
    """A map coloured by a number, with the names of the points if they are few.

    Args:
        points: Coordinates, (N, 2).
        values: One number for each, (N,).
        value_name: What it is, with its unit.
        names: Names of the points.
        axis_names: Labels of the axes.
    """
    lettered = len(points) <= _MAX_LETTERED
    figure, axes = new_axes(6.0 if lettered else 5.0, 5.0 if lettered else 4.2)
    found = axes.scatter(
        points[:, 0], points[:, 1], c=values, cmap=_VALUES, s=14 if lettered else 6, linewidths=0, rasterized=len(points) > 2000
    )
    for number in _with_room(points) if lettered else []:
        axes.annotate(names[number], tuple(points[number].tolist()), xytext=(2.5, 2), textcoords="offset points", fontsize=6.5, color=INK)
    figure.colorbar(found, ax=axes, pad=0.02, label=value_name)
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    return figure


def _with_room(points: Floats) -> list[int]:
    """Points whose names hide no other name, in the order in which they get their place."""
    reach = np.ptp(points, axis=0)
    relative = points / np.where(reach > 0, reach, 1)
    kept: list[int] = []
    for number, place in enumerate(relative):
        away = np.abs(relative[kept] - place)
        if not ((away[:, 0] < _NAME_WIDTH) & (away[:, 1] < _NAME_HEIGHT)).any():
            kept.append(number)
    return kept


def _scatter(axes: Axes, points: Floats, groups: Integers, names: Sequence[str]) -> None:
    size = 16 if len(points) <= 500 else 7
    for number, name in enumerate(names):
        here = points[groups == number]
        colour, marker = PALETTE[number % len(PALETTE)], _MARKERS[number % len(_MARKERS)]
        axes.scatter(
            here[:, 0], here[:, 1], s=size, color=colour, marker=marker, alpha=0.65, linewidths=0, label=name, rasterized=len(points) > 2000
        )
    axes.tick_params(color=GREY)


def _legend_below(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=1 if max(map(len, labels)) > 28 else 2, handletextpad=0.2)
