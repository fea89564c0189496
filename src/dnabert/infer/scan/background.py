"""How likely a score is by chance: p from shuffled windows, q over all windows that were scanned.

p of a score s is (1 + shuffles that score s or more) / (1 + shuffles), so it takes no more values than there are shuffles; how many
windows have each of them is all that has to be kept for q.

Source: North, Curtis and Sham 2002, Am J Hum Genet 71:439 (p by simulation); Benjamini and Hochberg 1995 (q).
"""

import numpy as np
import numpy.typing as npt

__all__ = ["Background"]

Floats = npt.NDArray[np.float64]


class Background:
    """Scores of shuffles, and how the windows of a scan lie among them.

    Args:
        shuffled: Scores of shuffles, (N,).
    """

    def __init__(self, shuffled: npt.ArrayLike) -> None:
        self._sorted = np.sort(np.asarray(shuffled, dtype=np.float32))
        self._counts = np.zeros(len(self._sorted) + 1, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, scores: npt.ArrayLike) -> None:
        """Count the windows with these scores; NaN are none."""
        values = np.asarray(scores, dtype=np.float32).ravel()
        self._counts += np.bincount(self._at_or_above(values[~np.isnan(values)]), minlength=len(self._counts))

    def p(self, scores: npt.ArrayLike) -> Floats:
        """Share of shuffles that score as much or more, never 0, of the shape of the scores.

        Examples:
            >>> Background([0.1, 0.2, 0.3]).p([0.05, 0.2, 0.9]).tolist()
            [1.0, 0.75, 0.25]
        """
        found: Floats = (1 + self._at_or_above(np.asarray(scores, dtype=np.float32))) / (1 + len(self._sorted))
        return found

    def q(self, scores: npt.ArrayLike) -> Floats:
        """The p of each, corrected for all windows that were counted, of the shape of the scores.

        Examples:
            >>> background = Background([0.1, 0.2, 0.3])
            >>> background.add([0.9, 0.25, 0.05, 0.05])
            >>> background.q([0.9, 0.25, 0.05]).tolist()
            [1.0, 1.0, 1.0]
            >>> background.add([0.8, 0.7, 0.6])
            >>> background.q([0.9, 0.25, 0.05]).tolist()
            [0.4375, 0.7, 1.0]
        """
        rank = np.cumsum(self._counts)  # windows with so small a p, by the number of shuffles that score as much
        p = (1 + np.arange(len(rank))) / (1 + len(self._sorted))
        raw = np.where(self._counts > 0, p * rank[-1] / np.maximum(rank, 1), np.inf)
        levels = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
        found: Floats = levels[self._at_or_above(np.asarray(scores, dtype=np.float32))]
        return found

    def _at_or_above(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = len(self._sorted) - np.searchsorted(self._sorted, values, side="left")
        return found
