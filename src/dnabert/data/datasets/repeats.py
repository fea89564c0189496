"""Which bases of a genome are repeats, from the best that is at hand.

A BED file (RepeatMasker's, say), else the lower case of the genome's files (unless all of it is lower case), else the genome itself:
bases under a 16-mer that occurs often in it, on either strand (one 16-mer in four is looked at).
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntervalSet, intervals_of_regions
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region, read_bed
from dnabert.dna.sequence import AMBIGUOUS
from dnabert.errors import DataFileError

__all__ = ["Repeats", "find_repeats"]

log = logging.getLogger(__name__)

_WORD_BP = 16
"""So that a word and its number fill 32 bits."""
_MIN_COPIES = 5
"""Copies of a 16-mer that make it a repeat (our choice: by chance, 2 in a hundred million bases are seldom seen, 5 never)."""
_MAX_COUNTED_BP = 1 << 28
"""Largest genome whose 16-mers are counted: two bytes of memory for each base."""
_BLOCK = 1 << 20
_SAMPLE_BITS = 2
"""One 16-mer in four is looked at, the same ones wherever they occur: in a repeat they overlap all the same."""
_BUCKET_BITS = 24
"""Most words are told apart from the frequent ones by this many bits of their hash, which is faster than to look each up."""
_MULTIPLIER = np.uint32(2654435769)
"""2**32 / golden ratio. Source: Knuth, The Art of Computer Programming 3, section 6.4, multiplicative hashing."""

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Repeats:
    """Repeats of a genome.

    Attributes:
        bases: Where they are; empty where nothing is known.
        origin: What they were found by, in words.
        is_known: Whether anything is known of repeats.
    """

    bases: IntervalSet
    origin: str
    is_known: bool = True


def find_repeats(store: GenomeStore, file: Path | None = None) -> Repeats:
    """The repeats of a genome.

    Args:
        store: The genome.
        file: A BED file of repeats; contigs that the genome has not are passed over, with a warning.

    Raises:
        DataFileError: The file cannot be read, or names no contig of the genome.
        RegionError: A line is malformed, or goes beyond its contig.
    """
    if file is not None:
        return Repeats(_regions_of_file(store, file), f"regions of {file.name}")
    masked = IntervalSet.of_runs(np.asarray(store.soft_masked))
    # An n in lower case tells nothing: many gaps are written so.
    if 0 < masked.covered_bp(store.clean[:, 0], store.clean[:, 1]).sum() < len(store.codes) - store.num_ambiguous:
        return Repeats(masked, "lower case in the genome")
    if len(store.codes) > _MAX_COUNTED_BP:
        log.warning(
            "the genome has no lower case that tells repeats and is too large to count its 16-mers: negatives are not matched by repeats;"
            " give --set repeats=FILE.bed"
        )
        return Repeats(IntervalSet.of_runs(np.empty((0, 2), np.int64)), "unknown", is_known=False)
    return Repeats(_frequent_words(store), f"{_WORD_BP}-mers that occur {_MIN_COPIES} times or more in the genome")


def _regions_of_file(store: GenomeStore, file: Path) -> IntervalSet:
    unknown: Counter[str] = Counter()
    bases = intervals_of_regions(store, _known_regions(store, file, unknown))
    if not len(bases):
        raise DataFileError(f"{file}: names no contig of the genome (it has {', '.join(list(store.lengths)[:3])}, ...)")
    if unknown:
        log.warning(
            "%s: %d regions are passed over, they lie on %d contigs that are not in the genome (%s, ...)",
            file,
            unknown.total(),
            len(unknown),
            next(iter(unknown)),
        )
    return bases


def _known_regions(store: GenomeStore, file: Path, unknown: Counter[str]) -> Iterator[Region]:
    """Regions of a BED file on contigs of the genome, under its names; counts the others."""
    for region in read_bed(file):
        if store.names.knows(region.contig):
            contig = store.names.find(region.contig, region.where, str(file))
            yield Region(contig, region.start, region.end, where=region.where)
        else:
            unknown[region.contig] += 1


def _frequent_words(store: GenomeStore) -> IntervalSet:
    every = np.concatenate([np.empty(0, np.uint32), *(words for _, words in _samples(store))])
    every.sort()
    # A word is frequent if the one four places on is the same.
    firsts = every[: max(len(every) - _MIN_COPIES + 1, 0)]
    frequent = np.unique(firsts[firsts == every[_MIN_COPIES - 1 :]])
    del every, firsts
    has_frequent = np.zeros(1 << _BUCKET_BITS, dtype=np.bool_)
    has_frequent[_buckets(frequent)] = True
    found = [np.empty((0, 2), np.int64)]
    for places, words in _samples(store) if len(frequent) else ():
        is_candidate = has_frequent[_buckets(words)]
        places, words = places[is_candidate], words[is_candidate]
        near = np.minimum(np.searchsorted(frequent, words), len(frequent) - 1)
        starts = places[frequent[near] == words]
        # Words that overlap or touch make one interval.
        is_first = np.diff(starts, prepend=-_WORD_BP - 1) > _WORD_BP
        is_last = np.append(is_first[1:], True)[: len(starts)]
        found.append(np.stack([starts[is_first], starts[is_last] + _WORD_BP], axis=1))
    return IntervalSet.merged(np.concatenate(found)).cut(store)


def _buckets(words: Words) -> Words:
    return (words * _MULTIPLIER) >> np.uint32(32 - _BUCKET_BITS)


def _samples(store: GenomeStore) -> Iterator[tuple[npt.NDArray[np.int64], Words]]:
    """Block by block, where the sampled 16-mers begin, and their numbers; a word and its reverse complement have one number."""
    for start in range(0, len(store.codes) - _WORD_BP + 1, _BLOCK):
        piece = np.asarray(store.codes[start : start + _BLOCK + _WORD_BP - 1])
        forward = _words(piece & np.uint8(3))
        backward = _words((piece[::-1] & np.uint8(3)) ^ np.uint8(1))[::-1]
        words = np.minimum(forward, backward)
        is_sampled = (words * _MULTIPLIER) >> np.uint32(32 - _SAMPLE_BITS) == 0
        if piece.max() >= AMBIGUOUS:
            bad = np.concatenate(([0], np.cumsum(piece >= AMBIGUOUS)))
            is_sampled &= bad[_WORD_BP:] == bad[:-_WORD_BP]
        first, last = np.searchsorted(store.contig_starts, (start + 1, start + len(piece)))
        # A word that begins less than its length before a contig reaches into it from the one before.
        crossing = store.contig_starts[first:last, None] - start - np.arange(1, _WORD_BP)
        is_sampled[crossing[(crossing >= 0) & (crossing < len(words))]] = False
        places = np.flatnonzero(is_sampled)
        yield places + start, words[places]


def _words(codes: npt.NDArray[np.uint8]) -> Words:
    """Base-4 number of each 16-mer, by doubling, shape (L-15,)."""
    words = codes.astype(np.uint32)
    size = 1
    while size < _WORD_BP:
        words = (words[:-size] << np.uint32(2 * size)) | words[size:]
        size *= 2
    return words
