"""Whether strings occur in more positives than chance lets expect."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control, hypergeom

__all__ = ["Enrichment", "enrichment_of", "hypergeometric_log_p", "hypergeometric_p"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Enrichment:
    """Counts and tests of C strings, each array (C,).

    Attributes:
        in_positives: Positives with the string.
        in_negatives: Negatives with it.
        p: Chance of as many positives or more.
        q: The same, corrected for C tests.
    """

    in_positives: Integers
    in_negatives: Integers
    p: Floats
    q: Floats


def hypergeometric_p(in_positives: Integers, in_all: Integers, num_positives: int, num_all: int) -> Floats:
    """Chance that, of the sequences with a string, as many or more would be positives if it occurred regardless of class.

    Source: Ji et al. 2021: hypergeometric test, ``sf(x - 1)`` with N all sequences, K positives, n sequences with the string.

    Args:
        in_positives: x, positives with the string, (C,).
        in_all: n, sequences with it, (C,).
        num_positives: K.
        num_all: N.

    Examples:
        >>> hypergeometric_p(np.array([2]), np.array([2]), 2, 4).round(4)  # 1 of the 6 pairs
        array([0.1667])
    """
    return _per_pair(hypergeom.sf, in_positives, in_all, num_positives, num_all).clip(0.0, 1.0)


def hypergeometric_log_p(in_positives: Integers, in_all: Integers, num_positives: int, num_all: int) -> Floats:
    """Its natural logarithm, also where the chance itself is too small for a number."""
    return np.minimum(_per_pair(hypergeom.logsf, in_positives, in_all, num_positives, num_all), 0.0)


def _per_pair(function: object, in_positives: Integers, in_all: Integers, num_positives: int, num_all: int) -> Floats:
    # scipy sums up in a loop over the elements: thousands of rare strings share a few pairs of counts.
    pairs, inverse = np.unique(np.stack([in_positives, in_all]), axis=1, return_inverse=True)
    values = function(pairs[0] - 1, num_all, num_positives, pairs[1])  # type: ignore[operator]
    found: Floats = np.asarray(values, np.float64)[inverse.reshape(-1)]
    return found


def enrichment_of(in_positives: Integers, in_negatives: Integers, num_positives: int, num_negatives: int) -> Enrichment:
    """Counts with p by the hypergeometric test and q by Benjamini and Hochberg.

    Args:
        in_positives: Positives with each string, (C,).
        in_negatives: Negatives with each string, (C,).
        num_positives: All positives.
        num_negatives: All negatives.
    """
    if not len(in_positives):
        return Enrichment(in_positives, in_negatives, np.empty(0), np.empty(0))
    p = hypergeometric_p(in_positives, in_positives + in_negatives, num_positives, num_positives + num_negatives)
    return Enrichment(in_positives, in_negatives, p, np.asarray(false_discovery_control(p), np.float64))
