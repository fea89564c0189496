"""Bases with a strand, by the thousand: splice sites and other centres of windows, and what is read around them.

The place of a donor is the first base of its intron, that of an acceptor the first base of its exon, both on the strand of the gene.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntArray, IntervalSet
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes

__all__ = [
    "ACCEPTOR_OFFSET",
    "BoolArray",
    "Places",
    "SpliceSites",
    "draw_some",
    "fits_contig",
    "is_among",
    "pair_number",
    "pair_numbers",
    "read_pairs",
    "read_windows",
    "usable_windows",
    "window_region",
]

BoolArray = npt.NDArray[np.bool_]

ACCEPTOR_OFFSET = -2
"""AG stands so many bases from the place of an acceptor; GT stands at the place of a donor."""
_NUM_CODES = AMBIGUOUS + 1
_COMPLEMENT = np.array([1, 0, 3, 2, AMBIGUOUS], dtype=np.uint8)
_ROWS = 8192


@dataclass(frozen=True)
class Places:
    """Bases of a genome, each with the strand on which it is read.

    The window of a place is read on that strand and has the place at index ``window_bp // 2``.

    Attributes:
        positions: Where they lie in the store, shape (N,).
        is_reverse: Whether each is read on the reverse strand, shape (N,).
    """

    positions: IntArray
    is_reverse: BoolArray

    @classmethod
    def joined(cls, parts: Sequence["Places"]) -> "Places":
        """The places of all parts, one after the other."""
        positions = [np.empty(0, np.int64), *(part.positions for part in parts)]
        return cls(np.concatenate(positions), np.concatenate([np.empty(0, np.bool_), *(part.is_reverse for part in parts)]))

    @classmethod
    def of_windows(cls, starts: IntArray, is_reverse: BoolArray, window_bp: int) -> "Places":
        """The places of windows; the inverse of :meth:`window_starts`."""
        half = window_bp // 2
        return cls(np.where(is_reverse, starts + window_bp - 1 - half, starts + half), is_reverse)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def keys(self) -> IntArray:
        """A number for each, the same for the same base and strand only, shape (N,)."""
        return 2 * self.positions + self.is_reverse

    def take(self, index: IntArray | BoolArray) -> "Places":
        """The places at an index, or where a mask is true."""
        return Places(self.positions[index], self.is_reverse[index])

    def moved(self, by_bp: int | IntArray) -> "Places":
        """The places so many bases further on their strands."""
        return Places(np.where(self.is_reverse, self.positions - by_bp, self.positions + by_bp), self.is_reverse)

    def window_starts(self, window_bp: int) -> IntArray:
        """First base of each window in the store, shape (N,); it may be beyond the contig."""
        half = window_bp // 2
        return np.where(self.is_reverse, self.positions + half - window_bp + 1, self.positions - half)


@dataclass(frozen=True)
class SpliceSites:
    """Donors and acceptors.

    Attributes:
        places: Where they are.
        is_donor: Whether each is a donor, shape (N,).
        owners: Number of the first transcript that has each, shape (N,).
    """

    places: Places
    is_donor: BoolArray
    owners: IntArray

    def __len__(self) -> int:
        return len(self.places)

    def take(self, index: IntArray | BoolArray) -> "SpliceSites":
        """The sites at an index, or where a mask is true."""
        return SpliceSites(self.places.take(index), self.is_donor[index], self.owners[index])

    def distinct(self) -> "SpliceSites":
        """Each site once, with its first owner, ascending by place."""
        _, first = np.unique(2 * self.places.keys + self.is_donor, return_index=True)
        return self.take(first)

    def exon_bases(self) -> Places:
        """The base of the exon at each site: the last one before a donor, the first one after an acceptor."""
        return self.places.moved(-self.is_donor.astype(np.int64))


def is_among(keys: IntArray, known: IntArray) -> BoolArray:
    """Whether each key is one of those known, shape (N,).

    Args:
        keys: The keys, shape (N,).
        known: Keys in ascending order.
    """
    if not len(known):
        return np.zeros(len(keys), dtype=np.bool_)
    found: BoolArray = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys
    return found


def pair_numbers(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """A number for each pair of base codes; no pair with an ambiguous base has the number of one without."""
    return first * _NUM_CODES + second


def pair_number(letters: str) -> int:
    """The number of two bases given as letters."""
    return BASES.index(letters[0]) * _NUM_CODES + BASES.index(letters[1])


def read_pairs(store: GenomeStore, places: Places, offset: int) -> npt.NDArray[np.integer]:
    """Numbers of the two bases that begin ``offset`` bases after each place on its strand; -1 beyond the contig, shape (N,)."""
    first, second = places.moved(offset), places.moved(offset + 1)
    contig = _contigs_of(store, places.positions)
    is_inside = np.ones(len(places), dtype=np.bool_)
    codes = []
    for part in (first, second):
        is_inside &= _is_on(store, part.positions, contig)
        read = store.codes[np.where(is_inside, part.positions, 0)].astype(np.int64)
        codes.append(np.where(part.is_reverse, _COMPLEMENT[read], read))
    return np.where(is_inside, pair_numbers(codes[0], codes[1]), -1)


def _contigs_of(store: GenomeStore, positions: IntArray) -> IntArray:
    contigs: IntArray = np.searchsorted(store.contig_starts, positions, side="right") - 1
    return contigs


def _is_on(store: GenomeStore, positions: IntArray, contigs: IntArray) -> BoolArray:
    starts = store.contig_starts[contigs]
    lengths = np.array([contig.length for contig in store.contigs], dtype=np.int64)[contigs]
    inside: BoolArray = (starts <= positions) & (positions < starts + lengths)
    return inside


def fits_contig(store: GenomeStore, places: Places, window_bp: int) -> BoolArray:
    """Whether the window of each place lies on its contig, shape (N,)."""
    contig = _contigs_of(store, places.positions)
    starts = places.window_starts(window_bp)
    return _is_on(store, starts, contig) & _is_on(store, starts + window_bp - 1, contig)


def usable_windows(places: Places, window_bp: int, *sets: IntervalSet) -> BoolArray:
    """Whether the window of each place lies within one interval of every set, shape (N,)."""
    starts = places.window_starts(window_bp)
    usable = np.ones(len(places), dtype=np.bool_)
    for intervals in sets:
        usable &= intervals.contains(starts, starts + window_bp)
    return usable


def read_windows(store: GenomeStore, places: Places, window_bp: int) -> Codes:
    """Base codes of the window of each place, read on its strand, shape (N, window_bp); all lie on their contigs."""
    starts = places.window_starts(window_bp)
    windows = np.empty((len(places), window_bp), dtype=np.uint8)
    offsets = np.arange(window_bp)
    for first in range(0, len(places), _ROWS):
        rows = slice(first, first + _ROWS)
        windows[rows] = store.codes[starts[rows, None] + offsets]
    reverse = np.flatnonzero(places.is_reverse)
    for first in range(0, len(reverse), _ROWS):
        chosen = reverse[first : first + _ROWS]
        windows[chosen] = _COMPLEMENT[windows[chosen, ::-1]]
    return windows


def window_region(store: GenomeStore, places: Places, index: int, window_bp: int, kind: str, where: str = "") -> Region:
    """The region of the window of one place; its name is ``kind:contig:place(strand)``, the place 0-based."""
    position, is_reverse = int(places.positions[index]), bool(places.is_reverse[index])
    contig = store.contigs[int(np.searchsorted(store.contig_starts, position, side="right")) - 1]
    place = position - contig.start
    half = window_bp // 2
    start = place + half - window_bp + 1 if is_reverse else place - half
    strand: Strand = "-" if is_reverse else "+"
    return Region(contig.name, start, start + window_bp, f"{kind}:{contig.name}:{place}({strand})", strand, where)


def draw_some(index: IntArray, limit: int | None, rng: np.random.Generator) -> IntArray:
    """At most ``limit`` (None: all) of an ascending index, drawn alike, ascending."""
    if limit is None or len(index) <= limit:
        return index
    chosen: IntArray = np.sort(rng.choice(index, limit, replace=False))
    return chosen
