from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.simulate import FACTORS, BindingSite, Factor, SimulatedGenome, SimulationConfig, TfbsConfig, simulate_genome
from dnabert.data.simulate.tfbs.binding import clear_chance_sites, find_bound_factors
from dnabert.data.simulate.tfbs.factors import COFACTOR
from dnabert.data.simulate.tfbs.peaks import MAX_JITTER_BP
from dnabert.dna.sequence import encode_bases
from tests.data.simulate.reading import RICH, read_fasta, read_lines, read_table, reverse_complement_text

FACTOR_OF = {factor.name: factor for factor in FACTORS}


def planted(genome: SimulatedGenome, site_class: str) -> list[BindingSite]:
    return [site for site in genome.binding_sites if site.site_class == site_class]


def gap_between(site: BindingSite, factor: Factor) -> tuple[int, bool]:
    """Bases from the end of the motif to its partner, in the motif's direction, and whether both read the same way."""
    assert factor.partner is not None
    motif = next(element for element in site.elements if element.name == factor.name)
    partner = next(element for element in site.elements if element.name == factor.partner.name)
    gap_bp = partner.start - motif.end if motif.strand == "+" else motif.start - partner.end
    return gap_bp, motif.strand == partner.strand


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.name)
def test_matrices_are_as_long_and_as_sharp_as_published_ones(factor: Factor) -> None:
    assert 8 <= factor.motif.length_bp <= 15
    assert 9 <= factor.motif.information_bits <= 15
    assert factor.partner_factor in {"", *FACTOR_OF}
    assert sum(prob for _, prob in factor.gap_probs) == pytest.approx(1 if factor.partner else 0)


def test_every_factor_has_the_sites_that_were_asked_for(rich: SimulatedGenome) -> None:
    assert Counter(site.factor for site in planted(rich, "bound")) == {"TF1": 24, "TF2": 24, "TF3": 20, "TF4": 24, "TF5": 20}
    for factor in FACTORS:
        own = [site for site in rich.binding_sites if site.factor == factor.name]
        num_peaks = sum(factor.name in site.bound_by for site in rich.binding_sites)
        assert sum(factor.name not in site.bound_by for site in own) == num_peaks


def test_bound_motifs_are_good_enough_some_just_and_some_well(rich: SimulatedGenome) -> None:
    for factor in FACTORS:
        scores = []
        for site in planted(rich, "bound"):
            scores += [factor.motif.bits(encode_bases(e.sequence)) for e in site.elements if e.name == factor.name]
        assert min(scores) >= factor.bound_bits
        assert max(scores) - min(scores) > 4


def test_a_factor_with_a_partner_is_bound_only_beside_it(rich: SimulatedGenome) -> None:
    checked = Counter[str]()
    for factor in (FACTOR_OF["TF3"], FACTOR_OF["TF5"]):
        lawful = {gap_bp for gap_bp, _ in factor.gap_probs}
        for site in rich.binding_sites:
            if site.factor != factor.name or site.site_class == "random":
                continue
            checked[site.site_class] += 1
            if site.site_class == "decoy-alone":
                assert [element.name for element in site.elements] == [factor.name]
                assert site.bound_by == ()
                continue
            gap_bp, is_same_way = gap_between(site, factor)
            assert (gap_bp in lawful and is_same_way) == (site.site_class == "bound")
            assert (factor.name in site.bound_by) == (site.site_class == "bound")
            assert set(site.bound_by) - {factor.name} == ({"TF1"} if factor.name == "TF5" else set())
    assert set(checked) == {"bound", "decoy-alone", "decoy-misspaced"}
    assert min(checked.values()) >= 8


def test_weak_and_split_decoys_are_below_the_threshold_of_their_factor(rich: SimulatedGenome) -> None:
    weak, split = planted(rich, "decoy-weak"), planted(rich, "decoy-split")
    assert {site.factor for site in weak} == {site.factor for site in split} == {"TF1", "TF2", "TF4"}
    for site in weak:
        factor, (element,) = FACTOR_OF[site.factor], site.elements
        assert factor.bound_bits - 6 <= factor.motif.bits(encode_bases(element.sequence)) < factor.bound_bits - 1.5
    for site in split:
        factor = FACTOR_OF[site.factor]
        halves = [element.sequence for element in site.elements]
        halves = halves if site.elements[0].strand == "-" else halves[::-1]
        assert factor.motif.bits(encode_bases("".join(halves))) >= factor.bound_bits  # the first half comes last in reading direction
        assert {element.name for element in site.elements} == {f"{factor.name}-half"}


def test_unbound_windows_hold_nothing_that_was_planted(rich: SimulatedGenome) -> None:
    elements = [(contig, element.start, element.end) for contig, _, element in rich.elements()]
    for site in planted(rich, "random"):
        assert not any(contig == site.contig and start < site.end and site.start < end for contig, start, end in elements)
        assert site.label == "none"


def test_peaks_lie_around_their_motif_and_are_read_from_their_files(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    sites = {site.id: site for site in rich.binding_sites}
    for factor in FACTORS:
        rows = read_lines(rich_files / "peaks" / f"{factor.name}.narrowPeak")
        assert len(rows) == sum(factor.name in site.bound_by for site in rich.binding_sites)
        assert rows == sorted(rows, key=lambda row: (row[0], int(row[1])))
        bits, signals = [], []
        for contig, start, end, name, score, strand, signal, p_value, q_value, offset in rows:
            assert 150 <= int(end) - int(start) <= 400
            assert 0 <= int(score) <= 1000
            assert strand == "."
            assert 0 <= float(q_value) <= float(p_value)
            (element,) = (element for element in sites[name].elements if element.name == factor.name)
            assert int(start) <= element.start < element.end <= int(end)
            assert abs(int(start) + int(offset) - (element.start + element.end) // 2) <= MAX_JITTER_BP
            forward = contigs[contig][element.start : element.end]
            assert element.sequence == (forward if element.strand == "+" else reverse_complement_text(forward))
            assert "N" not in contigs[contig][int(start) : int(end)]
            bits.append(factor.motif.bits(encode_bases(element.sequence)))
            signals.append(float(signal))
        assert np.corrcoef(bits, signals)[0, 1] > 0.6


def test_tables_are_centred_on_the_summits_and_labelled_with_what_binds(rich_files: Path, rich: SimulatedGenome) -> None:
    labels = Counter[str]()
    for split in ("train", "valid", "test"):
        rows = read_table(rich_files / "tfbs" / f"{split}.csv")
        labels.update(row["label"] for row in rows)
        for row in rows:
            assert len(row["sequence"]) == 101
            assert "N" not in row["sequence"]
    assert set(labels) == {"none", "TF1", "TF2", "TF3", "TF4", "TF1;TF5"}
    for factor in FACTORS:
        summits = {(row[0], int(row[1]) + int(row[9])): row[3] for row in read_lines(rich_files / "peaks" / f"{factor.name}.narrowPeak")}
        rows = [row for split in ("train", "valid", "test") for row in read_table(rich_files / "tfbs" / factor.name / f"{split}.csv")]
        positives = {(row["contig"], int(row["start"]) + 50): row["id"] for row in rows if row["label"] == "1"}
        assert positives == summits
        assert len(rows) == 2 * len(positives)


def test_a_factor_that_is_not_wanted_is_not_planted() -> None:
    config = RICH.model_copy(
        update={"tfbs": TfbsConfig(num_bound=(0, 12, 0, 0, 0)), "variants": RICH.variants.model_copy(update={"num_variants": 0})}
    )
    genome = simulate_genome(config, 0)
    assert {name for _, _, element in genome.elements() for name in [element.name.removesuffix("-half")] if name[:2] in {"TF", "CO"}} == {
        "TF2"
    }
    only_fifth = config.model_copy(update={"tfbs": TfbsConfig(num_bound=(0, 0, 0, 0, 12), decoy_fraction=0)})
    genome = simulate_genome(only_fifth, 0)
    assert {peak.factor for _, peak in genome.peaks} == {"TF1", "TF5"}
    assert COFACTOR.name not in {element.name for _, _, element in genome.elements()}


def bound_in_text(text: str) -> set[str]:
    """The factors that would bind in a text, found place by place on either strand."""
    found = set()
    for strand in (text, reverse_complement_text(text)):
        for factor in FACTORS:
            motif_bp = factor.motif.length_bp
            for start in range(len(strand) - motif_bp + 1):
                if factor.motif.bits(encode_bases(strand[start : start + motif_bp])) < factor.bound_bits:
                    continue
                if factor.partner is None:
                    found.add(factor.name)
                    continue
                for gap_bp, _ in factor.gap_probs:
                    partner = strand[start + motif_bp + gap_bp :][: factor.partner.length_bp]
                    if len(partner) == factor.partner.length_bp and factor.partner.bits(encode_bases(partner)) >= factor.partner_bits:
                        found.add(factor.name)
    return found


def test_in_no_window_does_a_factor_bind_that_is_not_named(rich: SimulatedGenome) -> None:
    checked = Counter[str]()
    for site in rich.binding_sites:
        for summit in {site.summit, *(peak.summit for peak in site.peaks)}:
            text = rich.sequence(site.contig, summit - 50, summit + 51)
            assert bound_in_text(text) == set(site.bound_by)
            checked[site.site_class] += 1
    assert set(checked) == {"bound", "decoy-weak", "decoy-split", "decoy-alone", "decoy-misspaced", "random"}
    assert min(checked.values()) >= 8


_PLACES = st.text("ACGT", max_size=60) | st.sampled_from(["TGAACCGATCAA", "AGCATAAAATGCT", "GCTAATAAGCGCGTGGAACAC"])


@settings(max_examples=60, deadline=None)
@given(st.lists(_PLACES, max_size=4).map("".join))
def test_the_factors_found_are_those_found_place_by_place(text: str) -> None:
    assert find_bound_factors(encode_bases(text)) == bound_in_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("AGCATAAAATGCT", {"TF2"}), ("AGCATNAAATGCT", set()), ("GCTAATAAGNNNNTGGAACAC", {"TF3"}), ("GCTAATAAGCGCGTGGAANAC", set())],
)
def test_a_factor_does_not_bind_over_an_ambiguous_base(text: str, expected: set[str]) -> None:
    assert find_bound_factors(encode_bases(f"AAAAA{text}AAAAA")) == expected


def test_what_binds_by_chance_is_broken_and_what_is_planted_stays() -> None:
    rng = np.random.default_rng(0)
    codes = encode_bases("ACGT" * 10 + "TGAACCGATCAA" + "ACGG" * 10 + "AGCATAAAATGCT" + "A" * 20)
    before, planted = codes.copy(), (40, 52)
    assert find_bound_factors(codes) == {"TF1", "TF2"}
    assert clear_chance_sites(codes, 10, 120, {"TF1"}, [planted], rng)
    assert find_bound_factors(codes) == {"TF1"}
    assert (codes[slice(*planted)] == before[slice(*planted)]).all()
    assert (codes[:10] == before[:10]).all()
    assert np.bincount(codes).tolist() == np.bincount(before).tolist()
    assert not clear_chance_sites(codes, 10, 120, set(), [planted], rng)


def test_unbound_windows_find_their_places_even_where_the_background_binds() -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=45_000, num_promoters=3, tfbs=TfbsConfig(num_bound=(0, 0, 0, 90, 0)))
    genome = simulate_genome(config, 1)
    assert sum(site.site_class == "random" for site in genome.binding_sites) == 45
