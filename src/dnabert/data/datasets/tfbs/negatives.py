"""Windows in which no factor binds: of the genome off all peaks, or bound windows whose dinucleotides are in another order."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntArray, IntervalSet, intervals_of_regions
from dnabert.data.datasets.negatives import Matching, match_windows, random_strands, region_at
from dnabert.data.datasets.repeats import find_repeats
from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.data.datasets.splits import SplitPlan
from dnabert.data.datasets.tfbs.config import Stream, TfbsConfig, open_stream
from dnabert.data.datasets.tfbs.factors import Factor
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.kinds import refuse_other_kinds
from dnabert.dna.regions import Region, Strand, read_bed
from dnabert.errors import DataFileError

__all__ = ["Negatives", "matched_negatives", "peak_bases", "shuffled_negatives"]

log = logging.getLogger(__name__)

_ROWS = 1 << 22
"""Intervals that are merged at a time; merging takes some 100 bytes of memory for each."""


@dataclass(frozen=True)
class Negatives:
    """What was found.

    Attributes:
        examples: The negatives.
        num_wanted: How many were wanted.
        matching: How well they match, by split, where they are matched.
        facts: For the record.
    """

    examples: list[Example]
    num_wanted: int
    matching: dict[SplitName, Matching]
    facts: dict[str, object]


def peak_bases(store: GenomeStore, factors: Iterable[Factor], config: TfbsConfig) -> IntervalSet:
    """The bases that no matched negative may have: those of all peaks and of all regions to be avoided, and those near them.

    Raises:
        DataFileError: A file of regions cannot be read.
        RegionError: A line of it is malformed, or goes beyond its contig.
    """
    merged = IntervalSet.merged(np.empty((0, 2), np.int64))
    waiting: list[IntArray] = []
    for factor in factors:
        waiting.append(np.stack([factor.starts, factor.ends], axis=1))
        if sum(map(len, waiting)) >= _ROWS:
            merged, waiting = _union(merged, waiting), []
    for path in config.avoid:
        refuse_other_kinds(path, "regions to be avoided (BED)")
        regions = (
            Region(store.names.find(region.contig, region.where, str(path)), region.start, region.end, where=region.where)
            for region in read_bed(path)
            if store.names.knows(region.contig)
        )
        found = intervals_of_regions(store, regions)
        waiting.append(np.stack([found.starts, found.ends], axis=1))
    return _union(merged, waiting).widened(config.distance_bp, store)


def _union(merged: IntervalSet, parts: Sequence[IntArray]) -> IntervalSet:
    return IntervalSet.merged(np.concatenate([np.stack([merged.starts, merged.ends], axis=1), *parts]))


def matched_negatives(
    store: GenomeStore, positives: Sequence[Example], plan: SplitPlan, free: IntervalSet, label: str, config: TfbsConfig, seed: int
) -> Negatives:
    """Windows of the genome like the positives in their share of G+C and of repeats, by position.

    They are read on the forward strand, or on random strands where positives have strands.

    Args:
        store: The genome.
        positives: The positives, with their splits.
        plan: The parts of the genome.
        free: Clean bases off all peaks, in all splits.
        label: The label of a negative.
        config: How many, and what they are matched by.
        seed: All randomness comes from it.

    Raises:
        DataFileError: A split has no room for any; or the file of repeats cannot be read.
    """
    window_bp, per_positive = config.window_bp, config.negatives_per_positive
    repeats = find_repeats(store, config.repeats)
    is_stranded = any(example.region.strand != "." for example in positives)
    matching: dict[SplitName, Matching] = {}
    found: list[tuple[int, Example]] = []
    for split, area in plan.areas.items():
        starts = np.array([store.position(example.region) for example in positives if example.split == split], dtype=np.int64)
        room = free.within(area)
        chosen, matching[split] = match_windows(
            store, starts, room, repeats, window_bp, per_positive, open_stream(seed, Stream.MATCHED, split)
        )
        _check_found(matching[split], split, area, room, config)
        strands: list[Strand] = ["."] * len(chosen)
        if is_stranded:
            strands = random_strands(len(chosen), open_stream(seed, Stream.STRANDS, split))
        for start, strand in zip(chosen.tolist(), strands, strict=True):
            region = region_at(store, start, window_bp, "", strand)
            region = Region(region.contig, region.start, region.end, f"negative:{region}", region.strand)
            found.append((start, Example(region, store.read(region), label, "genomic-matched", split=split)))
    found.sort(key=lambda entry: entry[0])
    facts: dict[str, object] = {"distance_bp": config.distance_bp, "repeats": repeats.origin}
    if config.avoid:
        facts["avoided"] = [path.name for path in config.avoid]
    return Negatives([example for _, example in found], per_positive * len(positives), matching, facts)


def _check_found(matching: Matching, split: SplitName, area: IntervalSet, room: IntervalSet, config: TfbsConfig) -> None:
    wanted, found = matching.num_wanted, matching.num_found
    if found == wanted:
        return
    why = (
        f"{room.num_bases:,} of its {area.num_bases:,} bases are unambiguous and at least {config.distance_bp} bases off all peaks;"
        " lower distance_bp or negatives_per_positive, shorten the windows, take more of the genome for the split, or take"
        " negatives = shuffle"
    )
    if not found:
        raise DataFileError(f"the split {split} has {wanted} negatives to find and no room for a window of {config.window_bp} bases: {why}")
    log.warning("the split %s has room for %d of %d negatives: %s", split, found, wanted, why)


def shuffled_negatives(store: GenomeStore, positives: Sequence[Example], label: str, config: TfbsConfig, seed: int) -> Negatives:
    """Dinucleotide shuffles of the positives, each in the split and with the region of its positive, in their order.

    Args:
        store: The genome.
        positives: The positives, with their splits.
        label: The label of a negative.
        config: How many.
        seed: All randomness comes from it.

    Raises:
        DnabertError: tangermeme is not installed.
    """
    count = config.negatives_per_positive
    keys = np.array([store.position(example.region) for example in positives], dtype=np.int64)
    own_seed = int(np.random.SeedSequence(seed, spawn_key=(int(Stream.SHUFFLES),)).generate_state(1)[0])
    shuffles = shuffle_dinucleotides(np.stack([example.codes for example in positives]), keys, own_seed, count)
    examples = []
    for row, example in enumerate(positives):
        own = example.region
        for number in np.flatnonzero(shuffles.is_new[row]).tolist():
            region = Region(own.contig, own.start, own.end, f"{own.name}/negative{number + 1}", own.strand)
            source = f"dinucleotide-shuffle:{own.name}"
            examples.append(Example(region, shuffles.codes[row, number], label, source, split=example.split))
    if not examples:
        raise DataFileError(
            f"none of the {len(positives)} positives of {config.window_bp} bases has another order of its dinucleotides; take longer"
            " windows, or negatives = matched"
        )
    return Negatives(examples, count * len(positives), {}, {})
