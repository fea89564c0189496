"""Streams of random numbers: the same seed gives the same bytes, and one setting does not shift the draws of another."""

from enum import IntEnum

import numpy as np

from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.splits import SPLITS

__all__ = ["Stream", "open_stream"]


class Stream(IntEnum):
    """What a stream is for. Append only: the value is part of what a seed means."""

    MATCHED = 0
    TATA = 1
    SUBSTITUTION = 2
    SCAN = 3
    SCAN_NEGATIVES = 4


def open_stream(seed: int, purpose: Stream, split: SplitName = "train") -> np.random.Generator:
    """A generator that depends on the seed, the purpose and the split, and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), SPLITS.index(split))))
