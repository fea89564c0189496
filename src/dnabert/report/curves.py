"""The arrays behind the figures: curves, bins, counts and intervals.

Legend: N examples, K classes, B bins.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from dnabert.plot.performance.calibration import Reliability
from dnabert.plot.performance.curves import Curve

__all__ = ["confusion_counts", "histogram_counts", "precision_recall_curve", "reliability", "roc_curve", "wilson_interval"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

_NORMAL_QUANTILE = 1.959963984540054
"""Standard normal at 0.975: a two-sided 95% interval."""


def roc_curve(name: str, is_positive: Flags, scores: Floats) -> Curve:
    """The receiver operating characteristic of one class against the rest, and its area.

    Args:
        name: Its name in the legend.
        is_positive: Which examples belong to the class, (N,); both kinds occur.
        scores: Higher for more likely members, (N,).
    """
    x, y, _ = sk.roc_curve(is_positive, scores)
    return Curve(name, x, y, float(sk.auc(x, y)))


def precision_recall_curve(name: str, is_positive: Flags, scores: Floats) -> Curve:
    """Precision against recall of one class, from the lowest recall up, and its average precision: the area under its steps.

    Args:
        name: Its name in the legend.
        is_positive: Which examples belong to the class, (N,); both kinds occur.
        scores: Higher for more likely members, (N,).
    """
    precision, recall, _ = sk.precision_recall_curve(is_positive, scores, drop_intermediate=True)
    # scikit-learn ends on recall 0 with a precision of 1 that no threshold reaches: the first real one takes its place.
    precision[-1] = precision[-2]
    return Curve(name, recall[::-1], precision[::-1], float(sk.average_precision_score(is_positive, scores)))


def wilson_interval(successes: npt.NDArray[Any], totals: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """Lower and upper ends of the 95% intervals of shares; 0 and 1 where a total is 0.

    Args:
        successes: Counts, any shape.
        totals: Counts, the same shape.

    Source: Wilson 1927; Brown, Cai & DasGupta 2001, eq. 4.
    """
    n = np.maximum(totals, 1).astype(np.float64)
    z2 = _NORMAL_QUANTILE**2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = _NORMAL_QUANTILE * np.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    empty = totals == 0
    # At 0 and at n the formula's end is exact only up to rounding.
    low = np.where(empty | (successes == 0), 0.0, centre - reach)
    high = np.where(empty | (successes == totals), 1.0, centre + reach)
    return low, high


def reliability(probs: Floats, came_true: Flags, num_bins: int = 10) -> Reliability:
    """Predicted against observed, in bins of equal width.

    Args:
        probs: Predicted probabilities, 0-1, (N,).
        came_true: Whether the predicted event was the case, (N,).
        num_bins: B.

    Returns:
        The bins, with 95% Wilson intervals.
    """
    place = np.minimum((probs * num_bins).astype(np.int64), num_bins - 1)
    counts = np.bincount(place, minlength=num_bins)
    right = np.bincount(place, weights=came_true, minlength=num_bins)
    low, high = wilson_interval(right, counts)
    with np.errstate(invalid="ignore"):
        predicted = np.bincount(place, weights=probs, minlength=num_bins) / counts
        observed = right / counts
    return Reliability(np.linspace(0, 1, num_bins + 1), predicted, observed, low, high, counts)


def confusion_counts(targets: Counts, predicted: Counts, num_classes: int) -> Counts:
    """Examples by true (rows) and predicted (columns) class, (K, K).

    Args:
        targets: Class numbers, (N,).
        predicted: Class numbers, (N,).
        num_classes: K.
    """
    counts: Counts = np.bincount(targets * num_classes + predicted, minlength=num_classes**2).reshape(num_classes, num_classes)
    return counts


def histogram_counts(values: Floats, groups: Counts, num_groups: int, edges: Floats) -> Counts:
    """Values by group and bin, (groups, B).

    Args:
        values: The values, (N,).
        groups: Group numbers, (N,).
        num_groups: How many groups there are.
        edges: Borders of the bins, (B+1,).
    """
    rows = [np.histogram(values[groups == number], bins=edges)[0] for number in range(num_groups)]
    return np.array(rows, dtype=np.int64).reshape(num_groups, len(edges) - 1)
