"""Sites of a contig: the layout of anchors, the planting of promoters and decoys, the choice of random negatives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate.config import NEGATIVE_DISTANCE_BP, SITE_SPACING_BP, SimulationConfig
from dnabert.data.simulate.elements import PlantedElement, Strand, plant_elements
from dnabert.data.simulate.promoters import Architecture, decoy_architectures, promoter_architectures
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes

__all__ = ["Plan", "Site", "choose_random_negatives", "plan_sites", "plant_site"]

_ISLAND_ARM_BP = (250, 500)
"""Range of the bases a CpG island reaches to either side of its anchor (our choice; covers the widest window)."""


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


@dataclass(frozen=True)
class Plan:
    """What goes where, before any base is drawn."""

    anchor: int
    strand: Strand
    architecture: Architecture | None
    """None for a place that is kept free for random negatives."""
    is_promoter: bool
    island: tuple[int, int] | None
    """Start and end of the CpG island around the site, if it lies in one."""


def plan_sites(config: SimulationConfig, num_promoters: int, rng: np.random.Generator) -> list[Plan]:
    """The sites of one contig, by position: promoters, decoys and places kept free, at least ``SITE_SPACING_BP`` apart.

    Args:
        config: Sizes and rates.
        num_promoters: Promoters of this contig; as many negatives are planned.
        rng: Source of randomness.
    """
    num_decoys = round(num_promoters * config.decoy_fraction)
    promoters, decoys = promoter_architectures(config), decoy_architectures(config)
    island_prob = sum(kind.share * kind.island_prob for kind in promoters)
    num_sites = 2 * num_promoters
    slack_bp = config.contig_bp - (num_sites + 1) * SITE_SPACING_BP
    anchors = SITE_SPACING_BP * np.arange(1, num_sites + 1) + np.sort(rng.integers(0, slack_bp + 1, num_sites))
    plans = []
    for anchor, rank in zip(anchors.tolist(), rng.permutation(num_sites).tolist(), strict=True):
        is_promoter = rank < num_promoters
        architecture = None
        if rank < num_promoters + num_decoys:
            architecture = _draw_architecture(promoters if is_promoter else decoys, rng)
        strand: Strand = "+" if rng.random() < 0.5 else "-"
        left_bp, right_bp = rng.integers(_ISLAND_ARM_BP[0], _ISLAND_ARM_BP[1] + 1, 2).tolist()
        in_island = rng.random() < (architecture.island_prob if architecture else island_prob)
        island = (anchor - left_bp, anchor + right_bp) if in_island else None
        plans.append(Plan(anchor, strand, architecture, is_promoter, island))
    return plans


def plant_site(codes: Codes, contig: str, plan: Plan, config: SimulationConfig, rng: np.random.Generator) -> Site:
    """The site of a plan, its elements written into ``codes``; its id is still empty."""
    architecture = plan.architecture
    assert architecture is not None
    elements = plant_elements(codes, architecture.elements, plan.anchor, plan.strand, rng, architecture.misplaced)
    start = plan.anchor - (config.upstream_bp if plan.strand == "+" else config.downstream_bp)
    end = start + config.window_bp
    return Site("", contig, start, end, plan.anchor, plan.strand, int(plan.is_promoter), architecture.name, elements)


def choose_random_negatives(
    codes: Codes, contig: str, planted: Sequence[Site], count: int, config: SimulationConfig, rng: np.random.Generator
) -> list[Site]:
    """Windows like the promoters in G+C share, without a planted element, without N, and far from every TSS.

    Each is the free window whose G+C count is nearest to that of a promoter drawn at random; no two overlap.

    Args:
        codes: Base codes of the finished contig, shape (contig_bp,).
        contig: Name of the contig.
        planted: Its promoters and decoys.
        count: Windows to choose; the layout keeps a place free for each.
        config: Sizes and rates.
        rng: Source of randomness.
    """
    blocked = codes == AMBIGUOUS
    for site in planted:
        reach_bp = NEGATIVE_DISTANCE_BP - 1
        start, end = (site.anchor - reach_bp, site.anchor + reach_bp + 1) if site.label else (site.start, site.end)
        blocked[start:end] = True
    window_bp = config.window_bp
    gc_counts = _window_sums((codes == BASES.index("C")) | (codes == BASES.index("G")), window_bp)
    starts = rng.permutation(np.flatnonzero(_window_sums(blocked, window_bp) == 0))
    promoters = [site for site in planted if site.label]
    negatives = []
    for index in rng.permutation(len(promoters))[:count].tolist():
        wanted = gc_counts[promoters[index].start]
        start = int(starts[np.abs(gc_counts[starts] - wanted).argmin()])
        starts = starts[np.abs(starts - start) >= window_bp]
        strand: Strand = "+" if rng.random() < 0.5 else "-"
        anchor = start + (config.upstream_bp if strand == "+" else config.downstream_bp)
        negatives.append(Site("", contig, start, start + window_bp, anchor, strand, 0, "random", ()))
    return negatives


def _draw_architecture(kinds: Sequence[Architecture], rng: np.random.Generator) -> Architecture:
    cumulated = np.cumsum([kind.share for kind in kinds])
    return kinds[int((rng.random() * cumulated[-1] >= cumulated[:-1]).sum())]


def _window_sums(flags: npt.NDArray[np.bool_], window_bp: int) -> npt.NDArray[np.int64]:
    """Number of True in the window that starts at each base, shape (contig_bp - window_bp + 1,)."""
    sums = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    result: npt.NDArray[np.int64] = sums[window_bp:] - sums[:-window_bp]
    return result
