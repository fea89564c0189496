"""A set of binding sites: windows on the summits of peaks, and windows in which nothing binds."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntArray, IntervalSet, clean_bases
from dnabert.data.datasets.splits import SplitPlan, plan_splits
from dnabert.data.datasets.tfbs.config import TfbsConfig
from dnabert.data.datasets.tfbs.factors import BoolArray, Factor, best_peaks, read_factors
from dnabert.data.datasets.tfbs.negatives import Negatives, matched_negatives, peak_bases, shuffled_negatives
from dnabert.data.datasets.tfbs.windows import bound_windows, choose_centers, join_names, window_starts
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import reverse_complement
from dnabert.errors import ConfigError, DataFileError

__all__ = ["build_tfbs"]

log = logging.getLogger(__name__)

_Mode = Literal["binary", "multilabel"]

_ROWS = 8192
_NUM_NAMED = 3
_STRANDS: dict[int, Strand] = {-1: "-", 0: ".", 1: "+"}


@dataclass(frozen=True)
class _Windows:
    """Windows on summits, ascending by summit; positions are those of the store.

    Attributes:
        centers: The summit of each, shape (N,).
        starts: First base of each, shape (N,).
        strands: -1, 0 or 1, that of the peak, shape (N,).
        factors: Number of the factor that the peak is of, shape (N,).
        lines: Line of the peak in its file, shape (N,).
    """

    centers: IntArray
    starts: IntArray
    strands: npt.NDArray[np.int8]
    factors: npt.NDArray[np.int32]
    lines: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.centers)

    def take(self, keep: BoolArray | IntArray) -> "_Windows":
        return _Windows(self.centers[keep], self.starts[keep], self.strands[keep], self.factors[keep], self.lines[keep])


def build_tfbs(store: GenomeStore, peak_paths: Sequence[Path], config: TfbsConfig, seed: int) -> Draft:
    """The draft of a set of binding sites; its category is the factor whose summit is in the middle of the window.

    The order of the files does not matter.

    Args:
        store: The genome.
        peak_paths: Peaks, a BED, narrowPeak or broadPeak file for each factor, which is named by it.
        config: What the rows are.
        seed: All randomness comes from it.

    Raises:
        DataFileError: A file cannot be read, two are of one factor, no window can be used, or a split lacks positives or room for
            negatives.
        RegionError: A line is malformed, has no summit, or does not fit the genome.
        ConfigError: The settings contradict each other.
        DnabertError: Shuffles are wanted and tangermeme is not installed.
    """
    mode = _label_mode(config, len(peak_paths))
    counts: Counter[str] = Counter()
    every = read_factors(store, peak_paths, config, counts)
    best = [best_peaks(factor, config, counts) for factor in every]
    clean = clean_bases(store)
    windows = _place_windows(store, best, clean, config, counts)
    regions = _regions(store, windows, best, config.window_bp)
    plan = plan_splits(store, config.splits, regions, seed)
    splits = plan.split_of(store, regions)
    kept = np.array([split != "" for split in splits], dtype=np.bool_)
    counts["windows in no split"] = int((~kept).sum())
    regions = [region for region, split in zip(regions, splits, strict=True) if split]
    splits = [split for split in splits if split]
    taken = IntervalSet.merged(np.stack([windows.starts, windows.starts + config.window_bp], axis=1))
    windows = windows.take(kept)
    # A peak that gives no window of its own still binds in that of another.
    bound = _bound(every, windows, mode, config)
    by_factor = _by_factor(every, bound, splits)
    labels = ["1"] * len(windows)
    if mode == "multilabel":
        _check_factors(by_factor, plan)
        labels = join_names([factor.name for factor in every], bound, len(windows))
    positives = _read_positives(store, windows, best, regions, labels, splits, config.window_bp)
    no_label = "none" if mode == "multilabel" else "0"
    if not config.negatives_per_positive:
        negatives = Negatives([], 0, {}, {})
    elif config.negatives == "shuffle":
        negatives = shuffled_negatives(store, positives, no_label, config, seed)
    else:
        # A window may reach beyond its peak: its bases are none of a negative's either.
        free = clean.without(peak_bases(store, every, config)).without(taken)
        negatives = matched_negatives(store, positives, plan, free, no_label, config, seed)
    counts["negatives not found"] = negatives.num_wanted - len(negatives.examples)
    counts["positives"], counts["negatives"] = len(positives), len(negatives.examples)
    facts = {**_facts(every, by_factor, mode, config), **negatives.facts}
    return Draft("tfbs", positives + negatives.examples, plan, dict(counts), negatives.matching, facts)


def _facts(every: Sequence[Factor], by_factor: Mapping[str, Mapping[SplitName, int]], mode: _Mode, config: TfbsConfig) -> dict[str, object]:
    return {
        "mode": mode,
        "labels": {"1": "bound", "0": "not bound"} if mode == "binary" else "names of the factors that bind, or none",
        **({"bound_by": config.bound_by} if mode == "multilabel" else {}),
        "window_bp": config.window_bp,
        "summit_index": config.window_bp // 2,
        "summit": config.summit if config.signal is None else f"highest base of {config.signal.name}",
        "merge_bp": config.reach_bp,
        "negatives": config.negatives,
        "factors": {factor.name: {"file": factor.file, "peaks": len(factor), "windows": by_factor[factor.name]} for factor in every},
    }


def _label_mode(config: TfbsConfig, num_files: int) -> _Mode:
    if not num_files:
        raise DataFileError("no peak file is given")
    if config.mode == "separate" and num_files > 1:
        raise ConfigError(f"mode = separate makes a set of one peak file at a time, and {num_files} are given; build each on its own")
    is_multilabel = config.mode == "multilabel" or (config.mode == "auto" and num_files > 1)
    if not is_multilabel and not config.negatives_per_positive:
        raise ConfigError("negatives_per_positive = 0 leaves the label 1 only, from which nothing is learnt; set it to 1 or more")
    return "multilabel" if is_multilabel else "binary"


def _place_windows(store: GenomeStore, best: Sequence[Factor], clean: IntervalSet, config: TfbsConfig, counts: Counter[str]) -> _Windows:
    """One window for each group of summits, whole and without ambiguous bases."""
    centers = np.concatenate([factor.summits for factor in best])
    strands = np.concatenate([factor.strands for factor in best])
    starts = window_starts(centers, strands < 0, config.window_bp)
    numbers = np.repeat(np.arange(len(best), dtype=np.int32), [len(factor) for factor in best])
    lines = np.concatenate([factor.lines for factor in best])
    windows = _Windows(centers, starts, strands, numbers, lines)
    contig = np.searchsorted(store.contig_starts, centers, side="right") - 1
    begin = store.contig_starts[contig]
    end = begin + np.array([contig.length for contig in store.contigs], dtype=np.int64)[contig]
    is_inside = (starts >= begin) & (starts + config.window_bp <= end)
    is_usable = is_inside & clean.contains(starts, starts + config.window_bp)
    counts["windows beyond the end of a contig"] = int((~is_inside).sum())
    counts["windows with ambiguous bases"] = int((is_inside & ~is_usable).sum())
    if not is_usable.any():
        raise DataFileError(
            f"{', '.join(factor.file for factor in best[:_NUM_NAMED])}: none of the {len(windows)} windows of {config.window_bp} bases can"
            f" be used: {counts['windows beyond the end of a contig']} go beyond the end of a contig,"
            f" {counts['windows with ambiguous bases']} have ambiguous bases"
        )
    usable = np.flatnonzero(is_usable)
    usable = usable[np.argsort(centers[usable], kind="stable")]
    # Contigs that are neighbours in the store are moved apart, so that no summits of two are merged.
    apart = centers[usable] + contig[usable] * config.reach_bp
    strengths = np.concatenate([factor.strengths for factor in best])
    chosen = choose_centers(apart, strengths[usable], config.reach_bp)
    counts[f"summits less than {config.reach_bp} bases from a stronger one, in its window"] = len(usable) - len(chosen)
    return windows.take(usable[chosen])


def _regions(store: GenomeStore, windows: _Windows, best: Sequence[Factor], window_bp: int) -> list[Region]:
    """The region of each window; its id is the factor and where it lies."""
    contigs = np.searchsorted(store.contig_starts, windows.starts, side="right") - 1
    firsts = windows.starts - store.contig_starts[contigs]
    found = []
    columns = (contigs, firsts, windows.strands, windows.factors)
    for contig, first, strand, number in zip(*(column.tolist() for column in columns), strict=True):
        place = Region(store.contigs[contig].name, first, first + window_bp, "", _STRANDS[strand])
        found.append(Region(place.contig, place.start, place.end, f"{best[number].name}:{place}", place.strand))
    return found


def _bound(every: Sequence[Factor], windows: _Windows, mode: _Mode, config: TfbsConfig) -> list[IntArray]:
    """For each factor, with all its peaks, the windows in which it binds; if that is no label, those on its own summits."""
    if mode != "multilabel":
        return [np.flatnonzero(windows.factors == number) for number in range(len(every))]
    found = []
    for factor in every:
        peaks = IntervalSet.merged(np.stack([factor.starts, factor.ends], axis=1)) if config.bound_by == "peak" else None
        found.append(bound_windows(windows.starts, windows.centers, config.window_bp, factor.summits, peaks))
    return found


def _by_factor(factors: Sequence[Factor], bound: Sequence[IntArray], splits: Sequence[SplitName]) -> dict[str, dict[SplitName, int]]:
    """Number of windows of each factor in each split."""
    of_window = np.array(splits)
    return {
        factor.name: {str(split): int(number) for split, number in zip(*np.unique(of_window[rows], return_counts=True), strict=True)}
        for factor, rows in zip(factors, bound, strict=True)
    }


def _check_factors(by_factor: Mapping[str, Mapping[SplitName, int]], plan: SplitPlan) -> None:
    for split in plan.areas:
        lacking = [name for name, sizes in by_factor.items() if not sizes.get(split)]
        if not lacking:
            continue
        named = ", ".join(lacking[:_NUM_NAMED]) + (", ..." if len(lacking) > _NUM_NAMED else "")
        found = f"{len(lacking)} of {len(by_factor)} factors bind in no window of {split} ({named})"
        if split == "train":
            raise DataFileError(f"{found}, and could not be learnt; leave their files out, or split otherwise")
        log.warning("%s: there will be no figures for them", found)


def _read_positives(
    store: GenomeStore,
    windows: _Windows,
    best: Sequence[Factor],
    regions: Sequence[Region],
    labels: Sequence[str],
    splits: Sequence[SplitName],
    window_bp: int,
) -> list[Example]:
    examples = []
    offsets = np.arange(window_bp)
    for first in range(0, len(windows), _ROWS):
        block = store.codes[windows.starts[first : first + _ROWS, None] + offsets]
        for row, codes in enumerate(block, start=first):
            region, factor = regions[row], best[windows.factors[row]]
            read = reverse_complement(codes) if region.strand == "-" else codes
            source = f"peak:{factor.file}:{windows.lines[row]}"
            examples.append(Example(region, read, labels[row], source, factor.name, splits[row]))
    return examples
