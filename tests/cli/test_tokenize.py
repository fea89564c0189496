import gzip
import io
import sys
from pathlib import Path

import pytest

from dnabert.cli.main import run

FASTA = ">r1 first\nAAAT\n>r2\nacgn\nAC\n"
# k = 3: AAA 5, AAT 6; ACG 16, then three k-mers over N.
ROWS = ["r1\t2 5 6 3", "r2\t2 16 1 1 1 3"]


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "in.fa"
    path.write_text(FASTA)
    return path


def put_on_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))  # type: ignore[arg-type]


def rows(text: str) -> list[str]:
    lines = text.splitlines()
    table = [line for line in lines if not line.startswith("#")]
    assert table[0] == "id\ttokens"
    return table[1:]


def test_fasta_becomes_a_table_with_its_provenance(fasta: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.tsv"
    assert run(["tokenize", str(fasta), "--kmer", "3", "--out", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert lines[0].startswith("# dnabert ")
    assert lines[1].startswith("# command: dnabert ")
    assert lines[2:] == ["# kmer: 3", "id\ttokens", *ROWS]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "dnabert: 2 sequences, 10 bases, 1 ambiguous; 0 skipped, 0 cut\n"


@pytest.mark.parametrize(
    "content",
    [
        "id,sequence,label\nr1,AAAT,1\nr2,ACGNAC,0\n",
        "sequence\tid\nAAA AAT\tr1\nACG CGN GNA NAC\tr2\n",
        "\ufeffid\tsequence\r\nr1\taaau\r\nr2\tacgrac\r\n",
    ],
    ids=["csv", "k-mer text", "tsv of a spreadsheet"],
)
def test_tables_give_the_same_rows(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(content.encode())
    assert run(["tokenize", str(path), "--kmer", "3", "--out", "-", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert rows(captured.out) == ROWS
    assert captured.err == ""


@pytest.mark.parametrize("packed", [False, True])
def test_stdin_to_stdout(packed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    put_on_stdin(monkeypatch, gzip.compress(FASTA.encode(), mtime=0) if packed else FASTA.encode())
    assert run(["tokenize", "-", "--kmer", "3", "--out", "-"]) == 0
    assert rows(capsys.readouterr().out) == ROWS


def test_k_is_6_unless_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.fa"
    path.write_text(">a\nAAAAAAT\n")
    assert run(["tokenize", str(path), "--out", "-"]) == 0
    assert rows(capsys.readouterr().out) == ["a\t2 5 6 3"]


def test_max_tokens_cuts_on_the_right_and_says_so(fasta: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tokenize", str(fasta), "--kmer", "3", "--max-tokens", "2", "--out", "-"]) == 0
    captured = capsys.readouterr()
    assert rows(captured.out) == ["r1\t2 5 6 3", "r2\t2 16 1 3"]
    assert captured.err.endswith("0 skipped, 1 cut\n")


def test_nothing_is_cut_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.fa"
    path.write_text(">a\n" + "A" * 2000)
    assert run(["tokenize", str(path), "--kmer", "3", "--out", "-"]) == 0
    assert rows(capsys.readouterr().out)[0].count(" 5") == 1998


def test_ambiguous_entries_can_be_skipped_and_are_counted(fasta: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tokenize", str(fasta), "--kmer", "3", "--ambiguous", "skip", "--out", "-"]) == 0
    captured = capsys.readouterr()
    assert rows(captured.out) == ROWS[:1]
    assert captured.err == "dnabert: 1 sequences, 4 bases, 0 ambiguous; 1 skipped, 0 cut\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", (), "{path}: is empty"),
        (">a\nACGT\n>a\nACGT\n", (), "{path}:3: the name a occurs twice (first on line 1); give each record a unique first word"),
        (">a\nACGT\n>b\nAC\n", (), "{path}: b: 2 bases are fewer than k = 3; leave it out or use a model of smaller k"),
        (">a\nACGT\n", ("--kmer", "9"), "k-mer length 9 is outside 1..8; DNABERT was published with 3, 4, 5 and 6"),
        (">a\nACGT\n", ("--max-tokens", "0"), "max_tokens is 0; at least 1 token is needed"),
        (">a\nACGN\n", ("--ambiguous", "error"), "{path}: a: 1 ambiguous bases (N or IUPAC), and --ambiguous is error; use unk or skip"),
    ],
)
def test_bad_input_ends_with_1_one_line_and_no_output(
    content: str, options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.fa", tmp_path / "out.tsv"
    path.write_text(content)
    kmer = () if "--kmer" in options else ("--kmer", "3")
    assert run(["tokenize", str(path), *kmer, *options, "--out", str(out)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"dnabert: {message.format(path=path)}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_protein_ends_with_1_and_names_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.fa"
    path.write_text(">p53\nMEEPQSDPSV\n")
    assert run(["tokenize", str(path), "--kmer", "3", "--out", str(tmp_path / "out.tsv")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"dnabert: {path}: p53")
    assert "'E' at position 2 is not a nucleotide; this looks like protein" in error
    assert error.count("\n") == 1


def test_a_missing_input_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tokenize", str(tmp_path / "none.fa"), "--out", "-"]) == 1
    assert capsys.readouterr().err == f"dnabert: {tmp_path}/none.fa: cannot be read: No such file or directory\n"


def test_an_output_that_is_there_is_kept_unless_forced(fasta: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.tsv"
    out.write_text("mine")
    arguments = ["tokenize", str(fasta), "--kmer", "3", "--out", str(out)]
    assert run(arguments) == 1
    assert capsys.readouterr().err == f"dnabert: {out}: exists already; choose another --out, or allow overwriting with --force\n"
    assert out.read_text() == "mine"
    assert run([*arguments, "--force"]) == 0
    assert rows(out.read_text()) == ROWS


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokenize"],
        ["tokenize", "in.fa"],
        ["tokenize", "in.fa", "--out", "-", "--kmer", "three"],
        ["tokenize", "in.fa", "--out", "-", "--ambiguous", "drop"],
        ["tokenize", "in.fa", "--out", "-", "--frame", "1"],
        ["tokenize", "in.fa", "more.fa", "--out", "-"],
    ],
)
def test_wrong_usage_ends_with_2_and_points_at_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("(see dnabert tokenize --help)\n")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00\x01", b"a,b\n1,2\n", b">a\nACGT\n>a\nACGT\n", b">a\nAC?T\n", gzip.compress(b">a\nACGT", mtime=0)[:12]]
)
def test_an_error_on_stdin_says_stdin_and_no_temporary_name(
    content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_on_stdin(monkeypatch, content)
    assert run(["tokenize", "-", "--kmer", "3", "--out", "-"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("dnabert: stdin:")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
