"""From start sites to a promoter set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntervalSet, clean_bases
from dnabert.data.datasets.negatives import Matching, region_at
from dnabert.data.datasets.promoters.config import PromoterConfig
from dnabert.data.datasets.promoters.negatives import matched_negatives, substitution_negatives, tata_negatives
from dnabert.data.datasets.promoters.scan import cut_windows, find_contents, read_scanned, surplus_negatives
from dnabert.data.datasets.promoters.sites import Sites, is_annotation, read_sites
from dnabert.data.datasets.promoters.start_codons import check_start_codons, shares_by_shift, warnings_of
from dnabert.data.datasets.promoters.streams import Stream, open_stream
from dnabert.data.datasets.promoters.tata import FIRST_OFFSET, LAST_OFFSET, MIN_BITS, class_of_bits, promoter_bits
from dnabert.data.datasets.repeats import Repeats, find_repeats
from dnabert.data.datasets.splits import SplitPlan, plan_splits
from dnabert.data.genome import GenomeStore
from dnabert.errors import DataFileError

__all__ = ["build_promoters"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Promoters:
    """Start sites and their TATA boxes.

    Attributes:
        sites: The start sites.
        classes: ``TATA`` or ``non-TATA`` for each.
        offsets: Where the box of each begins or, if it has none, what is most like one; from the TSS, shape (N,).
    """

    sites: Sites
    classes: tuple[str, ...]
    offsets: IntArray

    def chosen(self, keep: BoolArray) -> "_Promoters":
        classes = tuple(name for name, kept in zip(self.classes, keep.tolist(), strict=True) if kept)
        return _Promoters(self.sites.chosen(keep), classes, self.offsets[keep])

    @property
    def has_box(self) -> BoolArray:
        return np.array([name == "TATA" for name in self.classes], dtype=np.bool_)


def build_promoters(store: GenomeStore, tss_path: Path, config: PromoterConfig, seed: int) -> Draft:
    """The draft of a promoter set: label 1 is a promoter, 0 is none; the category tells whether a TATA box is where promoters have it.

    Args:
        store: The genome.
        tss_path: Start sites: GTF, GFF3, or BED with strands, whose regions begin at the TSS in the direction of transcription.
        config: What the rows are.
        seed: All randomness comes from it.

    Raises:
        DataFileError: A file cannot be read, no window can be used, or no negative can be found.
        RegionError: A line is malformed, has no strand, or does not fit the genome.
        ConfigError: The settings of the splits contradict each other.
    """
    counts: Counter[str] = Counter()
    sites = read_sites(store, tss_path, config.skip_unknown_contigs, counts, merge_bp=config.merge_bp, also_avoid=config.also_avoid)
    bits, offsets = promoter_bits(store, sites.positions, sites.is_reverse)
    promoters = _Promoters(sites, tuple(class_of_bits(score) for score in bits.tolist()), offsets)
    codons = check_start_codons(store, tss_path) if is_annotation(tss_path) else None
    build = _build_scan if config.kind == "scan" else _build_windows
    draft = build(store, promoters, config, seed, counts, tss_path)
    facts = dict(draft.facts)
    if config.also_avoid:
        facts["also_avoided"] = [path.name for path in config.also_avoid]
    if codons is not None:
        facts["coding_parts_that_begin_with_ATG"] = shares_by_shift(codons)
        facts["warnings"] = warnings_of(codons, tss_path)
    return replace(draft, facts=facts)


def _build_windows(store: GenomeStore, every: _Promoters, config: PromoterConfig, seed: int, counts: Counter[str], tss_path: Path) -> Draft:
    reach, clean = config.reach, clean_bases(store)
    starts = reach.starts(every.sites.positions, every.sites.is_reverse)
    is_usable = _usable(store, every.sites.positions, starts, reach.window_bp, clean, counts, tss_path)
    used = every.chosen(is_usable)
    regions = [
        region_at(store, start, reach.window_bp, name, "-" if turned else "+")
        for start, name, turned in zip(starts[is_usable].tolist(), used.sites.names, used.sites.is_reverse.tolist(), strict=True)
    ]
    plan = plan_splits(store, config.splits, regions, seed)
    splits = plan.split_of(store, regions)
    positives = [
        Example(region, store.read(region), "1", f"tss:{region.name}", category, split)
        for region, category, split in zip(regions, used.classes, splits, strict=True)
    ]
    every_tss = np.concatenate([every.sites.positions, every.sites.avoided])
    near = IntervalSet.merged(np.stack([every_tss, every_tss + 1], axis=1))
    # The bases that no negative may have: those nearer to a TSS than wanted, and those of any promoter.
    near = near.widened(max(config.min_distance_bp - 1, reach.upstream_bp, reach.downstream_bp), store)
    repeats = find_repeats(store, config.repeats) if config.negatives == "matched" else None
    negatives: list[Example] = []
    matching: dict[SplitName, Matching] = {}
    for split, area in plan.areas.items():
        is_here = np.array([name == split for name in splits])
        if not is_here.any():
            continue
        here = [example for example in positives if example.split == split]
        free = clean.within(area).without(near)
        found, match = _negatives_of_split(store, here, used.chosen(is_here), config, free, repeats, split, seed)
        if not found:
            raise DataFileError(
                f"{tss_path}: the split {split} has {len(here)} promoters, but no window for a negative at least {config.min_distance_bp}"
                " bases from every TSS; lower min_distance_bp, take more contigs for the split, or take negatives = substitution"
            )
        negatives += found
        if match is not None:
            matching[split] = match
    positives = sorted((example for example in positives if example.split), key=lambda example: store.position(example.region))
    counts["windows in no split"] = len(regions) - len(positives)
    counts["negatives not found"] = config.negatives_per_positive * len(positives) - len(negatives)
    negatives.sort(key=lambda example: store.position(example.region))
    facts: dict[str, object] = {"window": str(reach), "tss_index": reach.upstream_bp, "negatives": config.negatives}
    if config.negatives != "substitution":
        facts["min_distance_bp"] = config.min_distance_bp
    if repeats is not None:
        facts["repeats"] = repeats.origin
    return _draft(store, positives + negatives, plan, counts, matching, facts)


def _negatives_of_split(
    store: GenomeStore,
    positives: Sequence[Example],
    promoters: _Promoters,
    config: PromoterConfig,
    free: IntervalSet,
    repeats: Repeats | None,
    split: SplitName,
    seed: int,
) -> tuple[list[Example], Matching | None]:
    """The negatives of a split, and how well they match if they do; ``positives`` and ``promoters`` are the same in the same order."""
    reach, per_positive = config.reach, config.negatives_per_positive
    if repeats is not None:
        rng = open_stream(seed, Stream.MATCHED, split)
        return matched_negatives(store, promoters.sites, reach, free, repeats, per_positive, split, rng)
    has_box = promoters.has_box
    is_paired = {"tata": np.ones_like(has_box), "substitution": np.zeros_like(has_box), "paper": has_box}[config.negatives]
    offsets = promoters.offsets[has_box] if has_box.any() else np.arange(FIRST_OFFSET, LAST_OFFSET + 1)
    rng = open_stream(seed, Stream.TATA, split)
    found = tata_negatives(store, offsets, reach, free, per_positive * int(is_paired.sum()), split, rng)
    rest = [example for example, paired in zip(positives, is_paired.tolist(), strict=True) if not paired]
    rng = open_stream(seed, Stream.SUBSTITUTION, split)
    return found + substitution_negatives(rest, reach.upstream_bp, per_positive, rng), None


def _build_scan(store: GenomeStore, every: _Promoters, config: PromoterConfig, seed: int, counts: Counter[str], tss_path: Path) -> Draft:
    window_bp, margin_bp = config.scan_window_bp, config.scan_margin_bp
    cuts = cut_windows(store, every.sites, config.reach, window_bp, config.scan_stride_bp, open_stream(seed, Stream.SCAN))
    counts["windows cut"] = len(cuts.starts)
    starts = cuts.starts[_usable(store, cuts.anchors, cuts.starts, window_bp, clean_bases(store), counts, tss_path)]
    contents = find_contents(every.sites, starts, window_bp, margin_bp)
    counts["windows with a TSS too near to an end"] = int((~contents.is_clear & ~contents.is_avoided).sum())
    counts["windows without a TSS but with one that is avoided"] = int(contents.is_avoided.sum())
    if not contents.is_promoter.any():
        raise DataFileError(f"{tss_path}: none of the {len(starts)} windows has a TSS at least {margin_bp} bases from its ends")
    regions = [region_at(store, start, window_bp, "", ".") for start in starts.tolist()]
    plan = plan_splits(store, config.splits, [regions[row] for row in np.flatnonzero(contents.is_promoter).tolist()], seed)
    splits = plan.split_of(store, regions)
    in_split = np.array([split != "" for split in splits])
    counts["windows in no split"] = int((contents.is_clear & ~in_split).sum())
    chosen = splits
    if config.scan_negatives_per_positive is not None:
        surplus = surplus_negatives(contents, splits, config.scan_negatives_per_positive, seed)
        counts["windows without a TSS that were not drawn"] = int(surplus.sum())
        chosen = ["" if is_surplus else split for split, is_surplus in zip(splits, surplus.tolist(), strict=True)]
    examples = read_scanned(store, every.sites, every.classes, regions, contents, chosen)
    counts["TSS in no window"] = len(every.sites) - contents.num_sites(in_split)
    facts: dict[str, object] = {
        "scanned": str(config.reach),
        "window_bp": window_bp,
        "stride_bp": config.scan_stride_bp,
        "margin_bp": margin_bp,
        "negatives": "windows without a TSS",
    }
    return _draft(store, examples, plan, counts, {}, facts)


def _usable(
    store: GenomeStore, anchors: IntArray, starts: IntArray, window_bp: int, clean: IntervalSet, counts: Counter[str], tss_path: Path
) -> BoolArray:
    """Whether each window lies on the contig of its anchor, a base near it, and has no ambiguous base, shape (N,)."""
    contig = np.searchsorted(store.contig_starts, anchors, side="right") - 1
    lengths = np.array([contig.length for contig in store.contigs], dtype=np.int64)
    begin, end = store.contig_starts[contig], store.contig_starts[contig] + lengths[contig]
    is_inside = (starts >= begin) & (starts + window_bp <= end)
    is_usable: BoolArray = is_inside & clean.contains(starts, starts + window_bp)
    counts["windows beyond the end of a contig"] = int((~is_inside).sum())
    counts["windows with ambiguous bases"] = int((is_inside & ~is_usable).sum())
    if not is_usable.any():
        raise DataFileError(
            f"{tss_path}: none of the {len(starts)} windows of {window_bp} bases can be used:"
            f" {counts['windows beyond the end of a contig']} go beyond the end of a contig,"
            f" {counts['windows with ambiguous bases']} have ambiguous bases"
        )
    return is_usable


def _num_overlapping(store: GenomeStore, positives: Sequence[Example]) -> int:
    """Number of windows, all of one length, that share more than half of their bases with another, of either strand."""
    starts = np.sort([store.position(example.region) for example in positives])
    window_bp = positives[0].region.end - positives[0].region.start if positives else 0
    is_close = 2 * np.diff(starts) < window_bp
    return int((np.append(is_close, False) | np.insert(is_close, 0, False))[: len(starts)].sum())


def _draft(
    store: GenomeStore,
    examples: list[Example],
    plan: SplitPlan,
    counts: Counter[str],
    matching: Mapping[SplitName, Matching],
    facts: Mapping[str, object],
) -> Draft:
    positives = [example for example in examples if example.label == "1"]
    counts["positives"] = len(positives)
    counts["positives with a TATA box"] = sum(example.category == "TATA" for example in positives)
    counts["positives that overlap another by more than half"] = _num_overlapping(store, positives)
    counts["negatives"] = len(examples) - len(positives)
    box = {
        "matrix": "Bucher 1990 (JASPAR MA0108)",
        "first_base_from_tss": [FIRST_OFFSET, LAST_OFFSET],
        "min_bits": MIN_BITS,
    }
    return Draft("promoters", examples, plan, dict(counts), matching, {**facts, "labels": {"1": "promoter", "0": "none"}, "TATA": box})
