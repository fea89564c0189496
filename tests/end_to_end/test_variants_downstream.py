"""What `dnabert variants` writes is taken by htslib and bcftools, and what it cannot do it says in the right words."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pysam
import pysam.bcftools
import pytest

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.main import run as command
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

RNG = random.Random(12)
BASES = "".join(RNG.choices("ACGT", k=600))
WINDOW = 24
COLUMNS = "##fileformat=VCFv4.2\n{contig}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
CONTIG = "##contig=<ID=chr1,length=600>\n"


def _save(folder: Path, name: str, labels: tuple[str, ...]) -> None:
    head = HeadConfig(task="classify", num_outputs=len(labels))
    info = ModelInfo(head=head, labels=labels, window_bp=WINDOW)
    save_model(folder / name, toy_model(head, toy_config(3), len(labels)), info)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("downstream")
    (place / "g.fa").write_text(f">chr1\n{BASES}\n")
    _save(place, "splice", ("none", "donor", "acceptor"))
    _save(place, "splice_acceptor", ("off", "on"))
    return place


def _other(at: int) -> str:
    return next(base for base in "ACGT" if base != BASES[at])


def _snv(at: int) -> tuple[int, str, str]:
    return at, BASES[at], _other(at)


def _vcf(path: Path, rows: list[tuple[int, str, str]], contig: str = CONTIG, name: str = "chr1") -> Path:
    lines = [f"{name}\t{at + 1}\t.\t{reference}\t{alternate}\t.\t.\t.\n" for at, reference, alternate in rows]
    path.write_text(COLUMNS.format(contig=contig) + "".join(lines))
    return path


def _score(folder: Path, source: Path, out: Path, *words: str, models: tuple[str, ...] = ("splice_acceptor",)) -> int:
    named = [word for model in models for word in ("--model", str(folder / model))]
    return command(["variants", str(source), *named, "--genome", str(folder / "g.fa"), "--out", str(out), "--device", "cpu", *words])


def _skipped(path: Path) -> list[tuple[str | None, ...] | None]:
    with pysam.VariantFile(str(path)) as file:
        assert file.header.info["DNABERT_SKIPPED"].number == "A"
        return [record.info.get("DNABERT_SKIPPED") for record in file]


def test_models_that_would_write_the_same_key_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, models = _vcf(tmp_path / "in.vcf", [_snv(100)]), ("splice", "splice_acceptor")
    assert _score(folder, source, tmp_path / "out.vcf", models=models) == 1
    said = capsys.readouterr().err
    assert f"--model {folder / 'splice'} and --model {folder / 'splice_acceptor'}: both would write DNABERT_REF_splice_acceptor" in said
    assert "rename or copy one of the folders" in said
    assert not (tmp_path / "out.vcf").exists()
    region = ("--mutagenesis", "chr1:101-102")  # a table, which has no keys
    assert _score(folder, source, tmp_path / "out.tsv", *region, models=models) == 0
    assert _score(folder, source, tmp_path / "out.vcf", models=("splice", "splice")) == 0


def test_split_records_keep_the_reason_of_their_own_allele(folder: Path, tmp_path: Path) -> None:
    at = 100
    rows = [(at, BASES[at], f"{_other(at)},<DEL>,N"), (at + 9, BASES[at + 9], "."), (2, BASES[2], _other(2))]
    source = _vcf(tmp_path / "in.vcf", sorted(rows))
    wanted = [("window_off_contig",), (".", "symbolic", "ambiguous_alternate"), ("no_alternate",)]
    for name in ("out.vcf", "out.vcf.gz", "out.bcf"):
        assert _score(folder, source, tmp_path / name) == 0
        assert _skipped(tmp_path / name) == wanted
        viewed = [line.split("\t") for line in pysam.bcftools.view("-H", str(tmp_path / name)).splitlines()]
        assert viewed[2][4] == "."
        assert viewed[2][7] == "DNABERT_SKIPPED=no_alternate"
        (tmp_path / "split.vcf").write_text(pysam.bcftools.norm("-m-", str(tmp_path / name)))
        split = [("window_off_contig",), (None,), ("symbolic",), ("ambiguous_alternate",), ("no_alternate",)]
        found = _skipped(tmp_path / "split.vcf")
        assert [(None,) if each == (".",) else each for each in found] == split
        with pysam.VariantFile(str(tmp_path / "split.vcf")) as file:
            scores = [record.info.get("DNABERT_LOGOR") for record in file]
        assert [each is not None and each[0] is not None for each in scores] == [False, True, False, False, False]


@pytest.mark.parametrize("contig", ["", "##contig=<ID=chr1>\n"])
def test_an_input_without_lengths_of_contigs_gives_an_output_with_them(folder: Path, tmp_path: Path, contig: str) -> None:
    source = _vcf(tmp_path / "in.vcf", [_snv(100), _snv(200)], contig=contig)
    with source.open("a") as handle:
        handle.write("elsewhere\t5\t.\tA\tT\t.\t.\t.\n")
    for name in ("out.vcf", "out.vcf.gz", "out.bcf"):
        assert _score(folder, source, tmp_path / name) == 0
        with pysam.VariantFile(str(tmp_path / name)) as file:
            lengths = {str(key): value.length for key, value in file.header.contigs.items()}
        assert lengths == {"chr1": 600, "elsewhere": None}
        text = pysam.bcftools.norm("-m-", str(tmp_path / name))
        assert sum(not line.startswith("#") for line in text.splitlines()) == 3


def test_a_contig_that_is_named_otherwise_has_the_length_of_the_genomes(folder: Path, tmp_path: Path) -> None:
    source = _vcf(tmp_path / "in.vcf", [_snv(100)], contig="", name="1")
    assert _score(folder, source, tmp_path / "out.vcf") == 0
    assert (tmp_path / "out.vcf").read_text().count("##contig=<ID=1,length=600>\n") == 1


def test_alleles_that_do_not_fit_where_the_window_lies_are_not_called_too_long(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = _vcf(tmp_path / "in.vcf", [(at, BASES[at : at + 16], BASES[at]) for at in (100, 150)] + [(200, BASES[200:230], BASES[200])])
    assert _score(folder, source, tmp_path / "out.vcf", "--set", "shifts=10") == 0
    assert _skipped(tmp_path / "out.vcf") == [("not_in_window",), ("not_in_window",), ("allele_too_long",)]
    assert "3 alleles: 0 scored, 3 not (allele_too_long 1, not_in_window 2)" in capsys.readouterr().err
    assert "not_in_window: an allele does not fit into the window" in (tmp_path / "out.vcf").read_text()
    assert _score(folder, source, tmp_path / "out.vcf", "--set", "max_allele_bp=40", "--force") == 0
    assert _skipped(tmp_path / "out.vcf") == [None, None, ("allele_too_long",)]


def test_an_alternate_that_is_empty_or_a_dot_beside_others_is_missing(folder: Path, tmp_path: Path) -> None:
    source = _vcf(tmp_path / "in.vcf", [(100, BASES[100], ""), (110, BASES[110], ".,"), (120, BASES[120], f".,{_other(120)}")])
    for name in ("out.vcf", "out.bcf"):
        assert _score(folder, source, tmp_path / name, "--tsv", str(tmp_path / f"{name}.tsv")) == 0
        assert _skipped(tmp_path / name) == [("missing_allele",), ("missing_allele",) * 2, ("missing_allele", ".")]


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe as ``<(...)`` gives one, with a VCF in it."""
    read, write = os.pipe()
    os.write(write, _vcf(tmp_path / "in.vcf", [_snv(100)]).read_bytes())
    os.close(write)
    yield Path(f"/dev/fd/{read}")
    os.close(read)


def test_a_pipe_is_refused_before_the_work(folder: Path, tmp_path: Path, pipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _score(folder, pipe, tmp_path / "out.vcf") == 1
    said = capsys.readouterr().err
    assert f"{pipe}: is a pipe or a device, and variants are read several times, from a regular file" in said
    assert "write them to one first" in said
    assert _score(folder, pipe, tmp_path / "out.tsv", "--mutagenesis", "chr1:101-102") == 1
    assert "is a pipe or a device" in capsys.readouterr().err
    assert _score(folder, tmp_path / "none.vcf", tmp_path / "out.vcf") == 1
    assert f"{tmp_path / 'none.vcf'}: cannot be read: No such file or directory" in capsys.readouterr().err
