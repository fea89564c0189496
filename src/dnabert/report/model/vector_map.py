"""The sequences as the model arranges them: a map of their vectors, coloured by label or value.

Legend: N sequences.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.plot.embedding_map import embedding_map_figure, value_map_figure
from dnabert.report.page import Block, Notice, Paragraph, Picture, Pictures, Section
from dnabert.report.wording import plural

__all__ = ["MapFound", "map_section"]


@dataclass(frozen=True)
class MapFound:
    """A map.

    Attributes:
        points: Coordinates, (N, 2).
        axes: What the axes are called.
        groups: Number of each sequence's group, (N,), or None.
        names: Names of the groups.
        values: Measured value of each, (N,), in the place of groups; None if there are groups.
        value_name: What the values are.
        how: Which vectors these are, a sentence.
        notes: What is to be minded.
        num_all: Sequences there are, of which N were drawn.
    """

    points: npt.NDArray[np.float32]
    axes: tuple[str, str]
    groups: npt.NDArray[np.int64] | None
    names: tuple[str, ...]
    values: npt.NDArray[np.floating] | None
    value_name: str
    how: str
    notes: tuple[str, ...]
    num_all: int


def map_section(found: MapFound, title: str = "How it arranges the sequences") -> Section:
    """The map and how to read it."""
    count = len(found.points)
    text = found.how
    if count < found.num_all:
        text += f" {count:,} of {plural(found.num_all, 'sequence')} are shown, drawn at random."
    if found.values is None:
        figure = embedding_map_figure(found.points, found.groups, found.names, found.axes)
        colour = "its label" if found.groups is not None else "nothing: they have no label of the whole sequence"
    else:
        figure = value_map_figure(found.points, found.values, found.value_name, [""] * count, found.axes)
        colour = f"its measured {found.value_name}"
    caption = f"Each point is a sequence; its colour is {colour}." + (
        " What stands apart the model tells apart."
        if found.axes[0].startswith("PC")
        else " Neighbours are alike; distances between clumps mean little."
    )
    blocks: list[Block] = [Paragraph(text), *(Notice(note) for note in found.notes)]
    blocks.append(Pictures((Picture.of(figure, "Map of the sequences", caption, is_wide=True),)))
    return Section(title, tuple(blocks))
