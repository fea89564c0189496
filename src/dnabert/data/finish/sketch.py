"""Sketches of sequences: a sample of their k-mers, the same ones wherever they occur.

A k-mer and its reverse complement are one. It is in the sample if its hash is below a bound that holds for all sequences alike; so the
share of one sequence's k-mers that another one holds is estimated without looking at the rest. Where the sequences are short, the sample
is all of them, and nothing is estimated.

Source: Irber et al. 2022 (FracMinHash), bioRxiv 2022.01.11.475838.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.sequences import PackedCodes, pack
from dnabert.dna.kmers import NUM_SPECIAL, UNK_ID, kmer_ids
from dnabert.dna.sequence import Codes, reverse_complement

__all__ = ["SKETCH_KMER", "HashFilter", "Sketches", "sampled_share", "sketch_sequences"]

SKETCH_KMER = 16
"""Bases of a k-mer: of two random windows of 300 bases one pair in 26,000 shares one, and its number fills 32 bits."""

_MOST_HASHES = 385
"""Hashes that a sequence of median length has at most: one of 400 bases is taken whole, and of longer ones a true share of one half is
told to within 0.05."""
_FEWEST_HASHES = 40
"""Hashes that it has at least, however many sequences there are: to within 0.15."""
_TOTAL_HASHES = 10_000_000
"""Hashes of all sequences together, until it has the fewest: those of 35,000 sequences of 300 bases."""
_FILTER_BITS = 26
_BLOCK_BP = 1 << 22
_HALF = SKETCH_KMER // 2

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Sketches:
    """Sampled k-mers of N sequences.

    Attributes:
        hashes: Their hashes, those of one sequence ascending and without repeats, one sequence after the other.
        offsets: Where each sequence's begin, and the end of the last, shape (N+1,).
    """

    hashes: Hashes
    offsets: npt.NDArray[np.int64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Hashes of each sequence, shape (N,)."""
        return np.diff(self.offsets)


class HashFilter:
    """Tells fast that a hash is in none of some sketches; of those that are in none it lets some pass."""

    def __init__(self, sketches: Iterable[Sketches]) -> None:
        """Let pass what is in one of the sketches."""
        self._passes = np.zeros(1 << _FILTER_BITS, dtype=np.bool_)
        for each in sketches:
            self._passes[self._places(each.hashes)] = True

    def passes(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Whether each hash may be in one, shape (N,)."""
        return self._passes[self._places(hashes)]

    @staticmethod
    def _places(hashes: Hashes) -> Hashes:
        return hashes & np.uint32((1 << _FILTER_BITS) - 1)


def sampled_share(lengths_bp: npt.NDArray[np.int64]) -> float:
    """The share of k-mers to sample, 0-1: all if the median length is up to 400 bases and all have some 10 million bases.

    Args:
        lengths_bp: Bases of each sequence, shape (N,).
    """
    median = max(float(np.median(lengths_bp)) - SKETCH_KMER + 1, 1.0)
    total = max(float(np.maximum(lengths_bp - SKETCH_KMER + 1, 0).sum()), 1.0)
    return min(1.0, _MOST_HASHES / median, max(_TOTAL_HASHES / total, _FEWEST_HASHES / median))


def sketch_sequences(sequences: Sequence[Codes], share: float, among: HashFilter | None = None) -> Sketches:
    """Sketches of sequences; k-mers over an ambiguous base do not count.

    Args:
        sequences: Base codes of each.
        share: Share of k-mers to sample, 0-1, the same for all that is to be compared.
        among: Leave out k-mers that do not pass it; the sizes are then no longer those of the sequences.
    """
    hashes: list[Hashes] = [np.empty(0, np.uint32)]
    sizes: list[npt.NDArray[np.int64]] = [np.zeros(1, np.int64)]
    for packed in _blocks(sequences):
        rows, values = _sample(packed, share, among)
        # Row and hash in one number: sorted by row, and within it each hash once.
        pairs = (rows.astype(np.uint64) << np.uint64(32)) | values
        pairs.sort()
        pairs = pairs[np.diff(pairs, prepend=pairs[:1] + np.uint64(1)) != 0]
        hashes.append(pairs.astype(np.uint32))
        sizes.append(np.bincount((pairs >> np.uint64(32)).astype(np.int64), minlength=len(packed)))
    return Sketches(np.concatenate(hashes), np.cumsum(np.concatenate(sizes)))


def _blocks(sequences: Sequence[Codes]) -> Iterator[PackedCodes]:
    block: list[Codes] = []
    size = 0
    for codes in sequences:
        block.append(codes)
        size += len(codes)
        if size >= _BLOCK_BP:
            yield pack(block)
            block, size = [], 0
    if block:
        yield pack(block)


def _sample(packed: PackedCodes, share: float, among: HashFilter | None) -> tuple[npt.NDArray[np.int64], Hashes]:
    """Row and hash of each sampled k-mer."""
    if len(packed.codes) < SKETCH_KMER:
        return np.empty(0, np.int64), np.empty(0, np.uint32)
    forward, is_wanted = _words(packed.codes)
    backward, _ = _words(reverse_complement(packed.codes))
    hashes = _mix(np.minimum(forward, backward[::-1]))
    if share < 1:
        is_wanted &= hashes <= np.uint32(share * 0xFFFFFFFF)
    if among is not None:
        is_wanted &= among.passes(hashes)
    places = np.flatnonzero(is_wanted)
    rows = np.searchsorted(packed.offsets, places, side="right") - 1
    is_whole = places + SKETCH_KMER <= packed.offsets[rows + 1]  # else it reaches into the next sequence
    return rows[is_whole], hashes[places[is_whole]]


def _words(codes: Codes) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """Base-4 number of each k-mer, out of two halves, and whether it is without ambiguous bases, shape (L-k+1,)."""
    ids = kmer_ids(codes, _HALF)
    digits = ids.astype(np.uint32) - np.uint32(NUM_SPECIAL)
    is_known = ids != UNK_ID
    return (digits[:-_HALF] << np.uint32(2 * _HALF)) | digits[_HALF:], is_known[:-_HALF] & is_known[_HALF:]


def _mix(words: Hashes) -> Hashes:
    """A hash that no two words share.

    Source: Appleby, MurmurHash3, 32-bit finaliser.
    """
    words ^= words >> np.uint32(16)
    words *= np.uint32(0x85EBCA6B)
    words ^= words >> np.uint32(13)
    words *= np.uint32(0xC2B2AE35)
    words ^= words >> np.uint32(16)
    return words
