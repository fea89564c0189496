"""Binding sites of a contig: what room they want, their planting, their peaks, and unbound windows that look alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dnabert.data.simulate.config import SimulationConfig, share_out
from dnabert.data.simulate.elements import PlantedElement, Strand, forward_interval, opposite, write_instance
from dnabert.data.simulate.layout import Lot, Plan
from dnabert.data.simulate.room import TFBS_ARM_BP, TFBS_REACH_BP, unbound_arm_bp
from dnabert.data.simulate.tfbs.binding import clear_chance_sites, find_bound_factors
from dnabert.data.simulate.tfbs.factors import FACTORS, Factor, SiteKind, draw_gap, site_kinds
from dnabert.data.simulate.tfbs.peaks import MAX_JITTER_BP, Peak, draw_peak, draw_summit
from dnabert.data.simulate.windows import GcMatcher, count_gc, mark, window_sums
from dnabert.dna.sequence import AMBIGUOUS, Codes, encode_bases

__all__ = ["BindingSite", "PlannedSite", "binding_lots", "choose_unbound", "plan_binding_sites", "plant_binding_site", "unbound_lots"]

_ISLAND_PROB = 0.15
"""Probability that a site lies in a CpG island, the same whether it is bound or not (our choice)."""

_WEAK_BELOW_BITS = (6.0, 1.5)
"""How far below the threshold of its factor the motif of a weak decoy scores: at most, and at least (our choice)."""

_WEAK_SOFTNESS = 0.3

_SPLIT_GAP_BP = 3
"""Bases between the halves of a motif in the wrong order (our choice)."""

_MAX_TRIES = 1000
"""Draws of a site in whose windows no factor binds that is not meant to; about one in five split decoys of TF1 needs a second one."""


@dataclass(frozen=True)
class BindingSite:
    """A labelled window around the summit of a peak, or where one could be; read on the forward strand."""

    id: str
    contig: str
    start: int
    end: int
    summit: int
    """The base in the middle of the window."""
    factor: str
    """The factor that the site was planted for, or for whose negatives it was chosen."""
    bound_by: tuple[str, ...]
    """The factors that bind here, by name; empty for none."""
    site_class: str
    """``bound``, ``decoy-weak``, ``decoy-split``, ``decoy-alone``, ``decoy-misspaced`` or ``random``."""
    elements: tuple[PlantedElement, ...]
    """What was planted, sorted by start."""
    peaks: tuple[Peak, ...]
    """One for each factor that binds here."""
    strand: Strand = "+"

    @property
    def label(self) -> str:
        """The factors that bind here, separated by semicolons; ``none`` for none."""
        return ";".join(self.bound_by) or "none"


@dataclass(frozen=True)
class PlannedSite:
    """What shall be planted at a place."""

    factor: Factor
    kind: SiteKind

    @property
    def bound_by(self) -> tuple[str, ...]:
        """The factors that will bind here, by name."""
        own = (self.factor.name,) if self.kind == "bound" else ()
        has_partner = self.kind in ("bound", "decoy-misspaced")
        return tuple(sorted((*own, *((self.factor.partner_factor,) if has_partner and self.factor.partner_factor else ()))))


def plan_binding_sites(config: SimulationConfig, contig_index: int) -> list[PlannedSite]:
    """The bound sites and decoys of a contig, factor by factor, the last one first: TF5 brings peaks of TF1."""
    planned: list[PlannedSite] = []
    for factor, total in zip(reversed(FACTORS), reversed(config.tfbs.num_bound), strict=True):
        num_bound = share_out(total, config.num_contigs)[contig_index]
        num_peaks = num_bound + sum(factor.name in site.bound_by for site in planned)
        num_decoys = round(num_peaks * config.tfbs.decoy_fraction)
        planned += [PlannedSite(factor, kind) for kind in site_kinds(factor, num_bound, num_decoys)]
    return planned


def binding_lots(planned: Sequence[PlannedSite]) -> list[Lot]:
    """The room of the planned sites, in their order."""
    return [Lot(TFBS_ARM_BP, TFBS_ARM_BP, TFBS_REACH_BP, TFBS_REACH_BP, ((1.0, _ISLAND_PROB),))] * len(planned)


def unbound_lots(config: SimulationConfig, planned: Sequence[PlannedSite]) -> list[Lot]:
    """Places kept free, one for each unbound window that :func:`choose_unbound` will choose."""
    arm_bp, reach_bp = unbound_arm_bp(config.tfbs.window_bp), config.tfbs.window_bp // 2
    return [Lot(arm_bp, arm_bp, reach_bp, reach_bp, ((1.0, _ISLAND_PROB),))] * sum(_num_unbound(planned).values())


def plant_binding_site(
    codes: Codes,
    contig: str,
    plan: Plan,
    planned: PlannedSite,
    config: SimulationConfig,
    rng: np.random.Generator,
    peak_rng: np.random.Generator,
) -> BindingSite:
    """The site, its motifs written into ``codes``; its id is still empty.

    In its windows, wherever the summits will be, no factor binds but those that are meant to: its motifs are drawn again while one does,
    and the bases beside them change places.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        plan: Its place; the middle of the motif is its anchor.
        planned: What to plant.
        config: Sizes and rates.
        rng: Source of randomness of the bases.
        peak_rng: Source of randomness of summits and peaks.
    """
    elements = _plant_alone(codes, plan, planned, config.tfbs.window_bp, rng)
    own = elements[0]
    summit = draw_summit(own, peak_rng)
    peaks = []
    for element in elements:
        if element.name in planned.bound_by:
            at = summit if element is own else draw_summit(element, peak_rng)
            above_bits = _bits(element) - next(one.bound_bits for one in FACTORS if one.name == element.name)
            peaks.append(draw_peak(element.name, contig, at, above_bits, peak_rng))
    start = summit - config.tfbs.window_bp // 2
    return BindingSite(
        id="",
        contig=contig,
        start=start,
        end=start + config.tfbs.window_bp,
        summit=summit,
        factor=planned.factor.name,
        bound_by=planned.bound_by,
        site_class=planned.kind,
        elements=tuple(sorted(elements, key=lambda element: element.start)),
        peaks=tuple(sorted(peaks, key=lambda peak: peak.factor)),
    )


def choose_unbound(
    codes: Codes,
    contig: str,
    planned: Sequence[PlannedSite],
    planted: Sequence[BindingSite],
    taken: Iterable[tuple[int, int]],
    places: Iterable[tuple[int, int]],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[BindingSite]:
    """Windows of the background in which no factor binds, for every factor as many as make its negatives as many as its peaks.

    Each is the free window whose G+C count is nearest to that of one of the factor's peaks, drawn at random; no two overlap.

    Args:
        codes: Base codes of the contig with all sites planted, shape (contig_bp,); changed in place in ``places``.
        contig: Name of the contig.
        planned: Its binding sites as they were planned.
        planted: The same, planted.
        taken: Start and end of what windows may not touch.
        places: Start and end of the windows that were kept free for them, see :func:`unbound_lots`; what binds there by chance is broken.
        config: Sizes and rates.
        rng: Source of randomness.
    """
    window_bp = config.tfbs.window_bp
    for first, last in places:
        is_clear = clear_chance_sites(codes, first, last, frozenset(), (), rng)
        assert is_clear, "bases in which nothing is planted have an order in which no factor binds"
    blocked = (codes == AMBIGUOUS) | mark(len(codes), taken)
    gc_counts = count_gc(codes, window_bp)
    free = rng.permutation(np.flatnonzero(window_sums(blocked, window_bp) == 0))
    matcher = GcMatcher(gc_counts, free, window_bp, lambda start: not find_bound_factors(codes[start : start + window_bp]))
    chosen = []
    for name, count in _num_unbound(planned).items():
        starts = [peak.summit - window_bp // 2 for site in planted for peak in site.peaks if peak.factor == name]
        for index in rng.permutation(len(starts))[:count].tolist():
            start = matcher.take(int(gc_counts[starts[index]]))
            assert start is not None, "the layout keeps a place free for each unbound window"
            chosen.append(BindingSite("", contig, start, start + window_bp, start + window_bp // 2, name, (), "random", (), ()))
    return chosen


def centred_on(site: BindingSite, peak: Peak) -> BindingSite:
    """The window of the same length around the summit of one of the site's peaks."""
    start = peak.summit - (site.summit - site.start)
    return replace(site, start=start, end=start + site.end - site.start, summit=peak.summit)


def _num_unbound(planned: Sequence[PlannedSite]) -> dict[str, int]:
    """Unbound windows that each factor lacks to have as many negatives as peaks."""
    num_peaks = {factor.name: sum(factor.name in site.bound_by for site in planned) for factor in FACTORS}
    num_decoys = {factor.name: sum(site.factor is factor and site.kind != "bound" for site in planned) for factor in FACTORS}
    return {name: max(count - num_decoys[name], 0) for name, count in num_peaks.items()}


def _plant_alone(codes: Codes, plan: Plan, planned: PlannedSite, window_bp: int, rng: np.random.Generator) -> list[PlantedElement]:
    """The elements of a site, the one in its middle first, about which no factor binds but those that are meant to."""
    first, last = plan.anchor - TFBS_REACH_BP, plan.anchor + TFBS_REACH_BP + 1
    before = codes[first:last].copy()
    arm_bp = window_bp // 2 + MAX_JITTER_BP + 1
    for _ in range(_MAX_TRIES):
        elements = _plant_motifs(codes, plan, planned, rng)
        middles = [(element.start + element.end) // 2 for element in elements]
        covered = [(element.start, element.end) for element in elements]
        if clear_chance_sites(codes, min(middles) - arm_bp, max(middles) + arm_bp, frozenset(planned.bound_by), covered, rng):
            return elements
        codes[first:last] = before
    raise AssertionError(f"{planned.factor.name}: no {planned.kind} site is free of what would be bound beside it")


def _plant_motifs(codes: Codes, plan: Plan, planned: PlannedSite, rng: np.random.Generator) -> list[PlantedElement]:
    """The elements of a site, the one in its middle first."""
    factor, kind = planned.factor, planned.kind
    motif = factor.motif
    first = -(motif.length_bp // 2)
    if kind == "decoy-weak":
        low, high = (factor.bound_bits - below for below in _WEAK_BELOW_BITS)
        return [_write(codes, motif.name, motif.sample_between(low, high, rng, _WEAK_SOFTNESS), plan, first, plan.strand)]
    instance = motif.sample_between(factor.bound_bits, np.inf, rng)
    if kind == "decoy-split":
        half_bp = motif.length_bp // 2
        name = f"{motif.name}-half"
        second = _write(codes, name, instance[half_bp:], plan, first, plan.strand)
        return [second, _write(codes, name, instance[:half_bp], plan, first + motif.length_bp - half_bp + _SPLIT_GAP_BP, plan.strand)]
    elements = [_write(codes, motif.name, instance, plan, first, plan.strand)]
    if factor.partner is not None and kind != "decoy-alone":
        gap_bp, is_turned = draw_gap(factor, kind, rng)
        partner = factor.partner.sample_between(factor.partner_bits, np.inf, rng)
        strand = opposite(plan.strand) if is_turned else plan.strand
        elements.append(_write(codes, factor.partner.name, partner, plan, first + motif.length_bp + gap_bp, strand))
    return elements


def _write(codes: Codes, name: str, instance: Codes, plan: Plan, first: int, strand: Strand) -> PlantedElement:
    start, _ = forward_interval(plan.anchor, plan.strand, first, first + len(instance))
    return write_instance(codes, name, instance, start, strand)


def _bits(element: PlantedElement) -> float:
    motif = next(factor.motif for factor in FACTORS if factor.name == element.name)
    return motif.bits(encode_bases(element.sequence))
