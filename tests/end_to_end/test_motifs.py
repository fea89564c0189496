"""`dnabert motifs`: from files and a model to a folder, and what it says where something is missing."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dnabert.checkpoint import save_model
from dnabert.cli.jobs import motifs as motif_job
from dnabert.cli.main import run as command
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.infer.predictor import Predictor
from dnabert.model.config import HeadConfig
from dnabert.motif.compare import Database, KnownMotif, Match
from tests.toy import save_toy_run

LOOSE = ["min_factor=0", "min_len_bp=3", "max_q=0.2", "window_bp=6"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, and sequences of which the positives are all the same: whatever scores high in one is enriched."""
    folder = tmp_path_factory.mktemp("motifs")
    save_toy_run(folder, HeadConfig(task="classify", num_outputs=3), ("no", "yes", "maybe"), seed=1)
    rng = np.random.default_rng(0)
    same = "".join(rng.choice(list("ACGT"), 40))
    others = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(12)]
    (folder / "pos.fa").write_text("".join(f">p{number}\n{same}\n" for number in range(12)))
    (folder / "neg.fa").write_text("".join(f">n{number}\n{text}\n" for number, text in enumerate(others)))
    rows = [f"{same},yes,p{number}\n" for number in range(12)] + [f"{text},no,n{number}\n" for number, text in enumerate(others)]
    (folder / "all.csv").write_text("sequence,label,id\n" + "".join(rows))
    save_undecided(folder, others)
    return folder


def save_undecided(folder: Path, texts: list[str]) -> None:
    """A toy run that takes half of these sequences for the one class and half for the other."""
    run = save_toy_run(folder, HeadConfig(task="classify", num_outputs=2), ("no", "yes"))
    predictor = Predictor(run, choose_machine("cpu", "float32"))
    sequences = SequenceSet(tuple(texts), pack([encode_bases(text) for text in texts]))
    odds = np.diff(np.log(predictor.predict(sequences).values))[:, 0]
    saved = predictor.members[0]
    assert saved.model.classifier is not None
    with torch.no_grad():
        saved.model.classifier.bias[1] -= float(np.median(odds))
    save_model(run, saved.model, saved.info)


def motifs(folder: Path, *words: str, database: str = "none", seed: int = 0, loose: bool = True) -> int:
    settings = [part for value in (LOOSE if loose else []) for part in ("--set", value)]
    model = str(folder / f"run-classify-3mer-{seed}")
    return command(["motifs", "--model", model, "--database", database, "--device", "cpu", *settings, *words])


def test_two_files_give_a_folder_with_all_that_is_promised(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--positives", str(folder / "pos.fa"), "--negatives", str(folder / "neg.fa"), "--out", str(out), "--quiet"]
    assert motifs(folder, *words) == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"motifs.meme", "motifs.tsv", "sites.bed", "logos", "diagnostics.json", "report.html"}
    table = [line for line in (out / "motifs.tsv").read_text().splitlines() if not line.startswith("#")]
    assert len(table) > 1
    assert table[1].split("\t")[:1] == ["motif1"]
    assert {path.name for path in (out / "logos").iterdir()} == {f"motif{n}.{e}" for n in range(1, len(table)) for e in ("svg", "png")}
    for name in ("motifs.meme", "motifs.tsv", "sites.bed"):
        text = (out / name).read_text()
        assert "# command: dnabert motifs" in text
        assert "# model sha256: " in text
    sites = [line.split("\t") for line in (out / "sites.bed").read_text().splitlines() if not line.startswith("#")]
    assert {row[0] for row in sites if row[3] == "motif1"} == {f"p{number}" for number in range(12)}
    record = json.loads((out / "diagnostics.json").read_text())
    assert [step["name"] for step in record["steps"]][:3] == ["positives", "runs", "islands"]
    assert record["steps"][0]["count"] == 12
    assert record["settings"]["min_factor"] == 0
    assert (record["settings"]["both_strands"], record["settings"]["smooth_bp"], record["strand"]) == (False, 1, "forward")
    assert (record["device"], record["dtype"], record["positive_class"], record["explained"]) == ("cpu", "float32", "", "")
    assert motifs(folder, *words) == 1  # nothing is overwritten
    assert motifs(folder, *words, "--force") == 0
    (out / "logos" / "mine.svg").write_text("<svg/>")
    assert motifs(folder, *words, "--force") == 1  # what a user has put there stays
    assert (out / "logos" / "mine.svg").is_file()


def test_one_labelled_table_gives_the_same_motifs_as_two_files(folder: Path, tmp_path: Path) -> None:
    first = ["--positives", str(folder / "pos.fa"), "--negatives", str(folder / "neg.fa"), "--out", str(tmp_path / "a"), "--quiet"]
    second = [str(folder / "all.csv"), "--positive-class", "yes", "--out", str(tmp_path / "b"), "--quiet"]
    assert motifs(folder, *first) == motifs(folder, *second) == 0
    tables = [[line for line in (tmp_path / name / "motifs.tsv").read_text().splitlines() if not line.startswith("#")] for name in "ab"]
    assert tables[0] == tables[1]


def test_attribution_scores_the_bases_where_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    words = [str(folder / "all.csv"), "--from", "attribution", "--set", "max_sequences=6", "--out", str(tmp_path / "a"), "--quiet"]
    assert motifs(folder, *words) == 0
    record = json.loads((tmp_path / "a" / "diagnostics.json").read_text())
    assert record["scores"] == "attribution, ism"
    assert (record["positive_class"], record["explained"], record["settings"]["smooth_bp"]) == ("yes", "log-odds of class yes", 5)
    assert record["steps"][0]["count"] == 6
    assert record["positives"].startswith("6 sequences")


def test_positives_by_prediction_are_those_that_the_model_takes_for_the_class(folder: Path, tmp_path: Path) -> None:
    predicted = tmp_path / "p.tsv"
    model = str(folder / "run-classify-3mer-0")
    words = ["predict", str(folder / "all.csv"), "--model", model, "--out", str(predicted)]
    assert command([*words, "--device", "cpu", "--dtype", "float32", "--quiet"]) == 0
    rows = [line.split("\t") for line in predicted.read_text().splitlines() if not line.startswith("#")][1:]
    wanted = sum(float(row[-1]) > 0.5 for row in rows)
    assert 0 < wanted < len(rows)
    assert motifs(folder, str(folder / "all.csv"), "--by", "prediction", "--out", str(tmp_path / "a"), "--quiet") == 0
    assert json.loads((tmp_path / "a" / "diagnostics.json").read_text())["steps"][0]["count"] == wanted


def test_a_meme_file_without_motifs_stops_before_the_work(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.meme").write_text("MEME version 4\n")
    words = [str(folder / "all.csv"), "--out", str(tmp_path / "a"), "--quiet"]
    assert motifs(folder, *words, database=str(tmp_path / "x.meme")) == 1
    assert "holds no MOTIF" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("words", "seed", "message"),
    [
        ([], 0, "give either one labelled file, or --positives with --negatives"),
        (["all.csv", "--positives", "pos.fa"], 0, "give either one labelled file, or --positives with --negatives"),
        (["all.csv", "--negatives", "neg.fa"], 0, "holds positives and negatives: leave out --negatives"),
        (["--positives", "pos.fa"], 0, "there are no negatives to compare with; give --negatives FILE; or --negatives shuffle"),
        (["all.csv"], 1, "the model has 3 classes; say which one is positive with --positive-class: no, yes, maybe"),
        (["all.csv", "--positive-class", "nay"], 0, "--positive-class nay: the model knows no such class; it has no, yes"),
        (["all.csv", "--positive-class", "maybe"], 1, "no sequence is labelled maybe; its labels are no, yes: name one with"),
        (["all.csv", "--method", "modisco", "--from", "attention"], 0, "which attention does not tell; give --from attribution"),
        (["all.csv", "--set", "window=5"], 0, "window_bp"),
        (["all.csv", "--set", "smooth_bp=4"], 0, "smooth_bp is 4: it must be odd"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], seed: int, message: str
) -> None:
    given = [str(folder / word) if word.endswith((".fa", ".csv")) else word for word in words]
    assert motifs(folder, *given, "--out", str(tmp_path / "a"), "--quiet", seed=seed) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_table_of_positives_only_has_no_negatives(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (folder / "all.csv").read_text().splitlines()
    (tmp_path / "pos.csv").write_text("\n".join([rows[0], *(row for row in rows if ",yes," in row)]) + "\n")
    assert motifs(folder, str(tmp_path / "pos.csv"), "--out", str(tmp_path / "a"), "--quiet") == 1
    assert "no sequence is negative by label; give --negatives FILE; or --negatives shuffle" in capsys.readouterr().err
    words = [str(tmp_path / "pos.csv"), "--negatives", str(folder / "neg.fa"), "--out", str(tmp_path / "a"), "--quiet"]
    assert motifs(folder, *words) == 0  # the advice leads to motifs
    record = json.loads((tmp_path / "a" / "diagnostics.json").read_text())
    assert record["negatives"] == f"12 sequences: sequences of {folder / 'neg.fa'}"
    assert record["positives"].startswith("12 sequences")


def test_where_no_negatives_can_be_made_other_ways_are_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "same.csv").write_text("sequence,label\n" + f"{'ACAC' * 10},yes\n" * 3)
    words = [str(tmp_path / "same.csv"), "--out", str(tmp_path / "a"), "--quiet"]
    assert motifs(folder, *words, "--negatives", "shuffle") == 1
    assert "no positive has a shuffle: each holds N, or has no other order; give --negatives FILE" in capsys.readouterr().err
    kind = "yes" if motifs(folder, *words, "--by", "prediction") and "negative by prediction" in capsys.readouterr().err else "no"
    assert motifs(folder, *words, "--by", "prediction", "--positive-class", kind) == 1
    message = "the model takes all of them for positives; use --by label, or --negatives shuffle"
    assert message in capsys.readouterr().err


def test_attribution_of_a_value_scores_the_bases_of_a_regression(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = save_toy_run(tmp_path, HeadConfig(task="regress", num_outputs=1), ("strength",))
    two = save_toy_run(tmp_path, HeadConfig(task="regress", num_outputs=2), ("strength", "width"), seed=1)
    files = [
        "--positives",
        str(folder / "pos.fa"),
        "--negatives",
        str(folder / "neg.fa"),
        "--from",
        "attribution",
        "--set",
        "max_sequences=4",
    ]
    rest = ["--database", "none", "--device", "cpu", "--quiet", "--set", "attribution=ism"]
    assert command(["motifs", *files, *rest, "--model", str(one), "--out", str(tmp_path / "a")]) == 0
    record = json.loads((tmp_path / "a" / "diagnostics.json").read_text())
    assert (record["explained"], record["positive_class"]) == ("value strength", "")
    asked = ["motifs", *files, *rest, "--model", str(two), "--out", str(tmp_path / "b")]
    assert command(asked) == 1
    assert "the model has 2 values; say which one is explained with --positive-class: strength, width" in capsys.readouterr().err
    assert command([*asked, "--positive-class", "height"]) == 1
    assert "--positive-class height: the model knows no such value; it has strength, width" in capsys.readouterr().err
    assert command([*asked, "--positive-class", "width"]) == 0
    assert json.loads((tmp_path / "b" / "diagnostics.json").read_text())["explained"] == "value width"
    assert command(["motifs", str(folder / "all.csv"), *rest, "--model", str(one), "--out", str(tmp_path / "c")]) == 1
    assert "the task of this model is regress, and positives are a class of classify or multilabel" in capsys.readouterr().err


@pytest.mark.parametrize("files", [False, True])
def test_sites_of_bed_regions_stand_on_the_genome(folder: Path, tmp_path: Path, files: bool) -> None:
    rows = [line.split(",") for line in (folder / "all.csv").read_text().splitlines()[1:]]
    contig, lines = "", {"yes": "", "no": ""}
    for number, (text, label, _) in enumerate(rows):
        contig += "ACGT"[number % 4] * 7
        strand = "+-."[number % 3]
        lines[label] += f"1\t{len(contig)}\t{len(contig) + len(text)}\t{label}\t0\t{strand}\n"  # the genome calls it chr1
        contig += decode_bases(reverse_complement(encode_bases(text))) if strand == "-" else text
    (tmp_path / "genome.fa").write_text(f">chr1\n{contig}\n")
    (tmp_path / "all.bed").write_text(lines["yes"] + lines["no"])
    (tmp_path / "pos.bed").write_text(lines["yes"])
    given = ["--positives", str(tmp_path / "pos.bed"), "--negatives", str(folder / "neg.fa")] if files else [str(tmp_path / "all.bed")]
    out = tmp_path / "a"
    assert motifs(folder, *given, "--genome", str(tmp_path / "genome.fa"), "--out", str(out), "--quiet") == 0
    sites = [line.split("\t") for line in (out / "sites.bed").read_text().splitlines() if not line.startswith("#")]
    assert {row[5] for row in sites} == {"+", "-"}
    for name, start, end, _, _, strand, bases in sites:
        there = encode_bases(contig[int(start) : int(end)])
        assert (name, decode_bases(reverse_complement(there) if strand == "-" else there)) == ("chr1", bases)
    plain = tmp_path / "b"
    assert motifs(folder, str(folder / "all.csv"), "--out", str(plain), "--quiet") == 0
    names = [[line for line in (place / "motifs.tsv").read_text().splitlines() if not line.startswith("#")] for place in (out, plain)]
    assert names[0] == names[1]


def test_a_bed_file_without_a_genome_names_a_flag_that_there_is(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.bed").write_text("chr1\t0\t40\tyes\n")
    assert motifs(folder, str(tmp_path / "a.bed"), "--out", str(tmp_path / "a"), "--quiet") == 1
    assert "a BED file needs its genome: add --genome FASTA" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "words", "message"),
    [
        ("logomaker", ["--database", "none"], "the logos of dnabert motifs needs the package logomaker"),
        ("memelite", [], "--database (none leaves the comparison out) needs the package memelite"),
        ("pyjaspar", [], "--database jaspar (none leaves the comparison out) needs the package pyjaspar: install it with  pip install"),
        ("modiscolite", ["--database", "none", "--method", "modisco"], "--method modisco needs the package modisco-lite"),
        ("tangermeme", ["--database", "none", "--negatives", "shuffle"], "--negatives shuffle needs the package tangermeme"),
        (
            "captum",
            ["--database", "none", "--from", "attribution", "--set", "attribution=ig"],
            "--set attribution=ig needs the package captum",
        ),
    ],
)
def test_a_missing_package_is_noticed_before_the_model_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, words: list[str], message: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    given = ["motifs", str(tmp_path / "absent.csv"), "--model", str(tmp_path / "absent"), "--out", str(tmp_path / "a")]
    assert command([*given, *words]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("q", "said"), [(0.009, ", like GATA1 (MA1, q = 0.009)"), (0.39, ", no match at q < 0.01")])
def test_the_log_names_a_match_only_where_it_is_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], q: float, said: str
) -> None:
    known = KnownMotif("MA1", "GATA1", np.eye(4)[[2, 0, 3, 0, 0]])
    monkeypatch.setattr(motif_job, "_database", lambda _: Database("made up", (known,)))
    monkeypatch.setattr(motif_job, "compare", lambda found, _: {name: [Match(known, q / 10, q, 0, 5, False)] for name in found})
    assert motifs(folder, str(folder / "all.csv"), "--out", str(tmp_path / "a"), database="jaspar") == 0
    assert said in capsys.readouterr().err


def test_no_motif_is_a_result_with_a_hint(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    words = [str(folder / "all.csv"), "--set", "min_factor=1000", "--out", str(tmp_path / "a")]
    assert motifs(folder, *words, loose=False) == 0
    record = json.loads((tmp_path / "a" / "diagnostics.json").read_text())
    assert "no base scores above 1000 times the lowest score" in record["hint"]
    assert "No motif was found" in (tmp_path / "a" / "report.html").read_text()
