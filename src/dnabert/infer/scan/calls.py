"""Windows that score high, joined to calls, and calls as BED.

Source: UCSC BED format (0-based, half-open; the first six columns).
"""

import math
from dataclasses import dataclass

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
        top_last: Where the last one of those that follow it one by one, with the same score, begins.
    """

    contig: str
    first: int
    last: int
    value: float
    count: int
    top_first: int
    top_last: int


def _hits_of(contig: str, starts: npt.NDArray[np.int64], values: npt.NDArray[np.float32], step: int) -> _Hits:
    """Of windows that all score high and make one call."""
    top = int(np.argmax(values))
    breaks = np.flatnonzero((values[top + 1 :] != values[top]) | (np.diff(starts[top:]) != step))
    end = top + int(breaks[0]) if len(breaks) else len(values) - 1
    return _Hits(contig, int(starts[0]), int(starts[-1]), float(values[top]), len(values), int(starts[top]), int(starts[end]))


def _together(before: _Hits, after: _Hits, step: int) -> _Hits:
    top = after if after.value > before.value else before
    top_last = top.top_last
    if after.value == before.value and before.top_last + step == after.top_first:
        top_last = after.top_last
    return _Hits(before.contig, before.first, after.last, top.value, before.count + after.count, top.top_first, top_last)


class CallMerger:
    """Joins windows that score high, of one track, from pieces of it.

    Args:
        threshold: Lowest score.
        merge_bp: Windows that begin at most so far apart are joined.
        window_bp: Bases of a window.
        step: Bases from one window to the next.
    """

    def __init__(self, threshold: float, merge_bp: int, window_bp: int, step: int) -> None:
        self.threshold, self.merge_bp, self.window_bp, self.step = threshold, merge_bp, window_bp, step
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
        if not len(hits):
            return
        firsts = np.flatnonzero(np.diff(starts[hits], prepend=starts[hits[0]] - self.merge_bp - 1) > self.merge_bp)
        for group in np.split(hits, firsts[1:]):
            found = _hits_of(contig, starts[group], values[group], self.step)
            before = self._open
            if before is not None and before.contig == contig and found.first - before.last <= self.merge_bp:
                found = _together(before, found, self.step)
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
