import gzip
import json
from pathlib import Path

import pytest

from dnabert.cli.main import run
from tests.twobit import twobit

FASTA = ">chr1\n" + "ACGTnnNNac" * 10 + "\n>chr2 x\nGGGGCCRY\n"
YEAST_CHRI, YEAST_CHRM = 230_218, 85_779


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "toy.fa"
    path.write_text(FASTA)
    return path


def test_info_shows_every_contig_and_all_together(fasta: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genome", "info", str(fasta)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["contig", "length", "N", "soft-masked", "GC"],
        ["chr1", "100", "40", "40.0%", "50.0%"],
        ["chr2", "8", "0", "0.0%", "100.0%"],
        ["all", "2", "108", "40", "37.0%", "54.5%"],
    ]
    assert lines[5:9] == [
        f"file      {fasta}, plain, not indexed (samtools faidx {fasta})",
        "assembly  not a known one, or not to be told from these contigs",
        "N         40 in 10 runs, the longest 4",
        "IUPAC     2 other ambiguous letters",
    ]
    assert lines[9].startswith("SHA-256   ")


@pytest.mark.parametrize(
    ("name", "packing"),
    [("toy.fa.gz", "gzip, which cannot be indexed (bgzip can)"), ("toy.2bit", "2bit, which is its own index")],
)
def test_info_says_how_the_file_is_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, packing: str) -> None:
    path = tmp_path / name
    path.write_bytes(twobit([("chr1", "ACGTnnNNac" * 10)]) if name.endswith("2bit") else gzip.compress(FASTA.encode(), mtime=0))
    assert run(["genome", "info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"file      {path}, {packing}" in lines
    assert lines[1].split() == ["chr1", "100", "40", "40.0%", "50.0%"]


def test_info_names_a_published_assembly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "yeast.fa"
    path.write_text(f">chrI\n{'A' * YEAST_CHRI}\n>chrM\n{'C' * YEAST_CHRM}\n")
    assert run(["genome", "info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assembly"] == "sacCer3"


def test_info_shows_the_first_30_contigs_unless_asked_for_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "many.fa"
    path.write_text("".join(f">c{number}\nACGT\n" for number in range(1040)))
    assert run(["genome", "info", str(path)]) == 0
    few = capsys.readouterr().out.splitlines()
    assert few[30].split()[0] == "c29"
    assert few[31] == "... and 1,010 more (--all shows them, --out writes them)"
    assert few[32].split()[:2] == ["all", "1,040"]
    assert run(["genome", "info", str(path), "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(few) - 1 + 1010


def test_info_writes_a_tsv_with_provenance_and_keeps_what_is_there(fasta: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "contigs.tsv"
    assert run(["genome", "info", str(fasta), "--out", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert lines[0].startswith("# dnabert ")
    assert lines[2] == f"# genome: {fasta}"
    assert [line.split("\t") for line in lines[4:]] == [
        ["contig", "length", "n", "other_ambiguous", "soft_masked", "gc_share", "n_runs", "longest_n_run"],
        ["chr1", "100", "40", "0", "40", "0.500000", "10", "4"],
        ["chr2", "8", "0", "2", "0", "1.000000", "0", "0"],
    ]
    capsys.readouterr()
    assert run(["genome", "info", str(fasta), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"dnabert: {out}: exists already; choose another --out, or allow overwriting with --force\n"
    assert run(["genome", "info", str(fasta), "--out", str(out), "--force"]) == 0


def test_info_as_json_holds_every_contig(fasta: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genome", "info", str(fasta), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["num_contigs"], found["totals"]["length"], found["totals"]["gc"]) == (2, 108, pytest.approx(36 / 66))
    assert [contig["name"] for contig in found["contigs"]] == ["chr1", "chr2"]
    assert (found["packing"], found["is_indexed"], found["assembly"]) == ("plain", False, None)
    assert found["provenance"]["inputs"] == {str(fasta): found["sha256"]}


def test_a_genome_of_n_only_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.fa"
    path.write_text(">chr1\nNNNNnnnn\n")
    assert run(["genome", "info", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.err == f"dnabert: {path}: holds no A, C, G or T at all: N only; nothing can be learnt or predicted from it\n"
    assert captured.out.splitlines()[1].split() == ["chr1", "8", "8", "50.0%", "-"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        (b"ACGT\n", ": begins with 'ACGT', not with '>': this is no FASTA file"),
        (b">a\nAC\n>a\nAC\n", ":3: the name a occurs twice (first on line 1); give each record a unique first word"),
        (b">a\nMEEP\n", ":2: a: 'E' at position 2 is not a nucleotide; this looks like protein"),
        (gzip.compress(FASTA.encode(), mtime=0)[:50], ": the gzip file is truncated or damaged"),
    ],
)
def test_info_on_what_is_no_genome_ends_with_1_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    path = tmp_path / "t.fa"
    path.write_bytes(content)
    assert run(["genome", "info", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"dnabert: {path}{message}")
    assert captured.err.count("\n") == 1


def test_get_writes_the_path_to_stdout_and_the_facts_to_stderr(fasta: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genome", "get", str(fasta), "--out", str(tmp_path / "g")]) == 0
    captured = capsys.readouterr()
    made = tmp_path / "g" / "toy.fa.gz"
    assert captured.out == f"{made}\n"
    digest = json.loads((tmp_path / "g" / "genome.json").read_text())["fasta"]["sha256"]
    assert captured.err.splitlines() == [
        f"dnabert: fetching {fasta} into {tmp_path / 'g'}",
        f"dnabert: {made}: no known assembly, 2 contigs, 108 bases (40 N), SHA-256 {digest}",
    ]
    assert run(["genome", "get", str(fasta), "--out", str(tmp_path / "g")]) == 0
    assert capsys.readouterr().err.endswith(f"SHA-256 {digest}; was here already\n")
    assert run(["genome", "info", str(made)]) == 0
    assert f"file      {made}, bgzip, indexed" in capsys.readouterr().out


def test_get_with_an_annotation_writes_both_paths(fasta: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.gtf").write_text('chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "a";\n')
    words = ["genome", "get", str(fasta), "--out", str(tmp_path / "g"), "--annotation-from", str(tmp_path / "a.gtf"), "--quiet"]
    assert run(words) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "g" / name) for name in ("toy.fa.gz", "toy.annotation.gtf.gz")]


def test_get_of_a_wrong_checksum_ends_with_1_and_one_line(fasta: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genome", "get", str(fasta), "--sha256", "0" * 64, "--quiet"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "the SHA-256 of the download is" in captured.err
    assert captured.err.count("\n") == 1


def test_get_of_a_mistyped_file_ends_with_1_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genome", "get", "hg38.fa.gzz"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("dnabert: hg38.fa.gzz: there is no such file; ")
    assert captured.err.count("\n") == 1


def test_get_of_a_genome_of_n_only_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.fa"
    path.write_text(">chr1\nNNNNnnRY\n")
    assert run(["genome", "get", str(path), "--out", str(tmp_path / "g"), "--quiet"]) == 0
    captured = capsys.readouterr()
    made = tmp_path / "g" / "n.fa.gz"
    assert captured.out == f"{made}\n"
    assert captured.err == f"dnabert: {made}: holds no A, C, G or T at all: N only; nothing can be learnt or predicted from it\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["genome", "get"], "requires an argument"),
        (["genome", "get", "x", "--provider", "nobody"], "ucsc"),
        (["genome", "info"], "requires an argument"),
        (["genome", "fetch", "x"], "get, info"),
    ],
)
def test_wrong_usage_ends_with_2_and_points_at_help(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert "--help" in captured.err
