import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pysam
import pytest

from dnabert.cli.main import run as command
from dnabert.data.genome import read_split
from dnabert.data.labelled import read_set
from dnabert.data.simulate import (
    ALL_MOTIFS,
    SimulatedGenome,
    SimulationConfig,
    Split,
    TfbsConfig,
    simulate_genome,
    simulation_files,
    write_simulation,
)
from dnabert.dna.regions import Genome, Region, read_bed
from dnabert.dna.sequence import decode_bases
from dnabert.errors import OutputError
from tests.data.simulate.reading import RICH, SMALL, read_fasta, read_lines, read_on, read_table

PINNED_START = "ATACATAAATTAGATTATGTTTTAAGTCATATGATTCAGTGTGCAATTTTTTGATTAAGT"
PINNED_TSS = [("sim1", 4474, "-"), ("sim1", 9519, "-")]

PROMOTER_FILES = (
    "genome.fa",
    "genome.fa.fai",
    "contigs.tsv",
    "tss.bed",
    "elements.bed",
    "train.csv",
    "valid.csv",
    "test.csv",
    "truth.json",
)


# ---- the same seed, the same bytes


def test_same_seed_gives_the_same_bytes_in_every_file(tmp_path: Path, rich_files: Path) -> None:
    paths = write_simulation(simulate_genome(RICH, seed=5), tmp_path / "again", "# dnabert 0\n# command: dnabert simulate\n")
    names = [path.relative_to(tmp_path / "again").as_posix() for path in paths]
    assert names == list(simulation_files(RICH))
    for name, path in zip(names, paths, strict=True):
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256((rich_files / name).read_bytes()).digest(), name


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


# ---- which files there are


def test_promoters_alone_write_no_other_files(small_files: Path) -> None:
    assert simulation_files(SMALL) == PROMOTER_FILES
    assert sorted(path.relative_to(small_files).as_posix() for path in small_files.rglob("*") if path.is_file()) == sorted(PROMOTER_FILES)


def test_every_kind_of_site_has_its_files() -> None:
    names = set(simulation_files(RICH)) - set(PROMOTER_FILES)
    splits = ("train", "valid", "test")
    factors = ("TF1", "TF2", "TF3", "TF4", "TF5")
    expected = {"annotation.gtf", "variants.vcf", *(f"peaks/{name}.narrowPeak" for name in factors)}
    expected |= {f"{folder}/{split}.csv" for folder in ("tfbs", "splice", "variants") for split in splits}
    expected |= {f"tfbs/{name}/{split}.csv" for name in factors for split in splits}
    assert names == expected
    only_fifth = SMALL.model_copy(update={"tfbs": TfbsConfig(num_bound=(0, 0, 0, 0, 4))})
    peaks = [name for name in simulation_files(only_fifth) if name.startswith("peaks/")]
    assert peaks == ["peaks/TF1.narrowPeak", "peaks/TF5.narrowPeak"]  # TF5 binds beside TF1


# ---- what is in them


def test_tables_have_the_stated_columns_and_repeat_the_genome(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    assert list(contigs) == ["sim1", "sim2", "sim3", "sim4"]
    for folder in ("", "tfbs/", "tfbs/TF1/", "tfbs/TF5/", "splice/"):
        ids = Counter[str]()
        for split in get_args(Split):
            path = rich_files / f"{folder}{split}.csv"
            assert path.read_text().split("\n", 1)[0] == "sequence,label,id,contig,start,end,strand,class"
            rows = read_table(path)
            assert {rich.split_of[row["contig"]] for row in rows} == {split}
            for row in rows:
                assert row["sequence"] == read_on(contigs, row["contig"], int(row["start"]), int(row["end"]), row["strand"])
                ids[row["id"]] += 1
        assert set(ids.values()) == {1}


def test_promoter_labels_follow_their_class(rich_files: Path) -> None:
    rows = [row for split in get_args(Split) for row in read_table(rich_files / f"{split}.csv")]
    assert len(rows) == 160
    for row in rows:
        assert row["label"] == str(int(row["class"] in {"TATA", "TATA-less"}))


def test_the_package_reads_what_it_wrote(rich_files: Path, rich: SimulatedGenome) -> None:
    assert read_split(rich_files / "contigs.tsv") == {"sim1": "train", "sim2": "train", "sim3": "valid", "sim4": "test"}
    assert set(read_set(rich_files / "tfbs/train.csv", 6).labels or ()) >= {"none", "TF1;TF5"}
    assert len(read_set(rich_files / "variants/test.csv", 6, pair=True)) == sum(v.contig == "sim4" for v in rich.variants)
    peaks = list(read_bed(rich_files / "peaks/TF2.narrowPeak"))
    assert len(peaks) == 24
    with Genome(rich_files / "genome.fa") as genome:
        for site in rich.promoters[:5]:
            codes = genome.codes(Region(site.contig, site.start, site.end, strand=site.strand))
            assert decode_bases(codes) == rich.sequence(site.contig, site.start, site.end, site.strand)


def test_fasta_lines_have_60_letters_and_the_last_the_rest(tmp_path: Path) -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=10_000, num_promoters=3)
    write_simulation(simulate_genome(config, 0), tmp_path)
    lines = (tmp_path / "genome.fa").read_text().split("\n")
    assert [len(line) for line in lines[1:168]] == [60] * 166 + [40]
    assert lines[168] == ">sim2"
    assert lines[-1] == ""


@pytest.mark.parametrize("contig_bp", [10_000, 12_000])
def test_the_index_is_that_of_samtools(tmp_path: Path, contig_bp: int) -> None:
    write_simulation(simulate_genome(SimulationConfig(num_contigs=3, contig_bp=contig_bp, num_promoters=3), 0), tmp_path)
    ours = (tmp_path / "genome.fa.fai").read_text()
    pysam.faidx(str(tmp_path / "genome.fa"), "--fai-idx", str(tmp_path / "other.fai"))
    assert ours == (tmp_path / "other.fai").read_text()


def test_text_files_open_with_comments_and_agree_with_the_truth(rich_files: Path) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    truth = json.loads((rich_files / "truth.json").read_text())
    for name in ("tss.bed", "elements.bed", "annotation.gtf", "peaks/TF1.narrowPeak"):
        lines = (rich_files / name).read_text().splitlines()
        assert lines[:2] == ["# dnabert 0", "# command: dnabert simulate"]
        assert lines[2].startswith("# simulated genome: seed 5, config {")
    vcf = (rich_files / "variants.vcf").read_text().splitlines()
    assert vcf[:3] == ["##fileformat=VCFv4.3", "##source=dnabert 0", "##command=dnabert simulate"]
    expected_tss = [[p["contig"], str(p["tss"]), str(p["tss"] + 1), p["id"], "0", p["strand"]] for p in truth["promoters"]]
    assert read_lines(rich_files / "tss.bed") == expected_tss
    owners = [(site["id"], site) for name in ("promoters", "negatives", "binding_sites") for site in truth[name]]
    owners += [(window["intron"] or window["id"], window) for window in truth["splice_windows"]]
    planted = {
        (f"{element['name']}|{name}", str(element["start"])): element["sequence"] for name, site in owners for element in site["elements"]
    }
    rows = read_lines(rich_files / "elements.bed")
    assert len(rows) == len(planted)
    for contig, start, end, name, _, strand in rows:
        assert planted[name, start] == read_on(contigs, contig, int(start), int(end), strand)


def test_truth_holds_what_is_needed_to_make_it_again(rich_files: Path, rich: SimulatedGenome) -> None:
    truth = json.loads((rich_files / "truth.json").read_text())
    assert truth["provenance"] == ["dnabert 0", "command: dnabert simulate"]
    assert SimulationConfig.model_validate(truth["config"]) == RICH
    assert truth["seed"] == 5
    assert [contig["split"] for contig in truth["contigs"]] == ["train", "train", "valid", "test"]
    assert [(motif["name"], tuple(map(tuple, motif["probs_acgt"]))) for motif in truth["motifs"]] == [(m.name, m.probs) for m in ALL_MOTIFS]
    for name in ("features", "promoters", "negatives", "binding_sites", "genes", "splice_windows", "variants"):
        assert len(truth[name]) == len(getattr(rich, name))
    peaks = [(site["id"], peak["factor"], peak["summit"]) for site in truth["binding_sites"] for peak in site["peaks"]]
    assert sorted(peaks) == sorted((site.id, peak.factor, peak.summit) for site, peak in rich.peaks)
    assert [(v["ref"], v["alt"], v["effect_bits"], v["class"]) for v in truth["variants"]] == [
        (v.ref, v.alt, v.effect_bits, v.variant_class) for v in rich.variants
    ]


def test_nothing_that_is_planted_overlaps_a_gap(rich: SimulatedGenome) -> None:
    for contig, _, element in rich.elements():
        assert "N" not in rich.sequence(contig, element.start, element.end)
    for gene in rich.genes:
        assert "N" not in rich.sequence(gene.contig, gene.start, gene.end)
    assert sum(feature.kind == "gap" for feature in rich.features) == 2 * 4


# ---- writing


def test_existing_files_are_kept_unless_forced(rich_files: Path, rich: SimulatedGenome, tmp_path: Path) -> None:
    (tmp_path / "splice").mkdir()
    (tmp_path / "splice" / "test.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"test\.csv: exists already"):
        write_simulation(rich, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["splice"]
    write_simulation(rich, tmp_path, force=True)
    assert (tmp_path / "splice" / "test.csv").read_bytes() == (rich_files / "splice" / "test.csv").read_bytes()
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == sorted(simulation_files(RICH))


def test_a_place_that_is_no_directory_is_an_error(small: SimulatedGenome, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: is a file, and a directory is wanted"):
        write_simulation(small, tmp_path / "file")


def test_the_command_plants_everything_and_takes_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    less = ["contig_bp=60000", "num_contigs=3", "num_promoters=12", "genes.num_genes=3", "tfbs.num_bound=[3,0,0,0,3]"]
    words = ["simulate", "--out", str(tmp_path / "sim"), "--seed", "1"]
    assert command([*words, *(word for text in [*less, "variants.num_variants=20"] for word in ("--set", text))]) == 0
    assert "tss.bed, elements.bed, train.csv, valid.csv, test.csv, peaks/, tfbs/, annotation.gtf, splice/" in capsys.readouterr().err
    assert (tmp_path / "sim" / "annotation.gtf").read_text().count("\tgene\t") == 3
    assert len(read_lines(tmp_path / "sim" / "variants.vcf")) == 20
    assert command(["simulate", "--out", str(tmp_path / "other"), "--set", "genes.num_genes=5000"]) == 1
    assert "genes.num_genes = 5000 is more than num_promoters = 1000" in capsys.readouterr().err
