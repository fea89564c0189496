"""A simulated genome with planted promoters, and the truth about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dnabert.data.simulate.background import BackgroundModel, build_background_model, gc_level_track, sample_background
from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.elements import Strand
from dnabert.data.simulate.repeats import (
    Feature,
    RepeatFamily,
    build_repeat_families,
    place_gaps,
    place_microsatellites,
    place_repeats,
)
from dnabert.data.simulate.sites import Plan, Site, choose_random_negatives, plan_sites, plant_site
from dnabert.data.simulate.streams import Stream, open_stream
from dnabert.dna.sequence import Codes, decode_bases, reverse_complement
from dnabert.errors import ConfigError

__all__ = ["SimulatedGenome", "Split", "simulate_genome"]

Split = Literal["train", "valid", "test"]


@dataclass(frozen=True)
class SimulatedGenome:
    """A genome, what was planted in it, and which contig is for what."""

    config: SimulationConfig
    seed: int
    contigs: Mapping[str, Codes]
    """Base codes 0-4 by contig name, shape (contig_bp,), forward strand."""
    split_of: Mapping[str, Split]
    """The data set that each contig's windows belong to."""
    promoters: Sequence[Site]
    """Sites with label 1, by contig and position."""
    negatives: Sequence[Site]
    """Sites with label 0, by contig and position; as many on each contig as promoters."""
    features: Sequence[Feature]
    """CpG islands, repeats, microsatellites and gaps, by contig, in the order written; elements lie over them."""

    def sites(self, split: Split) -> list[Site]:
        """Promoters and negatives of one data set, by contig and position."""
        order = {contig: index for index, contig in enumerate(self.contigs)}
        chosen = [site for site in (*self.promoters, *self.negatives) if self.split_of[site.contig] == split]
        return sorted(chosen, key=lambda site: (order[site.contig], site.start))

    def sequence(self, contig: str, start: int, end: int, strand: Strand = "+") -> str:
        """Letters of the 0-based half-open stretch of the forward strand, read on ``strand``."""
        codes = self.contigs[contig][start:end]
        return decode_bases(codes if strand == "+" else reverse_complement(codes))


def simulate_genome(config: SimulationConfig, seed: int) -> SimulatedGenome:
    """A genome with promoters, decoys and matched negatives; the same config and seed give the same bases.

    Args:
        config: Sizes and rates.
        seed: Seed of everything but the species, at least 0.

    Raises:
        ConfigError: The seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed} is negative: give a whole number of at least 0")
    model = build_background_model(config.markov_order, config.gc_fraction, config.species_seed)
    families = build_repeat_families(model, config.species_seed)
    contigs: dict[str, Codes] = {}
    sites: list[Site] = []
    features: list[Feature] = []
    for index, (name, num_promoters) in enumerate(zip(config.contig_names, config.promoters_per_contig, strict=True)):
        plans = plan_sites(config, num_promoters, open_stream(seed, Stream.LAYOUT, index))
        codes, contig_features = _build_contig(config, model, families, plans, seed, index)
        rng = open_stream(seed, Stream.SITES, index)
        planted = [plant_site(codes, name, plan, config, rng) for plan in plans if plan.architecture is not None]
        rng = open_stream(seed, Stream.RANDOM_NEGATIVES, index)
        num_random = len(plans) - len(planted)
        negatives = choose_random_negatives(codes, name, planted, num_random, config, rng)
        sites.extend(sorted(planted + negatives, key=lambda site: site.start))
        contigs[name] = codes
        features.extend(contig_features)
    promoters = _number([site for site in sites if site.label == 1], "promoter")
    return SimulatedGenome(
        config=config,
        seed=seed,
        contigs=contigs,
        split_of=_split_contigs(config),
        promoters=promoters,
        negatives=_number([site for site in sites if site.label == 0], "negative"),
        features=features,
    )


def _build_contig(
    config: SimulationConfig,
    model: BackgroundModel,
    families: tuple[RepeatFamily, ...],
    plans: Sequence[Plan],
    seed: int,
    contig_index: int,
) -> tuple[Codes, list[Feature]]:
    """A contig without elements, and the features written into it."""
    name = config.contig_names[contig_index]
    islands = [plan.island for plan in plans if plan.island is not None]
    rng = open_stream(seed, Stream.BACKGROUND, contig_index)
    codes = sample_background(model, gc_level_track(model, config.contig_bp, islands, rng), rng)
    features = [Feature("cpg-island", "", name, start, end, "+") for start, end in islands]
    rng = open_stream(seed, Stream.REPEATS, contig_index)
    features += place_repeats(codes, name, families, config.repeat_fraction, rng)
    rng = open_stream(seed, Stream.MICROSATELLITES, contig_index)
    features += place_microsatellites(codes, name, config.microsatellites_per_mb, rng)
    labelled = np.zeros(config.contig_bp, dtype=np.bool_)
    reach_bp = max(config.upstream_bp, config.downstream_bp)
    for plan in plans:
        labelled[plan.anchor - reach_bp : plan.anchor + reach_bp + 1] = True
    rng = open_stream(seed, Stream.GAPS, contig_index)
    features += place_gaps(codes, name, config.gaps_per_contig, labelled, rng)
    return codes, features


def _split_contigs(config: SimulationConfig) -> dict[str, Split]:
    """The data set of each contig: training first, then validation, then test."""
    num_train = config.num_contigs - config.num_valid_contigs - config.num_test_contigs
    splits: list[Split] = ["train"] * num_train
    splits += ["valid"] * config.num_valid_contigs
    splits += ["test"] * config.num_test_contigs
    return dict(zip(config.contig_names, splits, strict=True))


def _number(sites: Sequence[Site], prefix: str) -> tuple[Site, ...]:
    return tuple(replace(site, id=f"{prefix}{number:05d}") for number, site in enumerate(sites, start=1))
