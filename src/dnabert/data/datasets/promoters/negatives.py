"""What is no promoter: windows of the genome far from every TSS, or promoters of which most was replaced."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.candidates import Room
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.negatives import Matching, match_windows, region_at
from dnabert.data.datasets.promoters.sites import Reach, Sites
from dnabert.data.datasets.promoters.substitution import substitute_parts
from dnabert.data.datasets.promoters.tata import MIN_BITS, box_bits, class_of_bits, promoter_bits, window_bits
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region

__all__ = ["matched_negatives", "substitution_negatives", "tata_negatives"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_BATCH = 1 << 18
_MAX_TRIES = 20_000
"""Places that are looked at for each window with a TATA box; about one in a hundred has one."""
_TRIES_PER_PLACE = 8
"""How often a place of a small genome is looked at, on either strand and for any offset of the box, before it is given up."""


def matched_negatives(
    store: GenomeStore,
    sites: Sites,
    reach: Reach,
    free: IntervalSet,
    repeats: Repeats,
    per_positive: int,
    split: SplitName,
    rng: np.random.Generator,
) -> tuple[list[Example], Matching]:
    """Windows of the genome like the promoters in their share of G+C and of repeats, on random strands, and how well they match.

    Args:
        store: The genome.
        sites: The TSS of the promoters of a split.
        reach: How far their windows go.
        free: Where the negatives may lie.
        repeats: The repeats of the genome.
        per_positive: Negatives for each promoter.
        split: The split.
        rng: Source of randomness.
    """
    positives = reach.starts(sites.positions, sites.is_reverse)
    starts, matching = match_windows(store, positives, free, repeats, reach.window_bp, per_positive, rng)
    return _read_windows(store, starts, rng.random(len(starts)) < 0.5, reach, "genomic-matched", split), matching


def tata_negatives(
    store: GenomeStore, offsets: IntArray, reach: Reach, free: IntervalSet, count: int, split: SplitName, rng: np.random.Generator
) -> list[Example]:
    """Windows of the genome, on random strands, with a TATA box at an offset where a promoter has it; at most ``count``.

    Args:
        store: The genome.
        offsets: First bases of the boxes of promoters, from their TSS: the box of each window is at one of them, drawn alike, shape (M,).
        reach: How far a window goes from where the TSS of a promoter would be.
        free: Where the negatives may lie.
        count: How many.
        split: The split.
        rng: Source of randomness.
    """
    room = np.maximum(free.ends - free.starts - reach.window_bp + 1, 0)
    total, ends = int(room.sum()), np.cumsum(room)
    tries = min(count * _MAX_TRIES, total * _TRIES_PER_PLACE)
    taken = Room(reach.window_bp)
    is_reverse: dict[int, bool] = {}
    while tries > 0 and len(is_reverse) < count:
        size = min(_BATCH, tries)
        tries -= size
        ranks = np.sort(rng.integers(0, total, size))  # sorted, they are read several times faster
        run = np.searchsorted(ends, ranks, side="right")
        starts = free.starts[run] + ranks - (ends[run] - room[run])
        turned = rng.random(size) < 0.5
        offset = rng.choice(offsets, size)
        bits = box_bits(store, reach.tss(starts, turned) + np.where(turned, -offset, offset), turned)
        for place in rng.permutation(np.flatnonzero(bits >= MIN_BITS)).tolist():
            start = int(starts[place])
            if len(is_reverse) < count and taken.take(start):
                is_reverse[start] = bool(turned[place])
    found = np.array(list(is_reverse), dtype=np.int64)
    return _read_windows(store, found, np.array(list(is_reverse.values()), dtype=np.bool_), reach, "genomic-tata", split)


def substitution_negatives(positives: Sequence[Example], tss_index: int, per_positive: int, rng: np.random.Generator) -> list[Example]:
    """Each promoter with 12 of its 20 parts replaced by random bases; region and split are those of the promoter.

    Args:
        positives: The promoters, of one length.
        tss_index: Index of the TSS in them.
        per_positive: Negatives for each promoter.
        rng: Source of randomness.
    """
    if not positives:
        return []
    kept = [(example, number) for example in positives for number in range(1, per_positive + 1)]
    filled = substitute_parts(np.stack([example.codes for example, _ in kept]), rng)
    result = []
    scores = window_bits(filled, tss_index).tolist()
    for (example, number), codes, score in zip(kept, filled, scores, strict=True):
        own = example.region
        region = Region(own.contig, own.start, own.end, f"{own.name}/negative{number}", own.strand)
        result.append(Example(region, codes, "0", f"substitution:{own.name}", class_of_bits(score), example.split))
    return result


def _read_windows(
    store: GenomeStore, starts: IntArray, is_reverse: BoolArray, reach: Reach, source: str, split: SplitName
) -> list[Example]:
    bits, _ = promoter_bits(store, reach.tss(starts, is_reverse), is_reverse)
    result = []
    for start, turned, score in zip(starts.tolist(), is_reverse.tolist(), bits.tolist(), strict=True):
        region = region_at(store, start, reach.window_bp, "", "-" if turned else "+")
        named = Region(region.contig, region.start, region.end, f"negative:{region}", region.strand)
        result.append(Example(named, store.read(named), "0", source, class_of_bits(score), split))
    return result
