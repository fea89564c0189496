"""Scores of longer windows from those of the windows within them.

Legend: W windows, G windows of a longer one.

Source: Ji et al. 2021, Prom-scan; recipe 1.7 (max, mean or second highest over the windows of 500 bases within 1001).
"""

import numpy as np
import numpy.typing as npt

from dnabert.infer.scan.choices import ScanRule

__all__ = ["apply_rule"]

Floats = npt.NDArray[np.float32]


def apply_rule(rule: ScanRule, scores: Floats, group: int) -> Floats:
    """What is made of every ``group`` windows that follow each other.

    Args:
        rule: none (a group is one window), max, mean or second.
        scores: Scores in the order of the windows, (W, ...), at least one group.
        group: G.

    Returns:
        Scores of longer windows, (W-G+1, ...); NaN where one of the windows is NaN.

    Examples:
        >>> scores = np.array([0.1, 0.9, 0.5, 0.3], np.float32)
        >>> apply_rule("max", scores, 3).tolist() == [scores[1], scores[1]]
        True
        >>> apply_rule("second", scores, 3).tolist(), apply_rule("none", scores, 1) is scores
        ([0.5, 0.5], True)
    """
    if rule == "none":
        return scores
    groups = np.lib.stride_tricks.sliding_window_view(scores, group, axis=0)  # (W-G+1, ..., G)
    if rule == "max":
        found = groups.max(axis=-1)
    elif rule == "mean":
        found = groups.mean(axis=-1, dtype=np.float64)
    else:
        place = max(group - 2, 0)  # of a single window the second is the first
        found = np.partition(groups, place, axis=-1)[..., place]
        found = np.where(np.isnan(groups).any(axis=-1), np.nan, found)
    return np.asarray(found, dtype=np.float32)
