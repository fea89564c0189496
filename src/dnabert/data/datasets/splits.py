"""Which part of a genome is for training, which for validation, which for the test.

A window belongs to the split in whose part it lies wholly; one that lies in none, or across a border, is in no split. So no base is in
two splits, whatever the windows are.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.intervals import IntervalSet, intervals_of_regions
from dnabert.data.datasets.shares import draw_shares, fill_shares
from dnabert.data.genome import GenomeStore
from dnabert.data.split_table import read_split_rows
from dnabert.dna.regions import Region, read_bed
from dnabert.errors import ConfigError, DataFileError, RegionError
from dnabert.settings import as_typed

__all__ = ["SPLITS", "SplitConfig", "SplitPlan", "plan_splits"]

log = logging.getLogger(__name__)

SPLITS: tuple[SplitName, ...] = ("train", "valid", "test")
_OF_EMPTY_CONTIGS = 1
"""Stream of random numbers for contigs without a positive; those with positives have the seed's own."""
_OTHER_NAMES = {"validation": "valid", "val": "valid", "dev": "valid", "training": "train", "testing": "test"}


class SplitConfig(BaseModel):
    """How the genome is split."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    file: Path | None = None
    """A table of contigs (columns ``contig`` and ``split``), or a BED file of regions whose name is the split. What it
    does not name is left out."""
    valid_contigs: tuple[str, ...] = ()
    """Contigs for validation; not with ``file``."""
    test_contigs: tuple[str, ...] = ()
    """Contigs for the test; not with ``file``."""
    valid_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the positives for validation, 0-0.5, where no contigs are named for it: contigs are drawn in
    random order until it is about reached, and training keeps at least one. A share missed by half or more is a warning. Of the contigs
    without a positive, the same share of their bases is drawn, so that no split takes its negatives from other contigs than the rest."""
    test_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    """The same for the test."""


@dataclass(frozen=True)
class SplitPlan:
    """The parts of a genome.

    Attributes:
        areas: Bases by split.
        contigs: Contig names by split, where it goes by contig; for the record.
        origin: What decided, in words.
        counts: Contigs without a positive that were drawn, by words that a reader understands.
    """

    areas: Mapping[SplitName, IntervalSet]
    contigs: Mapping[SplitName, tuple[str, ...]]
    origin: str
    counts: Mapping[str, int] = field(default_factory=dict)

    def split_of(self, store: GenomeStore, regions: Sequence[Region]) -> list[SplitName]:
        """The split of each region, in order; an empty text where it is in none, or across a border.

        Raises:
            RegionError: A region does not fit the genome.
        """
        starts = np.array([store.position(region) for region in regions], dtype=np.int64)
        ends = starts + np.array([region.end - region.start for region in regions], dtype=np.int64)
        names = np.full(len(regions), "", dtype=object)
        for split, area in self.areas.items():
            names[area.contains(starts, ends)] = split
        return [str(name) for name in names]


def plan_splits(store: GenomeStore, config: SplitConfig, positives: Iterable[Region], seed: int) -> SplitPlan:
    """The parts of the genome for each split.

    Args:
        store: The genome.
        config: What the user wants.
        positives: The positive windows: they weigh the contigs where fractions are to be reached, and each split must hold one.
        seed: Seed of the order in which contigs are drawn.

    Raises:
        ConfigError: The settings contradict each other, or name no contig of the genome.
        DataFileError: The file is malformed or names no contig of the genome, its regions overlap, a split that it names would be without
            positives, or the positives lie on too few contigs.
        RegionError: A region of the file does not fit the genome.
    """
    windows = list(positives)
    if not windows:
        raise DataFileError("no positive window is left to split; see the counts above")
    if config.file is None:
        plan = _plan_of_contigs(store, config, Counter(region.contig for region in windows), seed)
    elif config.valid_contigs or config.test_contigs:
        raise ConfigError(f"--split {config.file} and --set splits.{_first_named(config)} are both given; give one of them")
    else:
        plan = _plan_of_file(store, config.file)
    _warn_of_unused(config, plan)
    _check_positives(plan, plan.split_of(store, windows))
    return plan


def _first_named(config: SplitConfig) -> str:
    return f"valid_contigs={as_typed(config.valid_contigs)}" if config.valid_contigs else f"test_contigs={as_typed(config.test_contigs)}"


def _warn_of_unused(config: SplitConfig, plan: SplitPlan) -> None:
    for split, named in (("valid", config.valid_contigs), ("test", config.test_contigs)):
        name = f"{split}_fraction"
        if getattr(config, name) != SplitConfig.model_fields[name].default and (config.file or named):
            log.warning("splits.%s = %g is not used: %s comes from %s", name, getattr(config, name), split, plan.origin)


def _check_positives(plan: SplitPlan, splits: Sequence[SplitName]) -> None:
    for split in SPLITS:
        if split not in plan.areas and split != "train":
            log.warning(
                "%s: nothing is for %s, so %s.tsv will have no row (%s); name contigs or regions for it",
                plan.origin,
                split,
                split,
                ", ".join(f"{name} {splits.count(name)} positive windows" for name in plan.areas),
            )
        elif split not in splits:
            wanted = "is for training, and nothing can be learnt" if split == "train" else f"is for {split}"
            raise DataFileError(
                f"{plan.origin}: none of the {len(splits)} positive windows lies wholly in what {wanted};"
                f" {'give it' if split in plan.areas else 'name'} contigs or regions that hold some, with --split FILE or"
                " --set splits.test_contigs=NAME,NAME"
            )


def _plan_of_file(store: GenomeStore, path: Path) -> SplitPlan:
    if path.name.lower().removesuffix(".gz").endswith(".bed"):
        regions: dict[SplitName, list[Region]] = {split: [] for split in SPLITS}
        for region in read_bed(path):
            contig = store.names.find(region.contig, region.where, str(path))
            own = Region(contig, region.start, region.end, region.name, ".", region.where)
            regions[_split_name(region.name, region.where)].append(own)
        _check_disjoint(store, regions)
        areas = {split: intervals_of_regions(store, found) for split, found in regions.items() if found}
        return SplitPlan(areas, {}, f"regions of {path.name}")
    by_split: dict[SplitName, list[str]] = {split: [] for split in SPLITS}
    unknown = []
    for row in read_split_rows(path):
        split = _split_name(row.split, row.where)
        if store.names.knows(row.contig):
            by_split[split].append(store.names.find(row.contig, row.where, str(path)))
        else:
            unknown.append(row.contig)
    if not any(by_split.values()):
        raise DataFileError(f"{path}: names no contig of the genome (it has {', '.join(list(store.lengths)[:3])}, ...)")
    if unknown:
        log.warning("%s: %d contigs are not in the genome (%s, ...) and are passed over", path, len(unknown), unknown[0])
    return _plan(store, by_split, f"contigs of {path.name}")


def _split_name(text: str, where: str) -> SplitName:
    split = _OTHER_NAMES.get(text.lower(), text.lower())
    if split not in SPLITS:
        raise DataFileError(f"{where}: the split {text!r} is not one of train, valid, test")
    return split


def _check_disjoint(store: GenomeStore, regions: Mapping[SplitName, Sequence[Region]]) -> None:
    placed = [(store.position(region), split, region) for split, found in regions.items() for region in found]
    furthest: dict[SplitName, tuple[int, Region]] = {}  # of the regions so far, the end of the one that reaches furthest
    for start, split, region in sorted(placed, key=lambda item: item[0]):
        for other, (end, before) in furthest.items():
            if other != split and end > start:
                raise DataFileError(
                    f"{region.where}: {region} is for {split}, but {before} at {before.where} for {other};"
                    " regions of two splits must not overlap"
                )
        end = start + region.end - region.start
        if split not in furthest or furthest[split][0] < end:
            furthest[split] = end, region


def _plan(
    store: GenomeStore, by_split: Mapping[SplitName, Sequence[str]], origin: str, counts: Mapping[str, int] | None = None
) -> SplitPlan:
    regions = {split: [Region(name, 0, store.lengths[name]) for name in names] for split, names in by_split.items() if names}
    areas = {split: _whole_contigs(store, found) for split, found in regions.items()}
    return SplitPlan(areas, {split: tuple(names) for split, names in by_split.items() if names}, origin, counts or {})


def _whole_contigs(store: GenomeStore, regions: Sequence[Region]) -> IntervalSet:
    # Not merged: contigs that are neighbours in the store stay apart, so that no window reaches from one into the next.
    starts = np.sort(np.array([store.position(region) for region in regions], dtype=np.int64))
    by_start = {contig.start: contig.length for contig in store.contigs}
    return IntervalSet(starts, starts + np.array([by_start[int(start)] for start in starts], dtype=np.int64))


def _plan_of_contigs(store: GenomeStore, config: SplitConfig, weights: Counter[str], seed: int) -> SplitPlan:
    by_split = _named_contigs(store, config)
    taken = {name for names in by_split.values() for name in names}
    free = [name for name in sorted(weights) if name not in taken]
    order = [free[index] for index in np.random.default_rng(seed).permutation(len(free))]
    fractions: dict[SplitName, float] = {"test": config.test_fraction, "valid": config.valid_fraction}
    wanted = {split: fraction * weights.total() for split, fraction in fractions.items() if not by_split[split]}
    if free and len(free) <= len(wanted):
        raise DataFileError(
            f"the positives lie on {len(weights)} contig(s), too few to split by contig; give --split FILE, a BED file of regions whose"
            " name is train, valid or test"
        )
    drawn = draw_shares(order, weights, wanted) if free else {}
    for split, names in drawn.items():
        by_split[split] += names
        _warn_of_share(split, sum(weights[name] for name in names), wanted[split], weights.total())
    counts = _draw_empty(store, {split: fractions[split] for split in drawn}, set(weights) | taken, by_split, seed)
    taken = {name for names in by_split.values() for name in names}
    by_split["train"] = [contig.name for contig in store.contigs if contig.name not in taken]
    is_drawn = not (config.valid_contigs and config.test_contigs)
    return _plan(store, by_split, f"contigs, drawn with seed {seed}" if is_drawn else "contigs, named by the user", counts)


def _draw_empty(
    store: GenomeStore, fractions: Mapping[SplitName, float], passed_over: set[str], by_split: Mapping[SplitName, list[str]], seed: int
) -> dict[str, int]:
    """Adds to the splits their shares of the contigs that hold no positive, by length; how many there are of each, in words."""
    lengths = {contig.name: contig.length for contig in store.contigs if contig.name not in passed_over}
    if not fractions or not lengths:
        return {}
    names = list(lengths)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_OF_EMPTY_CONTIGS,)))
    order = [names[index] for index in rng.permutation(len(names))]
    drawn = fill_shares(order, lengths, {split: fraction * sum(lengths.values()) for split, fraction in fractions.items()})
    for split, found in drawn.items():
        by_split[split].extend(found)
    sizes = {split: len(drawn.get(split, ())) for split in SPLITS}
    sizes["train"] = len(names) - sum(sizes.values())
    return {f"contigs without a positive, for {split}": size for split, size in sizes.items()}


def _warn_of_share(split: SplitName, found: int, wanted: float, total: int) -> None:
    if not wanted / 2 <= found <= 2 * wanted:
        log.warning(
            "%s: %d of the %d positives are on the contigs that were drawn for it, %.0f are wanted; name others with --set"
            " splits.%s_contigs=NAME,NAME, or give --split FILE, a BED file of regions",
            split,
            found,
            total,
            wanted,
            split,
        )


def _named_contigs(store: GenomeStore, config: SplitConfig) -> dict[SplitName, list[str]]:
    by_split: dict[SplitName, list[str]] = {split: [] for split in SPLITS}
    for split, names in (("valid", config.valid_contigs), ("test", config.test_contigs)):
        for name in names:
            try:
                own = store.names.find(name, f"splits.{split}_contigs", "")
            except RegionError as error:
                raise ConfigError(str(error)) from error
            if any(own in found for found in by_split.values()):
                raise ConfigError(f"contig {own} is named twice among the contigs of validation and test; a contig has one split")
            by_split[split].append(own)
    return by_split
