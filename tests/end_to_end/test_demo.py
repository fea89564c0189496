"""The demo, small: everything it promises is there, and the same seed gives the same bytes."""

import hashlib
import json
from pathlib import Path

import pytest

from dnabert.cli.main import run as command
from tests.toy import save_toy_run

SETTINGS = [
    "start_from=",
    "simulation.contig_bp=40000",
    "simulation.num_promoters=24",
    "simulation.num_contigs=3",
    "pretrain.steps=3",
    "pretrain.batch_size=8",
    "pretrain.valid_windows=8",
    "pretrain.model.num_layers=2",
    "pretrain.model.hidden_size=32",
    "pretrain.model.num_heads=4",
    "pretrain.model.intermediate_size=64",
    "finetune.epochs=1",
]


def _demo(out: Path, *more: str) -> int:
    words = ["demo", "--out", str(out), "--device", "cpu", "--dtype", "float32", "--quiet"]
    return command([*words, *(word for text in (*SETTINGS, *more) for word in ("--set", text))])


def test_demo_tells_the_whole_story_and_repeats_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert _demo(Path("demo")) == 0
    first = tmp_path / "first" / "demo"
    assert {"simulation", "pretrained", "finetuned", "predictions.tsv", "report.html", "model-report.html"} <= {
        path.name for path in first.iterdir()
    }
    assert json.loads((first / "finetuned" / "metrics.json").read_text())["test"]["n"] > 0
    for name in ("simulation/genome.fa", "pretrained/model.safetensors", "finetuned/model.safetensors", "predictions.tsv"):
        digests = {hashlib.sha256((tmp_path / run / "demo" / name).read_bytes()).hexdigest() for run in ("first", "second")}
        assert len(digests) == 1, name


def test_demo_begins_with_a_pretrained_model_and_shows_what_it_is_worth(tmp_path: Path) -> None:
    model = save_toy_run(tmp_path, kmer=4)
    assert _demo(tmp_path / "demo", f"start_from={model}") == 0
    record = json.loads((tmp_path / "demo" / "pretrained" / "run.json").read_text())
    assert record["model"]["directory"] == str(model)
    assert record["config"]["model"]["kmer"] == 4  # the sizes are those of the model
    report = (tmp_path / "demo" / "report.html").read_text()
    assert f"The model <code>{model.name}</code>, pre-trained before on other DNA," in report
    assert "DNABERT from random weights" in report


def test_demo_does_not_touch_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine").write_text("precious")
    assert _demo(tmp_path / "demo") == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "demo" / "mine").read_text() == "precious"
