"""Labelled windows of splice sites: donors, acceptors, and windows that have neither in their middle.

A window is read on its strand; in its middle the intron begins (donor: GT first) or ends (acceptor: AG last).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.elements import Misplacement, PlantedElement, Strand, forward_interval, plant_elements, write_instance
from dnabert.data.simulate.genes.planting import Gene
from dnabert.data.simulate.genes.signals import (
    ACCEPTOR,
    ACCEPTOR_CONTEXT,
    ACCEPTOR_INTRON_BP,
    DONOR,
    DONOR_CONTEXT,
    DONOR_EXON_BP,
    draw_acceptor,
    draw_donor,
)
from dnabert.data.simulate.genes.structure import GeneStructure
from dnabert.data.simulate.layout import Lot
from dnabert.data.simulate.room import SPLICE_ZONE_BP, splice_arm_bp
from dnabert.data.simulate.windows import Flags, GcMatcher, count_gc, mark, window_sums
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes

__all__ = ["SpliceWindow", "make_splice_windows", "splice_decoy_lots"]

_LABELS = ("donor", "acceptor")
_SIGNALS = {
    "donor": (DONOR, DONOR_EXON_BP, draw_donor, DONOR_CONTEXT),
    "acceptor": (ACCEPTOR, ACCEPTOR_INTRON_BP, draw_acceptor, ACCEPTOR_CONTEXT),
}
"""Motif, its bases before the junction, how to draw it, and what stands beside it."""

_STRONG_BITS = {"donor": 8.0, "acceptor": 9.0}
"""Least score of a planted decoy: about the median of true sites, so that the sequence itself tells nothing (our choice)."""

_MISPLACED_SHARE = 0.7
"""Share of the planted decoys that have what belongs beside them, but in the wrong place (our choice)."""

_MISPLACED = Misplacement(-SPLICE_ZONE_BP, SPLICE_ZONE_BP - 1, margin_bp=6)

_CHANCE_CLASS = {"donor": "GT", "acceptor": "AG"}
_CHANCE_PAIRS = {("GT", "+"): ("GT", 0), ("GT", "-"): ("AC", -2), ("AG", "+"): ("AG", -2), ("AG", "-"): ("CT", 0)}
"""What the forward strand reads where a window of that class and strand has its GT or AG, and where, counted from the middle."""

_ISLAND_PROB = 0.15
"""Probability that a place kept free for a decoy lies in a CpG island (our choice)."""

_DISTANCE_BP = 10
"""Least distance between the middle of a window without a splice site and the middle of any other window."""

_MOST_CANDIDATES = 60_000
"""Windows among which the nearest G+C share is looked for: enough to find it, few enough to be fast."""


@dataclass(frozen=True)
class SpliceWindow:
    """A labelled window: 0-based, half-open, forward-strand coordinates; read on ``strand``."""

    id: str
    contig: str
    start: int
    end: int
    strand: Strand
    label: str
    """``donor``, ``acceptor`` or ``none``."""
    site_class: str
    """``donor-GT``, ``donor-GC`` or ``acceptor``; ``decoy-donor`` or ``decoy-acceptor``: planted without what belongs beside it;
    ``misplaced-donor`` or ``misplaced-acceptor``: planted with it in the wrong place; ``GT`` or ``AG`` of chance, in a gene; ``random``."""
    intron: str
    """Id of the intron that begins or ends in the middle; empty for a window without a splice site."""
    elements: tuple[PlantedElement, ...]
    """What was planted for this site."""


def splice_decoy_lots(config: SimulationConfig, genes: Sequence[GeneStructure]) -> list[Lot]:
    """Places kept free, one for each planted decoy."""
    num_decoys, _, _ = _num_negatives(sum(len(gene.introns) for gene in genes), config)
    arm_bp, reach_bp = splice_arm_bp(config.genes.window_bp), config.genes.window_bp // 2
    return [Lot(arm_bp, arm_bp, reach_bp, reach_bp, ((1.0, _ISLAND_PROB),))] * (2 * num_decoys)


def make_splice_windows(
    codes: Codes,
    contig: str,
    genes: Sequence[Gene],
    taken: Iterable[tuple[int, int]],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[SpliceWindow]:
    """Windows of all splice sites of a contig, and as many with neither; decoys are written into ``codes``; ids are still empty.

    Every window without a splice site has about the G+C share of one with a site.

    Args:
        codes: Base codes of the contig with all else planted, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        genes: Its genes.
        taken: Start and end of what a planted decoy must not touch.
        config: Sizes and rates.
        rng: Source of randomness.
    """
    half_bp = config.genes.window_bp // 2
    found = [window for gene in genes for window in _true_windows(gene, half_bp)]
    if not found:
        return []
    gc_counts = count_gc(codes, 2 * half_bp)
    wanted = {}
    for label in _LABELS:
        counts = [int(gc_counts[window.start]) for window in found if window.label == label]
        wanted[label] = [counts[index] for index in rng.permutation(len(counts)).tolist()]
    found += _plant_decoys(codes, contig, _free_starts(codes, found, half_bp), gc_counts, taken, wanted, config, rng)
    found += _choose_others(codes, contig, _free_starts(codes, found, half_bp), gc_counts, genes, wanted, config, rng)
    return found


def _num_negatives(num_sites: int, config: SimulationConfig) -> tuple[int, int, int]:
    """Planted decoys, windows with the GT or AG of chance, and random windows, for so many donors or acceptors."""
    num_decoys = round(num_sites * config.genes.decoy_fraction)
    return num_decoys, (num_sites - num_decoys + 1) // 2, (num_sites - num_decoys) // 2


def _true_windows(gene: Gene, half_bp: int) -> list[SpliceWindow]:
    windows = []
    for intron in gene.introns:
        for label in _LABELS:
            is_donor = label == "donor"
            middle = intron.start if is_donor == (gene.strand == "+") else intron.end
            elements = intron.donor_elements if is_donor else intron.acceptor_elements
            donor = next((element.sequence for element in elements if element.name == DONOR.name), "")
            site_class = f"donor-{donor[DONOR_EXON_BP : DONOR_EXON_BP + 2]}" if is_donor else label
            place = (gene.contig, middle - half_bp, middle + half_bp, gene.strand)
            windows.append(SpliceWindow("", *place, label, site_class, intron.id, elements))
    return windows


def _free_starts(codes: Codes, windows: Sequence[SpliceWindow], half_bp: int) -> Flags:
    """Where a window may start that holds no N and has its middle away from those of the given ones."""
    reach_bp = _DISTANCE_BP - 1
    near = [(window.start + half_bp - reach_bp, window.start + half_bp + reach_bp + 1) for window in windows]
    is_free: Flags = window_sums(codes == AMBIGUOUS, 2 * half_bp) == 0
    return is_free & ~mark(len(codes), near)[half_bp : half_bp + len(is_free)]


def _plant_decoys(
    codes: Codes,
    contig: str,
    is_free: Flags,
    gc_counts: npt.NDArray[np.int64],
    taken: Iterable[tuple[int, int]],
    wanted: Mapping[str, Sequence[int]],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[SpliceWindow]:
    """Strong donors and acceptors, far from all else that is planted."""
    half_bp = config.genes.window_bp // 2
    in_zone = window_sums(mark(len(codes), taken), 2 * SPLICE_ZONE_BP)[half_bp - SPLICE_ZONE_BP :][: len(is_free)]
    matcher = GcMatcher(gc_counts, rng.permutation(np.flatnonzero(is_free & (in_zone == 0))), 2 * SPLICE_ZONE_BP)
    found = []
    for label in _LABELS:
        for count in wanted[label][: _num_negatives(len(wanted[label]), config)[0]]:
            start = matcher.take(count)
            assert start is not None, "the layout keeps a place free for each splice decoy"
            strand: Strand = "+" if rng.random() < 0.5 else "-"
            anchor = start + half_bp - (strand == "-")  # the first base after the junction, in reading direction
            motif, before_bp, draw, context = _SIGNALS[label]
            instance = draw(rng, _STRONG_BITS[label])
            first, _ = forward_interval(anchor, strand, -before_bp, motif.length_bp - before_bp)
            elements = [write_instance(codes, motif.name, instance, first, strand)]
            if rng.random() < _MISPLACED_SHARE:
                elements += plant_elements(codes, context, anchor, strand, rng, _MISPLACED, occupied=elements)
            site_class = f"{'misplaced' if len(elements) > 1 else 'decoy'}-{label}"
            found.append(
                SpliceWindow(
                    "", contig, start, start + 2 * half_bp, strand, "none", site_class, "", tuple(sorted(elements, key=lambda e: e.start))
                )
            )
    return found


def _choose_others(
    codes: Codes,
    contig: str,
    is_free: Flags,
    gc_counts: npt.NDArray[np.int64],
    genes: Sequence[Gene],
    wanted: Mapping[str, Sequence[int]],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> list[SpliceWindow]:
    """Windows in genes with the GT or AG of chance in their middle, and windows with anything there."""
    half_bp = config.genes.window_bp // 2
    matchers: dict[tuple[str, str], GcMatcher] = {}
    anywhere = rng.permutation(np.flatnonzero(is_free))[:_MOST_CANDIDATES]
    matchers["random", "+"] = matchers["random", "-"] = GcMatcher(gc_counts, anywhere, _DISTANCE_BP)
    in_gene = mark(len(codes), [(gene.start, gene.end) for gene in genes])[half_bp:][: len(is_free)]
    for (site_class, strand), (pair, offset) in _CHANCE_PAIRS.items():
        has_pair = np.append((codes[:-1] == BASES.index(pair[0])) & (codes[1:] == BASES.index(pair[1])), False)
        starts = np.flatnonzero(is_free & in_gene & has_pair[half_bp + offset :][: len(is_free)])
        matchers[site_class, strand] = GcMatcher(gc_counts, rng.permutation(starts)[:_MOST_CANDIDATES], _DISTANCE_BP)
    found = []
    for label in _LABELS:
        num_decoys, num_chance, _ = _num_negatives(len(wanted[label]), config)
        for index, count in enumerate(wanted[label][num_decoys:]):
            site_class = "random" if index >= num_chance else _CHANCE_CLASS[label]
            read_on: Strand = "+" if rng.random() < 0.5 else "-"
            start = matchers[site_class, read_on].take(count)
            assert start is not None, "a contig has far more windows than splice sites"
            for matcher in matchers.values():
                matcher.block(start)
            found.append(SpliceWindow("", contig, start, start + 2 * half_bp, read_on, "none", site_class, "", ()))
    return found
