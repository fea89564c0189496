"""The DNABERT tokenizer: DNA to token ids and back, vectorised, for k = 1..8.

A sequence of L bases becomes ``[CLS] kmer ... kmer [SEP]`` with the L-k+1 overlapping k-mers (stride 1); a pair becomes
``[CLS] A [SEP] B [SEP]`` with token types 0 and 1. Ids are computed from base codes (:mod:`dnabert.dna.kmers`).

Token i of a sequence, counted without [CLS], covers bases [i, i+k); base p is covered by tokens [max(0, p-k+1), min(p, T-1)].

Source: Ji et al. 2021, section 2.1; layout of the published ``tokenization_dna``: recipe 1.1.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.dna.kmers import (
    CLS_ID,
    NUM_SPECIAL,
    PAD_ID,
    SEP_ID,
    SPECIAL_TOKENS,
    check_kmer,
    id_dtype,
    kmer_ids,
    vocabulary,
    vocabulary_size,
)
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes, count_ambiguous, decode_bases, encode_bases
from dnabert.errors import SequenceError, TokenizerError

__all__ = ["MAX_POSITIONS", "MAX_WINDOW_TOKENS", "Encoding", "KmerTokenizer", "join_kmers", "looks_like_kmers"]

MAX_POSITIONS = 512
"""Positions of the published models, [CLS] and [SEP] included."""

MAX_WINDOW_TOKENS = MAX_POSITIONS - 2
"""Most k-mers in one window: 510, that is 509+k bases."""


@dataclass(frozen=True)
class Encoding:
    """Token ids of one sequence or pair, special tokens included.

    Attributes:
        ids: Token ids, shape (T,).
        token_types: 0 for the first sequence, 1 for the second, shape (T,).
        num_ambiguous: Bases that are not A, C, G or T.
        num_truncated_bases: Bases left out because the sequence was too long.
    """

    ids: npt.NDArray[Any]
    token_types: npt.NDArray[np.uint8]
    num_ambiguous: int = 0
    num_truncated_bases: int = 0


@dataclass(frozen=True)
class KmerTokenizer:
    """Overlapping k-mers to ids.

    Attributes:
        kmer: Length of a k-mer, 1..8.
        max_tokens: Most tokens of one encoding, [CLS] and the last [SEP] not counted; longer input is cut on the right, and the cut is
            counted.

    Raises:
        TokenizerError: k or ``max_tokens`` is out of range.

    Examples:
        >>> tokenizer = KmerTokenizer(3)
        >>> tokenizer.encode("AAAT").ids.tolist()
        [2, 5, 6, 3]
        >>> tokenizer.decode([2, 5, 6, 3])
        'AAAT'
    """

    kmer: int
    max_tokens: int = MAX_WINDOW_TOKENS

    def __post_init__(self) -> None:
        check_kmer(self.kmer)
        if self.max_tokens < 1:
            raise TokenizerError(f"max_tokens is {self.max_tokens}; at least 1 token is needed")

    @property
    def vocab_size(self) -> int:
        """Number of ids: 4**k + 5."""
        return vocabulary_size(self.kmer)

    def vocabulary(self) -> list[str]:
        """All tokens in the order of their ids."""
        return vocabulary(self.kmer)

    def codes(self, sequence: str | bytes | Codes, name: str = "sequence") -> Codes:
        """Base codes of ``sequence``, at least k of them.

        Raises:
            SequenceError: A letter is no nucleotide, or the sequence is shorter than k.
        """
        codes = sequence if isinstance(sequence, np.ndarray) else encode_bases(sequence, name)
        if len(codes) < self.kmer:
            raise SequenceError(f"{name}: {len(codes)} bases are fewer than k = {self.kmer}; leave it out or use a model of smaller k")
        return codes

    def kmer_ids(self, sequence: str | bytes | Codes, name: str = "sequence") -> npt.NDArray[Any]:
        """Ids of the overlapping k-mers, shape (L-k+1,), without special tokens and without truncation.

        Raises:
            SequenceError: As :meth:`codes`.
        """
        return kmer_ids(self.codes(sequence, name), self.kmer)

    def encode(self, sequence: str | bytes | Codes, second: str | bytes | Codes | None = None, name: str = "sequence") -> Encoding:
        """Token ids with [CLS] and [SEP].

        Args:
            sequence: DNA letters or base codes.
            second: The other sequence of a pair.
            name: How to call the sequence in an error.

        Returns:
            The encoding. A pair that is too long is cut one base at a time from the longer sequence.

        Raises:
            SequenceError: As :meth:`codes`.
            TokenizerError: ``max_tokens`` is too small for a pair.
        """
        parts = [self.codes(sequence, name)]
        if second is not None:
            parts.append(self.codes(second, f"{name} (second)"))
        room = self._room([len(codes) - self.kmer + 1 for codes in parts])
        kept = [codes[: tokens + self.kmer - 1] for codes, tokens in zip(parts, room, strict=True)]
        ids = np.empty(1 + sum(room) + len(room), dtype=id_dtype(self.kmer))
        types = np.zeros(len(ids), dtype=np.uint8)
        ids[0] = CLS_ID
        start = 1
        for part, codes in enumerate(kept):
            end = start + room[part]
            ids[start:end] = kmer_ids(codes, self.kmer)
            ids[end] = SEP_ID
            types[start : end + 1] = part
            start = end + 1
        return Encoding(
            ids,
            types,
            num_ambiguous=sum(map(count_ambiguous, kept)),
            num_truncated_bases=sum(len(codes) for codes in parts) - sum(len(codes) for codes in kept),
        )

    def _room(self, lengths: list[int]) -> list[int]:
        if len(lengths) == 1:
            return [min(lengths[0], self.max_tokens)]
        first, second = lengths
        limit = self.max_tokens - 1  # the second [SEP]
        if limit < 2:
            raise TokenizerError(f"max_tokens is {self.max_tokens}; a pair needs at least 3: a k-mer of each sequence and the second [SEP]")
        if first + second <= limit:
            return lengths
        shorter = min(first, second, limit // 2)
        longer = limit - shorter
        return [shorter, longer] if first <= second else [longer, shorter]

    def tokens(self, ids: npt.ArrayLike) -> list[str]:
        """Tokens as text.

        Raises:
            TokenizerError: An id is outside the vocabulary.
        """
        return [self._token(int(value)) for value in np.asarray(ids).ravel()]

    def _token(self, token_id: int) -> str:
        if not 0 <= token_id < self.vocab_size:
            raise TokenizerError(f"id {token_id} is outside the vocabulary of k = {self.kmer} (0..{self.vocab_size - 1})")
        if token_id < NUM_SPECIAL:
            return SPECIAL_TOKENS[token_id]
        number = token_id - NUM_SPECIAL
        return "".join(BASES[(number >> (2 * place)) & 3] for place in reversed(range(self.kmer)))

    def decode(self, ids: npt.ArrayLike) -> str:
        """DNA letters of one sequence of ids; [CLS], [SEP] and [PAD] around it are skipped.

        A base that no known k-mer covers ([UNK] and [MASK]) comes out as N.

        Raises:
            TokenizerError: An id is outside the vocabulary, two k-mers disagree about a base, or the ids are those of a pair.
        """
        values = np.asarray(ids).astype(np.int64).ravel()
        if values.size and (values.min() < 0 or values.max() >= self.vocab_size):
            self._token(int(values[(values < 0) | (values >= self.vocab_size)][0]))
        places = np.flatnonzero(~np.isin(values, (PAD_ID, CLS_ID, SEP_ID)))
        if not len(places):
            return ""
        if places[-1] - places[0] >= len(places):
            raise TokenizerError("[CLS], [SEP] or [PAD] stands between k-mers: decode the sequences of a pair one by one")
        values = values[places]
        codes = np.full(len(values) + self.kmer - 1, AMBIGUOUS, dtype=np.uint8)
        known = values >= NUM_SPECIAL
        for offset in range(self.kmer):
            digit = ((values - NUM_SPECIAL) >> (2 * (self.kmer - 1 - offset))) & 3
            window = codes[offset : offset + len(values)]
            clash = known & (window != AMBIGUOUS) & (window != digit)
            if clash.any():
                place = int(np.argmax(clash))
                raise TokenizerError(
                    f"token {place} ({self._token(int(values[place]))}) disagrees with its neighbours about base"
                    f" {place + offset}: these ids are not overlapping {self.kmer}-mers of one sequence"
                )
            window[known] = digit[known]
        return decode_bases(codes)

    def bases_of_token(self, token: int) -> range:
        """Bases covered by token ``token`` (0 is the first k-mer after [CLS])."""
        return range(token, token + self.kmer)

    def tokens_of_base(self, base: int, num_bases: int) -> range:
        """Tokens (0 is the first k-mer after [CLS]) that cover base ``base`` of a sequence of ``num_bases``."""
        return range(max(0, base - self.kmer + 1), min(base, num_bases - self.kmer) + 1)


def looks_like_kmers(text: str) -> bool:
    """Is this the blank-separated k-mer text of the 2021 data files?"""
    return " " in text.strip()


def join_kmers(text: str, name: str = "sequence") -> str:
    """The DNA sequence of blank-separated overlapping k-mers, the format of the 2021 data files.

    Raises:
        SequenceError: The words differ in length, or do not overlap by all but one base.

    Examples:
        >>> join_kmers("ATG TGC GCC")
        'ATGCC'
    """
    words = text.split()
    if not words:
        raise SequenceError(f"{name}: the sequence is empty")
    size = len(words[0])
    for place, (left, right) in enumerate(pairwise(words), start=2):
        if len(right) != size:
            raise SequenceError(f"{name}: k-mer {place} ({right}) has {len(right)} letters, the first has {size}")
        if left[1:].upper() != right[:-1].upper():
            raise SequenceError(f"{name}: k-mer {place} ({right}) does not overlap the one before it ({left}) by k-1 bases")
    return words[0] + "".join(word[-1] for word in words[1:])
