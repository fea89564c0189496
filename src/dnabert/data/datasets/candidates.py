"""Windows of an area by their composition, at every offset, and the room that is left for them.

Windows whose shares of G+C and of repeats are about equal are in one cell of a grid. Windows of a rare composition lie in few places, so
those that are offered may overlap; only those that are taken may not.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import BASES

__all__ = ["GC_BIT", "REPEAT_WEIGHT", "Room", "centres_of_cells", "gc_steps", "number_cells", "sample_cells"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

REPEAT_WEIGHT = 0.05
"""How far a difference in the share of repeats counts beside the same difference in G+C. Source: our choice: a window that is a repeat
throughout stands for one that is none as well as one whose share of G+C differs by 5 %, and a step of the grid is as long either way."""
GC_BIT = np.uint8(BASES.index("C") & BASES.index("G"))
"""Set in the codes of C and G and in no other."""
_STEPS = np.array([0.0025, 0.05])
"""Windows in one cell count as equal: their shares of G+C differ by less than one base in 400, those of repeats by less than 5 %."""
_NUM_COLUMNS = 21
_NUM_CELLS = 401 * _NUM_COLUMNS
_PER_WANTED = 8
"""Windows kept of a cell for each that is wanted of it, since they overlap each other and those taken before."""
_SPARE = 64
"""Windows kept besides for each that is wanted, shared out over all cells, for those that find none in their own."""
_LEAST_SPARE, _MOST_SPARE = 1 << 16, 1 << 20
_BLOCK = 1 << 18
"""Bases that are looked at together; their arrays fit the cache of a processor."""


class Room:
    """The places that windows of one length have taken, no two of which overlap.

    Args:
        window_bp: Their length, in bases.
    """

    def __init__(self, window_bp: int) -> None:
        self._window_bp = window_bp
        self._start_by_cell: dict[int, int] = {}  # a stretch of one window's length holds the start of at most one

    def take(self, start: int) -> bool:
        """Whether the window at ``start`` overlaps none before it; if so, it is taken."""
        taken, window_bp = self._start_by_cell, self._window_bp
        cell = start // window_bp
        if cell in taken or start - taken.get(cell - 1, start - window_bp) < window_bp:
            return False
        if taken.get(cell + 1, start + window_bp) - start < window_bp:
            return False
        taken[cell] = start
        return True


def number_cells(gc: FloatArray, repeat: FloatArray) -> IntArray:
    """Number of the cell of each window, from its shares of G+C and of repeats, 0-1, shape (N,)."""
    numbers: IntArray = np.rint(np.stack([gc, repeat], axis=1) / _STEPS).astype(np.int64) @ np.array([_NUM_COLUMNS, 1])
    return numbers


def centres_of_cells(cells: IntArray) -> FloatArray:
    """Share of G+C, and share of repeats times its weight, in the middle of each cell, shape (N, 2)."""
    centres: FloatArray = np.stack(np.divmod(cells, _NUM_COLUMNS), axis=1) * _STEPS * [1, REPEAT_WEIGHT]
    return centres


def gc_steps(cells: IntArray) -> IntArray:
    """Steps of the grid in the share of G+C, from 0, of each cell, shape (N,)."""
    return cells // _NUM_COLUMNS


def sample_cells(
    store: GenomeStore,
    free: IntervalSet,
    repeats: Repeats,
    window_bp: int,
    wanted: IntArray,
    typical: IntArray,
    rng: np.random.Generator,
) -> tuple[IntArray, IntArray]:
    """Starts of windows in an area, at any offset, and their cells: of each cell all, or a random part if there are many, shape (N,) each.

    The area is looked at block by block; what is kept grows with the number wanted and not with the area.

    Args:
        store: The genome.
        free: Each window lies within one interval of it.
        repeats: The repeats of the genome.
        window_bp: Length of the windows, in bases.
        wanted: Cells of which windows are wanted, as often as they are, shape (W,).
        typical: Cells of windows that were drawn at random: how often a cell is to be expected, shape (M,).
        rng: Source of randomness.
    """
    demand = _PER_WANTED * np.bincount(wanted, minlength=_NUM_CELLS)
    spare = min(max(_SPARE * len(wanted), _LEAST_SPARE), _MOST_SPARE)
    lasts = free.ends - window_bp + 1
    fits = free.starts < lasts
    area = IntervalSet(free.starts[fits], lasts[fits])
    counts = np.bincount(typical, minlength=_NUM_CELLS)
    # Of a cell that was seen at random it is known about how many there are; twice as many as wanted are kept at first.
    expected = counts * (area.num_bases / max(len(typical), 1))
    share = np.minimum(2 * _most(demand, spare, counts) / np.maximum(expected, 1), 1).astype(np.float32)
    kept: list[tuple[IntArray, IntArray]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    waiting = 0
    for starts, cells in _blocks(store, area, repeats, window_bp, share, rng):
        kept.append((starts, cells))
        waiting += len(starts)
        if waiting > 4 * (int(demand.sum()) + spare):
            kept = [_thin(*_joined(kept), demand, spare, share, rng)]
            waiting = len(kept[0][0])
    return _thin(*_joined(kept), demand, spare, share, rng)


def _joined(parts: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    return np.concatenate([starts for starts, _ in parts]), np.concatenate([cells for _, cells in parts])


def _most(demand: IntArray, spare: int, counts: IntArray) -> IntArray:
    """Windows to be kept of each cell; ``counts`` tell which cells are seen at all."""
    most: IntArray = demand + spare // max(int(np.count_nonzero(counts)), 1) + 1
    return most


def _thin(
    starts: IntArray, cells: IntArray, demand: IntArray, spare: int, share: npt.NDArray[np.float32], rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """About as many windows of each cell as are to be kept, drawn alike; lowers the shares of the cells accordingly."""
    counts = np.bincount(cells, minlength=_NUM_CELLS)
    again = np.minimum(_most(demand, spare, counts) / np.maximum(counts, 1), 1).astype(np.float32)
    share *= again
    is_kept = rng.random(len(starts), dtype=np.float32) < again[cells]
    return starts[is_kept], cells[is_kept]


def _blocks(
    store: GenomeStore, area: IntervalSet, repeats: Repeats, window_bp: int, share: npt.NDArray[np.float32], rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Starts in an area, of each cell its ``share`` of them (which may change on the way), and their cells, in blocks."""
    shares = np.arange(window_bp + 1) / window_bp
    of_gc, of_repeat = (number_cells(*pair).astype(np.int32) for pair in ((shares, 0 * shares), (0 * shares, shares)))
    for begin in range(int(area.starts[0]), int(area.ends[-1]), _BLOCK) if len(area) else ():
        first, last = np.searchsorted(area.ends, begin, side="right"), np.searchsorted(area.starts, begin + _BLOCK)
        if first == last:
            continue
        past = min(begin + _BLOCK, int(area.ends[last - 1]))
        end = past + window_bp - 1
        cells = of_gc[_window_sums((store.codes[begin:end] & GC_BIT) != 0, window_bp)]
        cells += of_repeat[_window_sums(_flags(repeats.bases, begin, end), window_bp)]
        is_kept = rng.random(len(cells), dtype=np.float32) < share[cells]
        is_kept &= _flags(area, begin, past)
        places = np.flatnonzero(is_kept)
        yield places + begin, cells[places].astype(np.int64)


def _flags(bases: IntervalSet, begin: int, end: int) -> npt.NDArray[np.bool_]:
    """Whether each base from ``begin`` to ``end`` is in a set, shape (end - begin,)."""
    run = slice(np.searchsorted(bases.ends, begin, side="right"), np.searchsorted(bases.starts, end))
    steps = np.zeros(end - begin + 1, dtype=np.int8)
    # Intervals do not overlap, so no start occurs twice, nor an end.
    steps[np.maximum(bases.starts[run] - begin, 0)] += 1
    steps[np.minimum(bases.ends[run], end) - begin] -= 1
    flags: npt.NDArray[np.bool_] = np.cumsum(steps[:-1], dtype=np.int8) != 0
    return flags


def _window_sums(flags: npt.NDArray[np.bool_], window_bp: int) -> npt.NDArray[np.int32]:
    """Number of true values in the window at each offset, shape (L - window_bp + 1,)."""
    sums = np.zeros(len(flags) + 1, dtype=np.int32)
    np.cumsum(flags, out=sums[1:])
    return sums[window_bp:] - sums[:-window_bp]
