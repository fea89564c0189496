"""Islands: stretches of a sequence that score high.

Source: Ji et al. 2021, Supplementary, and ``motif_utils.find_high_attention`` of 2021 as a formula: ``s > mean(s)`` and
``s > 10 min(s)``, in runs of a least length.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, Codes
from dnabert.errors import SequenceError

__all__ = ["FoundIslands", "Islands", "find_islands", "high_bases", "smoothed"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FLAT = 1e-6
"""Scores whose range is a smaller share of the largest are equal but for rounding."""


@dataclass(frozen=True)
class Islands:
    """R stretches of sequences, 0-based and half-open, in the order of the sequences.

    Attributes:
        sequences: Number of the sequence of each, (R,).
        starts: First base, (R,).
        ends: The base after the last, (R,).
        scores: Mean score of its bases, (R,).
    """

    sequences: Integers
    starts: Integers
    ends: Integers
    scores: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sequences)


@dataclass(frozen=True)
class FoundIslands:
    """The islands of N sequences, and what was left out on the way.

    Attributes:
        islands: Those of the least length or more.
        num_sequences: N.
        num_constant: Sequences whose scores are all equal.
        num_stopped_by_min: Sequences with bases above the mean rule of which none is above the rule of the lowest score.
        num_runs: Runs above both, of any length.
        longest_bp: Length of the longest run; 0 without any.
        largest_ratio: Largest ratio of a sequence's highest to its lowest score; infinite where one is 0, 0 without any sequence.
    """

    islands: Islands
    num_sequences: int
    num_constant: int
    num_stopped_by_min: int
    num_runs: int
    longest_bp: int
    largest_ratio: float


def high_bases(scores: npt.NDArray[np.floating], mean_factor: float = 1.0, min_factor: float = 10.0) -> Flags:
    """Which bases score above ``mean_factor`` times the mean and above ``min_factor`` times the lowest score.

    Where the lowest score is 0 the second rule asks for more than 0, which the first one implies. Where all scores are equal but for
    rounding (a millionth of the largest) no base is high.

    Args:
        scores: Not below 0, (L,).
        mean_factor: See above.
        min_factor: See above.

    Examples:
        >>> high_bases(np.array([0.1, 3.0, 2.0, 0.9, 0.1])).tolist()
        [False, True, True, False, False]
        >>> high_bases(np.full(3, 0.1)).any()
        np.False_
    """
    values = np.asarray(scores, np.float64)
    if not len(values) or _is_flat(float(values.min()), float(values.max())):
        return np.zeros(len(values), np.bool_)
    flags: Flags = (values > mean_factor * values.mean()) & (values > min_factor * values.min())
    return flags


def smoothed(scores: npt.NDArray[np.floating], width_bp: int) -> npt.NDArray[np.float64]:
    """The mean of each score and its neighbours, ``width_bp`` in all; at the ends of as many as there are.

    Args:
        scores: One for each base, (L,).
        width_bp: Odd; 1 leaves the scores as they are.

    Examples:
        >>> smoothed(np.array([3.0, 0.0, 0.0, 6.0]), 3).tolist()
        [1.5, 1.0, 2.0, 3.0]
    """
    values = np.asarray(scores, np.float64)
    places = np.arange(len(values))
    first, last = np.maximum(places - width_bp // 2, 0), np.minimum(places + width_bp // 2 + 1, len(values))
    sums = np.concatenate(([0.0], np.cumsum(values)))
    means: npt.NDArray[np.float64] = np.maximum(sums[last] - sums[first], 0.0) / (last - first)
    return values if width_bp == 1 else means


def _is_flat(low: float, high: float) -> bool:
    return high - low <= _FLAT * high


def find_islands(
    scores: Iterable[npt.NDArray[np.floating]],
    sequences: Sequence[Codes],
    mean_factor: float = 1.0,
    min_factor: float = 10.0,
    min_len_bp: int = 5,
) -> FoundIslands:
    """Runs of high bases of each sequence. An ambiguous base ends a run.

    Args:
        scores: One score for each base of a sequence, in the order of the sequences, not below 0. They may be fewer than its bases where a
            model cut it on the right; no island lies there.
        sequences: Base codes.
        mean_factor: As :func:`high_bases`.
        min_factor: As :func:`high_bases`.
        min_len_bp: Least length.

    Raises:
        SequenceError: Scores are below 0 or no numbers, or there are more of them than bases.
    """
    parts: list[tuple[Integers, Integers, npt.NDArray[np.float64], int]] = []
    num_constant = num_stopped = num_runs = longest = num_sequences = 0
    largest_ratio = 0.0
    for index, (row, codes) in enumerate(zip(scores, sequences, strict=True)):
        values = _checked(row, codes, index)
        num_sequences += 1
        if not len(values):
            continue
        low, high = float(values.min()), float(values.max())
        num_constant += _is_flat(low, high)
        largest_ratio = max(largest_ratio, high / low if low > 0 else (np.inf if high > 0 else 0.0))
        flags = high_bases(values, mean_factor, min_factor)
        num_stopped += not flags.any() and bool(high_bases(values, mean_factor, 0.0).any())
        starts, ends = _runs(flags & (codes[: len(values)] < AMBIGUOUS))
        lengths = ends - starts
        num_runs += len(starts)
        longest = max(longest, int(lengths.max(initial=0)))
        kept = lengths >= min_len_bp
        starts, ends = starts[kept], ends[kept]
        sums = np.concatenate(([0.0], np.cumsum(values)))
        parts.append((starts, ends, (sums[ends] - sums[starts]) / (ends - starts), index))
    islands = Islands(
        np.repeat(np.array([part[3] for part in parts], np.int64), [len(part[0]) for part in parts]),
        _joined([part[0] for part in parts], np.int64),
        _joined([part[1] for part in parts], np.int64),
        _joined([part[2] for part in parts], np.float64),
    )
    return FoundIslands(islands, num_sequences, num_constant, num_stopped, num_runs, longest, largest_ratio)


def _joined(parts: list[npt.NDArray], dtype: type) -> npt.NDArray:  # type: ignore[type-arg]
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


def _checked(row: npt.NDArray[np.floating], codes: Codes, index: int) -> npt.NDArray[np.float64]:
    values = np.asarray(row, np.float64)
    if values.ndim != 1 or len(values) > len(codes):
        raise SequenceError(f"sequence {index + 1}: {values.shape} scores for {len(codes)} bases; there must be one for each base")
    if len(values) and not values.min() >= 0:  # also where one is no number
        raise SequenceError(f"sequence {index + 1}: a score is {values.min()}; scores must be numbers of 0 or more")
    return values


def _runs(flags: Flags) -> tuple[Integers, Integers]:
    """Where runs of True start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return edges[::2].astype(np.int64), edges[1::2].astype(np.int64)
