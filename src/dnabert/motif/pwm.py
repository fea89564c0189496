"""Position weight matrices of aligned sites: counts, probabilities, information, consensus.

Columns of a matrix stand in the order of MEME files, A, C, G, T, which is not that of the base codes. Legend: W columns.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes, reverse_complement

__all__ = [
    "LETTERS",
    "background_of",
    "columns_by_code",
    "consensus",
    "count_bases",
    "information_bits",
    "informative_span",
    "letter_heights",
    "one_hot",
    "probabilities",
    "site_codes",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LETTERS = "ACGT"
"""Order of the columns of a matrix."""

_CODES = np.array([BASES.index(letter) for letter in LETTERS])
"""Base code of each column."""

_PAIRS = {"AC": "M", "AG": "R", "AT": "W", "CG": "S", "CT": "Y", "GT": "K"}


def site_codes(sequences: Sequence[Codes], numbers: Integers, starts: Integers, width: int, is_reverse: npt.NDArray[np.bool_]) -> Codes:
    """Base codes of sites of one width, each read on its strand, shape (S, width)."""
    rows = [sequences[number][start : start + width] for number, start in zip(np.asarray(numbers).tolist(), starts.tolist(), strict=True)]
    read = [reverse_complement(row) if flip else row for row, flip in zip(rows, is_reverse.tolist(), strict=True)]
    return np.array(read, np.uint8).reshape(len(read), width)


def count_bases(codes: Codes) -> Floats:
    """How often each base stands in each column, (W, 4) in the order of :data:`LETTERS`; ambiguous bases do not count.

    Args:
        codes: Base codes of aligned sites, (S, W).
    """
    found: Floats = one_hot(codes).sum(axis=0).astype(np.float64)
    return found


def one_hot(codes: Codes) -> npt.NDArray[np.bool_]:
    """Which base stands where, in the order of :data:`LETTERS`, (..., 4); none where it is ambiguous."""
    return np.asarray(codes[..., None] == _CODES)


def columns_by_code(matrix: Floats) -> Floats:
    """A matrix whose columns stand in the order of the base codes, from one in the order of :data:`LETTERS`, both (W, 4)."""
    found = np.empty_like(matrix)
    found[:, _CODES] = matrix
    return found


def background_of(sequences: Sequence[Codes], both_strands: bool) -> Floats:
    """Shares of A, C, G, T among all bases of the sequences, each counted once more than seen so that none is 0, (4,).

    Args:
        sequences: Base codes.
        both_strands: Whether A and T, and C and G, share evenly.
    """
    counts = np.ones(AMBIGUOUS + 1, np.float64)
    for codes in sequences:
        counts += np.bincount(codes, minlength=AMBIGUOUS + 1)
    found = counts[_CODES]
    if both_strands:
        found = found + found[::-1]
    return np.asarray(found / found.sum(), np.float64)


def probabilities(counts: Floats, background: Floats, pseudocount: float = 1.0) -> Floats:
    """Probability of each base: ``(count + pseudocount * background) / (sites + pseudocount)``, (W, 4)."""
    found: Floats = (counts + pseudocount * background) / (counts.sum(axis=1, keepdims=True) + pseudocount)
    return found


def information_bits(probs: Floats) -> Floats:
    """Information of each column, ``2 + sum p log2 p``, 0 to 2 bits, (W,).

    Source: Schneider & Stephens 1990, Nucleic Acids Research 18:6097, without the correction for few sites.
    """
    logs = np.log2(probs, out=np.zeros_like(probs), where=probs > 0)
    found: Floats = np.maximum(2.0 + (probs * logs).sum(axis=1), 0.0)
    return found


def letter_heights(probs: Floats) -> Floats:
    """Heights of the letters of a logo in bits: each base's share of its column's information, (W, 4)."""
    found: Floats = probs * information_bits(probs)[:, None]
    return found


def informative_span(counts: Floats, min_bits: float, least: tuple[int, int]) -> tuple[int, int]:
    """Columns from the first to the last that carry ``min_bits`` or more, as start and end.

    The information of few sites looks larger than it is; what chance alone gives S sites, ``3 / (2 ln 2 S)`` bits, is taken off first
    (Schneider et al. 1986, J Mol Biol 188:415, the approximation for larger S).

    Args:
        counts: Counts of a matrix, (W, 4).
        min_bits: What an end column must carry; 0 keeps all.
        least: Start and end of what is never cut off.
    """
    sites = np.maximum(counts.sum(axis=1), 1.0)
    bits = information_bits(counts / sites[:, None]) - 3 / (2 * np.log(2) * sites)
    kept = np.flatnonzero(bits >= min_bits) if min_bits > 0 else np.arange(len(counts))
    places = np.concatenate([kept, [least[0], least[1] - 1]])
    return int(places.min()), int(places.max()) + 1


def consensus(probs: Floats) -> str:
    """IUPAC letters: a base with more than half, and twice the next; two bases with more than three quarters together; else N.

    Source: Cavener 1987, Nucleic Acids Research 15:1353.

    Examples:
        >>> consensus(np.array([[0.9, 0.1, 0, 0], [0.5, 0, 0.45, 0.05], [0.25, 0.25, 0.25, 0.25]]))
        'ARN'
    """
    found = []
    for row in probs:
        order = np.argsort(-row, kind="stable")
        first, second = float(row[order[0]]), float(row[order[1]])
        if first > 0.5 and first > 2 * second:
            found.append(LETTERS[int(order[0])])
        elif first + second > 0.75:
            found.append(_PAIRS["".join(sorted(LETTERS[int(number)] for number in order[:2]))])
        else:
            found.append("N")
    return "".join(found)
