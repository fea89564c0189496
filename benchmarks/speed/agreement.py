"""Whether outputs equal those of the slow path: looked at before anything is timed."""

from typing import Any

import numpy as np

from benchmarks.speed.results import Agreement

__all__ = [
    "BFLOAT16_GRADIENT_TOLERANCE",
    "BFLOAT16_TOLERANCE",
    "FLOAT32_TOLERANCE",
    "MismatchError",
    "check_close",
    "check_equal",
    "relative_difference",
]

FLOAT32_TOLERANCE = 1e-5
BFLOAT16_TOLERANCE = 1e-2
BFLOAT16_GRADIENT_TOLERANCE = 2e-2
"""For gradients of a classifier, rounded forth and back; those of transformers are as far off, which is shown beside them."""


class MismatchError(Exception):
    """Outputs differ by more than is allowed: there is nothing to time."""


def relative_difference(found: Any, slow: Any) -> float:
    """Length of the difference of two arrays, relative to the length of the slow path's: ``|found - slow| / |slow|``."""
    first, second = np.asarray(found, dtype=np.float64).ravel(), np.asarray(slow, dtype=np.float64).ravel()
    if first.shape != second.shape:
        raise MismatchError(f"{first.size} values where the slow path has {second.size}")
    return float(np.linalg.norm(first - second) / np.linalg.norm(second))


def check_close(what: str, against: str, found: Any, slow: Any, tolerance: float) -> Agreement:
    """The agreement of two arrays of numbers.

    Raises:
        MismatchError: Their relative difference is above the tolerance, or no number.
    """
    difference = relative_difference(found, slow)
    if not difference <= tolerance:  # also where it is no number
        raise MismatchError(f"{what}: differs from {against} by {difference:.2g} (relative), more than {tolerance:g}; nothing was timed")
    return Agreement(what=what, against=against, tolerance=tolerance, difference=difference)


def check_equal(what: str, against: str, found: Any, slow: Any) -> Agreement:
    """The agreement of two arrays of ids, which must be the same.

    Raises:
        MismatchError: They are not.
    """
    first, second = np.asarray(found), np.asarray(slow)
    if first.shape != second.shape:
        raise MismatchError(f"{what}: shape {first.shape} where {against} has {second.shape}; nothing was timed")
    different = int(np.count_nonzero(first != second))
    if different:
        raise MismatchError(f"{what}: {different} of {first.size} ids differ from {against}; nothing was timed")
    return Agreement(what=what, against=against, tolerance=0, difference=0)
