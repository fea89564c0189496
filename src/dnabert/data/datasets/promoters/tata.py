"""Whether a promoter has a TATA box: the best score of a weight matrix among the few places where the box may begin."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes, reverse_complement

__all__ = ["FIRST_OFFSET", "LAST_OFFSET", "MIN_BITS", "TATA_BP", "box_bits", "class_of_bits", "promoter_bits", "window_bits"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_COUNTS = np.array(
    [
        [61, 16, 352, 3, 354, 268, 360, 222, 155, 56, 83, 82, 82, 68, 77],
        [145, 46, 0, 10, 0, 0, 3, 2, 44, 135, 147, 127, 118, 107, 101],
        [152, 18, 2, 2, 5, 0, 20, 44, 157, 150, 128, 128, 128, 139, 140],
        [31, 309, 35, 374, 30, 121, 6, 121, 33, 48, 31, 52, 61, 75, 71],
    ]
)
"""Bases A, C, G, T by position in 389 TATA boxes. Source: Bucher 1990, J. Mol. Biol. 212:563, as JASPAR's MA0108 (TBP)."""

TATA_BP = _COUNTS.shape[1]
"""Length of the matrix, in bases."""

FIRST_OFFSET = -34
"""First base of the matrix, from the TSS, where it lies farthest upstream. Source: see :data:`MIN_BITS`."""

LAST_OFFSET = -29
"""The same where it lies nearest to the TSS."""

MIN_BITS = 3.9
"""Score from which on it is a TATA box, against equal shares of the bases, with one pseudo-count for each.

Source: our choice, and that of the offsets, by the agreement with the TATA and non-TATA promoters of GUE, train and dev only (MCC 0.970;
``benchmarks/promoter_agreement.py`` tells that on the test). EPDnew, where the classes come from, looks at -28, give or take 3."""


def _bits_by_code() -> FloatArray:
    shares = (_COUNTS + 1) / (_COUNTS.sum(axis=0) + 4)
    bits = np.log2(shares / 0.25)[["ACGT".index(base) for base in BASES]]
    return np.vstack([bits, np.full(TATA_BP, -np.inf)])


_BITS = _bits_by_code()
"""Bits by base code and position, shape (5, TATA_BP): no box has an ambiguous base."""

_REVERSE_BITS = _BITS[reverse_complement(np.arange(AMBIGUOUS + 1, dtype=np.uint8))[::-1], ::-1]
"""The same for a box that is on the other strand."""

_ROWS = 1 << 14


def box_bits(store: GenomeStore, firsts: IntArray, is_reverse: BoolArray) -> FloatArray:
    """How well a TATA box fits at a place, in bits, shape (N,); minus infinity over an ambiguous base or the end of a contig.

    Args:
        store: The genome.
        firsts: The first base of each box in its reading direction, in the store, shape (N,); may be outside of it.
        is_reverse: Whether it is read on the reverse strand, shape (N,).
    """
    # On the reverse strand the box is read from its last base on the forward strand on, with the matrix turned around.
    starts = firsts - np.where(is_reverse, TATA_BP - 1, 0)
    inside = np.clip(starts, 0, max(len(store.codes) - TATA_BP, 0))
    contigs = np.searchsorted(store.contig_starts, np.stack([inside, inside + TATA_BP - 1]), side="right")
    is_whole = (inside == starts) & (contigs[0] == contigs[1]) & (inside + TATA_BP <= len(store.codes))
    result = np.full(len(firsts), -np.inf)
    for turned, bits in ((False, _BITS), (True, _REVERSE_BITS)):
        rows = np.flatnonzero(is_whole & (is_reverse == turned))
        for first in range(0, len(rows), _ROWS):
            piece = rows[first : first + _ROWS]
            result[piece] = _score(sliding_window_view(store.codes, TATA_BP)[inside[piece]], bits)
    return result


def _score(windows: Codes, bits: FloatArray) -> FloatArray:
    """Sum of the bits of each base of the windows, of shape (N, TATA_BP); bits by code and position."""
    scores: FloatArray = bits.ravel()[windows * np.int16(TATA_BP) + np.arange(TATA_BP, dtype=np.int16)].sum(axis=1)
    return scores


def promoter_bits(store: GenomeStore, tss: IntArray, is_reverse: BoolArray) -> tuple[FloatArray, IntArray]:
    """The best score of a TATA box for each promoter, in bits, and the offset of its first base from the TSS, both of shape (N,).

    Args:
        store: The genome.
        tss: Position of each TSS in the store, shape (N,).
        is_reverse: Whether it is on the reverse strand, shape (N,).
    """
    offsets = np.arange(FIRST_OFFSET, LAST_OFFSET + 1)
    bits = np.stack([box_bits(store, tss + np.where(is_reverse, -offset, offset), is_reverse) for offset in offsets.tolist()], axis=1)
    best = bits.argmax(axis=1)
    return bits[np.arange(len(tss)), best], offsets[best]


def window_bits(codes: Codes, tss_index: int, first_offset: int = FIRST_OFFSET, last_offset: int = LAST_OFFSET) -> FloatArray:
    """The best score of a TATA box in each window, in bits, shape (N,); minus infinity where no place for it lies in the window.

    Args:
        codes: Base codes, read in the direction of transcription, shape (N, L).
        tss_index: Index of the TSS in each.
        first_offset: First base of the matrix, from the TSS, where it lies farthest upstream.
        last_offset: The same where it lies nearest to the TSS.
    """
    best = np.full(len(codes), -np.inf)
    firsts = range(max(tss_index + first_offset, 0), min(tss_index + last_offset, codes.shape[1] - TATA_BP) + 1)
    for first in firsts:
        best = np.maximum(best, _score(codes[:, first : first + TATA_BP], _BITS))
    return best


def class_of_bits(bits: float) -> str:
    """``TATA`` or ``non-TATA``."""
    return "TATA" if bits >= MIN_BITS else "non-TATA"
