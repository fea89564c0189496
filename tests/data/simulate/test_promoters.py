from collections import Counter
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from dnabert.data.simulate import SimulatedGenome, SimulationConfig, Site, Split, simulate_genome
from dnabert.data.simulate.promoters.architectures import PROMOTER_MOTIFS
from dnabert.data.simulate.room import NEGATIVE_DISTANCE_BP
from dnabert.dna.sequence import AMBIGUOUS, encode_bases
from tests.data.simulate.reading import RICH, SMALL

MOTIF_OF = {motif.name: motif for motif in PROMOTER_MOTIFS}

LAWFUL_OFFSETS = {  # of an element's leftmost base from the TSS, in reading direction
    "TATA-box": range(-33, -28),
    "Inr": range(-2, -1),
    "DPE": range(27, 28),
    "GC-box": range(-110, -49),
    "CCAAT-box": range(-95, -69),
}


def offset_of(site: Site, start: int, end: int) -> int:
    return start - site.anchor if site.strand == "+" else site.anchor - (end - 1)


def all_sites(simulated: SimulatedGenome) -> list[Site]:
    return [*simulated.promoters, *simulated.negatives]


def test_every_planted_element_is_found_at_its_coordinates(promoters_only: SimulatedGenome) -> None:
    seen = Counter[tuple[str, str]]()
    for site in all_sites(promoters_only):
        for element in site.elements:
            assert element.sequence == promoters_only.sequence(site.contig, element.start, element.end, element.strand)
            assert site.label == 0 or site.anchor - 120 < element.start < site.anchor + 120
            seen[element.name, element.strand] += 1
    assert set(seen) == {(name, strand) for name in MOTIF_OF for strand in "+-"}
    assert min(seen.values()) > 50


@pytest.mark.parametrize("name", MOTIF_OF)
def test_planted_elements_score_far_above_the_bases_beside_them(promoters_only: SimulatedGenome, name: str) -> None:
    motif = MOTIF_OF[name]
    planted_bits, beside_bits = [], []
    for site in promoters_only.promoters:
        for element in site.elements:
            if element.name == name:
                planted_bits.append(motif.bits(encode_bases(element.sequence)))
                beside = promoters_only.sequence(site.contig, site.anchor + 300, site.anchor + 300 + motif.length_bp)
                if "N" not in beside:
                    beside_bits.append(motif.bits(encode_bases(beside)))
    assert np.mean(planted_bits) > np.mean(beside_bits) + 6
    assert np.mean(np.array(planted_bits) > 0) > 0.85


def test_elements_of_promoters_stand_where_their_law_allows_on_both_strands(promoters_only: SimulatedGenome) -> None:
    strands = Counter(site.strand for site in promoters_only.promoters)
    assert min(strands.values()) > 400
    for site in promoters_only.promoters:
        for element in site.elements:
            assert offset_of(site, element.start, element.end) in LAWFUL_OFFSETS[element.name]
            assert element.strand == site.strand or element.name in {"GC-box", "CCAAT-box"}


def test_labelled_sequences_read_along_the_promoter_with_the_tss_at_base_249(promoters_only: SimulatedGenome) -> None:
    checked = Counter[str]()
    for site in promoters_only.promoters:
        sequence = promoters_only.sequence(site.contig, site.start, site.end, site.strand)
        tss_base = promoters_only.sequence(site.contig, site.anchor, site.anchor + 1, site.strand)
        assert len(sequence) == 300
        assert sequence[249] == tss_base
        for element in site.elements:
            if element.name == "Inr":
                assert sequence[247:254] == element.sequence
                checked[site.strand] += 1
    assert min(checked["+"], checked["-"]) > 300


def test_elements_of_misplaced_decoys_never_stand_at_their_place(promoters_only: SimulatedGenome) -> None:
    decoys = [site for site in promoters_only.negatives if site.site_class in {"decoy-TATA", "decoy-misplaced"}]
    assert len(decoys) > 200
    for site in decoys:
        for element in site.elements:
            assert site.start <= element.start < element.end <= site.end
            assert offset_of(site, element.start, element.end) not in LAWFUL_OFFSETS[element.name]


def test_classes_hold_what_they_say(promoters_only: SimulatedGenome) -> None:
    for site in all_sites(promoters_only):
        names = Counter(element.name for element in site.elements)
        assert (names["TATA-box"] == 1) == (site.site_class == "TATA") or site.site_class.startswith("decoy")
        if site.site_class == "decoy-TATA":
            assert dict(names) == {"TATA-box": 1}
        if site.site_class == "decoy-GC-box":
            assert set(names) == {"GC-box"}
            assert 1 <= names["GC-box"] <= 3
        if site.site_class == "random":
            assert not names
    share = np.mean([site.site_class == "TATA" for site in promoters_only.promoters])
    assert 0.35 < share < 0.45
    assert sum(site.site_class == "random" for site in promoters_only.negatives) == pytest.approx(500, abs=6)


def test_splits_share_no_contig_and_keep_the_classes_balanced(promoters_only: SimulatedGenome) -> None:
    genome = promoters_only
    contigs_of = {split: {site.contig for site in genome.sites(split)} for split in get_args(Split)}
    assert contigs_of == {"train": {"sim1", "sim2", "sim3", "sim4"}, "valid": {"sim5"}, "test": {"sim6"}}
    for split in get_args(Split):
        assert np.mean([site.label for site in genome.sites(split)]) == 0.5
    assert sum(len(genome.sites(split)) for split in get_args(Split)) == 2000


def test_gaps_exist_and_never_touch_a_labelled_window(promoters_only: SimulatedGenome) -> None:
    genome = promoters_only
    gaps = [feature for feature in genome.features if feature.kind == "gap"]
    assert len(gaps) == 2 * 6
    for contig, codes in genome.contigs.items():
        in_gap = np.zeros(len(codes), dtype=np.bool_)
        for gap in gaps:
            if gap.contig == contig:
                in_gap[gap.start : gap.end] = True
        np.testing.assert_array_equal(codes == AMBIGUOUS, in_gap)
    for site in all_sites(genome):
        assert set(genome.sequence(site.contig, site.start, site.end, site.strand)) <= set("ACGT")


@pytest.mark.parametrize(
    "config",
    [
        SimulationConfig(),
        SimulationConfig(num_contigs=3, contig_bp=60_000, num_promoters=66, gaps_per_contig=18, decoy_fraction=0.5),
        SimulationConfig(num_contigs=3, contig_bp=60_000, num_promoters=66, gaps_per_contig=18, decoy_fraction=0, downstream_bp=249),
        SimulationConfig(num_contigs=3, contig_bp=60_000, num_promoters=5, upstream_bp=34, downstream_bp=35),
        RICH,
    ],
    ids=["default", "densest", "densest-widest-random", "sparse-core", "everything"],
)
def test_negatives_are_far_from_every_tss_and_no_windows_overlap(config: SimulationConfig) -> None:
    genome = simulate_genome(config, seed=1)
    assert len(genome.promoters) == len(genome.negatives) == config.num_promoters
    for contig, codes in genome.contigs.items():
        tss = np.array([site.anchor for site in genome.promoters if site.contig == contig])
        sites = sorted((site for site in all_sites(genome) if site.contig == contig), key=lambda site: site.start)
        assert sites[0].start >= 0
        assert sites[-1].end <= len(codes)
        assert all(first.end <= second.start for first, second in pairwise(sites))
        for site in sites:
            assert site.end - site.start == config.window_bp
            assert AMBIGUOUS not in codes[site.start : site.end]
            if site.label == 0:
                distance = np.where(tss < site.start, site.start - tss, tss - (site.end - 1))
                assert distance.min() >= NEGATIVE_DISTANCE_BP


@pytest.mark.parametrize("tata_fraction", [0.0, 1.0])
def test_one_kind_of_promoter_alone_is_allowed(tata_fraction: float) -> None:
    genome = simulate_genome(SMALL.model_copy(update={"tata_fraction": tata_fraction}), seed=0)
    expected = "TATA" if tata_fraction else "TATA-less"
    assert {site.site_class for site in genome.promoters} == {expected}


def test_random_negatives_hold_nothing_that_was_planted(rich: SimulatedGenome) -> None:
    planted = [(contig, element.start, element.end) for contig, _, element in rich.elements()]
    planted += [(gene.contig, gene.start, gene.end) for gene in rich.genes]
    planted += [(site.contig, site.start, site.end) for site in rich.binding_sites]
    randoms = [site for site in rich.negatives if site.site_class == "random"]
    assert len(randoms) == 40
    for site in randoms:
        assert not any(contig == site.contig and start < site.end and site.start < end for contig, start, end in planted)
