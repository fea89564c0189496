"""`dnabert attention`: files in every form, figures, and each thing that cannot be done said in one line."""

import json
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from dnabert.checkpoint import ModelInfo, load_model, save_model
from dnabert.cli.jobs.attention.results import AttentionResults
from dnabert.cli.main import run as command
from dnabert.infer.attention.sets import LandscapeSum
from dnabert.infer.ensemble import make_ensemble
from dnabert.model.config import HeadConfig
from tests.toy import save_toy_run, toy_config, toy_model

HEAD = HeadConfig(task="classify")
TABLE = "id,sequence,label\na,ACGTTGCANC,1\nb,GGGTTTACCA,0\nc,TTACGACGTA,1\n"
GENOME = ">chr2\n" + "ACGTTGCAAC" * 8 + "\n>chr1\n" + "GGATCCATTA" * 6 + "\n"
BED = "chr1\t10\t30\tx\t0\t+\nchr2\t0\t20\ty\t0\t-\nchr1\t25\t40\tz\t0\t+\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_run(tmp_path_factory.mktemp("model"), HEAD)


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "odd.fa").write_text(">a\nACGTTGCA\n>b\nACGTTGCAC\n")
    (tmp_path / "one.fa").write_text(">a\nACGTTGCAGGATTA\n")
    (tmp_path / "short.fa").write_text(">tiny\nAC\n")
    (tmp_path / "g.fa").write_text(GENOME)
    (tmp_path / "r.bed").write_text(BED)
    return tmp_path


def _attention(model: Path, *words: str) -> int:
    return command(["attention", *words, "--model", str(model), "--device", "cpu", "--dtype", "float32", "--quiet"])


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return lines[0], lines[1:]


def test_a_table_has_a_line_for_each_base_and_a_column_for_each_head(inputs: Path, model: Path) -> None:
    assert _attention(model, "t.csv", "--out", "o.tsv", "--per-head", "--heads", "0,3", "--layer", "0") == 0
    header, rows = _rows(inputs / "o.tsv")
    assert header == ["id", "position", "base", "score", "head0", "head3"]
    assert "".join(row[2] for row in rows) == "ACGTTGCANCGGGTTTACCATTACGACGTA"
    assert [row[1] for row in rows[:11]] == [*map(str, range(10)), "0"]
    scores = np.array([row[3:] for row in rows], dtype=float).reshape(3, 10, 3)
    np.testing.assert_allclose(scores[..., 1:].sum(-1), scores[..., 0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(scores[..., 0], axis=1), 1, atol=1e-5)
    head = (inputs / "o.tsv").read_text().splitlines()[:6]
    assert head[1].startswith("# command: dnabert attention t.csv --out o.tsv")
    assert head[2] == f"# model sha256: {load_model(model).sha256}"
    assert head[4] == "# attention: cls, layer 0, heads 0,3, strand forward, L2-normalised"


def test_an_archive_holds_what_the_table_holds(inputs: Path, model: Path) -> None:
    assert _attention(model, "t.csv", "--out", "o.tsv", "--per-head") == 0
    assert _attention(model, "t.csv", "--out", "o.npz", "--per-head", "--set", "probabilities=true") == 0
    _, rows = _rows(inputs / "o.tsv")
    with np.load(inputs / "o.npz") as found:
        assert found["ids"].tolist() == ["a", "b", "c"]
        assert found["offsets"].tolist() == [0, 10, 20, 30]
        np.testing.assert_allclose(found["scores"], [float(row[3]) for row in rows], rtol=1e-4)
        np.testing.assert_allclose(found["head_scores"], [[float(value) for value in row[4:]] for row in rows], rtol=1e-4)
        assert b"".join(found["bases"]).decode() == "".join(row[2] for row in rows)
        np.testing.assert_allclose(found["predictions"].sum(1), 1, atol=1e-6)
        facts = json.loads(str(found["metadata"]))
    assert facts["model sha256"] == load_model(model).sha256
    assert (facts["kmers"], facts["heads"], facts["settings"]["layer"]) == ([3], [0, 1, 2, 3], -1)


def test_every_form_says_in_what_and_where_it_was_computed_and_that_is_float32(
    inputs: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnabert.device._has_fast_bfloat16", lambda _: True)
    for name in ("o.tsv", "o.npz", "o.bedGraph", "o.bw"):
        words = ["attention", "r.bed", "--genome", "g.fa", "--model", str(model), "--out", name, "--device", "cpu", "--quiet"]
        assert command(words) == 0
    for name in ("o.tsv", "o.bedGraph"):
        assert {"# device: cpu", "# dtype: float32"} <= set((inputs / name).read_text().splitlines())
    with np.load(inputs / "o.npz") as found:
        records = [json.loads(str(found["metadata"])), json.loads((inputs / "o.bw.json").read_text())]
    for record in records:
        assert (record["device"], record["dtype"], record["model sha256"]) == ("cpu", "float32", load_model(model).sha256)
        assert record["command"].startswith("dnabert attention r.bed")


def test_the_record_of_a_bigwig_is_never_written_over(inputs: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "o.bw.json").write_text("mine")
    assert _attention(model, "r.bed", "--genome", "g.fa", "--out", "o.bw") == 1
    assert "o.bw.json: exists already" in capsys.readouterr().err
    assert not (inputs / "o.bw").exists()
    assert _attention(model, "r.bed", "--genome", "g.fa", "--out", "o.bw", "--force") == 0


def test_a_track_leaves_each_sequence_its_label(inputs: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inputs / "r.bed").write_text("chr1\t20\t40\tx\t0\t+\nchr2\t0\t20\ty\t0\t-\nchr1\t5\t25\ty\t0\t+\n")
    drawn: list[dict[str, list[float]]] = []
    figure = AttentionResults.mean_figure

    def noted(self: AttentionResults, sums: dict[str, LandscapeSum]) -> Figure:
        drawn.append({label: one.result.mean.tolist() for label, one in sums.items()})
        return figure(self, sums)

    monkeypatch.setattr(AttentionResults, "mean_figure", noted)
    for name in ("o.tsv", "o.bw"):
        words = ["--out", name, "--plot", f"{name}.svg", "--set", "plot.by_label=true"]
        assert _attention(model, "r.bed", "--genome", "g.fa", *words) == 0
    assert drawn[0].keys() == drawn[1].keys() == {"x", "y"}
    for label, mean in drawn[0].items():
        np.testing.assert_allclose(drawn[1][label], mean, rtol=1e-5)


def test_tracks_are_in_genome_order_with_the_mean_where_regions_overlap(inputs: Path, model: Path) -> None:
    for name in ("o.tsv", "o.bedGraph", "o.bw"):
        assert _attention(model, "r.bed", "--genome", "g.fa", "--out", name) == 0
    _, rows = _rows(inputs / "o.tsv")
    first, second, third = (np.array([float(row[3]) for row in rows if row[0] == name]) for name in dict.fromkeys(row[0] for row in rows))
    expected = np.zeros(30)
    expected[:20] += first
    expected[15:] += third
    expected[15:20] /= 2
    with pyBigWig.open(str(inputs / "o.bw")) as track:
        assert list(track.chroms().items()) == [("chr2", 80), ("chr1", 60)]
        np.testing.assert_allclose(track.values("chr1", 10, 40), expected, rtol=1e-4)
        np.testing.assert_allclose(track.values("chr2", 0, 20), second[::-1], rtol=1e-4)  # read on the - strand
        assert np.isnan(track.values("chr1", 0, 10)).all()
    lines, more = _rows(inputs / "o.bedGraph")
    assert lines[:2] == ["chr2", "0"]
    values = {(row[0], place): float(row[3]) for row in [lines, *more] for place in range(int(row[1]), int(row[2]))}
    assert [place for contig, place in values if contig == "chr1"] == list(range(10, 40))
    np.testing.assert_allclose([values["chr1", place] for place in range(10, 40)], expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("source", "ending", "settings"),
    [
        ("one.fa", "png", []),
        ("t.csv", "svg", ["plot.id=b"]),
        ("t.csv", "pdf", ["plot.id=b", "plot.kind=heads"]),
        ("t.csv", "svg", ["plot.id=b", "plot.kind=landscape", "plot.anchor=4"]),
        ("t.csv", "svg", ["plot.anchor=4"]),
        ("t.csv", "svg", ["plot.by_label=true"]),
        ("odd.fa", "html", ["plot.anchor=4"]),
        ("odd.fa", "html", ["plot.max_sequences=1", "strand=both"]),
        ("t.csv", "html", ["method=rollout", "plot.id=b"]),
    ],
)
def test_every_figure_is_written(inputs: Path, model: Path, source: str, ending: str, settings: list[str]) -> None:
    words = [word for text in settings for word in ("--set", text)]
    assert _attention(model, source, "--out", "o.tsv", "--plot", f"f.{ending}", *words) == 0
    content = (inputs / f"f.{ending}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!DOCTYPE html>"}[ending])
    if "plot.by_label=true" in settings:
        assert b"label 1 (n = 2)" in content


def test_one_sequence_by_rollout_is_a_landscape_because_it_has_no_heads(inputs: Path, model: Path) -> None:
    assert _attention(model, "one.fa", "--out", "o.tsv", "--plot", "f.svg", "--method", "rollout") == 0
    text = (inputs / "f.svg").read_text()
    assert "Rollout score" in text
    assert "head 0" not in text


def test_a_pretrained_model_has_attention_and_no_answers(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretrained = save_toy_run(tmp_path)
    assert _attention(pretrained, "t.csv", "--out", "o.tsv", "--per-head", "--plot", "f.html") == 0
    assert "is pre-trained and has no task: nothing was ever read from its [CLS]" in capsys.readouterr().err
    assert len(_rows(inputs / "o.tsv")[1]) == 30
    assert "probability" not in (inputs / "f.html").read_text()
    assert _attention(pretrained, "one.fa", "--out", "r.npz", "--method", "rollout", "--layer", "0") == 0
    assert _attention(pretrained, "one.fa", "--out", "m.tsv", "--plot", "m.svg") == 0
    assert "head 3" in (inputs / "m.svg").read_text()
    capsys.readouterr()
    assert _attention(pretrained, "t.csv", "--out", "p.npz", "--set", "probabilities=true") == 1
    assert "is pre-trained and answers nothing: leave out probabilities=true" in capsys.readouterr().err


def test_an_ensemble_is_read_as_one(inputs: Path, tmp_path: Path) -> None:
    make_ensemble([save_toy_run(tmp_path, HEAD, kmer=kmer) for kmer in (3, 4)], tmp_path / "both")
    assert _attention(tmp_path / "both", "t.csv", "--out", "o.tsv", "--plot", "f.html", "--strand", "both") == 0
    assert "summed over 2 models, mean of both strands." in (inputs / "f.html").read_text()
    assert len(_rows(inputs / "o.tsv")[1]) == 30


def test_flat_attention_is_told_of(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat = toy_model(HEAD)
    with torch.no_grad():
        for part in flat.encoder.blocks[-1].modules():
            if isinstance(part, nn.Linear):
                part.weight.zero_()
    (tmp_path / "flat").mkdir()
    save_model(tmp_path / "flat", flat, ModelInfo(head=HEAD, labels=("0", "1")))
    assert _attention(tmp_path / "flat", "t.csv", "--out", "o.tsv", "--plot", "f.svg") == 0
    message = "3 of 3 sequences have the same score at every base: this attention says nothing of them; try another --layer or --heads"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("t.csv --out o.txt", "o.txt: scores are written as .tsv, .npz, .bedGraph or .bw: end the name so, or give - for a TSV on stdout"),
        ("t.csv --out o.bw", "t.csv: o.bw is a track along a genome, which needs regions: give a BED file and its --genome"),
        ("r.bed --out o.bedGraph", "r.bed: o.bedGraph is a track along a genome, which needs regions: give a BED file and its --genome"),
        ("r.bed --genome g.fa --out o.bw --per-head", "o.bw: a track holds one score for each base: leave out --per-head"),
        (
            "t.csv --out o.tsv --set probabilities=true",
            "probabilities are written to .npz, not to o.tsv: write .npz, or use dnabert predict",
        ),
        ("t.csv --out o.tsv --plot f.jpg", "f.jpg: a figure is written as .html, .png, .svg or .pdf: end the name so"),
        *(
            (
                f"t.csv --out o.tsv --method rollout --plot f.png --set plot.id=a --set plot.kind={kind}",
                f"plot.kind={kind} is for --method cls: rollout mixes the heads in every layer; use plot.kind=landscape",
            )
            for kind in ("maps", "heads")
        ),
        ("t.csv --out o.tsv --layer 5", "layer is 5: this model has layers 0 to 1, or -1 to -2 from the last"),
        ("t.csv --out o.tsv --heads 1,9", "heads has 9: this model has heads 0 to 3"),
        ("t.csv --out o.tsv --heads one", "--heads: heads"),
        ("short.fa --out o.tsv", "short.fa: tiny: 2 bases are fewer than k = 3; leave it out or use a model of smaller k"),
        ("odd.fa --out o.tsv --plot f.png", "b: 9 bases, and the sequences before have 8: a mean landscape needs equal lengths"),
        ("t.csv --out o.tsv --plot f.png --set plot.id=z", "plot.id: no sequence is called 'z'; the first is called 'a'"),
        (
            "t.csv --out o.tsv --plot f.png --set plot.kind=maps",
            "this figure is of one sequence, and there are 3: name one with --set plot.id=a",
        ),
        (
            "odd.fa --out o.tsv --plot f.html --set plot.anchor=8",
            "plot.anchor is 8, and a sequence has 8 bases: 0 to 7 can be the anchor",
        ),
        ("t.csv --out f.html --plot f.html", "f.html: scores are written as"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_written(
    inputs: Path, model: Path, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in inputs.iterdir())
    assert _attention(model, *words.split()) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in inputs.iterdir() if not path.name.endswith(".fai")) == before


def test_a_pair_model_and_heads_of_an_ensemble_are_refused(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _attention(save_toy_run(tmp_path, HeadConfig(task="pair")), "t.csv", "--out", "o.tsv") == 1
    assert "is a pair model, which reads two sequences at once" in capsys.readouterr().err
    make_ensemble([save_toy_run(tmp_path, HEAD, kmer=kmer) for kmer in (3, 4)], tmp_path / "both")
    assert (
        _attention(tmp_path / "both", "t.csv", "--out", "o.tsv", "--plot", "f.svg", "--set", "plot.kind=heads", "--set", "plot.id=a") == 1
    )
    assert "plot.kind=heads shows heads of one model, and an ensemble has 2: give one of them, such as" in capsys.readouterr().err


def test_too_many_labels_cannot_be_told_apart(inputs: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "many.csv").write_text("sequence,label\n" + "".join(f"ACGTACGT,{number}\n" for number in range(9)))
    assert _attention(model, "many.csv", "--out", "o.tsv", "--plot", "f.svg", "--set", "plot.by_label=true") == 1
    assert "plot.by_label: 9 labels are more than the 8 curves that can be told apart" in capsys.readouterr().err


def test_a_sequence_beyond_the_window_needs_chunks(inputs: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "long.fa").write_text(">long\n" + "ACGTTGCAGG" * 60 + "\n")
    assert _attention(model, "long.fa", "--out", "o.tsv") == 1
    assert "long: 600 bases are more than the 512 that this model reads at once" in capsys.readouterr().err
    head = HeadConfig(task="classify", chunk_pooling="mean")
    (tmp_path / "chunks").mkdir()
    save_model(tmp_path / "chunks", toy_model(head, toy_config()), ModelInfo(head=head, labels=("0", "1")))
    assert _attention(tmp_path / "chunks", "long.fa", "--out", "o.tsv") == 0
    assert len(_rows(inputs / "o.tsv")[1]) == 600
