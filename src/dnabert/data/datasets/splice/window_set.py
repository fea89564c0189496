"""A set of windows on splice sites and on places that are none, each with one label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntervalSet, clean_bases
from dnabert.data.datasets.splice.config import SpliceConfig, Stream, open_stream
from dnabert.data.datasets.splice.decoys import Taken, draw_decoys, draw_places
from dnabert.data.datasets.splice.hard_negatives import Pool, Scorer, collect_hard_negatives
from dnabert.data.datasets.splice.loci import LocusNames
from dnabert.data.datasets.splice.places import (
    Places,
    SpliceSites,
    draw_some,
    fits_contig,
    pair_number,
    read_pairs,
    read_windows,
    usable_windows,
    window_region,
)
from dnabert.data.datasets.splice.signals import describe_signals
from dnabert.data.datasets.splice.sites import SpliceAnnotation
from dnabert.data.datasets.splits import SPLITS, SplitPlan, plan_splits
from dnabert.data.genome import GenomeStore
from dnabert.errors import DataFileError

__all__ = ["build_windows"]


@dataclass(frozen=True)
class _Ground:
    """What all parts of a set are made from."""

    store: GenomeStore
    annotation: SpliceAnnotation
    config: SpliceConfig
    seed: int
    plan: SplitPlan
    clean: IntervalSet
    names: LocusNames
    taken: Taken
    counts: dict[str, int]

    def examples(
        self, places: Places, kinds: Sequence[str], labels: Sequence[str], sources: Sequence[str], genes: Sequence[str], split: SplitName
    ) -> list[Example]:
        """The windows of places; ``kinds`` begin their ids."""
        window_bp = self.config.window_bp
        windows = read_windows(self.store, places, window_bp)
        regions = [window_region(self.store, places, index, window_bp, kind) for index, kind in enumerate(kinds)]
        rows = zip(regions, windows, labels, sources, genes, strict=True)
        return [Example(region, codes, label, source, gene, split) for region, codes, label, source, gene in rows]

    def negatives(self, places: Places, kinds: Sequence[str], sources: Sequence[str], split: SplitName) -> list[Example]:
        """The windows of places that are no sites."""
        return self.examples(places, kinds, ["none"] * len(places), sources, self.names.at(places), split)


def build_windows(
    store: GenomeStore, annotation: SpliceAnnotation, config: SpliceConfig, seed: int, scorers: Sequence[Scorer], path: Path
) -> Draft:
    """A set of windows on sites, and of windows that are on none.

    Args:
        store: The genome.
        annotation: Its splice sites.
        config: What the set is to be.
        seed: All randomness comes from it.
        scorers: Trained models, one for each round of hard negatives.
        path: The annotation's file, for messages.

    Raises:
        DataFileError: No window on a site is left.
        CheckpointError: A model's answers are no probabilities.
    """
    counts = dict(annotation.counts)
    clean = clean_bases(store)
    sites = _sites_with_windows(store, annotation, config, clean, path, counts)
    regions = [window_region(store, sites.places, index, config.window_bp, "") for index in range(len(sites))]
    plan = plan_splits(store, config.splits, regions, seed)
    split_of_site = np.array(plan.split_of(store, regions))
    counts["sites in no split, or across a border of two, left out"] = int((split_of_site == "").sum())
    sites, split_of_site = _limited(sites, split_of_site, config, seed, counts)
    taken = Taken(Places.joined([annotation.known.places, annotation.gaps]))
    ground = _Ground(store, annotation, config, seed, plan, clean, LocusNames(annotation.loci), taken, counts)
    splits = [split for split in SPLITS if split in plan.areas]
    sites_by_split = {split: sites.take(split_of_site == split) for split in splits}
    positives, decoys, random, hard = [], [], [], []
    for split, own in sites_by_split.items():
        positives += _positives(ground, own, split)
        decoys += _decoys(ground, own, split)
        random += _random(ground, own, split)
    negatives = _limited_negatives(decoys, random, config, seed, counts)
    for split, own in sites_by_split.items():
        if scorers and (split == "train" or not config.hard.train_only):
            hard += _hard(ground, own, split, scorers)
    if scorers:
        counts["hard negatives"] = len(hard)
    order = {contig.name: number for number, contig in enumerate(store.contigs)}
    groups = [
        sorted(group, key=lambda row: (order[row.region.contig], row.region.start, row.region.strand))
        for group in (positives, *negatives, hard)
    ]
    facts = {**_facts(config), **describe_signals(store, annotation.sites), "warnings": annotation.warnings}
    return Draft("splice", [row for group in groups for row in group], plan, counts, facts=facts)


def _sites_with_windows(
    store: GenomeStore, annotation: SpliceAnnotation, config: SpliceConfig, clean: IntervalSet, path: Path, counts: dict[str, int]
) -> SpliceSites:
    """The sites that have one label and a window of clean bases."""
    sites = annotation.sites
    known = annotation.known.places.keys
    is_doubtful = np.isin(sites.places.keys, known[1:][known[1:] == known[:-1]])
    counts["sites at places that are donor and acceptor, left out"] = int(is_doubtful.sum())
    sites = sites.take(~is_doubtful)
    fits = fits_contig(store, sites.places, config.window_bp)
    is_clean = usable_windows(sites.places, config.window_bp, clean)
    counts["windows beyond the end of a contig, left out"] = int((~fits).sum())
    counts["windows with ambiguous bases, left out"] = int((fits & ~is_clean).sum())
    if not is_clean.any():
        raise DataFileError(
            f"{path}: none of {len(sites)} splice sites has a window of {config.window_bp} bases: {int((~fits).sum())} go beyond the end of"
            f" a contig, {int((fits & ~is_clean).sum())} hold ambiguous bases; give a smaller --length, or the whole genome"
        )
    return sites.take(is_clean)


def _limited(
    sites: SpliceSites, splits: npt.NDArray[np.str_], config: SpliceConfig, seed: int, counts: dict[str, int]
) -> tuple[SpliceSites, npt.NDArray[np.str_]]:
    """The sites that are in a split, at most ``max_per_class`` of each kind, and their splits."""
    kept = []
    for kind, is_donor in (("donors", True), ("acceptors", False)):
        own = np.flatnonzero((splits != "") & (sites.is_donor == is_donor))
        kept.append(draw_some(own, config.max_per_class, open_stream(seed, Stream.LIMIT_POSITIVES, "train", int(is_donor))))
        _count_kept(counts, kind, len(own), len(kept[-1]), config)
    index = np.sort(np.concatenate(kept))
    return sites.take(index), splits[index]


def _limited_negatives(
    decoys: list[Example], random: list[Example], config: SpliceConfig, seed: int, counts: dict[str, int]
) -> tuple[list[Example], list[Example]]:
    kept = draw_some(np.arange(len(decoys) + len(random)), config.max_per_class, open_stream(seed, Stream.LIMIT_NEGATIVES)).tolist()
    few = len(decoys)
    kept_decoys, kept_random = [decoys[index] for index in kept if index < few], [random[index - few] for index in kept if index >= few]
    _count_kept(counts, "decoys", len(decoys), len(kept_decoys), config)
    _count_kept(counts, "random windows", len(random), len(kept_random), config)
    return kept_decoys, kept_random


def _count_kept(counts: dict[str, int], kind: str, num_found: int, num_kept: int, config: SpliceConfig) -> None:
    if config.max_per_class is not None:
        counts[f"{kind} beyond max_per_class, left out"] = num_found - num_kept
    counts[kind] = num_kept


def _positives(ground: _Ground, sites: SpliceSites, split: SplitName) -> list[Example]:
    labels = ["donor" if flag else "acceptor" for flag in sites.is_donor.tolist()]
    owners = sites.owners.tolist()
    sources = [f"transcript:{ground.annotation.transcripts[number].id}" for number in owners]
    genes = [ground.annotation.loci[number].name for number in ground.annotation.locus_of[sites.owners].tolist()]
    return ground.examples(sites.places, labels, labels, sources, genes, split)


def _decoys(ground: _Ground, sites: SpliceSites, split: SplitName) -> list[Example]:
    """GT and AG that no transcript uses, as many in each gene as it has donors and acceptors."""
    config = ground.config
    is_gc = read_pairs(ground.store, sites.places, 0) == pair_number("GC")
    pairs = np.where(sites.is_donor, np.where(is_gc & config.gc_decoys, "GC", "GT"), "AG").tolist()
    loci = ground.annotation.locus_of[sites.owners].tolist()
    wanted = Counter(zip(loci, pairs, strict=True))
    wanted = Counter({key: count * config.negatives_per_positive for key, count in wanted.items() if config.negatives_per_positive})
    usable = ground.plan.areas[split], ground.clean
    found = draw_decoys(ground.store, ground.annotation.loci, wanted, ground.taken, usable, config.window_bp, ground.seed, split)
    _count(ground, "decoys wanted", wanted.total())
    _count(ground, "decoys that their genes have not", found.num_missing)
    kinds = [f"decoy-{pair}" for pair in found.pairs]
    genes = [ground.annotation.loci[number].name for number in found.loci]
    return ground.examples(found.places, kinds, ["none"] * len(kinds), [f"decoy:{pair}" for pair in found.pairs], genes, split)


def _random(ground: _Ground, sites: SpliceSites, split: SplitName) -> list[Example]:
    wanted = round(ground.config.random_per_donor * int(sites.is_donor.sum()))
    area = ground.clean.within(ground.plan.areas[split])
    rng = open_stream(ground.seed, Stream.RANDOM_WINDOWS, split)
    places = draw_places(area, wanted, ground.taken, ground.config.window_bp, rng)
    _count(ground, "random windows wanted", wanted)
    _count(ground, "random windows that there is no room for", wanted - len(places))
    return ground.negatives(places, ["random"] * len(places), ["random"] * len(places), split)


def _hard(ground: _Ground, sites: SpliceSites, split: SplitName, scorers: Sequence[Scorer]) -> list[Example]:
    config = ground.config
    usable = ground.plan.areas[split], ground.clean
    rng = open_stream(ground.seed, Stream.HARD_NEGATIVES, split)
    pool = Pool(ground.store, ground.annotation.loci, ground.taken, usable, config.window_bp, config.hard.random_share, rng).batches()
    wanted = round(config.hard.per_donor * int(sites.is_donor.sum()))
    rows: list[Example] = []
    for number, scorer in enumerate(scorers, start=1):
        told = f"hard negatives of round {number}, {split}"
        found = collect_hard_negatives(pool, ground.store, scorer, wanted, config.window_bp, config.hard, told)
        ground.counts[f"{told}: wanted"] = wanted
        ground.counts[f"{told}: windows looked at"] = found.num_looked_at
        ground.counts[f"{told}: called a site"] = found.num_called
        ground.counts[f"{told}: kept"] = len(found.places)
        source = f"hard-negative:round{number}"
        rows += ground.negatives(found.places, [f"hard{number}"] * len(found.places), [source] * len(found.places), split)
    return rows


def _count(ground: _Ground, name: str, number: int) -> None:
    ground.counts[name] = ground.counts.get(name, 0) + number


def _facts(config: SpliceConfig) -> dict[str, object]:
    half = config.window_bp // 2
    return {
        "level": config.level,
        "window": f"{config.window_bp} bases, read on the strand of the gene",
        "labels": {
            "acceptor": f"AG at index {half - 2}-{half - 1} (0-based), first base of the exon at {half}",
            "donor": f"first base of the intron at index {half}, GT at {half}-{half + 1}",
            "none": f"the base at index {half} is the place of no donor or acceptor of any transcript",
        },
        "label order": "alphabetical: acceptor 0, donor 1, none 2, as in GUE",
        "negatives": "that no transcript of the annotation uses a place is no proof that none does",
    }
