"""One contig, from its background to the last site."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dnabert.data.simulate.config import SimulationConfig, share_out
from dnabert.data.simulate.genes.planting import Gene, plant_gene
from dnabert.data.simulate.genes.structure import draw_structure
from dnabert.data.simulate.genes.windows import SpliceWindow, make_splice_windows, splice_decoy_lots
from dnabert.data.simulate.landscape.background import BackgroundModel, gc_level_track, sample_background
from dnabert.data.simulate.landscape.repeats import Feature, RepeatFamily, find_gaps, place_gaps, place_microsatellites, place_repeats
from dnabert.data.simulate.layout import Plan, lay_out
from dnabert.data.simulate.promoters.sites import Site, choose_random_negatives, plant_promoter_sites, promoter_lots
from dnabert.data.simulate.room import WIDEST_PROMOTER_ARM_BP
from dnabert.data.simulate.streams import Stream, open_stream
from dnabert.data.simulate.tfbs.sites import (
    BindingSite,
    binding_lots,
    choose_unbound,
    plan_binding_sites,
    plant_binding_site,
    unbound_lots,
)
from dnabert.data.simulate.windows import mark
from dnabert.dna.sequence import Codes

__all__ = ["ContigParts", "Species", "build_contig"]


@dataclass(frozen=True)
class Species:
    """What all contigs share."""

    background: BackgroundModel
    repeats: tuple[RepeatFamily, ...]


@dataclass(frozen=True)
class ContigParts:
    """A contig and all that was planted in it; ids are still empty."""

    codes: Codes
    """Base codes, shape (contig_bp,)."""
    sites: list[Site]
    """Promoters and their negatives, by position."""
    genes: list[Gene]
    """By position."""
    splice_windows: list[SpliceWindow]
    """By position."""
    binding_sites: list[BindingSite]
    """Binding sites, decoys and unbound windows, by position."""
    features: list[Feature]
    planted: list[tuple[int, int]]
    """Start and end of all that a site or its window covers."""


def build_contig(config: SimulationConfig, species: Species, seed: int, index: int) -> ContigParts:
    """The contig of that index.

    Args:
        config: Sizes and rates.
        species: What all contigs share.
        seed: Seed of the genome.
        index: Number of the contig, from 0.
    """
    name = config.contig_names[index]
    rng = open_stream(seed, Stream.GENE_STRUCTURES, index)
    structures = [draw_structure(config.downstream_bp, rng) for _ in range(share_out(config.genes.num_genes, config.num_contigs)[index])]
    planned = plan_binding_sites(config, index)
    groups = [
        promoter_lots(config, config.promoters_per_contig[index], structures),
        binding_lots(planned),
        unbound_lots(config, planned),
        splice_decoy_lots(config, structures),
    ]
    plans = lay_out(config.contig_bp, [lot for group in groups for lot in group], open_stream(seed, Stream.LAYOUT, index))
    rest = iter(plans)
    promoter_plans, binding_plans, unbound_plans, decoy_plans = ([next(rest) for _ in group] for group in groups)
    gene_plans = promoter_plans[: len(structures)]
    codes, features = _lay_ground(config, species, plans, seed, index)

    planted = plant_promoter_sites(codes, name, promoter_plans, config, open_stream(seed, Stream.SITES, index))
    rng = open_stream(seed, Stream.GENES, index)
    genes = [
        plant_gene(codes, name, plan.anchor, plan.strand, structure, rng) for plan, structure in zip(gene_plans, structures, strict=True)
    ]
    rng, peak_rng = (open_stream(seed, stream, index) for stream in (Stream.BINDING_SITES, Stream.PEAKS))
    binding_sites = [
        plant_binding_site(codes, name, plan, site, config, rng, peak_rng) for plan, site in zip(binding_plans, planned, strict=True)
    ]

    own = _kept([*gene_plans, *binding_plans])
    rng = open_stream(seed, Stream.RANDOM_NEGATIVES, index)
    num_random = len(promoter_plans) - len(planted)
    negatives = choose_random_negatives(codes, name, planted, own + _kept([*unbound_plans, *decoy_plans]), num_random, config, rng)
    taken = own + _covered([*planted, *negatives])
    rng = open_stream(seed, Stream.UNBOUND_WINDOWS, index)
    unbound = choose_unbound(codes, name, planned, binding_sites, taken + _kept(decoy_plans), _kept(unbound_plans), config, rng)
    taken += [(site.start, site.end) for site in unbound]
    splice_windows = make_splice_windows(codes, name, genes, taken, config, open_stream(seed, Stream.SPLICE_NEGATIVES, index))
    return ContigParts(
        codes=codes,
        sites=sorted(planted + negatives, key=lambda site: site.start),
        genes=sorted(genes, key=lambda gene: gene.start),
        splice_windows=sorted(splice_windows, key=lambda window: (window.start, window.strand)),
        binding_sites=sorted(binding_sites + unbound, key=lambda site: site.start),
        features=[*features, *find_gaps(codes, name)],
        planted=taken + [(element.start, element.end) for window in splice_windows for element in window.elements],
    )


def _lay_ground(config: SimulationConfig, species: Species, plans: Sequence[Plan], seed: int, index: int) -> tuple[Codes, list[Feature]]:
    """A contig without sites, and what was written into it but for the gaps."""
    name = config.contig_names[index]
    islands = [plan.island for plan in sorted(plans, key=lambda plan: plan.anchor) if plan.island is not None]
    rng = open_stream(seed, Stream.BACKGROUND, index)
    codes = sample_background(species.background, gc_level_track(species.background, config.contig_bp, islands, rng), rng)
    features = [Feature("cpg-island", "", name, start, end, "+") for start, end in islands]
    rng = open_stream(seed, Stream.REPEATS, index)
    features += place_repeats(codes, name, species.repeats, config.repeat_fraction, rng)
    rng = open_stream(seed, Stream.MICROSATELLITES, index)
    features += place_microsatellites(codes, name, config.microsatellites_per_mb, rng)
    place_gaps(codes, name, config.gaps_per_contig, mark(config.contig_bp, _kept(plans)), open_stream(seed, Stream.GAPS, index))
    return codes, features


def _kept(plans: Iterable[Plan]) -> list[tuple[int, int]]:
    return [plan.kept for plan in plans]


def _covered(sites: Iterable[Site]) -> list[tuple[int, int]]:
    """What promoters and their negatives cover, with the elements outside their windows."""
    return [
        (site.start, site.end)
        if site.site_class == "random"
        else (site.anchor - WIDEST_PROMOTER_ARM_BP, site.anchor + WIDEST_PROMOTER_ARM_BP + 1)
        for site in sites
    ]
