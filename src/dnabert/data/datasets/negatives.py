"""Negatives from the genome itself: windows far from what is annotated, as like the positives as can be.

Each positive gets windows of its own split whose share of G and C, and share of repeats, are nearest to its own among many that were
drawn at random, or, if it is of a kind that is rare, among all that there are. Windows never overlap each other, hold no ambiguous base,
and keep away from what they are told to.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial import cKDTree

from dnabert.data.datasets.candidates import GC_BIT, Room, centres_of_cells, gc_steps, number_cells, sample_cells
from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region, Strand

__all__ = ["Matching", "draw_windows", "gc_fractions", "match_windows", "random_strands", "region_at"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_CANDIDATES_PER_WINDOW = 10
_MIN_CANDIDATES = 200_000
_NEIGHBOURS = 32
_PLENTY = 3
"""Random windows of a kind for each that is wanted, below which windows of any offset are looked for: some are lost to neighbours."""
_ROUNDS = 4
"""How often places are drawn at random before the bases that are left are filled up."""
_FEW = 10
"""Windows of an interval below which none is lost for the sake of chance."""
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
        result[first : first + rows] = np.count_nonzero(windows & GC_BIT, axis=1)
    return result / window_bp


def draw_windows(free: IntervalSet, window_bp: int, count: int, rng: np.random.Generator) -> IntArray:
    """Starts of up to ``count`` windows that do not overlap, in random order, shape (<=count,).

    They are drawn one after the other, alike from all places, and one that overlaps a window before it is put back. Where more than half
    of the room is wanted, the free bases are filled with windows side by side, from a random base on, and of these ``count`` are drawn.

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
    if 2 * count > int(((free.ends - free.starts) // window_bp).sum()):
        return rng.permutation(_pack(free, window_bp, rng))[:count]
    ends = np.cumsum(room)
    taken = Room(window_bp)
    found: list[int] = []
    for _ in range(_ROUNDS):
        ranks = rng.integers(0, total, 2 * (count - len(found)))
        run = np.searchsorted(ends, ranks, side="right")
        drawn = free.starts[run] + ranks - (ends[run] - room[run])
        found += [start for start in drawn.tolist() if taken.take(start)]
        if len(found) >= count:
            return np.array(found[:count], dtype=np.int64)
    starts = np.array(found, dtype=np.int64)
    # Windows among which no other fits are at least half of the most that fit: so many there are.
    rest = rng.permutation(_pack(_without(free, starts, window_bp), window_bp, rng))
    return rng.permutation(np.concatenate([starts, rest[: count - len(starts)]]))


def _pack(free: IntervalSet, window_bp: int, rng: np.random.Generator) -> IntArray:
    """Starts of windows side by side in each interval, ascending: as many as fit, or one less where many do."""
    fitting, left_bp = np.divmod(free.ends - free.starts, window_bp)
    # In a long interval all places are alike; in a short one a window that is lost is too many.
    before = rng.integers(0, np.where(fitting < _FEW, left_bp + 1, window_bp))
    fitting -= before > left_bp
    run = np.repeat(np.arange(len(free)), fitting)
    place = np.arange(len(run)) - np.repeat(np.cumsum(fitting) - fitting, fitting)
    result: IntArray = free.starts[run] + before[run] + place * window_bp
    return result


def _without(free: IntervalSet, starts: IntArray, window_bp: int) -> IntervalSet:
    return free.without(IntervalSet.merged(np.stack([starts, starts + window_bp], axis=1)))


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

    Each positive gets windows equal to it from many that were drawn at random. Those of which too few were drawn go first: the whole area
    is searched for windows like them, at every offset.

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
    target, offered = (_shares(store, starts, repeats, window_bp) for starts in (wanted, pool))
    cells, offered_cells = number_cells(*target.T), number_cells(*offered.T)
    taken = Room(window_bp)
    found = np.full(len(wanted), -1, dtype=np.int64)

    def search(rows: IntArray) -> int:
        """Gives windows of any offset to targets; how many there were."""
        area = _without(free, found[found >= 0], window_bp)
        starts, their_cells = sample_cells(store, area, repeats, window_bp, cells[rows], offered_cells, rng)
        found[rows] = _assign(cells[rows], starts, their_cells, taken, rng, by_rarity=True)
        return len(starts)

    supply, demand = (np.bincount(numbers, minlength=max(cells.max(), offered_cells.max()) + 1) for numbers in (offered_cells, cells))
    plenty = supply[cells] / demand[cells]
    # Each of any offset may overlap two of the pool: the rarest, so many that those left suffice for the rest.
    rarest = np.argsort(plenty, kind="stable")[: max(len(pool) - len(wanted), 0)]
    rare = rarest[plenty[rarest] < _PLENTY]
    if len(rare):
        search(rare)
    rest = np.flatnonzero(found < 0)
    found[rest] = _assign(cells[rest], pool, offered_cells, taken, rng)
    while len(rest := np.flatnonzero(found < 0)) and search(rest):
        pass
    is_found = found >= 0
    difference = np.abs(target[is_found] - _shares(store, found[is_found], repeats, window_bp)).mean(axis=0)
    return found[is_found], Matching(len(wanted), int(is_found.sum()), float(difference[0]), float(difference[1]))


def _shares(store: GenomeStore, starts: IntArray, repeats: Repeats, window_bp: int) -> FloatArray:
    """Shares of G+C and of repeats of each window, shape (N, 2)."""
    repeat = repeats.bases.covered_bp(starts, starts + window_bp) / window_bp
    return np.stack([gc_fractions(store, starts, window_bp), repeat], axis=1)


def _assign(
    target: IntArray, starts: IntArray, cells: IntArray, taken: Room, rng: np.random.Generator, by_rarity: bool = False
) -> IntArray:
    """For each target the start of a window of its cell, else of a near one, that has room; -1 where none is left, shape (T,).

    Args:
        target: Cells of the targets, shape (T,).
        starts: Windows that are offered, shape (N,).
        cells: Their cells, shape (N,).
        taken: Windows that were taken before; those that are taken are added.
        rng: Source of randomness.
        by_rarity: Whether a target of a G+C of which little is offered comes first, also for a window that is only near; if not, all
            that have a window of their own cell come first.
    """
    found = np.full(len(target), -1, dtype=np.int64)
    wanted, stock = _group(target, np.arange(len(target)), rng), _group(cells, starts, rng)

    def take(cell: int, other: int) -> bool:
        """Windows of a cell for targets of another or the same; whether these are all served."""
        rows, offered = wanted[cell], stock[other]
        while rows and offered:
            if taken.take(start := offered.pop()):
                found[rows.pop()] = start
        return not rows

    if by_rarity:
        # Of a G+C that is rare in what is offered all windows may lie in few places: these are taken before what is less rare takes them.
        supply = Counter(gc_steps(cells).tolist())
        steps = dict(zip(wanted, gc_steps(np.array(list(wanted))).tolist(), strict=True))
        rarest = sorted(wanted, key=lambda cell: (supply[steps[cell]], len(stock.get(cell, ()))))
        _take_near(rarest, stock, take, rng)
    else:
        for cell in wanted:
            if cell in stock:
                take(cell, cell)
    open_cells = rng.permutation(np.array([cell for cell, rows in wanted.items() if rows], dtype=np.int64)).tolist()
    while open_cells and any(stock.values()):
        _take_near(open_cells, stock, take, rng)
        open_cells = [cell for cell in open_cells if wanted[cell]]
    return found


def _take_near(order: list[int], stock: dict[int, list[int]], take: Callable[[int, int], bool], rng: np.random.Generator) -> None:
    """Serves the cells in order, each from the nearest that are in stock."""
    left = [cell for cell, offered in stock.items() if offered]
    if not order or not left:
        return
    places = centres_of_cells(np.array(left))
    places += rng.uniform(0, 1e-6, places.shape)  # so that of cells as far away not the first is always taken
    _, near = cKDTree(places).query(centres_of_cells(np.array(order)), k=np.arange(1, min(_NEIGHBOURS, len(left)) + 1))
    for cell, others in zip(order, near.tolist(), strict=True):
        for other in others:
            if take(cell, left[other]):
                break


def _group(cells: IntArray, values: IntArray, rng: np.random.Generator) -> dict[int, list[int]]:
    """The values of each cell, in random order; cells are ascending."""
    order = rng.permutation(len(cells))
    order = order[np.argsort(cells[order], kind="stable")]
    numbers, firsts = np.unique(cells[order], return_index=True)
    groups = np.split(values[order], firsts[1:])
    return {cell: group.tolist() for cell, group in zip(numbers.tolist(), groups, strict=False)}


def region_at(store: GenomeStore, start: int, window_bp: int, name: str, strand: Strand) -> Region:
    """The region of a window that begins at ``start`` in the store."""
    contig = store.contigs[bisect_right(store.contig_starts, start) - 1]  # for one number faster than numpy's
    first = int(start) - contig.start
    return Region(contig.name, first, first + window_bp, name, strand)


def random_strands(count: int, rng: np.random.Generator) -> list[Strand]:
    """A strand for each of ``count`` windows, either with probability one half."""
    return ["+" if flag else "-" for flag in rng.random(count) < 0.5]
