"""Windows that have the G+C share of other windows: what makes composition useless for telling them apart."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import BASES, Codes

__all__ = ["Flags", "GcMatcher", "count_gc", "mark", "window_sums"]

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def window_sums(flags: Flags, window_bp: int) -> Counts:
    """Number of True in the window that starts at each base, shape (contig_bp - window_bp + 1,)."""
    sums = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    result: Counts = sums[window_bp:] - sums[:-window_bp]
    return result


def count_gc(codes: Codes, window_bp: int) -> Counts:
    """Number of G and C in the window that starts at each base, shape (contig_bp - window_bp + 1,)."""
    return window_sums((codes == BASES.index("C")) | (codes == BASES.index("G")), window_bp)


def mark(contig_bp: int, intervals: Iterable[tuple[int, int]]) -> Flags:
    """True at the bases of the intervals, shape (contig_bp,); what reaches beyond the contig is cut off."""
    flags = np.zeros(contig_bp, dtype=np.bool_)
    for start, end in intervals:
        flags[max(start, 0) : max(end, 0)] = True
    return flags


class GcMatcher:
    """Gives out starts of windows, each as near as possible to a wanted number of G and C, and no two too close.

    Args:
        gc_counts: Number of G and C in the window that starts at each base, shape (starts,).
        starts: The starts that may be given out, in the order of preference among equals.
        distance_bp: Least distance between two starts that are given out, at least 1.
        is_fit: Whether a start may be given out; asked only of those that would be. None: all of them.
    """

    def __init__(
        self, gc_counts: Counts, starts: npt.NDArray[np.int64], distance_bp: int, is_fit: Callable[[int], bool] | None = None
    ) -> None:
        counts = gc_counts[starts]
        order = np.argsort(counts, kind="stable")
        self._starts = starts[order]
        self._ranks = order
        self._distance_bp = distance_bp
        self._is_fit = is_fit
        self._is_free = np.ones(len(gc_counts), dtype=np.bool_)
        self._most = int(counts.max(initial=0))
        edges = np.searchsorted(counts[order], np.arange(self._most + 2))
        self._next: list[int] = edges[:-1].tolist()
        self._end: Sequence[int] = edges[1:].tolist()

    def take(self, wanted: int) -> int | None:
        """The first free start whose count is nearest to ``wanted``; None when none is left."""
        for difference in range(max(wanted, self._most - wanted) + 1):
            counts = (wanted - difference, wanted + difference)
            while found := {place for count in counts if (place := self._first_free(count)) is not None}:
                start = int(self._starts[min(found, key=lambda place: self._ranks[place])])
                if self._is_fit is None or self._is_fit(start):
                    self.block(start)
                    return start
                self._is_free[start] = False
        return None

    def block(self, start: int) -> None:
        """Give out no start that is too close to this one."""
        self._is_free[max(start - self._distance_bp + 1, 0) : start + self._distance_bp] = False

    def _first_free(self, count: int) -> int | None:
        if not 0 <= count <= self._most:
            return None
        place, end = self._next[count], self._end[count]
        while place < end and not self._is_free[self._starts[place]]:
            place += 1
        self._next[count] = place
        return place if place < end else None
