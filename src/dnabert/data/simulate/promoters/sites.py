"""Promoter sites of a contig: what room they want, their planting, and the choice of random negatives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.elements import PlantedElement, Strand, forward_interval, plant_elements
from dnabert.data.simulate.genes.structure import GeneStructure
from dnabert.data.simulate.layout import Lot, Plan
from dnabert.data.simulate.promoters.architectures import Architecture, decoy_architectures, promoter_architectures
from dnabert.data.simulate.room import NEGATIVE_DISTANCE_BP, SITE_SPACING_BP, gene_arm_bp
from dnabert.data.simulate.windows import GcMatcher, count_gc, mark, window_sums
from dnabert.dna.sequence import AMBIGUOUS, Codes

__all__ = ["Site", "choose_random_negatives", "plant_promoter_sites", "promoter_lots"]


@dataclass(frozen=True)
class Site:
    """A labelled window: 0-based, half-open, forward-strand coordinates; read on ``strand``."""

    id: str
    contig: str
    start: int
    """First base of the window on the forward strand."""
    end: int
    """One past the last base of the window on the forward strand."""
    anchor: int
    """The transcription start site (TSS) of a promoter; for a negative, the base at the same place of the window."""
    strand: Strand
    label: int
    """1 promoter, 0 negative."""
    site_class: str
    """``TATA``, ``TATA-less``, ``decoy-TATA``, ``decoy-GC-box``, ``decoy-misplaced`` or ``random``."""
    elements: tuple[PlantedElement, ...]
    """What was planted, sorted by start."""


def promoter_lots(config: SimulationConfig, num_promoters: int, genes: Sequence[GeneStructure]) -> list[Lot]:
    """The room of the promoters, the first ones with genes, then of the decoys, then of places kept free for random negatives.

    Args:
        config: Sizes and rates.
        num_promoters: Promoters of this contig; as many negatives follow.
        genes: Genes of this contig, no more than promoters.
    """
    arm_bp = SITE_SPACING_BP // 2
    reach_bp = max(config.upstream_bp, config.downstream_bp)
    promoters = tuple((kind.share, kind.island_prob) for kind in promoter_architectures(config))
    decoys = tuple((kind.share, kind.island_prob) for kind in decoy_architectures(config))
    free = ((1.0, sum(share * island_prob for share, island_prob in promoters)),)
    lots = []
    for gene in genes:
        after_bp = gene.length_bp + config.genes.window_bp // 2
        room_bp = gene_arm_bp(gene.length_bp, config.genes.window_bp)
        lots.append(Lot(arm_bp, room_bp, max(reach_bp, config.genes.window_bp // 2), max(reach_bp, after_bp), promoters))
    num_decoys = _num_decoys(config, num_promoters)
    lots += [Lot(arm_bp, arm_bp, reach_bp, reach_bp, promoters)] * (num_promoters - len(genes))
    lots += [Lot(arm_bp, arm_bp, reach_bp, reach_bp, decoys)] * num_decoys
    lots += [Lot(arm_bp, arm_bp, reach_bp, reach_bp, free)] * (num_promoters - num_decoys)
    return lots


def plant_promoter_sites(
    codes: Codes, contig: str, plans: Sequence[Plan], config: SimulationConfig, rng: np.random.Generator
) -> list[Site]:
    """Promoters and decoys by position, their elements written into ``codes``; their ids are still empty.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        plans: Places of :func:`promoter_lots`, in its order.
        config: Sizes and rates.
        rng: Source of randomness.
    """
    num_promoters = len(plans) // 2
    promoters, decoys = promoter_architectures(config), decoy_architectures(config)
    chosen = [(plan, promoters[plan.kind], 1) for plan in plans[:num_promoters]]
    chosen += [(plan, decoys[plan.kind], 0) for plan in plans[num_promoters : num_promoters + _num_decoys(config, num_promoters)]]
    return [
        _plant_site(codes, contig, plan, architecture, label, config, rng)
        for plan, architecture, label in sorted(chosen, key=lambda item: item[0].anchor)
    ]


def choose_random_negatives(
    codes: Codes,
    contig: str,
    planted: Sequence[Site],
    reserved: Iterable[tuple[int, int]],
    count: int,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[Site]:
    """Windows like the promoters in G+C share, without a planted element, without N, and far from every TSS.

    Each is the free window whose G+C count is nearest to that of a promoter drawn at random; no two overlap.

    Args:
        codes: Base codes of the contig with its promoters and decoys, shape (contig_bp,).
        contig: Name of the contig.
        planted: Its promoters and decoys.
        reserved: Start and end of what belongs to other kinds of sites.
        count: Windows to choose; the layout keeps a place free for each.
        config: Sizes and rates.
        rng: Source of randomness.
    """
    reach_bp = NEGATIVE_DISTANCE_BP - 1
    near = [(site.anchor - reach_bp, site.anchor + reach_bp + 1) if site.label else (site.start, site.end) for site in planted]
    blocked = (codes == AMBIGUOUS) | mark(len(codes), [*near, *reserved])
    window_bp = config.window_bp
    gc_counts = count_gc(codes, window_bp)
    matcher = GcMatcher(gc_counts, rng.permutation(np.flatnonzero(window_sums(blocked, window_bp) == 0)), window_bp)
    promoters = [site for site in planted if site.label]
    negatives = []
    for index in rng.permutation(len(promoters))[:count].tolist():
        start = matcher.take(int(gc_counts[promoters[index].start]))
        assert start is not None, "the layout keeps a place free for each random negative"
        strand: Strand = "+" if rng.random() < 0.5 else "-"
        anchor = start + (config.upstream_bp if strand == "+" else config.downstream_bp)
        negatives.append(Site("", contig, start, start + window_bp, anchor, strand, 0, "random", ()))
    return negatives


def _num_decoys(config: SimulationConfig, num_promoters: int) -> int:
    return round(num_promoters * config.decoy_fraction)


def _plant_site(
    codes: Codes, contig: str, plan: Plan, architecture: Architecture, label: int, config: SimulationConfig, rng: np.random.Generator
) -> Site:
    elements = plant_elements(codes, architecture.elements, plan.anchor, plan.strand, rng, architecture.misplaced)
    start, end = forward_interval(plan.anchor, plan.strand, -config.upstream_bp, config.downstream_bp + 1)
    return Site("", contig, start, end, plan.anchor, plan.strand, label, architecture.name, elements)
