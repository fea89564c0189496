"""Independent random streams, one per purpose and contig: a new purpose never shifts the draws of the old ones."""

from enum import IntEnum

import numpy as np

__all__ = ["Stream", "open_stream"]


class Stream(IntEnum):
    """What a stream of random numbers is for. Append only: the value is part of what a seed means."""

    BACKGROUND_TABLE = 0
    REPEAT_FAMILIES = 1
    LAYOUT = 2
    BACKGROUND = 3
    REPEATS = 4
    MICROSATELLITES = 5
    SITES = 6
    GAPS = 7
    RANDOM_NEGATIVES = 8
    GENE_STRUCTURES = 9
    GENES = 10
    SPLICE_NEGATIVES = 11
    BINDING_SITES = 12
    PEAKS = 13
    UNBOUND_WINDOWS = 14
    VARIANTS = 15


def open_stream(seed: int, purpose: Stream, contig_index: int = 0) -> np.random.Generator:
    """A generator that depends on the seed, the purpose and the contig, and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), contig_index)))
