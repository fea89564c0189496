"""A simulated genome, all that was planted in it, and the truth about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.contig import ContigParts, Species, build_contig
from dnabert.data.simulate.elements import PlantedElement, Strand
from dnabert.data.simulate.genes.planting import Gene, Intron, Transcript
from dnabert.data.simulate.genes.signals import SPLICE_MOTIFS
from dnabert.data.simulate.genes.windows import SpliceWindow
from dnabert.data.simulate.landscape.background import build_background_model
from dnabert.data.simulate.landscape.repeats import Feature, build_repeat_families
from dnabert.data.simulate.motifs import Motif
from dnabert.data.simulate.promoters.architectures import PROMOTER_MOTIFS
from dnabert.data.simulate.promoters.sites import Site
from dnabert.data.simulate.streams import Stream, open_stream
from dnabert.data.simulate.tfbs.factors import COFACTOR, FACTORS
from dnabert.data.simulate.tfbs.peaks import Peak
from dnabert.data.simulate.tfbs.sites import BindingSite
from dnabert.data.simulate.variants.choose import Carrier, choose_variants
from dnabert.data.simulate.variants.effects import Variant
from dnabert.data.simulate.variants.weak import find_weak_sites
from dnabert.data.simulate.windows import mark
from dnabert.dna.sequence import AMBIGUOUS, Codes, decode_bases, reverse_complement
from dnabert.errors import ConfigError

__all__ = ["ALL_MOTIFS", "SimulatedGenome", "Split", "simulate_genome"]

Split = Literal["train", "valid", "test"]

ALL_MOTIFS: tuple[Motif, ...] = (*PROMOTER_MOTIFS, *(factor.motif for factor in FACTORS), COFACTOR, *SPLICE_MOTIFS)
"""Every motif that may be planted."""

_QUIET_MARGIN_BP = 30
"""Bases around all that is planted which are no background."""


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
    """CpG islands, repeats and microsatellites in the order written, then gaps, by contig; elements lie over them."""
    binding_sites: Sequence[BindingSite] = ()
    """Binding sites, decoys and unbound windows, by contig and position."""
    genes: Sequence[Gene] = ()
    """By contig and position."""
    splice_windows: Sequence[SpliceWindow] = ()
    """Windows with a splice site in the middle and windows without one, by contig and position."""
    variants: Sequence[Variant] = ()
    """By contig and position."""

    def sites(self, split: Split) -> list[Site]:
        """Promoters and negatives of one data set, by contig and position."""
        order = {contig: index for index, contig in enumerate(self.contigs)}
        chosen = [site for site in (*self.promoters, *self.negatives) if self.split_of[site.contig] == split]
        return sorted(chosen, key=lambda site: (order[site.contig], site.start))

    @property
    def peaks(self) -> list[tuple[BindingSite, Peak]]:
        """All peaks with the sites they belong to, by contig and position."""
        order = {contig: index for index, contig in enumerate(self.contigs)}
        found = [(site, peak) for site in self.binding_sites for peak in site.peaks]
        return sorted(found, key=lambda item: (order[item[1].contig], item[1].start, item[1].factor))

    def elements(self) -> Iterator[tuple[str, str, PlantedElement]]:
        """Contig, id of the site, and element, of everything that was planted, by contig and position; decoys too."""
        found: list[tuple[str, str, PlantedElement]] = []
        for site in (*self.promoters, *self.negatives):
            found += [(site.contig, site.id, element) for element in site.elements]
        for binding in self.binding_sites:
            found += [(binding.contig, binding.id, element) for element in binding.elements]
        for window in self.splice_windows:
            found += [(window.contig, window.intron or window.id, element) for element in window.elements]
        order = {contig: index for index, contig in enumerate(self.contigs)}
        yield from sorted(found, key=lambda item: (order[item[0]], item[2].start))

    def sequence(self, contig: str, start: int, end: int, strand: Strand = "+") -> str:
        """Letters of the 0-based half-open stretch of the forward strand, read on ``strand``."""
        codes = self.contigs[contig][start:end]
        return decode_bases(codes if strand == "+" else reverse_complement(codes))


def simulate_genome(config: SimulationConfig, seed: int) -> SimulatedGenome:
    """A genome with all that the config asks for; the same config and seed give the same bases.

    Args:
        config: Sizes and rates.
        seed: Seed of everything but the species, at least 0.

    Raises:
        ConfigError: The seed is negative, or there is no room for the gaps or the variants.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed} is negative: give a whole number of at least 0")
    model = build_background_model(config.markov_order, config.gc_fraction, config.species_seed)
    species = Species(model, build_repeat_families(model, config.species_seed))
    parts = {name: build_contig(config, species, seed, index) for index, name in enumerate(config.contig_names)}
    sites = [site for part in parts.values() for site in part.sites]
    promoters = _number([site for site in sites if site.label == 1], "promoter")
    promoter_at = {(site.contig, site.anchor): site.id for site in promoters}
    genes = [gene for part in parts.values() for gene in part.genes]
    numbered = [_name_gene(gene, f"gene{number:05d}", promoter_at) for number, gene in enumerate(genes, start=1)]
    simulated = SimulatedGenome(
        config=config,
        seed=seed,
        contigs={name: part.codes for name, part in parts.items()},
        split_of=_split_contigs(config),
        promoters=promoters,
        negatives=_number([site for site in sites if site.label == 0], "negative"),
        features=[feature for part in parts.values() for feature in part.features],
        binding_sites=_name_binding_sites([site for part in parts.values() for site in part.binding_sites]),
        genes=numbered,
        splice_windows=_name_splice_windows([window for part in parts.values() for window in part.splice_windows], numbered),
    )
    return replace(simulated, variants=_choose_variants(simulated, parts))


def _choose_variants(simulated: SimulatedGenome, parts: Mapping[str, ContigParts]) -> Sequence[Variant]:
    if not simulated.config.variants.num_variants:
        return ()
    motifs = {motif.name: motif for motif in ALL_MOTIFS}
    carriers = [
        Carrier(group, contig, site, element, motifs[element.name])
        for group, contig, site, elements in _active_sites(simulated)
        for element in elements
    ]
    quiet = {}
    for name, part in parts.items():
        near = [(start - _QUIET_MARGIN_BP, end + _QUIET_MARGIN_BP) for start, end in part.planted]
        quiet[name] = ~(mark(len(part.codes), near) | (part.codes == AMBIGUOUS))
    rng = open_stream(simulated.seed, Stream.VARIANTS)
    weak_sites = find_weak_sites(simulated.contigs, simulated.binding_sites)
    return choose_variants(simulated.contigs, carriers, weak_sites, quiet, simulated.config.variants, rng)


def _active_sites(simulated: SimulatedGenome) -> Iterator[tuple[str, str, str, Sequence[PlantedElement]]]:
    """Group, contig, id and elements of every site that does something."""
    for site in simulated.promoters:
        yield "promoter", site.contig, site.id, site.elements
    for binding in simulated.binding_sites:
        if binding.site_class == "bound":
            yield "tfbs", binding.contig, binding.id, binding.elements
    for gene in simulated.genes:
        for intron in gene.introns:
            yield "splice", gene.contig, intron.id, (*intron.donor_elements, *intron.acceptor_elements)


def _split_contigs(config: SimulationConfig) -> dict[str, Split]:
    """The data set of each contig: training first, then validation, then test."""
    num_train = config.num_contigs - config.num_valid_contigs - config.num_test_contigs
    splits: list[Split] = ["train"] * num_train
    splits += ["valid"] * config.num_valid_contigs
    splits += ["test"] * config.num_test_contigs
    return dict(zip(config.contig_names, splits, strict=True))


def _number(sites: Sequence[Site], prefix: str) -> tuple[Site, ...]:
    return tuple(replace(site, id=f"{prefix}{number:05d}") for number, site in enumerate(sites, start=1))


def _name_binding_sites(sites: Sequence[BindingSite]) -> tuple[BindingSite, ...]:
    """Sites that were planted and windows that were chosen, each kind numbered on its own."""
    counts = {"tfbs": 0, "unbound": 0}
    named = []
    for site in sites:
        prefix = "unbound" if site.site_class == "random" else "tfbs"
        counts[prefix] += 1
        named.append(replace(site, id=f"{prefix}{counts[prefix]:05d}"))
    return tuple(named)


def _name_gene(gene: Gene, name: str, promoter_at: Mapping[tuple[str, int], str]) -> Gene:
    transcripts: list[Transcript] = [replace(item, id=f"{name}.t{number}") for number, item in enumerate(gene.transcripts, start=1)]
    introns: list[Intron] = [replace(item, id=f"{name}.i{number}") for number, item in enumerate(gene.introns, start=1)]
    promoter = promoter_at[gene.contig, gene.tss]
    return replace(gene, id=name, promoter=promoter, transcripts=tuple(transcripts), introns=tuple(introns))


def _name_splice_windows(windows: Sequence[SpliceWindow], genes: Sequence[Gene]) -> tuple[SpliceWindow, ...]:
    """Numbered windows; those of splice sites learn which intron they belong to."""
    intron_at = {}
    for gene in genes:
        for intron in gene.introns:
            first, last = (intron.start, intron.end) if gene.strand == "+" else (intron.end, intron.start)
            intron_at[gene.contig, "donor", first] = intron_at[gene.contig, "acceptor", last] = intron.id
    return tuple(
        replace(window, id=f"splice{number:05d}", intron=intron_at.get((window.contig, window.label, (window.start + window.end) // 2), ""))
        for number, window in enumerate(windows, start=1)
    )
