"""Windows that score high, joined to calls, and calls as BED.

Source: UCSC BED format (0-based, half-open; the first six columns).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["CALL_COLUMNS", "Call", "CallMerger", "bed_line"]

CALL_COLUMNS = ("contig", "start", "end", "name", "score", "strand", "value", "summit", "windows", "p", "q")


@dataclass(frozen=True)
class Call:
    """Windows that score high and lie together.

    Attributes:
        contig: The contig.
        start: First base of the first window.
        end: One past the last base of the last window.
        summit: Base in the middle of the window of the highest score; where windows that follow each other share it (by the rule ``max``
            all that hold the best one do), in the middle of the first such stretch.
        value: Its score.
        count: Windows that score high.
    """

    contig: str
    start: int
    end: int
    summit: int
    value: float
    count: int


@dataclass(frozen=True)
class _Hits:
    """Windows of one call, of one piece or of several that follow each other.

    Attributes:
        contig: The contig.
        first: Where the first window that scores high begins.
        last: Where the last one begins.
        value: The highest score.
        count: Windows that score high.
        top_first: Where the first window of that score begins.
        top_last: Where the last one of those that follow it without a break begins.
        is_top_begun: Whether the first window of the pieces has that score.
        is_top_open: Whether the last window of the pieces belongs to that stretch.
    """

    contig: str
    first: int
    last: int
    value: float
    count: int
    top_first: int
    top_last: int
    is_top_begun: bool
    is_top_open: bool


def _hits_of(contig: str, starts: npt.NDArray[np.int64], values: npt.NDArray[np.float32], group: npt.NDArray[np.intp]) -> _Hits:
    """What is in the windows of these numbers."""
    top = int(group[int(np.argmax(values[group]))])
    lower = np.flatnonzero(values[top:] != values[top])
    end = top + int(lower[0]) if len(lower) else len(values)
    is_begun, is_open = top == 0, end == len(values)
    first, last = int(starts[group[0]]), int(starts[group[-1]])
    return _Hits(contig, first, last, float(values[top]), len(group), int(starts[top]), int(starts[end - 1]), is_begun, is_open)


def _together(before: _Hits, after: _Hits) -> _Hits:
    top = after if after.value > before.value else before
    top_last, is_open = top.top_last, top is after and after.is_top_open
    if after.value == before.value and before.is_top_open and after.is_top_begun:
        top_last, is_open = after.top_last, after.is_top_open
    count = before.count + after.count
    return _Hits(before.contig, before.first, after.last, top.value, count, top.top_first, top_last, top.is_top_begun, is_open)


class CallMerger:
    """Joins windows that score high, of one track, from pieces of it.

    Args:
        threshold: Lowest score.
        merge_bp: Windows that begin at most so far apart are joined.
        window_bp: Bases of a window.
    """

    def __init__(self, threshold: float, merge_bp: int, window_bp: int) -> None:
        self.threshold, self.merge_bp, self.window_bp = threshold, merge_bp, window_bp
        self._open: _Hits | None = None
        self._done: list[Call] = []

    def add(self, contig: str, starts: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> None:
        """Take windows that follow the ones before.

        Args:
            contig: Their contig.
            starts: First base of each, ascending, (W,).
            values: Their scores, (W,); NaN is never high.
        """
        hits = np.flatnonzero(values >= self.threshold)
        if len(values) and self._open is not None and not (len(hits) and hits[0] == 0):
            self._open = replace(self._open, is_top_open=False)
        if not len(hits):
            return
        firsts = np.flatnonzero(np.diff(starts[hits], prepend=starts[hits[0]] - self.merge_bp - 1) > self.merge_bp)
        for group in np.split(hits, firsts[1:]):
            found = _hits_of(contig, starts, values, group)
            before = self._open
            if before is not None and before.contig == contig and found.first - before.last <= self.merge_bp:
                found = _together(before, found)
            else:
                self._close()
            self._open = found

    def _close(self) -> None:
        if self._open is not None:
            one, half = self._open, self.window_bp // 2
            summit = (one.top_first + one.top_last) // 2 + half
            self._done.append(Call(one.contig, one.first, one.last + self.window_bp, summit, one.value, one.count))
            self._open = None

    def take(self) -> list[Call]:
        """The calls so far, all closed: to be asked for at the end of a contig."""
        self._close()
        done, self._done = self._done, []
        return done


def bed_line(call: Call, name: str, strand: str, is_probability: bool, p: float | None, q: float | None) -> str:
    """A line of BED6 and the columns value, summit, windows, p, q; a dot where there is no p.

    Args:
        call: The call.
        name: Its name.
        strand: Its strand.
        is_probability: Whether the score of BED is 1000 times the value; else it is -100 log10 p, at most 1000 (0 without p).
        p: Chance of its best window.
        q: The same, corrected.
    """
    if is_probability:
        score = round(1000 * call.value)
    else:
        score = 0 if p is None else min(1000, round(-100 * math.log10(p)))
    numbers = [f"{call.value:.6g}", str(call.summit), str(call.count)] + ["." if one is None else f"{one:.4g}" for one in (p, q)]
    return "\t".join([call.contig, str(call.start), str(call.end), name, str(score), strand, *numbers])
