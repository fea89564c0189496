"""`dnabert variants` writes VCF and BCF with the same records, goes on after a kill, and counts what each model did not score."""

import random
from pathlib import Path

import pysam
import pytest

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.main import run as command
from dnabert.infer import packed_vcf
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

RNG = random.Random(11)
BASES = "".join(RNG.choices("ACGT", k=600))
HEAD = "##fileformat=VCFv4.2\n{contig}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
CONTIG = "##contig=<ID=chr1,length=600>\n"


def _save(folder: Path, window_bp: int) -> None:
    head = HeadConfig(task="classify", num_outputs=2)
    info = ModelInfo(head=head, labels=("off", "on"), window_bp=window_bp)
    save_model(folder / f"of{window_bp}", toy_model(head, toy_config(3), window_bp), info)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("written")
    (place / "g.fa").write_text(f">chr1\n{BASES}\n")
    for window_bp in (24, 60):
        _save(place, window_bp)
    return place


def _other(at: int) -> str:
    return next(base for base in "ACGT" if base != BASES[at])


def _vcf(path: Path, places: list[int], *, contig: str = CONTIG, rest: str = ".\t.\t.") -> Path:
    rows = [f"chr1\t{at + 1}\tv{at}\t{BASES[at]}\t{_other(at)}\t{rest}\n" for at in places]
    path.write_text(HEAD.format(contig=contig) + "".join(rows))
    return path


def _score(folder: Path, source: Path, out: Path, *words: str, models: tuple[int, ...] = (24,)) -> int:
    named = [word for model in models for word in ("--model", str(folder / f"of{model}"))]
    flags = ["--genome", str(folder / "g.fa"), "--out", str(out), "--device", "cpu", "--set", "block_records=4"]
    return command(["variants", str(source), *named, *flags, *words])


def _records(path: Path) -> list[str]:
    with pysam.VariantFile(str(path)) as file:
        return [str(record) for record in file]


def test_bcf_has_the_records_of_the_vcf_also_where_the_input_declares_nothing(folder: Path, tmp_path: Path) -> None:
    # No ##contig, no ##FILTER, no ##INFO: text may leave them out, BCF numbers them.
    source = _vcf(tmp_path / "in.vcf", sorted(RNG.sample(range(50, 550), 9)), contig="", rest="3.5\tlow\tFOO=7;BAR")
    for name in ("out.vcf", "out.vcf.gz", "out.bcf"):
        assert _score(folder, source, tmp_path / name) == 0
    wanted = _records(tmp_path / "out.vcf")
    assert _records(tmp_path / "out.bcf") == _records(tmp_path / "out.vcf.gz") == wanted
    assert all("DNABERT_LOGOR=" in record and "FOO=7;BAR" in record for record in wanted)
    with pysam.VariantFile(str(tmp_path / "out.bcf")) as file:  # by its index
        assert file.format == "BCF"
        assert [str(record) for record in file.fetch("chr1")] == wanted
        assert file.header.info["DNABERT_DIFF"].number == "A"
    assert "##FILTER=<ID=low" in (tmp_path / "out.vcf").read_text()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"in.vcf", "out.vcf", "out.vcf.gz", "out.vcf.gz.tbi", "out.bcf", "out.bcf.csi"}
    assert _score(folder, tmp_path / "out.bcf", tmp_path / "again.vcf") == 0  # and is read again
    assert _records(tmp_path / "again.vcf") == wanted


def test_a_run_killed_while_bcf_is_written_goes_on_without_scoring_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = _vcf(tmp_path / "in.vcf", list(range(100, 110))), tmp_path / "out.bcf"
    with monkeypatch.context() as broken:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr(packed_vcf, "_write_bcf", killed)
        assert _score(folder, source, out) == 130
    parts = tmp_path / "out.bcf.parts"
    kept = {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert len(kept) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"in.vcf", "out.bcf.parts"}
    with monkeypatch.context() as broken:
        broken.setattr("dnabert.infer.shards.ShardStore.keep", killed)
        assert _score(folder, source, out, "--resume") == 0
    assert len(_records(out)) == 10
    assert not parts.exists()


def test_counts_are_told_once_or_by_model_where_they_differ(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _vcf(tmp_path / "in.vcf", [14, 20, 300])  # the first two are too near the end for windows of 60
    assert _score(folder, source, tmp_path / "out.vcf", models=(24, 60)) == 0
    said = capsys.readouterr().err
    assert "of24: 3 records, 3 alleles: 3 scored, 0 not\n" in said
    assert "of60: 3 records, 3 alleles: 1 scored, 2 not (window_off_contig 2)\n" in said
    assert _score(folder, _vcf(tmp_path / "far.vcf", [14]), tmp_path / "far.out.vcf", models=(24, 60)) == 0
    assert "of60: " + str(tmp_path / "far.vcf") + ": no allele was scored (window_off_contig 1)" in capsys.readouterr().err
    assert _score(folder, _vcf(tmp_path / "mid.vcf", [300]), tmp_path / "mid.out.vcf", models=(24, 60)) == 0
    said = capsys.readouterr().err
    assert "1 records, 1 alleles: 1 scored, 0 not\n" in said
    assert "of24" not in said


@pytest.mark.parametrize("contig", [CONTIG + "##contig=<ID=far,length=600000000>\n", ""])
def test_a_contig_that_is_too_long_for_tabix_brings_a_csi_index(folder: Path, tmp_path: Path, contig: str) -> None:
    source = _vcf(tmp_path / "in.vcf", [300], contig=contig)
    with source.open("a") as handle:
        handle.write("far\t599999990\tend\tA\tT\t.\t.\t.\n")
    assert _score(folder, source, tmp_path / "out.vcf.gz") == 0
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as file:
        (found,) = file.fetch("far", 599_999_980, 600_000_000)
        assert found.info["DNABERT_SKIPPED"] == ("contig_unknown",)
    assert (tmp_path / "out.vcf.gz.csi").exists()
    assert not (tmp_path / "out.vcf.gz.tbi").exists()
