from collections import Counter
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.simulate import ALL_MOTIFS, FACTORS, PlantedElement, SimulatedGenome, SimulationConfig, VariantConfig, simulate_genome
from dnabert.data.simulate.tfbs.binding import find_bound_factors
from dnabert.data.simulate.variants.choose import choose_variants
from dnabert.data.simulate.variants.effects import left_align
from dnabert.dna.sequence import encode_bases
from dnabert.errors import ConfigError
from tests.data.simulate.reading import SMALL, read_fasta, read_lines, read_table, reverse_complement_text

MATRIX_OF = {motif.name: motif.probs for motif in ALL_MOTIFS}
BOUND_BITS = {factor.name: factor.bound_bits for factor in FACTORS}


def score(name: str, text: str) -> float:
    """Log2 odds against equal frequencies, letter by letter."""
    return sum(float(np.log2(row["ACGT".index(letter)] / 0.25)) for row, letter in zip(MATRIX_OF[name], text, strict=True))


def read_variants(folder: Path) -> list[dict[str, str]]:
    found = []
    for contig, position, name, ref, alt, _, _, info in read_lines(folder / "variants.vcf"):
        facts = dict(part.split("=") for part in info.split(";"))
        found.append({"contig": contig, "start": str(int(position) - 1), "id": name, "ref": ref, "alt": alt, **facts})
    return found


def element_of(genome: SimulatedGenome, row: dict[str, str]) -> PlantedElement | None:
    """The planted element of the variant's site and name that it touches."""
    start, end = int(row["start"]), int(row["start"]) + len(row["ref"])
    for contig, site, element in genome.elements():
        is_own = contig == row["contig"] and site == row["SITE"] and element.name == row["ELEMENT"]
        moved_bp = 12 if len(row["ref"]) != len(row["alt"]) else 0  # an indel in a repeat is written left of where it was made
        if is_own and element.start - moved_bp < end and start < element.end:
            return element
    return None


def test_ref_equals_the_genome_and_the_file_is_sorted(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    rows = read_variants(rich_files)
    assert len(rows) == 240
    places = [(row["contig"], int(row["start"])) for row in rows]
    assert places == sorted(places)
    assert len(set(places)) == 240
    for row in rows:
        start = int(row["start"])
        assert contigs[row["contig"]][start : start + len(row["ref"])] == row["ref"] != row["alt"]
        assert set(row["alt"]) <= set("ACGT")


def test_indels_are_short_and_left_aligned(rich_files: Path) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    indels = [row for row in read_variants(rich_files) if len(row["ref"]) != len(row["alt"])]
    assert len(indels) > 10
    for row in indels:
        assert 1 <= abs(len(row["ref"]) - len(row["alt"])) <= 4
        assert min(len(row["ref"]), len(row["alt"])) == 1
        assert row["ref"][0] == row["alt"][0] == contigs[row["contig"]][int(row["start"])]
        assert row["ref"][-1] != row["alt"][-1]


def test_the_file_is_read_by_htslib(rich_files: Path, rich: SimulatedGenome) -> None:
    with pysam.VariantFile(str(rich_files / "variants.vcf")) as handle:
        assert {name: handle.header.contigs[name].length for name in handle.header.contigs} == dict.fromkeys(rich.contigs, 160_000)
        records = list(handle)
    assert [(record.contig, record.start, record.id) for record in records] == [(v.contig, v.position, v.id) for v in rich.variants]
    for record, variant in zip(records, rich.variants, strict=True):
        assert record.info["EFFECT"] == pytest.approx(variant.effect_bits, abs=1e-4)
        assert record.info["CLASS"] == variant.variant_class
        assert record.info.get("SITE", "") == variant.site


def test_the_effect_of_a_replacement_is_the_change_of_the_motifs_score(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    checked = Counter[str]()
    for row in read_variants(rich_files):
        if len(row["ref"]) != 1 or len(row["alt"]) != 1 or "ELEMENT" not in row:
            continue
        position, contig = int(row["start"]), contigs[row["contig"]]
        name, length_bp = row["ELEMENT"], len(MATRIX_OF[row["ELEMENT"]])
        changed = contig[:position] + row["alt"] + contig[position + 1 :]
        element = element_of(rich, row)
        effects = []
        for start in range(position - length_bp + 1, position + 1):
            before, after = contig[start : start + length_bp], changed[start : start + length_bp]
            if element is None or (element.start, element.strand) == (start, "+"):
                effects.append(score(name, after) - score(name, before))
            if element is None or (element.start, element.strand) == (start, "-"):
                effects.append(score(name, reverse_complement_text(after)) - score(name, reverse_complement_text(before)))
        assert len(effects) == 1 or row["CLASS"] == "creates"  # which place of an unbound window it is, is not written
        assert min(abs(effect - float(row["EFFECT"])) for effect in effects) < 1e-3
        checked[row["CLASS"]] += 1
    assert checked["disrupts"] > 50
    assert min(checked[name] for name in ("strengthens", "creates", "neutral")) >= 24


def test_the_effect_of_an_indel_is_that_of_the_best_motif_about_the_old_place(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    num_checked = 0
    for row in read_variants(rich_files):
        if len(row["ref"]) == len(row["alt"]) or "ELEMENT" not in row:
            continue
        element = element_of(rich, row)
        assert element is not None
        position, contig = int(row["start"]), contigs[row["contig"]]
        changed = contig[:position] + row["alt"] + contig[position + len(row["ref"]) :]
        begin = element.start
        if element.strand == "-":  # Read from the other end: there nothing has moved.
            changed, begin = reverse_complement_text(changed), len(contig) - element.end
        length_bp = len(MATRIX_OF[element.name])
        best = max(score(element.name, changed[start : start + length_bp]) for start in range(begin - 4, begin + 5))
        assert float(row["EFFECT"]) == pytest.approx(best - score(element.name, element.sequence), abs=1e-3)
        num_checked += 1
    assert num_checked > 10


def test_classes_mean_what_they_say(rich_files: Path, rich: SimulatedGenome) -> None:
    rows = read_variants(rich_files)
    assert Counter(row["CLASS"] for row in rows) == {"disrupts": 96, "strengthens": 36, "creates": 24, "neutral": 84}
    decoys = {site.id for site in rich.negatives} | {s.id for s in rich.binding_sites if s.site_class != "bound"}
    decoys |= {window.id for window in rich.splice_windows}
    for row in rows:
        effect = float(row["EFFECT"])
        if row["CLASS"] == "disrupts":
            assert effect <= -2
        if row["CLASS"] == "strengthens":
            assert effect >= 1
        if row["CLASS"] == "neutral":
            assert abs(effect) <= 0.25
        assert (row["CLASS"] == "creates") == (row.get("SITE", "") in decoys)
        assert ("ELEMENT" in row) == ("SITE" in row)
    assert sum("SITE" not in row for row in rows) == 42
    assert {row["SITE"][:4] for row in rows if row["CLASS"] == "disrupts"} == {"prom", "tfbs", "gene"}


def test_created_sites_become_good_enough_to_be_bound(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    window_of = {site.id: site for site in rich.binding_sites}
    rows = [row for row in read_variants(rich_files) if row["CLASS"] == "creates"]
    assert len(rows) == 24
    for row in rows:
        window, position, name = window_of[row["SITE"]], int(row["start"]), row["ELEMENT"]
        before = contigs[row["contig"]][window.start : window.end]
        after = before[: position - window.start] + row["alt"] + before[position - window.start + 1 :]
        best = []
        for text in (before, after):
            strands = (text, reverse_complement_text(text))
            length_bp = len(MATRIX_OF[name])
            best.append(max(score(name, strand[p : p + length_bp]) for strand in strands for p in range(len(text) - length_bp + 1)))
        assert best[0] < BOUND_BITS[name] - 1.49
        assert best[1] >= BOUND_BITS[name]
        assert window.bound_by == ()
        assert find_bound_factors(encode_bases(before)) == set()
        assert find_bound_factors(encode_bases(after)) == {name}


def test_variants_of_the_background_are_away_from_everything(rich: SimulatedGenome) -> None:
    planted = [(contig, element.start - 20, element.end + 20) for contig, _, element in rich.elements()]
    planted += [(gene.contig, gene.start, gene.end) for gene in rich.genes]
    for variant in rich.variants:
        if not variant.site:
            assert variant.effect_bits == 0
            assert not any(contig == variant.contig and start < variant.end and variant.position < end for contig, start, end in planted)


def test_tables_hold_both_alleles_in_the_same_window(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    variant_of = {variant.id: variant for variant in rich.variants}
    ids = []
    for split in ("train", "valid", "test"):
        for row in read_table(rich_files / "variants" / f"{split}.csv"):
            variant = variant_of[row["id"]]
            assert rich.split_of[row["contig"]] == split
            start, end, place = int(row["start"]), int(row["end"]), variant.position - int(row["start"])
            assert row["sequence1"] == contigs[row["contig"]][start:end]
            assert (end - start, place) == (201, 100)
            assert "N" not in row["sequence1"]
            assert row["sequence2"] == row["sequence1"][:place] + variant.alt + row["sequence1"][place + len(variant.ref) :]
            assert float(row["label"]) == pytest.approx(variant.effect_bits, abs=1e-4)
            assert row["class"] == variant.variant_class
            ids.append(row["id"])
    assert sorted(ids) == sorted(variant_of)


@given(st.text("ACGT", min_size=12, max_size=30), st.integers(1, 4), st.data())
def test_left_alignment_keeps_the_haplotype_and_goes_as_far_as_it_can(text: str, size: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(1, len(text) - size))
    inserted = data.draw(st.text("ACGT", min_size=size, max_size=size) | st.just(""))
    ref = "" if inserted else text[position : position + size]
    start, new_ref, new_alt = left_align(encode_bases(text), position, ref, inserted)
    assert text[start : start + len(new_ref)] == new_ref
    assert text[:start] + new_alt + text[start + len(new_ref) :] == text[:position] + inserted + text[position + len(ref) :]
    assert min(len(new_ref), len(new_alt)) == 1
    assert start == 0 or new_ref[-1] != new_alt[-1]


def test_promoters_alone_have_no_site_to_create() -> None:
    genome = simulate_genome(SMALL.model_copy(update={"variants": VariantConfig(num_variants=60)}), 0)
    assert Counter(variant.variant_class for variant in genome.variants) == {"disrupts": 24, "strengthens": 9, "neutral": 27}


def test_more_variants_than_elements_are_an_error() -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=20_000, num_promoters=6, variants=VariantConfig(num_variants=500))
    with pytest.raises(ConfigError, match=r"variants.num_variants = 500 is too many: \d+ of the class '\w+' find no element any more"):
        simulate_genome(config, 0)


def test_a_background_without_room_is_an_error() -> None:
    contigs = {"sim1": np.zeros(500, dtype=np.uint8)}
    quiet = {"sim1": np.zeros(500, dtype=np.bool_)}
    with pytest.raises(ConfigError, match=r"variants.num_variants = 1 is too many: 1 neutral ones find no place in the background"):
        choose_variants(contigs, [], [], quiet, VariantConfig(num_variants=1), np.random.default_rng(0))


def test_a_background_full_of_motifs_takes_no_neutral_variant() -> None:
    contigs = {"sim1": np.tile(encode_bases("TGAACCGATCAA"), 50)}  # TF1, over and over
    quiet = {"sim1": np.ones(600, dtype=np.bool_)}
    with pytest.raises(ConfigError, match="1 neutral ones find no place in the background"):
        choose_variants(contigs, [], [], quiet, VariantConfig(num_variants=1), np.random.default_rng(0))
    contigs = {"sim1": np.zeros(600, dtype=np.uint8)}
    (variant,) = choose_variants(contigs, [], [], quiet, VariantConfig(num_variants=1), np.random.default_rng(0))
    assert (variant.id, variant.variant_class, variant.effect_bits, variant.site) == ("var00001", "neutral", 0, "")
