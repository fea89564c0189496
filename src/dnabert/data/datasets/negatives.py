"""Negatives from the genome itself: windows far from what is annotated, as like the positives as can be.

Each positive gets windows of its own split whose share of G and C, and share of repeats, are nearest to its own among many that were
drawn at random. Windows never overlap each other, hold no ambiguous base, and keep away from what they are told to.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import cKDTree

from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import BASES

__all__ = ["Matching", "draw_windows", "gc_fractions", "match_windows", "random_strands", "region_at"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_CANDIDATES_PER_WINDOW = 10
_MIN_CANDIDATES = 200_000
"""Promoters lie in CpG islands, and windows like them elsewhere are rare: many have to be looked at."""
_REPEAT_WEIGHT = 0.25
"""How far a difference in the share of repeats counts beside the same difference in G+C. Source: our choice: the former spreads over
0-1, the latter over a fifth of that."""
_CELL = np.array([0.0025, _REPEAT_WEIGHT * 0.05])
"""Windows in one cell count as equal: their shares of G+C differ by less than one base in 400, those of repeats by less than 5 %."""
_NEIGHBOURS = 32
_GC_BIT = np.uint8(BASES.index("C") & BASES.index("G"))
"""Set in the codes of C and G and in no other."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Matching:
    """How well negatives match the positives they stand for; for the record.

    Attributes:
        num_wanted: Negatives asked for.
        num_found: Negatives found.
        mean_gc_difference: Mean absolute difference in the share of G+C, 0-1.
        mean_repeat_difference: The same for the share of repeats.
    """

    num_wanted: int
    num_found: int
    mean_gc_difference: float
    mean_repeat_difference: float


def gc_fractions(store: GenomeStore, starts: IntArray, window_bp: int) -> FloatArray:
    """Share of G and C of each window, 0-1, shape (N,).

    Args:
        store: The genome.
        starts: First base of each window in the store, shape (N,).
        window_bp: Their length, in bases.
    """
    result = np.zeros(len(starts))
    rows = max(_BLOCK // window_bp, 1)
    for first in range(0, len(starts), rows):
        windows = sliding_window_view(store.codes, window_bp)[starts[first : first + rows]]
        result[first : first + rows] = np.count_nonzero(windows & _GC_BIT, axis=1)
    return result / window_bp


def draw_windows(free: IntervalSet, window_bp: int, count: int, rng: np.random.Generator) -> IntArray:
    """Starts of up to ``count`` windows that do not overlap, drawn alike from all that fit, in random order, shape (<=count,).

    Args:
        free: Each lies within one interval of it.
        window_bp: Their length, in bases.
        count: How many at most.
        rng: Source of randomness.
    """
    room = np.maximum(free.ends - free.starts - window_bp + 1, 0)
    total = int(room.sum())
    if not total or not count:
        return np.empty(0, dtype=np.int64)
    # Twice as many as wanted, since some overlap; all of them where there are not so many.
    ranks = np.arange(total) if total <= 2 * count else np.sort(rng.integers(0, total, 2 * count))
    ends = np.cumsum(room)
    run = np.searchsorted(ends, ranks, side="right")
    starts = free.starts[run] + ranks - (ends[run] - room[run])
    apart = _thin(starts, window_bp, int(rng.integers(0, window_bp)) if total <= 2 * count else 0)
    return rng.permutation(apart)[:count]


def _thin(starts: IntArray, window_bp: int, skip: int) -> IntArray:
    """Of ascending starts, those that are at least a window after the last one kept."""
    kept = []
    after = starts[0] + skip if len(starts) > skip else starts[0]
    for start in starts.tolist():
        if start >= after:
            kept.append(start)
            after = start + window_bp
    return np.array(kept, dtype=np.int64)


def match_windows(
    store: GenomeStore,
    positives: IntArray,
    free: IntervalSet,
    repeats: Repeats,
    window_bp: int,
    per_positive: int,
    rng: np.random.Generator,
) -> tuple[IntArray, Matching]:
    """Starts of windows that are like the positives in their share of G+C and of repeats, in the order of the positives.

    Args:
        store: The genome.
        positives: First base of each positive window in the store, shape (P,).
        free: Where the negatives lie: clean bases of the split, far from what is annotated.
        repeats: The repeats of the genome.
        window_bp: Length of positives and negatives, in bases.
        per_positive: Negatives for each positive.
        rng: Source of randomness.

    Returns:
        Starts, shape (at most P x per_positive,), and how well they match.
    """
    wanted = np.repeat(positives, per_positive)
    pool = draw_windows(free, window_bp, max(_MIN_CANDIDATES, _CANDIDATES_PER_WINDOW * len(wanted)), rng)
    if not len(pool) or not len(wanted):
        return np.empty(0, dtype=np.int64), Matching(len(wanted), 0, 0.0, 0.0)
    target, offered = (_features(store, starts, repeats, window_bp) for starts in (wanted, pool))
    pairs = _assign(target, offered, rng)
    matched = pairs >= 0
    difference = np.abs(target[matched] - offered[pairs[matched]]).mean(axis=0)
    matching = Matching(len(wanted), int(matched.sum()), float(difference[0]), float(difference[1] / _REPEAT_WEIGHT))
    return pool[pairs[matched]], matching


def _features(store: GenomeStore, starts: IntArray, repeats: Repeats, window_bp: int) -> FloatArray:
    """Share of G+C, and share of repeats times its weight, of each window, shape (N, 2)."""
    repeat_share = repeats.bases.covered_bp(starts, starts + window_bp) / window_bp
    return np.stack([gc_fractions(store, starts, window_bp), _REPEAT_WEIGHT * repeat_share], axis=1)


def _assign(target: FloatArray, offered: FloatArray, rng: np.random.Generator) -> IntArray:
    """For each target the index of a near window that no other has; -1 where none is left, shape (N,)."""
    pairs = _assign_equal(target, offered, rng)
    is_left = np.ones(len(offered), dtype=np.bool_)
    is_left[pairs[pairs >= 0]] = False
    places, wanted = _group(target, np.flatnonzero(pairs < 0), rng)
    offered_places, stock = _group(offered, np.flatnonzero(is_left), rng)
    # A little noise, so that of cells as far away not the first is always taken.
    offered_places += rng.uniform(0, 1e-6, offered_places.shape)
    open_cells = rng.permutation(len(wanted))
    count = _NEIGHBOURS
    while len(open_cells) and len(left := np.flatnonzero([len(windows) > 0 for windows in stock])):
        neighbours = np.arange(1, min(count, len(left)) + 1)
        _, near = cKDTree(offered_places[left]).query(places[open_cells], k=neighbours)
        for cell, candidates in zip(open_cells.tolist(), left[near].tolist(), strict=True):
            for candidate in candidates:
                size = min(len(wanted[cell]), len(stock[candidate]))
                pairs[wanted[cell][:size]] = stock[candidate][:size]
                wanted[cell], stock[candidate] = wanted[cell][size:], stock[candidate][size:]
                if not len(wanted[cell]):
                    break
        open_cells = np.array([cell for cell in open_cells.tolist() if len(wanted[cell])], dtype=np.int64)
        count *= 2
    return pairs


def _assign_equal(target: FloatArray, offered: FloatArray, rng: np.random.Generator) -> IntArray:
    """As :func:`_assign`, but only windows that are equal to within a cell of the grid; the rest is -1."""
    cells = [_cells(features) for features in (target, offered)]
    orders = [rng.permutation(len(cell)) for cell in cells]
    orders = [order[np.argsort(cell[order], kind="stable")] for cell, order in zip(cells, orders, strict=True)]
    wanted, held = (cell[order] for cell, order in zip(cells, orders, strict=True))
    # The n-th target of a cell gets the n-th window of it.
    rank = np.arange(len(wanted)) - np.searchsorted(wanted, wanted)
    place = np.searchsorted(held, wanted) + rank
    is_found = place < np.searchsorted(held, wanted, side="right")
    pairs = np.full(len(target), -1, dtype=np.int64)
    pairs[orders[0][is_found]] = orders[1][place[is_found]]
    return pairs


def _cells(features: FloatArray) -> IntArray:
    """Number of the cell of the grid that each window is in, shape (N,)."""
    numbers: IntArray = np.rint(features / _CELL).astype(np.int64) @ np.array([1 << 20, 1])
    return numbers


def _group(features: FloatArray, windows: IntArray, rng: np.random.Generator) -> tuple[FloatArray, list[IntArray]]:
    """The features of one window of each cell, shape (cells, 2), and all windows of each cell, in random order."""
    shuffled = rng.permutation(windows)
    cells = _cells(features[shuffled])
    order = np.argsort(cells, kind="stable")
    firsts = np.flatnonzero(np.diff(cells[order], prepend=-1))
    ordered = shuffled[order]
    return features[ordered[firsts]], np.split(ordered, firsts[1:]) if len(ordered) else []


def region_at(store: GenomeStore, start: int, window_bp: int, name: str, strand: Strand) -> Region:
    """The region of a window that begins at ``start`` in the store."""
    contig = store.contigs[bisect_right(store.contig_starts, start) - 1]  # for one number faster than numpy's
    first = int(start) - contig.start
    return Region(contig.name, first, first + window_bp, name, strand)


def random_strands(count: int, rng: np.random.Generator) -> list[Strand]:
    """A strand for each of ``count`` windows, either with probability one half."""
    return ["+" if flag else "-" for flag in rng.random(count) < 0.5]
