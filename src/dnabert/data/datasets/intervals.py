"""Sets of bases of a genome: sorted intervals that do not overlap, in the coordinates of its store.

The set operations are bioframe's. In the store all contigs lie one after the other, and no interval of a set that is made of contigs or
regions reaches over the end of a contig, so one axis is enough. Of intervals that touch, those at the end of a contig stay apart.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dnabert.data.genome import Contig, GenomeStore, clean_runs
from dnabert.data.runs import Runs, cut_runs
from dnabert.dna.regions import Region

if TYPE_CHECKING:
    import pandas

__all__ = ["IntervalSet", "clean_bases", "intervals_of_regions"]

IntArray = npt.NDArray[np.int64]
_AXIS = "store"


@dataclass(frozen=True)
class IntervalSet:
    """Bases of a genome.

    Attributes:
        starts: First base of each interval, ascending, shape (R,).
        ends: One past the last base of each, shape (R,).
    """

    starts: IntArray
    ends: IntArray

    @classmethod
    def merged(cls, intervals: IntArray) -> "IntervalSet":
        """The bases that any of the intervals covers; intervals that overlap or touch become one.

        They do so at the end of a contig, too: :meth:`cut` what comes of it, or use :func:`intervals_of_regions`.

        Args:
            intervals: Rows of start and end, in any order, which may overlap, shape (N, 2).
        """
        import bioframe
        import pandas

        if not len(intervals):
            return cls.of_runs(np.empty((0, 2), np.int64))
        frame = pandas.DataFrame({"chrom": _AXIS, "start": intervals[:, 0], "end": intervals[:, 1]})
        return _sorted(bioframe.merge(frame, min_dist=0), "start", "end")

    @classmethod
    def of_runs(cls, runs: Runs) -> "IntervalSet":
        """The bases in runs, each an interval; ``runs`` are ascending and do not overlap, shape (R, 2)."""
        return cls(np.ascontiguousarray(runs[:, 0], dtype=np.int64), np.ascontiguousarray(runs[:, 1], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def num_bases(self) -> int:
        """Number of bases in the set."""
        return int((self.ends - self.starts).sum())

    def cut(self, store: GenomeStore) -> "IntervalSet":
        """The same bases in intervals none of which reaches over the end of a contig."""
        return IntervalSet.of_runs(cut_runs(np.stack([self.starts, self.ends], axis=1), store.contig_starts))

    def without(self, other: "IntervalSet") -> "IntervalSet":
        """The bases that are in this set and not in the other."""
        if not len(self) or not len(other):
            return self
        # What is between the intervals of the other set: bioframe.subtract does the same, and takes ten times as long.
        starts = np.concatenate(([0], other.ends))
        ends = np.append(other.starts, np.maximum(self.ends[-1], other.ends[-1]))
        is_gap = starts < ends
        return self.within(IntervalSet(starts[is_gap], ends[is_gap]))

    def within(self, other: "IntervalSet") -> "IntervalSet":
        """The bases that are in both sets, in intervals each of which lies within one of either set."""
        import bioframe

        if not len(self) or not len(other):
            return IntervalSet.of_runs(np.empty((0, 2), np.int64))
        shared = bioframe.overlap(self._frame(), other._frame(), how="inner", return_input=False, return_overlap=True)
        return _sorted(shared, "overlap_start", "overlap_end")

    def widened(self, by_bp: int, store: GenomeStore) -> "IntervalSet":
        """The bases at most ``by_bp`` away from one in the set, on the same contig."""
        own = self.cut(store)
        place = np.searchsorted(store.contig_starts, own.starts, side="right") - 1
        first = store.contig_starts[place]
        last = first + np.array([contig.length for contig in store.contigs], dtype=np.int64)[place]
        rows = np.stack([np.maximum(own.starts - by_bp, first), np.minimum(own.ends + by_bp, last)], axis=1)
        return IntervalSet.merged(rows).cut(store)

    def covered_bp(self, starts: IntArray, ends: IntArray) -> IntArray:
        """Number of bases of each window that are in the set, shape (N,).

        Args:
            starts: First base of each window, shape (N,).
            ends: One past the last base of each, shape (N,).
        """
        return self._bases_before(ends) - self._bases_before(starts)

    def contains(self, starts: IntArray, ends: IntArray) -> npt.NDArray[np.bool_]:
        """Whether each window lies wholly within one interval, shape (N,)."""
        if not len(self):
            return np.zeros(len(starts), dtype=np.bool_)
        place = np.searchsorted(self.starts, starts, side="right") - 1
        found: npt.NDArray[np.bool_] = (place >= 0) & (ends <= self.ends[place])
        return found

    @cached_property
    def _bases_until(self) -> IntArray:
        """Bases in the set before each interval, and in all, shape (R+1,)."""
        return np.concatenate(([0], np.cumsum(self.ends - self.starts)))

    def _bases_before(self, positions: IntArray) -> IntArray:
        if not len(self):
            return np.zeros(len(positions), dtype=np.int64)
        place = np.searchsorted(self.starts, positions, side="right")  # intervals that begin at or before
        last = np.maximum(place - 1, 0)
        beyond = np.where(place > 0, np.maximum(self.ends[last] - positions, 0), 0)
        result: IntArray = self._bases_until[place] - beyond
        return result

    def _frame(self) -> "pandas.DataFrame":
        import pandas

        return pandas.DataFrame({"chrom": _AXIS, "start": self.starts, "end": self.ends})


def _sorted(frame: "pandas.DataFrame", start: str, end: str) -> IntervalSet:
    """Intervals of a table; bioframe promises no order."""
    starts, ends = frame[start].to_numpy(np.int64), frame[end].to_numpy(np.int64)
    order = np.argsort(starts, kind="stable")
    return IntervalSet(starts[order], ends[order])


def intervals_of_regions(store: GenomeStore, regions: Iterable[Region]) -> IntervalSet:
    """The bases of a genome that any of the regions covers; regions of a contig that overlap or touch become one interval.

    Raises:
        RegionError: A region does not fit the genome.
    """
    numbers = array("q")  # a file may have millions of regions
    for region in regions:
        start = store.position(region)
        numbers.append(start)
        numbers.append(start + region.end - region.start)
    return IntervalSet.merged(np.array(numbers, dtype=np.int64).reshape(-1, 2)).cut(store)


def clean_bases(store: GenomeStore, contigs: tuple[Contig, ...] | None = None) -> IntervalSet:
    """The bases of contigs (None: of all) that are A, C, G or T; no interval reaches over the end of a contig."""
    return IntervalSet.of_runs(store.clean if contigs is None else clean_runs(store, contigs, 1))
