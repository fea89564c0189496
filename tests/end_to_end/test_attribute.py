"""`dnabert attribute`: the same numbers in every format, a figure, and one line for what cannot be done."""

import json
from pathlib import Path

import numpy as np
import pytest

from dnabert.checkpoint import ModelInfo, load_model, save_model
from dnabert.cli.main import run as command
from dnabert.data.labelled import read_set
from dnabert.device import choose_machine
from dnabert.infer.attribution.scores import attribute_members
from dnabert.infer.ensemble import make_ensemble
from dnabert.model.config import HeadConfig
from tests.toy import save_toy_run, toy_model

EQUAL = ">a\nACGTTGCAAGCT\n>b\nTTGCANGGATCA\n"
RAGGED = ">a\nACGTTGCAAGCT\n>b\nGATTACA\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_run(tmp_path_factory.mktemp("runs"), HeadConfig(task="classify"), labels=("off", "on"))


def _attribute(source: Path, model: Path, out: Path | str, *words: str) -> int:
    return command(["attribute", str(source), "--model", str(model), "--out", str(out), "--device", "cpu", "--quiet", *words])


def _fasta(folder: Path, text: str) -> Path:
    path = folder / "in.fa"
    path.write_text(text)
    return path


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return lines[0], lines[1:]


def test_both_formats_hold_what_the_library_says(tmp_path: Path, model: Path) -> None:
    source = _fasta(tmp_path, EQUAL)
    assert _attribute(source, model, tmp_path / "f.npz") == 0
    assert _attribute(source, model, tmp_path / "f.tsv") == 0
    member = load_model(model)
    data = read_set(source, 3, labels=False)
    wanted = [values for _, values in attribute_members([member], data.sequences, choose_machine("cpu", "float32"), method="ism", output=1)]
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["contributions"].shape == (2, 4, 12)
        assert stored["contributions"] == pytest.approx(np.stack(wanted), abs=1e-6)
        assert stored["ids"].tolist() == ["a", "b"]
        assert stored["sequences"].tolist() == ["ACGTTGCAAGCT", "TTGCANGGATCA"]
        assert str(stored["bases"]) == "ACGT"
        facts = json.loads(str(stored["metadata"]))
    assert facts["score"] == "log-odds of class on"
    assert facts["model_sha256"] == member.sha256
    assert facts["command"].startswith("dnabert attribute ")
    header, rows = _table(tmp_path / "f.tsv")
    assert header == ["id", "position", "base", "score", "A", "C", "G", "T"]
    assert [row[:3] for row in rows[:13]] == [*(["a", str(place), base] for place, base in enumerate("ACGTTGCAAGCT")), ["b", "0", "T"]]
    assert np.array([row[4:] for row in rows], float) == pytest.approx(np.concatenate(wanted, axis=1).T, rel=1e-4, abs=1e-6)
    for row in rows:
        assert float(row[3]) == (0 if row[2] == "N" else float(row[4 + "ACGT".index(row[2])]))


def _head(path: Path) -> dict[str, str]:
    lines = [line.removeprefix("# ").partition(": ") for line in path.read_text().splitlines() if line.startswith("#")]
    return {name: value for name, _, value in lines}


@pytest.mark.parametrize(("stranded", "resolved"), [(True, "forward"), (False, "both")])
def test_what_was_left_open_is_recorded_as_it_was_settled(tmp_path: Path, stranded: bool, resolved: str) -> None:
    head = HeadConfig(task="classify")
    save_model(tmp_path / "run", toy_model(head), ModelInfo(head=head, labels=("off", "on"), stranded=stranded))
    source = _fasta(tmp_path, RAGGED)
    assert _attribute(source, tmp_path / "run", tmp_path / "f.tsv", "--method", "ig", "--set", "ig_steps=3") == 0
    facts = _head(tmp_path / "f.tsv")
    assert (facts["strand"], facts["ig steps"], facts["device"], facts["dtype"]) == (resolved, "3", "cpu", "float32")
    assert _attribute(source, tmp_path / "run", tmp_path / "f.npz", "--dtype", "bfloat16") == 0
    with np.load(tmp_path / "f.npz") as stored:
        record = json.loads(str(stored["metadata"]))
    assert (record["strand"], record["config"]["strand"], record["dtype"]) == (resolved, "auto", "bfloat16")
    assert "ig_steps" not in record  # ism has none


def test_an_ensemble_of_both_kinds_says_how_many_read_both_strands(tmp_path: Path) -> None:
    head = HeadConfig(task="classify")
    for name, stranded in (("a", True), ("b", False)):
        save_model(tmp_path / name, toy_model(head), ModelInfo(head=head, labels=("off", "on"), stranded=stranded))
    make_ensemble([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert _attribute(_fasta(tmp_path, RAGGED), tmp_path / "both", tmp_path / "f.tsv", "--method", "gradient") == 0
    assert _head(tmp_path / "f.tsv")["strand"] == "both (1 of 2 members), forward (the others)"


@pytest.mark.parametrize(
    ("package", "words", "purpose"),
    [
        ("logomaker", ["--plot", "f.png"], "a figure of letters"),
        ("logomaker", ["--plot", "f.png", "--set", "plot.kind=logo"], "a figure of letters"),
        ("tangermeme", ["--method", "gradient"], "attribution by gradients"),
        ("captum", ["--method", "ig"], "attribution by integrated gradients"),
    ],
)
def test_a_missing_package_is_named_before_the_model_is_loaded(
    tmp_path: Path, package: str, words: list[str], purpose: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for module in ("dnabert.infer.attribution.gradients", "dnabert.plot.bases.saliency"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None if name == package else object())
    assert _attribute(_fasta(tmp_path, EQUAL), tmp_path / "no-such-model", tmp_path / "f.npz", *words) == 1
    message = f"{purpose} needs the package {package}: install it with  pip install 'dnabert[interpret]'"
    assert message in capsys.readouterr().err


def test_a_map_needs_no_package_of_letters(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnabert.plot.bases.saliency.find_spec", lambda _: None)
    words = ["--plot", str(tmp_path / "f.png"), "--set", "plot.kind=map"]
    assert _attribute(_fasta(tmp_path, EQUAL), model, tmp_path / "f.npz", *words) == 0


def test_sequences_of_unequal_length_stand_one_after_the_other(tmp_path: Path, model: Path) -> None:
    assert _attribute(_fasta(tmp_path, RAGGED), model, tmp_path / "f.npz", "--method", "gradient") == 0
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["offsets"].tolist() == [0, 12, 19]
        assert stored["contributions"].shape == (19, 4)
        assert stored["contributions"].sum(1) == pytest.approx(np.zeros(19), abs=1e-5)


@pytest.mark.parametrize("kind", ["both", "map", "logo"])
def test_a_figure_shows_the_part_that_was_asked_for(tmp_path: Path, model: Path, kind: str) -> None:
    words = ["--set", "plot.id=b", "--set", "plot.start=2", "--set", "plot.end=9", "--set", f"plot.kind={kind}", "--method", "ig"]
    words += ["--set", "ig_steps=4", "--plot", str(tmp_path / "f.svg")]
    assert _attribute(_fasta(tmp_path, EQUAL), model, tmp_path / "f.tsv", *words) == 0
    text = (tmp_path / "f.svg").read_text()
    assert "log-odds of class on" in text
    assert "Position in the sequence" in text


def test_the_other_class_has_the_opposite_contributions(tmp_path: Path, model: Path) -> None:
    found = []
    for name in ("on", "off"):
        assert _attribute(_fasta(tmp_path, EQUAL), model, tmp_path / f"{name}.npz", "--class", name) == 0
        found.append(np.load(tmp_path / f"{name}.npz")["contributions"])
    assert found[0] == pytest.approx(-found[1], abs=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--class", "maybe"], "--class maybe: the model knows no such class; it has off, on"),
        (["--plot", "f.html"], "f.html: a figure is written as .png, .svg, .pdf; end the name so"),
        (["--plot", "f.png", "--set", "plot.id=c"], "plot.id c: "),
        (["--plot", "f.png", "--set", "plot.start=5", "--set", "plot.end=40"], "a has 12 bases; 0 <= start < end <= 12"),
        (["--set", "ig_step=3"], "did you mean ig_steps?"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, model: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _attribute(_fasta(tmp_path, EQUAL), model, tmp_path / "f.npz", *words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "f.npz").exists()


def test_other_endings_and_places_that_are_taken_are_refused(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _fasta(tmp_path, EQUAL)
    assert _attribute(source, model, tmp_path / "f.csv") == 1
    assert "contributions are written as .npz or .tsv; end the name so, or give - for a TSV on stdout" in capsys.readouterr().err
    (tmp_path / "f.tsv").write_text("mine")
    assert _attribute(source, model, tmp_path / "f.tsv") == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "f.tsv").read_text() == "mine"


def test_sequences_beyond_the_window_are_told_of(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _fasta(tmp_path, ">long\n" + "ACGTA" * 120 + "\n")
    assert _attribute(source, model, tmp_path / "f.npz", "--method", "gradient") == 0
    assert "1 of 1 sequences are longer than 512 bases; what is beyond is not read and contributes 0" in capsys.readouterr().err
    values = np.load(tmp_path / "f.npz")["contributions"]
    assert values.shape == (1, 4, 600)
    assert (values[:, :, 512:] == 0).all()


def test_token_models_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = save_toy_run(tmp_path, HeadConfig(task="token"))
    assert _attribute(_fasta(tmp_path, EQUAL), run, tmp_path / "f.npz") == 1
    assert "attribution explains one answer for one sequence, and this model answers for every base" in capsys.readouterr().err
