"""Splice sites base by base: genes in pieces, and a letter for each base.

``a`` is the first base of an exon after an intron, ``d`` the last base of an exon before an intron, ``n`` any other base; sites of the
other strand are ``n``.

Source: Jaganathan et al. 2019, SpliceAI (the bases that stand for acceptor and donor).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.intervals import IntArray, IntervalSet, clean_bases
from dnabert.data.datasets.negatives import draw_windows, region_at
from dnabert.data.datasets.splice.config import SpliceConfig, Stream, open_stream
from dnabert.data.datasets.splice.loci import Locus, LocusNames, merge_loci
from dnabert.data.datasets.splice.places import BoolArray, Places, SpliceSites, draw_some, fits_contig, read_windows, usable_windows
from dnabert.data.datasets.splice.signals import describe_signals
from dnabert.data.datasets.splice.sites import SpliceAnnotation
from dnabert.data.datasets.splits import SPLITS, plan_splits
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError

__all__ = ["TOKEN_LABELS", "Tiles", "build_tokens", "label_bases", "tile_genes"]

TOKEN_LABELS = {"acceptor": "a", "donor": "d", "none": "n"}
"""Letter of each kind of base."""


@dataclass(frozen=True)
class Tiles:
    """Windows of which those of one strand do not overlap, ascending on each strand.

    Attributes:
        starts: First base of each in the store, shape (N,).
        is_reverse: Whether each is read on the reverse strand, shape (N,).
        window_bp: Their length, in bases.
    """

    starts: IntArray
    is_reverse: BoolArray
    window_bp: int

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def places(self) -> Places:
        """The places in their middle."""
        return Places.of_windows(self.starts, self.is_reverse, self.window_bp)

    def take(self, index: IntArray | BoolArray) -> "Tiles":
        """The tiles at an ascending index, or where a mask is true."""
        return Tiles(self.starts[index], self.is_reverse[index], self.window_bp)

    def find(self, bases: Places) -> tuple[IntArray, IntArray]:
        """Number of the tile that holds each base on its strand, and the base's index in it; bases in no tile are left out."""
        rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for flag in (False, True):
            own = np.flatnonzero(self.is_reverse == flag)
            positions = bases.positions[bases.is_reverse == flag]
            if not len(own) or not len(positions):
                continue
            place = np.searchsorted(self.starts[own], positions, side="right") - 1
            step = positions - self.starts[own][np.maximum(place, 0)]
            is_inside = (place >= 0) & (step < self.window_bp)
            rows.append(own[place[is_inside]])
            columns.append(self.window_bp - 1 - step[is_inside] if flag else step[is_inside])
        return np.concatenate(rows), np.concatenate(columns)

    def holds_any(self, bases: Places) -> BoolArray:
        """Whether each tile holds one of the bases on its strand, shape (N,)."""
        holds = np.zeros(len(self), dtype=np.bool_)
        holds[self.find(bases)[0]] = True
        return holds


def tile_genes(store: GenomeStore, loci: Sequence[Locus], window_bp: int) -> Tiles:
    """Tiles over all loci, from the 5' end of each; the last of a locus reaches beyond its end, and possibly beyond the contig."""
    starts, strands = [np.empty(0, np.int64)], [np.empty(0, np.bool_)]
    for is_reverse in (False, True):
        for start, end in merge_loci(store, loci, is_reverse, gap_bp=window_bp).tolist():
            steps = np.arange(0, end - start, window_bp)
            starts.append(np.sort(end - window_bp - steps) if is_reverse else start + steps)
            strands.append(np.full(len(steps), is_reverse))
    return Tiles(np.concatenate(starts), np.concatenate(strands), window_bp)


def label_bases(tiles: Tiles, sites: SpliceSites) -> npt.NDArray[np.uint8]:
    """ASCII codes of the letters of each tile, in the order in which it is read, shape (N, window_bp); no base is donor and acceptor."""
    letters = np.full((len(tiles), tiles.window_bp), ord(TOKEN_LABELS["none"]), dtype=np.uint8)
    for kind, flag in (("acceptor", False), ("donor", True)):
        letters[tiles.find(sites.take(sites.is_donor == flag).exon_bases())] = ord(TOKEN_LABELS[kind])
    return letters


def build_tokens(store: GenomeStore, annotation: SpliceAnnotation, config: SpliceConfig, seed: int, path: Path) -> Draft:
    """A set of windows along genes, and some between genes, with a letter for each base.

    Args:
        store: The genome.
        annotation: Its splice sites.
        config: What the set is to be.
        seed: All randomness comes from it.
        path: The annotation's file, for messages.

    Raises:
        DataFileError: No window with a site is left.
    """
    counts = dict(annotation.counts)
    clean = clean_bases(store)
    tiles = _usable_tiles(store, annotation, config, clean, counts)
    has_site = tiles.holds_any(annotation.sites.exon_bases())
    with_site, empty = tiles.take(has_site), tiles.take(~has_site)
    if not len(with_site):
        raise DataFileError(
            f"{path}: no window of {config.window_bp} bases along the genes has a splice site and can be used; give a smaller --length, or"
            " give the whole genome"
        )
    regions = _regions(store, with_site)
    plan = plan_splits(store, config.splits, regions, seed)
    splits = np.array(plan.split_of(store, regions))
    counts["windows with a site in no split, or across a border of two, left out"] = int((splits == "").sum())
    in_splits = np.flatnonzero(splits != "")
    kept = draw_some(in_splits, config.max_per_class, open_stream(seed, Stream.LIMIT_POSITIVES))
    if config.max_per_class is not None:
        counts["windows with a site beyond max_per_class, left out"] = len(in_splits) - len(kept)
    counts["windows with a site"] = len(kept)
    with_site, splits = with_site.take(kept), splits[kept]
    positives = _examples(store, with_site, annotation, "gene-with-site", splits.tolist())
    negatives, num_missing = [], 0
    for split in (split for split in SPLITS if split in plan.areas):
        wanted = config.negatives_per_positive * int((splits == split).sum())
        area = plan.areas[split]
        between = clean.within(area).without(annotation.transcribed)
        intergenic = _between_genes(between, round(config.intergenic_share * wanted), config.window_bp, seed, split)
        index = np.flatnonzero(area.contains(empty.starts, empty.starts + config.window_bp))
        in_genes = empty.take(draw_some(index, wanted - len(intergenic), open_stream(seed, Stream.EMPTY_TILES, split)))
        for part, source in ((in_genes, "gene-without-site"), (intergenic, "between-genes")):
            negatives += _examples(store, part, annotation, source, [split] * len(part))
        num_missing += wanted - len(intergenic) - len(in_genes)
    counts["windows without a site that there is no room for"] = num_missing
    kept = draw_some(np.arange(len(negatives)), config.max_per_class, open_stream(seed, Stream.LIMIT_NEGATIVES))
    if config.max_per_class is not None:
        counts["windows without a site beyond max_per_class, left out"] = len(negatives) - len(kept)
    sources = Counter(negatives[number].source for number in kept.tolist())
    counts["windows of genes without a site"] = sources["gene-without-site"]
    counts["windows between genes"] = sources["between-genes"]
    order = {contig.name: number for number, contig in enumerate(store.contigs)}
    groups = [
        sorted(group, key=lambda row: (order[row.region.contig], row.region.start, row.region.strand))
        for group in (positives, [negatives[number] for number in kept.tolist()])
    ]
    return Draft("splice", [*groups[0], *groups[1]], plan, counts, facts=_facts(store, annotation, config, positives))


def _usable_tiles(
    store: GenomeStore, annotation: SpliceAnnotation, config: SpliceConfig, clean: IntervalSet, counts: dict[str, int]
) -> Tiles:
    """The tiles of clean bases in which no base is of two kinds and no site is left without its letter."""
    tiles = tile_genes(store, annotation.loci, config.window_bp)
    fits = fits_contig(store, tiles.places, config.window_bp)
    is_clean = usable_windows(tiles.places, config.window_bp, clean)
    counts["windows of genes"] = len(tiles)
    counts["windows beyond the end of a contig, left out"] = int((~fits).sum())
    counts["windows with ambiguous bases, left out"] = int((fits & ~is_clean).sum())
    tiles = tiles.take(is_clean)
    bases = annotation.sites.exon_bases()
    is_double = np.isin(bases.keys, bases.keys[annotation.sites.is_donor]) & ~annotation.sites.is_donor
    has_double = tiles.holds_any(bases.take(is_double))
    counts["windows with a base that is donor and acceptor, left out"] = int(has_double.sum())
    known, labelled = (2 * sites.places.keys + sites.is_donor for sites in (annotation.known, annotation.sites))
    has_other = tiles.holds_any(annotation.known.take(~np.isin(known, labelled)).exon_bases())
    counts["windows with a site that is left out or avoided, left out"] = int((has_other & ~has_double).sum())
    return tiles.take(~has_double & ~has_other)


def _between_genes(between: IntervalSet, count: int, window_bp: int, seed: int, split: SplitName) -> Tiles:
    rng = open_stream(seed, Stream.INTERGENIC_TILES, split)
    starts = np.sort(draw_windows(between, window_bp, count, rng)) if count else np.empty(0, np.int64)
    return Tiles(starts, rng.random(len(starts)) < 0.5, window_bp)


def _regions(store: GenomeStore, tiles: Tiles) -> list[Region]:
    rows = zip(tiles.starts.tolist(), tiles.is_reverse.tolist(), strict=True)
    bare = [region_at(store, start, tiles.window_bp, "", "-" if flag else "+") for start, flag in rows]
    return [Region(region.contig, region.start, region.end, f"tile:{region}", region.strand) for region in bare]


def _examples(store: GenomeStore, tiles: Tiles, annotation: SpliceAnnotation, source: str, splits: Sequence[SplitName]) -> list[Example]:
    windows = read_windows(store, tiles.places, tiles.window_bp)
    letters = label_bases(tiles, annotation.sites)
    labels = [row.tobytes().decode("ascii") for row in letters]
    # The gene of the first site, or of the first base where there is none.
    first = np.argmax(letters != ord(TOKEN_LABELS["none"]), axis=1)
    genes = LocusNames(annotation.loci).at(tiles.places.moved(first - tiles.window_bp // 2))
    rows = zip(_regions(store, tiles), windows, labels, genes, splits, strict=True)
    return [Example(region, codes, label, source, gene, split) for region, codes, label, gene, split in rows]


def _facts(store: GenomeStore, annotation: SpliceAnnotation, config: SpliceConfig, positives: Sequence[Example]) -> dict[str, object]:
    return {
        "level": config.level,
        "window": f"{config.window_bp} bases, read on the strand of the gene",
        "labels": {
            TOKEN_LABELS["acceptor"]: "first base of an exon after an intron (as SpliceAI's acceptor)",
            TOKEN_LABELS["donor"]: "last base of an exon before an intron (as SpliceAI's donor)",
            TOKEN_LABELS["none"]: "any other base; sites of the other strand, too",
        },
        "bases of windows with a site": {letter: sum(row.label.count(letter) for row in positives) for letter in TOKEN_LABELS.values()},
        **describe_signals(store, annotation.sites),
        "warnings": annotation.warnings,
    }
