"""In how many sequences a matrix occurs: at a place where it scores as well as the better half of the sites that it was made from."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, Codes
from dnabert.motif.pwm import columns_by_code

__all__ = ["count_sequences_like", "median_score"]

Floats = npt.NDArray[np.float64]

_BLOCK_BP = 1 << 20
"""Bases that are scored at once, at some 30 bytes of memory for each."""
_TOLERANCE = 1e-9
"""Sums of the same numbers may differ in their last digits."""


def _table(probs: Floats, background: Floats) -> Floats:
    """``log2(p / background)`` by column and base code, (W, 5); an ambiguous base never fits."""
    odds = np.log2(probs / background)
    found = np.full((len(probs), AMBIGUOUS + 1), -np.inf)
    found[:, :AMBIGUOUS] = columns_by_code(odds)
    return found


def median_score(probs: Floats, background: Floats, sites: Codes) -> float:
    """Median log-odds score, in bits, of the sites of a matrix.

    Args:
        probs: Probability of A, C, G, T at each position, none of them 0, (W, 4).
        background: Shares of A, C, G, T, (4,).
        sites: Their base codes, each read on its strand, (S, W).
    """
    table = _table(probs, background)
    table[:, AMBIGUOUS] = 0.0  # of a site nothing is known there
    return float(np.median(table[np.arange(len(table)), sites].sum(axis=1)))


def count_sequences_like(probs: Floats, background: Floats, least: float, sequences: Sequence[Codes], both_strands: bool) -> int:
    """Sequences with a place where the matrix scores ``least`` or more, each counted once.

    Args:
        probs: As :func:`median_score`.
        background: As :func:`median_score`.
        least: The least score, in bits.
        sequences: Base codes; the matrix does not lie over an ambiguous base.
        both_strands: Whether it may be read on the reverse strand.

    Examples:
        >>> from dnabert.dna.sequence import encode_bases
        >>> gat = np.array([[0.01, 0.01, 0.97, 0.01], [0.97, 0.01, 0.01, 0.01], [0.01, 0.01, 0.01, 0.97]])
        >>> sequences = [encode_bases(text) for text in ("CCGATC", "GGATCC", "ATCATC", "CC")]
        >>> [count_sequences_like(gat, np.full(4, 0.25), 5.0, sequences, both) for both in (False, True)]
        [2, 3]
    """
    forward = _table(probs, background)
    tables = [forward]
    if both_strands:
        tables.append(_table(probs[::-1, ::-1], background))  # in the order A, C, G, T the complement is the column from the end
    count = 0
    block: list[Codes] = []
    size = 0
    for codes in sequences:
        block.append(codes)
        size += len(codes)
        if size >= _BLOCK_BP:
            count += _count(block, tables, least)
            block, size = [], 0
    return count + (_count(block, tables, least) if block else 0)


def _count(block: list[Codes], tables: list[Floats], least: float) -> int:
    width = len(tables[0])
    wall = np.full(width, AMBIGUOUS, np.uint8)  # no place lies over two sequences
    codes = np.concatenate([part for row in block for part in (row, wall)])
    owners = np.repeat(np.arange(len(block)), [len(row) + width for row in block])
    places = len(codes) - width + 1
    fits = np.zeros(places, np.bool_)
    for table in tables:
        scores = np.zeros(places)
        for column in range(width):
            scores += table[column][codes[column : column + places]]
        fits |= scores >= least - _TOLERANCE
    return len(np.unique(owners[:places][fits]))
