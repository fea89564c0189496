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
        summit: Base in the middle of the window of the highest score, the leftmost of several.
        value: Its score.
        count: Windows that score high.
    """

    contig: str
    start: int
    end: int
    summit: int
    value: float
    count: int


class CallMerger:
    """Joins windows that score high, of one track, from pieces of it.

    Args:
        threshold: Lowest score.
        merge_bp: Windows that begin at most so far apart are joined.
        window_bp: Bases of a window.
    """

    def __init__(self, threshold: float, merge_bp: int, window_bp: int) -> None:
        self.threshold, self.merge_bp, self.window_bp = threshold, merge_bp, window_bp
        self._open: Call | None = None
        self._last = 0
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
            best = group[int(np.argmax(values[group]))]
            first, last = int(starts[group[0]]), int(starts[group[-1]])
            self._join(
                Call(contig, first, last + self.window_bp, int(starts[best]) + self.window_bp // 2, float(values[best]), len(group)), first
            )
            self._last = last

    def _join(self, call: Call, first: int) -> None:
        before = self._open
        if before is None or before.contig != call.contig or first - self._last > self.merge_bp:
            self._close()
            self._open = call
            return
        top = call if call.value > before.value else before
        self._open = Call(call.contig, before.start, call.end, top.summit, top.value, before.count + call.count)

    def _close(self) -> None:
        if self._open is not None:
            self._done.append(self._open)
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
