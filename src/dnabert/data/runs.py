"""Runs of bases along a genome: rows of start and end, 0-based, half-open, ascending, that do not overlap."""

import numpy as np
import numpy.typing as npt

__all__ = ["RunCollector", "Runs", "cut_runs"]

Runs = npt.NDArray[np.int64]
"""Start and end of each run, shape (R, 2)."""


class RunCollector:
    """Finds the runs of true values in a long array that comes in pieces."""

    def __init__(self) -> None:
        self._edges: list[npt.NDArray[np.int64]] = []
        self._length = 0
        self._is_open = False

    def add(self, flags: npt.NDArray[np.bool_]) -> None:
        """Takes the next piece, shape (L,), L > 0."""
        if flags[0] != self._is_open:
            self._edges.append(np.array([self._length]))
        self._edges.append(np.flatnonzero(flags[1:] != flags[:-1]) + (self._length + 1))
        self._length += len(flags)
        self._is_open = bool(flags[-1])

    def runs(self) -> Runs:
        """Rows of start and end of all runs so far, ascending, shape (R, 2)."""
        last = [self._length] if self._is_open else []
        return np.concatenate([*self._edges, np.array(last, dtype=np.int64)]).reshape(-1, 2)


def cut_runs(runs: Runs, places: npt.NDArray[np.int64]) -> Runs:
    """The same bases in runs none of which reaches over a place.

    Args:
        runs: Rows of start and end, ascending, that do not overlap, shape (R, 2).
        places: Where to cut, each before the base of that number, ascending, shape (P,).

    Examples:
        >>> cut_runs(np.array([[0, 9], [12, 15]]), np.array([0, 4, 10, 12])).tolist()
        [[0, 4], [4, 9], [12, 15]]
    """
    run = np.searchsorted(runs[:, 0], places) - 1  # the last that begins before the place
    inside = np.unique(places[(run >= 0) & (places < runs[run, 1])]) if len(runs) else places[:0]
    return np.stack([np.sort(np.append(column, inside)) for column in (runs[:, 0], runs[:, 1])], axis=1)
