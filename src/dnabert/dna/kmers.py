"""k-mer ids straight from base codes, without strings or a dictionary.

``id = 5 + sum(code(b_i) * 4**(k-1-i))``: the first base is the most significant digit; ids 0-4 are the special tokens. A k-mer
over an ambiguous base is [UNK]. The ids are those of the published vocabularies for k = 3..6.

The work is done by doubling: 1-mers make 2-mers, these 4-mers, and any k is two overlapping pieces or a sum of powers of two.
Blocks are small enough to stay in the processor's cache.

Source: Ji et al. 2021, published ``vocab.txt`` files.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes
from dnabert.errors import TokenizerError

__all__ = [
    "CLS_ID",
    "MASK_ID",
    "MAX_KMER",
    "NUM_SPECIAL",
    "PAD_ID",
    "SEP_ID",
    "SPECIAL_TOKENS",
    "UNK_ID",
    "check_kmer",
    "first_base",
    "id_dtype",
    "kmer_ids",
    "kmer_ids_into",
    "reverse_complement_ids",
    "vocabulary",
    "vocabulary_size",
]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(5)
NUM_SPECIAL = 5
MAX_KMER = 8
_BLOCK = 1 << 16


def check_kmer(kmer: int) -> int:
    """``kmer`` itself if it is one of 1..8.

    Raises:
        TokenizerError: It is not.
    """
    if not 1 <= kmer <= MAX_KMER:
        raise TokenizerError(f"k-mer length {kmer} is outside 1..{MAX_KMER}; DNABERT was published with 3, 4, 5 and 6")
    return kmer


def vocabulary_size(kmer: int) -> int:
    """Number of tokens: ``4**k`` k-mers and 5 special tokens.

    Examples:
        >>> [vocabulary_size(k) for k in (3, 4, 5, 6)]
        [69, 261, 1029, 4101]
    """
    return int(4 ** check_kmer(kmer)) + NUM_SPECIAL


def vocabulary(kmer: int) -> list[str]:
    """All tokens in the order of their ids: the lines of ``vocab.txt``."""
    check_kmer(kmer)
    return [*SPECIAL_TOKENS, *("".join(letters) for letters in product(BASES, repeat=kmer))]


def id_dtype(kmer: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds every id: uint16 up to k = 7, uint32 for k = 8."""
    return np.dtype(np.uint16 if vocabulary_size(kmer) <= 1 << 16 else np.uint32)


def kmer_ids(codes: Codes, kmer: int) -> npt.NDArray[Any]:
    """Ids of all overlapping k-mers of a sequence, without special tokens.

    Args:
        codes: Base codes, shape (L,), values 0-4.
        kmer: Length of a k-mer, 1..8.

    Returns:
        Ids, shape (max(L-k+1, 0),), of :func:`id_dtype`; token i covers bases [i, i+k).

    Examples:
        >>> from dnabert.dna.sequence import encode_bases
        >>> kmer_ids(encode_bases("AAAT"), 3).tolist()
        [5, 6]
    """
    out = np.empty(max(len(codes) - kmer + 1, 0), dtype=id_dtype(kmer))
    kmer_ids_into(codes, kmer, out)
    return out


def kmer_ids_into(codes: Codes, kmer: int, out: npt.NDArray[Any]) -> None:
    """As :func:`kmer_ids`, written into ``out``, an integer array of shape (max(L-k+1, 0),)."""
    check_kmer(kmer)
    for start in range(0, len(out), _BLOCK):
        piece = codes[start : start + _BLOCK + kmer - 1]
        target = out[start : start + _BLOCK]
        np.add(_join(piece, kmer), NUM_SPECIAL, out=target, dtype=target.dtype)
        if piece.max() >= AMBIGUOUS:
            target[_any_within(piece >= AMBIGUOUS, kmer)] = UNK_ID


def _join(codes: Codes, kmer: int) -> Any:
    """Base-4 numbers of all k-mers by doubling; that of a k-mer over an ambiguous base is arbitrary.

    Products, not shifts: numpy multiplies bytes with vector instructions and shifts them one by one.
    """
    if kmer == 1:
        return codes
    half = kmer // 2
    left = _join(codes, half)
    rest = kmer - half
    right = left if rest == half else _join(codes, rest)
    count = len(codes) - kmer + 1
    left, right = left[:count], right[half : half + count]
    if kmer <= 4:
        joined = left * np.uint8(4**rest)
    else:
        joined, right = left.astype(np.uint16), right.astype(np.uint16)
        joined *= np.uint16(4**rest)
    joined += right
    return joined


def _any_within(flags: npt.NDArray[np.bool_], kmer: int) -> npt.NDArray[np.bool_]:
    """For each window of ``kmer`` flags: is one set?"""
    span = 1
    while span < kmer:
        step = min(span, kmer - span)
        flags = flags[:-step] | flags[step:]
        span += step
    return flags


def first_base(ids: npt.NDArray[Any], kmer: int) -> npt.NDArray[Any]:
    """Code of the first base of each k-mer id (values 0-3; meaningless for special tokens)."""
    return (ids.astype(np.int64) - NUM_SPECIAL) >> (2 * (kmer - 1))


def reverse_complement_ids(ids: npt.NDArray[Any], kmer: int) -> npt.NDArray[Any]:
    """Ids of the k-mers on the opposite strand, in its 5' to 3' order; special ids stay as they are.

    Args:
        ids: k-mer ids of one sequence without [CLS] and [SEP], shape (T,).
        kmer: Length of a k-mer.

    Returns:
        Ids, shape (T,), same type.
    """
    forward = ids.astype(np.int64) - NUM_SPECIAL
    digits = np.zeros_like(forward)
    rest = forward.copy()
    for _ in range(kmer):
        digits = (digits << 2) | ((rest & 3) ^ 1)
        rest >>= 2
    flipped = np.where(forward >= 0, digits + NUM_SPECIAL, ids)
    return flipped[::-1].astype(ids.dtype)
