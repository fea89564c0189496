"""Sequence elements and where they go: a motif to sample from, a law of placement, and the act of planting.

Nothing here knows about promoters; any site with an anchor base and a reading direction is planted the same way.
Offsets are in bases from the anchor in the site's reading direction: negative is upstream, 0 is the anchor itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import BASES, Codes, decode_bases, reverse_complement

__all__ = ["Element", "Misplacement", "Motif", "Placement", "PlantedElement", "Strand", "opposite", "plant_elements"]

Strand = Literal["+", "-"]

_IUPAC_BASES = {"A": "A", "C": "C", "G": "G", "T": "T", "N": "ACGT"}
_IUPAC_BASES |= {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
_IUPAC_BASES |= {"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG"}

_MAX_TRIES = 20
"""Draws of a position before an element that would cover another one is left out."""


def opposite(strand: Strand) -> Strand:
    """The other strand."""
    return "-" if strand == "+" else "+"


@dataclass(frozen=True)
class Motif:
    """A position weight matrix under a name."""

    name: str
    probs: tuple[tuple[float, float, float, float], ...]
    """One row per position: probability of A, C, G, T (the order of MEME files), 0-1, sum 1, none 0."""

    @classmethod
    def from_consensus(cls, name: str, consensus: str, match_prob: float) -> "Motif":
        """The motif that follows an IUPAC consensus with a given fidelity.

        Args:
            name: Name of the motif.
            consensus: IUPAC letters, one per position.
            match_prob: Probability that a base is one of those its letter allows, 0-1 exclusive; the allowed ones
                share it evenly, the others share the rest. It has no effect where the letter is N.

        Examples:
            >>> Motif.from_consensus("x", "AY", 0.9).probs[1]
            (0.05, 0.45, 0.05, 0.45)
        """
        rows = []
        for letter in consensus:
            allowed = _IUPAC_BASES[letter]
            inside = 0.25 if letter == "N" else match_prob / len(allowed)
            outside = 0.0 if letter == "N" else (1 - match_prob) / (4 - len(allowed))
            a, c, g, t = (round(inside if base in allowed else outside, 6) for base in "ACGT")
            rows.append((a, c, g, t))
        return cls(name, tuple(rows))

    @property
    def length_bp(self) -> int:
        """Positions of the motif."""
        return len(self.probs)

    @cached_property
    def code_probs(self) -> npt.NDArray[np.float64]:
        """Probabilities by base code, shape (length, 4), columns A, T, C, G."""
        return np.array(self.probs)[:, ["ACGT".index(base) for base in BASES]]

    def sample(self, rng: np.random.Generator) -> Codes:
        """Base codes of one instance, shape (length,)."""
        thresholds = np.cumsum(self.code_probs, axis=1)[:, :3]
        codes: Codes = (rng.random((self.length_bp, 1)) >= thresholds).sum(axis=1).astype(np.uint8)
        return codes

    def bits(self, codes: Codes) -> float:
        """Log2 odds of an instance against a background of equal base frequencies.

        Args:
            codes: Base codes, shape (length,), values 0-3, in the motif's direction.
        """
        return float(np.log2(self.code_probs[np.arange(self.length_bp), codes] / 0.25).sum())


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
    """
    planted: list[PlantedElement] = []
    for element in elements:
        for _ in range(element.draw_num_copies(rng)):
            interval = _draw_interval(element, anchor, strand, rng, misplaced, planted)
            turned = element.placement.either_strand and rng.random() < 0.5
            instance = element.motif.sample(rng)
            if interval is None:
                continue
            start, end = interval
            element_strand = opposite(strand) if turned else strand
            codes[start:end] = instance if element_strand == "+" else reverse_complement(instance)
            planted.append(PlantedElement(element.motif.name, start, end, element_strand, decode_bases(instance)))
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
        start = anchor + offset if strand == "+" else anchor - offset - length_bp + 1
        end = start + length_bp
        if all(end <= other.start or start >= other.end for other in planted):
            return start, end
    return None
