"""Sequences shuffled so that each keeps its counts of dinucleotides, and its first and last base.

The shuffle is tangermeme's, of the extra ``interpret``; it is imported on the first call, since that takes seconds. It leaves the
last transition out of each base where it is, so it draws from many, but not from all, of the orders that there are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import Codes
from dnabert.errors import requires_extra

__all__ = ["Shuffles", "shuffle_dinucleotides"]

IntArray = npt.NDArray[np.int64]

_ATTEMPTS = 4
"""Draws until a shuffle is given up: one of 101 bases that is no short repeat is all but never its own shuffle."""
_BLOCK = 1 << 20
"""Bases that are shuffled in one call, at some 20 bytes of memory for each."""


@dataclass(frozen=True)
class Shuffles:
    """Shuffles of N sequences of L bases.

    Attributes:
        codes: Base codes, shape (N, count, L).
        is_new: Whether each is unlike its sequence and unlike the earlier shuffles of it, shape (N, count). A sequence such as
            ``ACACAC`` has no other order with the same dinucleotides.
    """

    codes: Codes
    is_new: npt.NDArray[np.bool_]


def shuffle_dinucleotides(codes: Codes, keys: IntArray, seed: int, count: int = 1) -> Shuffles:
    """Shuffles that keep the counts of dinucleotides, and the first and the last base.

    Args:
        codes: Base codes, all unambiguous, shape (N, L).
        keys: A number of its own for each sequence, 0 or more, shape (N,). It and ``seed`` decide its shuffles, whatever else is
            shuffled with it.
        seed: Seed of all shuffles.
        count: Shuffles of each sequence.

    Raises:
        DnabertError: tangermeme is not installed.
    """
    found = np.repeat(codes[:, None, :], count, axis=1)  # (N, count, L)
    is_new = np.zeros(found.shape[:2], dtype=np.bool_)
    for number in range(count):
        for attempt in range(_ATTEMPTS):
            rows = np.flatnonzero(~is_new[:, number])
            if not len(rows):
                break
            drawn = _shuffle(codes[rows], [_seed(seed, int(key), number, attempt) for key in keys[rows]])
            earlier = np.concatenate([codes[rows, None], found[rows, :number]], axis=1)
            is_new[rows, number] = (drawn[:, None] != earlier).any(axis=2).all(axis=1)
            found[rows, number] = drawn
    return Shuffles(found, is_new)


def _seed(seed: int, key: int, number: int, attempt: int) -> int:
    """A seed that tangermeme keeps as it is: below 2**31."""
    return int(np.random.SeedSequence(seed, spawn_key=(key, number, attempt)).generate_state(1)[0] >> 1)


def _shuffle(codes: Codes, seeds: list[int]) -> Codes:
    """One shuffle of each sequence, shape (N, L)."""
    try:
        from tangermeme.ersatz import dinucleotide_shuffle
    except ImportError:
        raise requires_extra("tangermeme", "interpret", "a dinucleotide shuffle") from None
    import torch

    result = np.empty_like(codes)
    rows = max(1, _BLOCK // max(1, codes.shape[1]))
    for first in range(0, len(codes), rows):
        part = codes[first : first + rows]
        one_hot = (part[:, None, :] == np.arange(4, dtype=np.uint8)[:, None]).astype(np.int8)  # (n, 4, L)
        shuffled = dinucleotide_shuffle(torch.from_numpy(one_hot), n=1, random_state=seeds[first : first + rows])
        result[first : first + rows] = shuffled[:, 0].numpy().argmax(axis=1)  # (n, 1, 4, L) -> (n, L)
    return result
