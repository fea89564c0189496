"""Slices of the real data sets run through the command line; skipped with a reason where the data folder is absent."""

import gzip
import json
import os
from pathlib import Path

import pytest

from dnabert.cli.main import run as command

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
TINY = ["model.num_layers=2", "model.hidden_size=32", "model.num_heads=4", "model.intermediate_size=64"]

pytestmark = pytest.mark.realdata


def _data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds {name}")
    return path


def _slice(source: Path, target: Path, rows: int) -> Path:
    """The header and ``rows`` evenly spread rows."""
    with gzip.open(source, "rt") as handle:
        header, *lines = handle.readlines()
    target.write_text(header + "".join(lines[:: len(lines) // rows][:rows]))
    return target


@pytest.fixture
def pretrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model after 4 steps on the mini genome."""
    genome, split = _data("human/lrg_hg38.fa.gz"), _data("human/lrg_hg38.contigs.tsv")
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path / "cache"))
    run = tmp_path / "pretrained"
    settings = [*TINY, "batch_size=8", "valid_windows=8", "corpus.max_tokens=100"]
    words = ["pretrain", str(genome), "--split", str(split), "--out", str(run), "--kmer", "3", "--steps", "4", "--quiet"]
    assert command([*words, *(word for text in settings for word in ("--set", text))]) == 0
    return run


def test_genome_is_pretrained_on_its_training_contigs_only(pretrained: Path) -> None:
    facts = json.loads((pretrained / "run.json").read_text())
    assert (len(facts["train_contigs"]), len(facts["valid_contigs"])) == (437, 55)
    assert json.loads((pretrained / "metrics.json").read_text())["valid"]["hidden_bases"] > 20
    assert "38,038,300 bases" in json.loads((pretrained / "config.json").read_text())["dnabert"]["trained_on"]


@pytest.mark.parametrize(("task", "flag"), [("prom_core_tata", "--stranded"), ("tf/0", "--no-stranded")])
def test_labelled_set_is_fine_tuned_and_tested(pretrained: Path, tmp_path: Path, task: str, flag: str) -> None:
    parts = [_slice(_data(f"gue/{task}/{name}.csv.gz"), tmp_path / f"{name}.csv", 120) for name in ("train", "dev", "test")]
    run = tmp_path / "run"
    words = ["--train", str(parts[0]), "--valid", str(parts[1]), "--test", str(parts[2]), "--model", str(pretrained), flag]
    assert command(["finetune", *words, "--out", str(run), "--epochs", "1", "--quiet"]) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["n"] == metrics["valid"]["n"] == 120
    assert 0 <= metrics["test"]["auroc"] <= 1
    assert metrics["test_intervals"]["auroc"][0] <= metrics["test"]["auroc"] <= metrics["test_intervals"]["auroc"][1]
