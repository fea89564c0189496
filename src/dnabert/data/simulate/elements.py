"""Sequence elements and where they go: a motif to sample from, a law of placement, and the act of planting.

Nothing here knows what the elements are for; any site with an anchor base and a reading direction is planted the same way.
Offsets are in bases from the anchor in the site's reading direction: negative is upstream, 0 is the anchor itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dnabert.data.simulate.motifs import Motif
from dnabert.dna.sequence import Codes, decode_bases, reverse_complement

__all__ = [
    "Element",
    "Misplacement",
    "Placement",
    "PlantedElement",
    "Strand",
    "forward_interval",
    "opposite",
    "plant_elements",
    "write_instance",
]

Strand = Literal["+", "-"]

_MAX_TRIES = 20
"""Draws of a position before an element that would cover another one is left out."""


def opposite(strand: Strand) -> Strand:
    """The other strand."""
    return "-" if strand == "+" else "+"


def forward_interval(anchor: int, strand: Strand, first: int, last: int) -> tuple[int, int]:
    """Start and end, 0-based half-open on the forward strand, of the offsets from ``first`` to before ``last``.

    Examples:
        >>> forward_interval(100, "+", -2, 3), forward_interval(100, "-", -2, 3)
        ((98, 103), (98, 103))
        >>> forward_interval(100, "-", 0, 10)
        (91, 101)
    """
    return (anchor + first, anchor + last) if strand == "+" else (anchor - last + 1, anchor - first + 1)


@dataclass(frozen=True)
class Placement:
    """Where the first base of an element may stand: every offset from ``first`` to ``last``, both included, alike."""

    first: int
    """Smallest offset of the element's leftmost base in the site's reading direction, in bases."""
    last: int
    """Largest such offset, in bases."""
    either_strand: bool = False
    """Whether the element may be turned around with probability one half."""

    def draw(self, rng: np.random.Generator) -> int:
        """One offset."""
        return int(rng.integers(self.first, self.last + 1))


@dataclass(frozen=True)
class Element:
    """A motif, its law of placement, and how many copies a site has."""

    motif: Motif
    placement: Placement
    copy_probs: tuple[float, ...]
    """Probability of 0, 1, 2, ... copies, 0-1, sum 1."""

    def draw_num_copies(self, rng: np.random.Generator) -> int:
        """One number of copies."""
        return int((rng.random() >= np.cumsum(self.copy_probs)[:-1]).sum())


@dataclass(frozen=True)
class PlantedElement:
    """An instance of a motif in the genome: 0-based, half-open, forward-strand coordinates."""

    name: str
    start: int
    end: int
    strand: Strand
    sequence: str
    """Bases in the direction of ``strand``: what the motif's matrix scores."""


def write_instance(codes: Codes, name: str, instance: Codes, start: int, strand: Strand) -> PlantedElement:
    """The element of that name, written into ``codes``.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        name: Name of the motif.
        instance: Base codes in the direction of ``strand``, shape (length,).
        start: Its first base on the forward strand, 0-based.
        strand: Which way it reads.
    """
    end = start + len(instance)
    codes[start:end] = instance if strand == "+" else reverse_complement(instance)
    return PlantedElement(name, start, end, strand, decode_bases(instance))


@dataclass(frozen=True)
class Misplacement:
    """Elements that belong into a stretch go to another place in it; those that belong elsewhere stay where they belong."""

    first: int
    """Smallest offset of a base of the element."""
    last: int
    """Largest offset of a base of the element."""
    margin_bp: int
    """The element's first base stands more than this many bases off every offset its law allows."""

    def draw(self, element: Element, rng: np.random.Generator) -> int:
        """One offset of the element's leftmost base."""
        allowed = element.placement
        if allowed.last < self.first or allowed.first > self.last:
            return allowed.draw(rng)
        offsets = np.arange(self.first, self.last - element.motif.length_bp + 2)
        is_off = (offsets < allowed.first - self.margin_bp) | (offsets > allowed.last + self.margin_bp)
        return int(rng.choice(offsets[is_off]))


def plant_elements(
    codes: Codes,
    elements: Sequence[Element],
    anchor: int,
    strand: Strand,
    rng: np.random.Generator,
    misplaced: Misplacement | None = None,
    occupied: Sequence[PlantedElement] = (),
) -> tuple[PlantedElement, ...]:
    """The elements written into ``codes`` around one site, sorted by start.

    Elements are planted in the order given and never cover each other: one that finds no room is left out.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        elements: What to plant.
        anchor: 0-based forward position of offset 0.
        strand: Reading direction of the site.
        rng: Source of randomness.
        misplaced: Where the elements go instead of where they belong; None for where they belong.
        occupied: What was planted before and must not be covered.
    """
    planted: list[PlantedElement] = []
    for element in elements:
        for _ in range(element.draw_num_copies(rng)):
            interval = _draw_interval(element, anchor, strand, rng, misplaced, [*occupied, *planted])
            turned = element.placement.either_strand and rng.random() < 0.5
            instance = element.motif.sample(rng)
            if interval is None:
                continue
            element_strand = opposite(strand) if turned else strand
            planted.append(write_instance(codes, element.motif.name, instance, interval[0], element_strand))
    return tuple(sorted(planted, key=lambda item: item.start))


def _draw_interval(
    element: Element,
    anchor: int,
    strand: Strand,
    rng: np.random.Generator,
    misplaced: Misplacement | None,
    planted: Sequence[PlantedElement],
) -> tuple[int, int] | None:
    """Start and end of a free place for the element, or None when there is none in a few tries."""
    length_bp = element.motif.length_bp
    for _ in range(_MAX_TRIES):
        offset = misplaced.draw(element, rng) if misplaced else element.placement.draw(rng)
        start, end = forward_interval(anchor, strand, offset, offset + length_bp)
        if all(end <= other.start or start >= other.end for other in planted):
            return start, end
    return None
