import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dnabert.data.simulate import (
    ALL_MOTIFS,
    SIMULATION_FILES,
    Element,
    Motif,
    Placement,
    SimulatedGenome,
    SimulationConfig,
    Site,
    Split,
    simulate_genome,
    write_simulation,
)
from dnabert.data.simulate.config import NEGATIVE_DISTANCE_BP
from dnabert.data.simulate.elements import Misplacement, Strand, plant_elements
from dnabert.dna.sequence import AMBIGUOUS, decode_bases, encode_bases
from dnabert.errors import ConfigError, OutputError

Feature = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]

SMALL = SimulationConfig(num_contigs=4, contig_bp=60_000, num_promoters=40)

PINNED_START = "ATACATAAATTAGATTATGTTTTAAGTCATATGATTCAGTGTGCAATTTTTTGATTAAGT"
PINNED_TSS = [("sim1", 4474, "-"), ("sim1", 9519, "-")]

MOTIF_OF = {motif.name: motif for motif in ALL_MOTIFS}

LAWFUL_OFFSETS = {  # of an element's leftmost base from the TSS, in reading direction
    "TATA-box": range(-33, -28),
    "Inr": range(-2, -1),
    "DPE": range(27, 28),
    "GC-box": range(-110, -49),
    "CCAAT-box": range(-95, -69),
}


@pytest.fixture(scope="module")
def genome() -> SimulatedGenome:
    return simulate_genome(SimulationConfig(), seed=7)


@pytest.fixture(scope="module")
def small() -> SimulatedGenome:
    return simulate_genome(SMALL, seed=3)


@pytest.fixture(scope="module")
def written(small: SimulatedGenome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out_dir = tmp_path_factory.mktemp("simulated")
    write_simulation(small, out_dir, "# dnabert 0\n# command: dnabert simulate\n")
    return out_dir


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def read_fasta(path: Path) -> dict[str, str]:
    records = path.read_text().split(">")[1:]
    return {record.split("\n", 1)[0]: record.split("\n", 1)[1].replace("\n", "") for record in records}


def reverse_complement_text(sequence: str) -> str:
    return sequence.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]


def offset_of(site: Site, start: int, end: int) -> int:
    return start - site.anchor if site.strand == "+" else site.anchor - (end - 1)


def all_sites(simulated: SimulatedGenome) -> list[Site]:
    return [*simulated.promoters, *simulated.negatives]


# ---- the same seed, the same bytes


def test_same_seed_gives_the_same_bytes_in_every_file(tmp_path: Path) -> None:
    digests = []
    for run in ("first", "second"):
        paths = write_simulation(simulate_genome(SMALL, seed=3), tmp_path / run)
        assert [path.name for path in paths] == list(SIMULATION_FILES)
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]


def test_the_meaning_of_a_seed_is_pinned(small: SimulatedGenome) -> None:
    # A change here changes every simulated genome that users have made: say so in the CHANGELOG.
    assert small.sequence("sim1", 0, 60) == PINNED_START
    assert [(site.contig, site.anchor, site.strand) for site in small.promoters[:2]] == PINNED_TSS


def test_another_seed_gives_another_genome_and_another_species_another_background(small: SimulatedGenome) -> None:
    other = simulate_genome(SMALL, seed=4)
    stranger = simulate_genome(SMALL.model_copy(update={"species_seed": 1}), seed=3)
    for contig, codes in small.contigs.items():
        assert (codes != other.contigs[contig]).mean() > 0.6
        assert (codes != stranger.contigs[contig]).mean() > 0.15
    assert [site.anchor for site in small.promoters] == [site.anchor for site in stranger.promoters]


def test_more_gaps_do_not_move_the_sites(small: SimulatedGenome) -> None:
    more = simulate_genome(SMALL.model_copy(update={"gaps_per_contig": 5}), seed=3)
    assert more.promoters == small.promoters


# ---- elements stand where the truth says


def test_every_planted_element_is_found_at_its_coordinates(genome: SimulatedGenome) -> None:
    seen = Counter[tuple[str, str]]()
    for site in all_sites(genome):
        for element in site.elements:
            assert element.sequence == genome.sequence(site.contig, element.start, element.end, element.strand)
            assert site.label == 0 or site.anchor - 120 < element.start < site.anchor + 120
            seen[element.name, element.strand] += 1
    assert set(seen) == {(name, strand) for name in MOTIF_OF for strand in "+-"}
    assert min(seen.values()) > 50


@pytest.mark.parametrize("name", MOTIF_OF)
def test_planted_elements_score_far_above_the_bases_beside_them(genome: SimulatedGenome, name: str) -> None:
    motif = MOTIF_OF[name]
    planted_bits, beside_bits = [], []
    for site in genome.promoters:
        for element in site.elements:
            if element.name == name:
                planted_bits.append(motif.bits(encode_bases(element.sequence)))
                beside = genome.sequence(site.contig, site.anchor + 300, site.anchor + 300 + motif.length_bp)
                if "N" not in beside:
                    beside_bits.append(motif.bits(encode_bases(beside)))
    assert np.mean(planted_bits) > np.mean(beside_bits) + 6
    assert np.mean(np.array(planted_bits) > 0) > 0.85


def test_elements_of_promoters_stand_where_their_law_allows_on_both_strands(genome: SimulatedGenome) -> None:
    strands = Counter(site.strand for site in genome.promoters)
    assert min(strands.values()) > 400
    for site in genome.promoters:
        for element in site.elements:
            assert offset_of(site, element.start, element.end) in LAWFUL_OFFSETS[element.name]
            assert element.strand == site.strand or element.name in {"GC-box", "CCAAT-box"}


def test_labelled_sequences_read_along_the_promoter_with_the_tss_at_base_249(genome: SimulatedGenome) -> None:
    checked = Counter[str]()
    for site in genome.promoters:
        sequence = genome.sequence(site.contig, site.start, site.end, site.strand)
        tss_base = genome.sequence(site.contig, site.anchor, site.anchor + 1, site.strand)
        assert len(sequence) == 300
        assert sequence[249] == tss_base
        for element in site.elements:
            if element.name == "Inr":
                assert sequence[247:254] == element.sequence
                checked[site.strand] += 1
    assert min(checked["+"], checked["-"]) > 300


def test_elements_of_misplaced_decoys_never_stand_at_their_place(genome: SimulatedGenome) -> None:
    decoys = [site for site in genome.negatives if site.site_class in {"decoy-TATA", "decoy-misplaced"}]
    assert len(decoys) > 200
    for site in decoys:
        for element in site.elements:
            assert site.start <= element.start < element.end <= site.end
            assert offset_of(site, element.start, element.end) not in LAWFUL_OFFSETS[element.name]


def test_classes_hold_what_they_say(genome: SimulatedGenome) -> None:
    for site in all_sites(genome):
        names = Counter(element.name for element in site.elements)
        assert (names["TATA-box"] == 1) == (site.site_class == "TATA") or site.site_class.startswith("decoy")
        if site.site_class == "decoy-TATA":
            assert dict(names) == {"TATA-box": 1}
        if site.site_class == "decoy-GC-box":
            assert set(names) == {"GC-box"}
            assert 1 <= names["GC-box"] <= 3
        if site.site_class == "random":
            assert not names
    share = np.mean([site.site_class == "TATA" for site in genome.promoters])
    assert 0.35 < share < 0.45
    assert sum(site.site_class == "random" for site in genome.negatives) == pytest.approx(500, abs=6)


@given(st.sampled_from("+-"), st.integers(60, 140), st.integers(-20, 20), st.integers(0, 2**32))
def test_a_planted_motif_reads_back_on_its_strand(strand: Strand, anchor: int, offset: int, seed: int) -> None:
    codes = encode_bases("T" * 200).copy()
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(offset, offset), (0.0, 1.0))
    (planted,) = plant_elements(codes, [element], anchor, strand, np.random.default_rng(seed))
    text = decode_bases(codes)
    found = text[planted.start : planted.end]
    assert (found if strand == "+" else reverse_complement_text(found)) == "ACCGA"
    assert text.replace(found, "", 1) == "T" * 195
    assert planted.start == (anchor + offset if strand == "+" else anchor - offset - 4)


def test_elements_that_belong_outside_the_stretch_are_not_misplaced() -> None:
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(-60, -60), (0.0, 1.0))
    misplaced = Misplacement(first=-34, last=35, margin_bp=6)
    (planted,) = plant_elements(np.zeros(200, np.uint8), [element], 100, "+", np.random.default_rng(0), misplaced)
    assert planted.start == 40


def test_an_element_without_room_is_left_out() -> None:
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(0, 2), (0.0, 0.0, 1.0))
    planted = plant_elements(np.zeros(200, np.uint8), [element], 100, "+", np.random.default_rng(0))
    assert len(planted) == 1


def test_motif_follows_its_consensus() -> None:
    motif = Motif.from_consensus("m", "ANY", 0.9)
    np.testing.assert_allclose(motif.probs, [[0.9, 0.033333, 0.033333, 0.033333], [0.25] * 4, [0.05, 0.45, 0.05, 0.45]])
    np.testing.assert_allclose(motif.code_probs[2], [0.05, 0.45, 0.45, 0.05])  # A, T, C, G
    assert motif.bits(encode_bases("AGC")) == pytest.approx(np.log2(3.6) + np.log2(1.8))
    rng = np.random.default_rng(0)
    sampled = np.stack([motif.sample(rng) for _ in range(4000)])
    counts = np.stack([(sampled == code).mean(axis=0) for code in range(4)], axis=1)
    np.testing.assert_allclose(counts, motif.code_probs, atol=0.03)


# ---- windows and splits


def test_splits_share_no_contig_and_keep_the_classes_balanced(genome: SimulatedGenome) -> None:
    contigs_of = {split: {site.contig for site in genome.sites(split)} for split in get_args(Split)}
    assert contigs_of == {"train": {"sim1", "sim2", "sim3", "sim4"}, "valid": {"sim5"}, "test": {"sim6"}}
    for split in get_args(Split):
        assert np.mean([site.label for site in genome.sites(split)]) == 0.5
    assert sum(len(genome.sites(split)) for split in get_args(Split)) == 2000


def test_gaps_exist_and_never_touch_a_labelled_window(genome: SimulatedGenome) -> None:
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
    ],
    ids=["default", "densest", "densest-widest-random", "sparse-core"],
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


# ---- the task is neither given away by composition nor hopeless


def stack_codes(genome: SimulatedGenome, sites: list[Site]) -> npt.NDArray[np.uint8]:
    return np.stack([encode_bases(genome.sequence(s.contig, s.start, s.end, s.strand)) for s in sites])


def gc_feature(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return np.asarray((codes >= 2).mean(axis=1, keepdims=True))


def kmer_counts(codes: npt.NDArray[np.uint8], k: int = 4) -> npt.NDArray[np.float64]:
    num_kmers = codes.shape[1] - k + 1
    ids = sum(codes[:, i : i + num_kmers].astype(np.int64) * 4 ** (k - 1 - i) for i in range(k))
    return np.stack([np.bincount(row, minlength=4**k) for row in np.asarray(ids)]).astype(np.float64)


def element_bits(codes: npt.NDArray[np.uint8], upstream_bp: int) -> npt.NDArray[np.float64]:
    """Best score of each element at the offsets its law allows: what a reader of the truth would look at."""
    columns = []
    for name, offsets in LAWFUL_OFFSETS.items():
        motif = MOTIF_OF[name]
        log_odds = np.log2(motif.code_probs / 0.25)
        best = np.full(len(codes), -np.inf)
        for offset in offsets:
            start = upstream_bp + offset
            if start < 0:
                continue
            instance = codes[:, start : start + motif.length_bp]
            best = np.maximum(best, log_odds[np.arange(motif.length_bp), instance].sum(axis=1))
            if name in {"GC-box", "CCAAT-box"}:
                best = np.maximum(best, log_odds[np.arange(motif.length_bp), instance[:, ::-1] ^ 1].sum(axis=1))
        if np.isfinite(best).all():
            columns += [best, np.maximum(best, 4)]
    return np.stack(columns, axis=1)


def held_out_auroc(genome: SimulatedGenome, feature: Feature) -> float:
    train, test = genome.sites("train"), genome.sites("test")
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    model.fit(feature(stack_codes(genome, train)), [site.label for site in train])
    scores = model.predict_proba(feature(stack_codes(genome, test)))[:, 1]
    return float(roc_auc_score([site.label for site in test], scores))


@pytest.mark.parametrize(("upstream_bp", "downstream_bp"), [(249, 50), (34, 35)], ids=["prom-300", "prom-core"])
def test_composition_does_not_give_the_promoters_away_but_elements_do(upstream_bp: int, downstream_bp: int) -> None:
    config = SimulationConfig(upstream_bp=upstream_bp, downstream_bp=downstream_bp)
    for seed in (0, 1):
        genome = simulate_genome(config, seed)
        assert held_out_auroc(genome, gc_feature) < 0.65
        assert held_out_auroc(genome, kmer_counts) < 0.8
        assert held_out_auroc(genome, lambda codes: element_bits(codes, upstream_bp)) > 0.9


# ---- the genome looks like one


def test_background_is_poor_in_cpg_outside_islands_and_rich_in_g_and_c_within(genome: SimulatedGenome) -> None:
    def cpg_and_gc(is_wanted: npt.NDArray[np.bool_], codes: npt.NDArray[np.uint8]) -> tuple[float, float]:
        pairs = is_wanted[:-1] & is_wanted[1:]
        is_cpg = (codes[:-1] == 2) & (codes[1:] == 3)
        c, g = (codes == 2)[is_wanted].mean(), (codes == 3)[is_wanted].mean()
        return float(is_cpg[pairs].mean() / (c * g)), float(c + g)

    codes = genome.contigs["sim1"]
    in_island = np.zeros(len(codes), dtype=np.bool_)
    for feature in genome.features:
        if feature.contig == "sim1" and feature.kind == "cpg-island":
            in_island[feature.start : feature.end] = True
    is_base = codes < AMBIGUOUS
    bulk_cpg, bulk_gc = cpg_and_gc(is_base & ~in_island, codes)
    island_cpg, island_gc = cpg_and_gc(is_base & in_island, codes)
    assert bulk_cpg < 0.4
    assert 0.35 < bulk_gc < 0.43
    assert island_cpg > 0.6
    assert island_gc > 0.55


def test_both_strands_have_the_same_base_composition(genome: SimulatedGenome) -> None:
    counts = np.sum([np.bincount(codes, minlength=5) for codes in genome.contigs.values()], axis=0)
    assert counts[0] / counts[1] == pytest.approx(1, abs=0.01)
    assert counts[2] / counts[3] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("gc_fraction", [0.3, 0.55])
@pytest.mark.parametrize("order", [3, 5])
def test_background_has_the_gc_share_that_was_asked_for(order: int, gc_fraction: float) -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=200_000, num_promoters=3, repeat_fraction=0, microsatellites_per_mb=0).model_copy(
        update={"gc_fraction": gc_fraction, "markov_order": order}
    )
    codes = np.concatenate(list(simulate_genome(config, seed=0).contigs.values()))
    assert (codes[codes < AMBIGUOUS] >= 2).mean() == pytest.approx(gc_fraction, abs=0.03)


def test_repeats_cover_the_share_that_was_asked_for_on_both_strands_and_resemble_each_other(
    genome: SimulatedGenome,
) -> None:
    repeats = [feature for feature in genome.features if feature.kind == "repeat"]
    covered_bp = sum(feature.end - feature.start for feature in repeats)
    total_bp = sum(len(codes) for codes in genome.contigs.values())
    assert covered_bp / total_bp == pytest.approx(0.2, abs=0.01)
    full = [r for r in repeats if r.name == "SINE1" and r.end - r.start == 300]
    copies = np.stack([encode_bases(genome.sequence(r.contig, r.start, r.end, r.strand)) for r in full])
    common = np.array([np.bincount(column, minlength=5).argmax() for column in copies.T])
    identity = (copies == common).mean(axis=1)
    assert 0.8 < np.median(identity) < 0.95
    assert {r.strand for r in full} == {"+", "-"}


# ---- files


def test_tables_have_the_stated_columns_and_repeat_the_genome(written: Path, small: SimulatedGenome) -> None:
    contigs = read_fasta(written / "genome.fa")
    assert list(contigs) == ["sim1", "sim2", "sim3", "sim4"]
    ids = Counter[str]()
    for split in get_args(Split):
        header = (written / f"{split}.csv").read_text().split("\n", 1)[0]
        assert header == "sequence,label,id,contig,start,end,strand,class"
        rows = read_table(written / f"{split}.csv")
        assert {small.split_of[row["contig"]] for row in rows} == {split}
        for row in rows:
            forward = contigs[row["contig"]][int(row["start"]) : int(row["end"])]
            assert row["sequence"] == (forward if row["strand"] == "+" else reverse_complement_text(forward))
            assert row["label"] == str(int(row["class"] in {"TATA", "TATA-less"}))
            ids[row["id"]] += 1
    assert len(ids) == 80
    assert set(ids.values()) == {1}


def test_fasta_lines_have_60_letters_and_the_last_the_rest(tmp_path: Path) -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=10_000, num_promoters=3)
    write_simulation(simulate_genome(config, 0), tmp_path)
    lines = (tmp_path / "genome.fa").read_text().split("\n")
    assert [len(line) for line in lines[1:168]] == [60] * 166 + [40]
    assert lines[168] == ">sim2"
    assert lines[-1] == ""


def test_bed_files_open_with_comments_and_agree_with_the_truth(written: Path, small: SimulatedGenome) -> None:
    contigs = read_fasta(written / "genome.fa")
    truth = json.loads((written / "truth.json").read_text())
    beds = {}
    for name in ("tss.bed", "elements.bed"):
        lines = (written / name).read_text().splitlines()
        assert lines[:2] == ["# dnabert 0", "# command: dnabert simulate"]
        assert lines[2].startswith("# simulated genome: seed 3, config {")
        beds[name] = [line.split("\t") for line in lines[3:]]
        assert all(len(fields) == 6 for fields in beds[name])
    expected_tss = [[p["contig"], str(p["tss"]), str(p["tss"] + 1), p["id"], "0", p["strand"]] for p in truth["promoters"]]
    assert beds["tss.bed"] == expected_tss
    planted = {
        f"{element['name']}|{site['id']}|{element['start']}": element["sequence"]
        for site in truth["promoters"] + truth["negatives"]
        for element in site["elements"]
    }
    assert len(beds["elements.bed"]) == len(planted)
    for contig, start, end, name, _, strand in beds["elements.bed"]:
        forward = contigs[contig][int(start) : int(end)]
        assert planted[f"{name}|{start}"] == (forward if strand == "+" else reverse_complement_text(forward))


def test_truth_holds_what_is_needed_to_make_it_again(written: Path, small: SimulatedGenome) -> None:
    truth = json.loads((written / "truth.json").read_text())
    assert truth["provenance"] == ["dnabert 0", "command: dnabert simulate"]
    again = simulate_genome(SimulationConfig.model_validate(truth["config"]), truth["seed"])
    assert again.promoters == small.promoters
    assert [contig["split"] for contig in truth["contigs"]] == ["train", "train", "valid", "test"]
    assert [motif["name"] for motif in truth["motifs"]] == list(MOTIF_OF)
    assert len(truth["features"]) == len(small.features)


def test_existing_files_are_kept_unless_forced(written: Path, small: SimulatedGenome, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"test\.csv: exists already"):
        write_simulation(small, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test.csv"]
    write_simulation(small, tmp_path, force=True)
    assert (tmp_path / "test.csv").read_bytes() == (written / "test.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(SIMULATION_FILES)


def test_a_place_that_is_no_directory_is_an_error(small: SimulatedGenome, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: is a file, and a directory is wanted"):
        write_simulation(small, tmp_path / "file")


# ---- settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_valid_contigs": 3, "num_test_contigs": 3}, "leaves no contig for training: it must be below num_contigs = 6"),
        ({"num_promoters": 4}, "num_promoters = 4 leaves contigs without a promoter"),
        ({"num_promoters": 5000}, r"num_promoters = 5000 does not fit 6 contigs of 600000 bp: at most 1374 do"),
        ({"gaps_per_contig": 1000}, "gaps_per_contig = 1000 is too many for contigs of 600000 bp: at most 187 fit"),
        ({"num_contigs": 2}, "greater than or equal to 3"),
        ({"markov_order": 6}, "less than or equal to 5"),
        ({"tata_fraction": 1.5}, "less than or equal to 1"),
        ({"upstream_bp": 300}, "less than or equal to 249"),
        ({"contig_length": 5}, "contig_length"),
    ],
)
def test_settings_out_of_range_name_field_value_and_rule(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SimulationConfig(**settings)


def test_negative_seed_is_an_error() -> None:
    with pytest.raises(ConfigError, match="seed -1 is negative"):
        simulate_genome(SMALL, -1)


@pytest.mark.parametrize("tata_fraction", [0.0, 1.0])
def test_one_kind_of_promoter_alone_is_allowed(tata_fraction: float) -> None:
    genome = simulate_genome(SMALL.model_copy(update={"tata_fraction": tata_fraction}), seed=0)
    expected = "TATA" if tata_fraction else "TATA-less"
    assert {site.site_class for site in genome.promoters} == {expected}
