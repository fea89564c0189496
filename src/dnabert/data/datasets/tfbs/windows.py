"""From summits to windows: which are merged into one, and which factors bind in it."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntArray, IntervalSet

__all__ = ["bound_windows", "choose_centers", "join_names", "window_starts"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_ROWS = 1 << 16


def choose_centers(positions: IntArray, strengths: FloatArray, reach_bp: int) -> IntArray:
    """Which summits get a window: the strongest, then the strongest of those at least ``reach_bp`` away from it, and so on.

    Of summits of the same strength the first is taken. So every summit is closer than ``reach_bp`` to one chosen, and no two chosen ones
    are that close.

    Args:
        positions: Where the summits are, ascending, shape (N,).
        strengths: How strong each is, shape (N,).
        reach_bp: Summits closer than this share a window, in bases.

    Returns:
        Their indices, ascending, shape (at most N,).
    """
    order = np.argsort(-strengths, kind="stable")
    firsts = np.searchsorted(positions, positions - reach_bp, side="right")
    ends = np.searchsorted(positions, positions + reach_bp, side="left")
    is_near = bytearray(len(positions))  # reading one item of it is faster than of an array
    chosen = []
    for begin in range(0, len(order), _ROWS):
        block = order[begin : begin + _ROWS]
        for place, first, end in zip(block.tolist(), firsts[block].tolist(), ends[block].tolist(), strict=True):
            if not is_near[place]:
                chosen.append(place)
                is_near[first:end] = b"\1" * (end - first)
    return np.sort(np.array(chosen, dtype=np.int64))


def window_starts(summits: IntArray, is_reverse: BoolArray, window_bp: int) -> IntArray:
    """First base of each window, whose summit has the index ``window_bp // 2`` on the window's strand, shape (N,)."""
    half = window_bp // 2
    starts: IntArray = np.where(is_reverse, summits + half - window_bp + 1, summits - half)
    return starts


def bound_windows(starts: IntArray, centers: IntArray, window_bp: int, summits: IntArray, peaks: IntervalSet | None) -> IntArray:
    """Indices of the windows in which a factor binds, ascending.

    Args:
        starts: First base of each window, shape (N,).
        centers: Its central base, which is a summit of some factor, shape (N,).
        window_bp: Length of the windows, in bases.
        summits: Summits of the factor, ascending; it binds where one lies in the window.
        peaks: Its peaks; it also binds where one covers the central base. None: it does not.
    """
    is_bound = np.searchsorted(summits, starts + window_bp) > np.searchsorted(summits, starts)
    if peaks is not None:
        is_bound |= peaks.contains(centers, centers + 1)
    return np.flatnonzero(is_bound)


def join_names(names: Sequence[str], bound: Sequence[IntArray], num_windows: int) -> list[str]:
    """The names of the factors that bind in each window, joined by ``;``, in the order of ``names``.

    Args:
        names: Name of each factor.
        bound: Windows in which each binds, ascending.
        num_windows: Number of windows.
    """
    windows = np.concatenate([np.empty(0, np.int32), *(part.astype(np.int32) for part in bound)])
    factors = np.repeat(np.arange(len(names), dtype=np.int32), [len(part) for part in bound])
    factors = factors[np.argsort(windows, kind="stable")]
    edges = np.concatenate(([0], np.cumsum(np.bincount(windows, minlength=num_windows)))).tolist()
    known: dict[bytes, str] = {}  # few combinations occur often: each text is made and kept once
    labels = []
    for first, end in pairwise(edges):
        key = factors[first:end].tobytes()
        label = known.get(key)
        if label is None:
            label = known[key] = ";".join(names[number] for number in factors[first:end].tolist())
        labels.append(label)
    return labels
