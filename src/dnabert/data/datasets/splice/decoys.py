"""Negatives of splice sites: GT and AG in genes that no transcript uses, and random places.

That no transcript of a file uses a place is no proof that none does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.intervals import IntArray, IntervalSet
from dnabert.data.datasets.negatives import draw_windows
from dnabert.data.datasets.splice.config import Stream, open_stream
from dnabert.data.datasets.splice.loci import Locus
from dnabert.data.datasets.splice.places import ACCEPTOR_OFFSET, Places, is_among, pair_number, pair_numbers, usable_windows
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import reverse_complement

__all__ = ["DECOY_OFFSETS", "Decoys", "Taken", "draw_decoys", "draw_places"]

DECOY_OFFSETS = {"GT": 0, "GC": 0, "AG": ACCEPTOR_OFFSET}
"""Where the two bases of a decoy stand, counted from its place."""
_MORE = 1.2
"""Random windows drawn for each that is wanted, since a few have to be thrown away."""


class Taken:
    """Places that no further negative may have: sites that are known, and negatives that were drawn before.

    Args:
        known: The sites.
    """

    def __init__(self, known: Places) -> None:
        self._known = np.unique(known.keys)
        self._drawn: set[int] = set()

    def take_free(self, places: Places, wanted: int) -> IntArray:
        """Index of the first ``wanted`` places that are free, each once; from now on they are taken."""
        kept: list[int] = []
        for index, key, is_known in zip(range(len(places)), places.keys.tolist(), is_among(places.keys, self._known).tolist(), strict=True):
            if len(kept) == wanted:
                break
            if not is_known and key not in self._drawn:
                self._drawn.add(key)
                kept.append(index)
        return np.array(kept, dtype=np.int64)


@dataclass(frozen=True)
class Decoys:
    """GT and AG in genes that no transcript uses.

    Attributes:
        places: Where they are.
        pairs: ``GT``, ``GC`` or ``AG``, one for each.
        loci: Number of the locus of each.
        num_missing: Decoys that were wanted and that their loci have not.
    """

    places: Places
    pairs: list[str]
    loci: list[int]
    num_missing: int


def draw_decoys(
    store: GenomeStore,
    loci: Sequence[Locus],
    wanted: Counter[tuple[int, str]],
    taken: Taken,
    usable: Sequence[IntervalSet],
    window_bp: int,
    seed: int,
    split: SplitName,
) -> Decoys:
    """Decoys from the loci, drawn alike from all that each has.

    Each pair of bases of each locus has a stream of its own, so that what is wanted of one does not change what another gives.

    Args:
        store: The genome.
        loci: The loci.
        wanted: How many of which pair of bases (``GT``, ``GC``, ``AG``), by the number of the locus and the pair.
        taken: Places that are no decoys; those that are drawn are added.
        usable: The window of each lies within one interval of each of these.
        window_bp: Length of the windows, in bases.
        seed: All randomness comes from it,
        split: and from the split that the decoys are for.
    """
    found: list[Places] = []
    pairs: list[str] = []
    numbers: list[int] = []
    read_locus = -1
    read: npt.NDArray[np.integer] = np.empty(0, np.int64)
    for number, pair in sorted(wanted):
        if number != read_locus:
            read_locus, read = number, _pairs_of(store, loci[number])
        candidates = _candidates(loci[number], read, pair)
        rng = open_stream(seed, Stream.DECOYS, split, loci[number].start, int(loci[number].is_reverse), pair_number(pair))
        candidates = candidates.take(rng.permutation(len(candidates)))
        chosen = _take_usable(candidates, wanted[number, pair], taken, usable, window_bp)
        found.append(chosen)
        pairs += [pair] * len(chosen)
        numbers += [number] * len(chosen)
    return Decoys(Places.joined(found), pairs, numbers, wanted.total() - len(pairs))


def _pairs_of(store: GenomeStore, locus: Locus) -> npt.NDArray[np.integer]:
    """Numbers of the pairs of bases of a locus on its strand, shape (length - 1,)."""
    codes = np.array(store.codes[locus.start : locus.end])
    codes = reverse_complement(codes) if locus.is_reverse else codes
    return pair_numbers(codes[:-1], codes[1:])


def _candidates(locus: Locus, read: npt.NDArray[np.integer], pair: str) -> Places:
    """Places of a locus with a pair of bases, from its numbers of pairs on its strand."""
    steps = np.flatnonzero(read == pair_number(pair)) - DECOY_OFFSETS[pair]
    steps = steps[steps < locus.end - locus.start]
    return Places(locus.end - 1 - steps if locus.is_reverse else locus.start + steps, np.full(len(steps), locus.is_reverse))


def _take_usable(candidates: Places, wanted: int, taken: Taken, usable: Sequence[IntervalSet], window_bp: int) -> Places:
    """The first candidates that can be used; a part of them is looked at first, which is nearly always enough."""
    found = Places.joined([])
    first = 0
    while len(found) < wanted and first < len(candidates):
        last = first + 4 * wanted + 64
        part = candidates.take(np.arange(first, min(last, len(candidates))))
        part = part.take(usable_windows(part, window_bp, *usable))
        found = Places.joined([found, part.take(taken.take_free(part, wanted - len(found)))])
        first = last
    return found


def draw_places(area: IntervalSet, count: int, taken: Taken, window_bp: int, rng: np.random.Generator) -> Places:
    """Up to ``count`` random places on either strand, whose windows do not overlap.

    Args:
        area: The window of each lies within one interval of it.
        count: How many at most.
        taken: Places that are not drawn; those that are drawn are added.
        window_bp: Length of the windows, in bases.
        rng: Source of randomness.
    """
    starts = draw_windows(area, window_bp, int(_MORE * count) + 16, rng)
    places = Places.of_windows(starts, rng.random(len(starts)) < 0.5, window_bp)
    return places.take(taken.take_free(places, count))
