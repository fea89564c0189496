"""Genome and annotation in, data sets out, through the command line, on a simulated genome: what `finetune` then reads."""

import json
import os
from pathlib import Path

import pytest

from dnabert.cli.main import run as command
from dnabert.data.labelled import read_set
from dnabert.data.targets import find_classes, make_targets
from dnabert.train import config as train_config
from tests.toy import toy_config

FILES = {"train.tsv", "valid.tsv", "test.tsv", "regions.bed", "leakage.json", "dataset.json", "report.html"}


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "genome"
    settings = ["contig_bp=120000", "num_promoters=60", "genes.num_genes=24", "tfbs.num_bound=[60,30,30,20,10]", "variants.num_variants=20"]
    assert command(["simulate", "--out", str(out), "--quiet", *(word for text in settings for word in ("--set", text))]) == 0
    return out


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def _build(kind: str, simulated: Path, out: Path, *words: str | Path) -> Path:
    rest = ["--genome", simulated / "genome.fa", "--split", simulated / "contigs.tsv", "--out", out, "--quiet"]
    assert command(["dataset", kind, *(str(word) for word in (*words, *rest))]) == 0
    return out


def _rows(path: Path) -> list[dict[str, str]]:
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return [dict(zip(lines[0], fields, strict=True)) for fields in lines[1:]]


def _all_rows(directory: Path) -> list[dict[str, str]]:
    return [row for split in ("train", "valid", "test") for row in _rows(directory / f"{split}.tsv")]


def _contigs(fasta: Path) -> dict[str, str]:
    return {name: "".join(lines) for name, *lines in (text.split("\n") for text in fasta.read_text().split(">")[1:])}


COMPLEMENT = str.maketrans("ACGT", "TGCA")


def _bases(contigs: dict[str, str], row: dict[str, str]) -> str:
    piece = contigs[row["contig"]][int(row["start"]) : int(row["end"])]
    return piece.translate(COMPLEMENT)[::-1] if row["strand"] == "-" else piece


@pytest.mark.parametrize(
    ("kind", "words", "classes"),
    [
        ("promoters", ["tss.bed", "--kind", "core"], {"0", "1"}),
        ("promoters", ["annotation.gtf", "--kind", "300"], {"0", "1"}),
        ("promoters", ["tss.bed", "--kind", "scan", "--set", "upstream_bp=1500", "--set", "downstream_bp=1502"], {"0", "1"}),
        ("tfbs", ["peaks/TF1.narrowPeak"], {"0", "1"}),
        ("splice", ["annotation.gtf", "--length", "120"], {"acceptor", "donor", "none"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_rows_are_the_bases_of_the_genome_in_disjoint_splits(
    kind: str, words: list[str], classes: set[str], simulated: Path, tmp_path: Path
) -> None:
    out = _build(kind, simulated, tmp_path / "set", simulated / words[0], *words[1:])
    assert {path.name for path in out.iterdir()} == FILES
    contigs, split_of = _contigs(simulated / "genome.fa"), {row["contig"]: row["split"] for row in _rows(simulated / "contigs.tsv")}
    rows = _all_rows(out)
    assert {row["label"] for row in rows} == classes
    for row in rows:
        assert row["sequence"] == _bases(contigs, row)
        assert row["split"] == split_of[row["contig"]]
    labels = read_set(out / "train.tsv", 6)
    assert set(find_classes(labels, "classify")) == classes
    record = json.loads((out / "dataset.json").read_text())
    assert sum(record["rows"].values()) == len(rows)
    assert record["seed"] == 42
    assert str(simulated / words[0]) in record["annotations"]


def test_several_peak_files_make_one_set_with_several_labels_or_one_set_each(simulated: Path, tmp_path: Path) -> None:
    peaks = sorted((simulated / "peaks").iterdir())[:3]
    rows = _all_rows(_build("tfbs", simulated, tmp_path / "all", *peaks))
    names = {path.name.removesuffix(".narrowPeak") for path in peaks}
    assert {name for row in rows for name in row["label"].split(";")} == names | {"none"}
    _build("tfbs", simulated, tmp_path / "each", *peaks, "--mode", "separate")
    assert {path.name for path in (tmp_path / "each").iterdir()} == names


def test_base_labels_of_splice_sites_can_be_trained_on(simulated: Path, tmp_path: Path) -> None:
    out = _build("splice", simulated, tmp_path / "set", simulated / "annotation.gtf", "--level", "token", "--length", "200")
    data = read_set(out / "train.tsv", 3)
    classes = find_classes(data, "token")
    assert classes == ("a", "d", "n")
    assert len(make_targets(data, "token", classes).values) == data.sequences.first.lengths.sum()


def test_the_same_command_gives_the_same_bytes_and_another_seed_other_rows(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        out = _build("promoters", simulated, Path("set"), simulated / "tss.bed", "--kind", "core")
        found.append({path.name: path.read_bytes() for path in out.resolve().iterdir()})
    assert found[0] == found[1]
    other = _build("promoters", simulated, tmp_path / "other", simulated / "tss.bed", "--kind", "core", "--seed", "7")
    drawn = [
        {row["id"]: row["start"] for row in _rows(path) if row["label"] == "0"} for path in (Path("set/train.tsv"), other / "train.tsv")
    ]
    assert drawn[0] != drawn[1]


def test_hard_negatives_are_what_the_model_of_the_last_round_took_for_sites(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_config, "preset", lambda _name, kmer: toy_config(kmer))
    gtf = simulated / "annotation.gtf"
    first = _build("splice", simulated, tmp_path / "round0", gtf, "--length", "60")
    words = ["--kmer", "3", "--epochs", "12", "--lr", "0.003", "--dtype", "float32", "--device", "cpu", "--quiet"]
    tables = ["--train", str(first / "train.tsv"), "--valid", str(first / "valid.tsv")]
    assert command(["finetune", *tables, "--out", str(tmp_path / "run0"), *words]) == 0
    second = _build("splice", simulated, tmp_path / "round1", gtf, "--length", "60", "--hard-negatives", tmp_path / "run0")
    hard = [row for row in _all_rows(second) if row["source"].startswith("hard-negative")]
    assert hard
    assert {row["label"] for row in hard} == {"none"}
    table = tmp_path / "hard.csv"
    table.write_text("id,sequence\n" + "".join(f"{row['id'].replace(',', '')},{row['sequence']}\n" for row in hard))
    assert (
        command(["predict", str(table), "--model", str(tmp_path / "run0"), "--out", str(tmp_path / "p.tsv"), "--quiet", "--device", "cpu"])
        == 0
    )
    assert all(float(row["prob_none"]) < 0.51 for row in _rows(tmp_path / "p.tsv"))
    assert str(tmp_path / "run0") in json.loads((second / "dataset.json").read_text())["annotations"]


def test_a_model_that_is_no_splice_model_gives_no_hard_negatives(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dnabert.model.config import HeadConfig
    from tests.toy import save_toy_run

    run = save_toy_run(tmp_path, HeadConfig(task="classify", num_outputs=2), ("0", "1"))
    words = [
        simulated / "annotation.gtf",
        "--genome",
        simulated / "genome.fa",
        "--out",
        tmp_path / "set",
        "--hard-negatives",
        run,
        "--quiet",
    ]
    assert command(["dataset", "splice", *(str(word) for word in words)]) == 1
    assert "needs a model with a class 'none'" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_what_is_there_is_replaced_on_request_only(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(word) for word in (simulated / "tss.bed", "--genome", simulated / "genome.fa", "--out", tmp_path / "set", "--quiet")]
    out = tmp_path / "set"
    out.mkdir()
    (out / "train.tsv").write_text("mine\n")
    assert command(["dataset", "promoters", *words]) == 1
    assert "--force" in capsys.readouterr().err
    assert command(["dataset", "promoters", *words, "--force"]) == 1
    assert "holds files that are no result of dnabert" in capsys.readouterr().err
    assert (out / "train.tsv").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("sim1\t5000\t5001\tp\t0\t.\n", "tss.bed:1"),
        ("sim1\t5000\t4000\tp\t0\t+\n", "tss.bed:1: end 4000 is before start 5000"),
        ("nowhere\t5000\t5001\tp\t0\t+\n", "contig nowhere is not in"),
        ("sim1\t119999\t130000\tp\t0\t+\n", "tss.bed:1"),
        ("", "tss.bed"),
    ],
)
def test_bad_start_sites_stop_the_work_with_file_and_line(
    lines: str, message: str, simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bed = tmp_path / "tss.bed"
    bed.write_text(lines)
    words = [bed, "--genome", simulated / "genome.fa", "--out", tmp_path / "set", "--quiet"]
    assert command(["dataset", "promoters", *(str(word) for word in words)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "set").exists()


def test_an_annotation_without_exons_is_named_with_what_it_has(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gtf = tmp_path / "genes.gtf"
    gtf.write_text('sim1\tx\tgene\t100\t900\t.\t+\t.\tgene_id "g";\n')
    words = [gtf, "--genome", simulated / "genome.fa", "--out", tmp_path / "set", "--quiet"]
    assert command(["dataset", "splice", *(str(word) for word in words)]) == 1
    error = capsys.readouterr().err
    assert "exon" in error
    assert "gene" in error


def test_what_a_user_has_put_beside_a_data_set_is_never_removed(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = _build("promoters", simulated, tmp_path / "set", simulated / "tss.bed", "--kind", "core")
    (out / "my_notes.txt").write_text("mine")
    words = [str(word) for word in (simulated / "tss.bed", "--genome", simulated / "genome.fa", "--out", out, "--quiet", "--force")]
    assert command(["dataset", "promoters", *words]) == 1
    assert "holds my_notes.txt, which is not of the data set" in capsys.readouterr().err
    assert (out / "my_notes.txt").read_text() == "mine"
    (out / "my_notes.txt").unlink()
    assert command(["dataset", "promoters", *words]) == 0


def test_the_command_that_trains_on_a_set_has_the_flags_that_it_needs(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peaks = [str(path) for path in sorted((simulated / "peaks").iterdir())[:2]]
    rest = ["--genome", str(simulated / "genome.fa"), "--split", str(simulated / "contigs.tsv"), "--out", str(tmp_path / "set")]
    assert command(["dataset", "tfbs", *peaks, *rest]) == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("dnabert: train on it with:  dnabert finetune --train ")
    assert last.endswith("test.tsv --task multilabel --no-stranded")


def test_a_negative_seed_is_wrong_usage(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(simulated / "tss.bed"), "--genome", str(simulated / "genome.fa"), "--out", str(tmp_path / "set"), "--seed", "-1"]
    assert command(["dataset", "promoters", *words]) == 2
    assert "seed" in capsys.readouterr().err


def test_regions_about_start_sites_are_told_of(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = tmp_path / "wide.bed"
    rows = [line.split("\t") for line in (simulated / "tss.bed").read_text().splitlines() if not line.startswith("#")]
    wide.write_text("".join("\t".join([row[0], str(int(row[1]) - 100), str(int(row[2]) + 100), *row[3:]]) + "\n" for row in rows))
    out = _build("promoters", simulated, tmp_path / "set", wide, "--kind", "core")
    assert f"{len(rows)} of {len(rows)} regions have more than one base, the first at {wide}:1" in capsys.readouterr().err
    assert json.loads((out / "dataset.json").read_text())["counts"]["TSS regions of more than one base, whose first is taken"] == len(rows)


def test_a_pipe_is_refused_before_anything_is_read(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.gtf")
    words = [tmp_path / "pipe.gtf", "--genome", simulated / "genome.fa", "--out", tmp_path / "set", "--quiet"]
    assert command(["dataset", "splice", *(str(word) for word in words)]) == 1
    assert "pipe.gtf: is a pipe, and the file is read more than once" in capsys.readouterr().err
