"""`dnabert export`: what is given away answers as the run does, says what it is made of, and transformers loads it."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertForMaskedLM

from dnabert.checkpoint import load_model
from dnabert.cli.main import run as command
from dnabert.model.config import HeadConfig
from tests.toy import save_toy_run

GENOME = "".join(f">c{number}\n{'ACGTTGCAGGATC' * 40}\n" for number in range(3))
SMALL = [
    "--set",
    "model.num_layers=1",
    "--set",
    "model.hidden_size=16",
    "--set",
    "model.num_heads=2",
    "--set",
    "model.intermediate_size=16",
]


def _export(model: Path, out: Path, *words: str) -> int:
    return command(["export", "--model", str(model), "--out", str(out), "--quiet", *words])


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    (folder / "genome.fa").write_text(GENOME)
    words = ["--set", "batch_size=4", "--set", "corpus.max_tokens=30", "--set", "eval_every=2", "--set", "corpus.short_share=0.5"]
    words += ["--set", "corpus.short_tokens=10", "--device", "cpu", "--kmer", "3", "--steps", "4", "--quiet", *SMALL]
    assert command(["pretrain", str(folder / "genome.fa"), "--out", str(folder / "run"), "--set", "valid_fraction=0.4", *words]) == 0
    return folder / "run"


def test_bfloat16_weights_are_the_rounded_ones_and_take_half_the_room(pretrained: Path, tmp_path: Path) -> None:
    assert _export(pretrained, tmp_path / "small", "--dtype", "bfloat16") == 0
    assert _export(pretrained, tmp_path / "exact") == 0
    small, exact, source = (load_file(folder / "model.safetensors") for folder in (tmp_path / "small", tmp_path / "exact", pretrained))
    assert all(torch.equal(exact[name], tensor) for name, tensor in source.items())
    assert all(torch.equal(small[name], tensor.bfloat16()) for name, tensor in source.items())
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (tmp_path / "small", tmp_path / "exact")]
    assert 0.4 < sizes[0] / sizes[1] < 0.7
    read = load_model(tmp_path / "small").model
    assert {weight.dtype for weight in read.parameters()} == {torch.float32}


def test_transformers_loads_what_is_given_away(pretrained: Path, tmp_path: Path) -> None:
    assert _export(pretrained, tmp_path / "out", "--dtype", "bfloat16") == 0
    theirs = BertForMaskedLM.from_pretrained(tmp_path / "out", dtype=torch.float32).eval()
    ours = load_model(tmp_path / "out").model
    ids = torch.tensor([AutoTokenizer.from_pretrained(tmp_path / "out")("ACGTTGCAGG")["input_ids"]])
    with torch.inference_mode():
        assert torch.allclose(theirs(ids).logits[0], ours(ids, positions=torch.arange(ids.numel())).logits, atol=1e-5)


def test_the_card_says_what_the_model_is_made_of(pretrained: Path, tmp_path: Path) -> None:
    out = tmp_path / "dnabert-3-toy"
    assert _export(pretrained, out, "--license", "Apache-2.0", "--note", "Only three toy contigs.") == 0
    card = (out / "README.md").read_text()
    digest = hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()
    genome = hashlib.sha256(GENOME.encode()).hexdigest()
    tokens = json.loads((pretrained / "metrics.json").read_text())["tokens"]
    for text in (
        "license: apache-2.0",
        "# dnabert-3-toy",
        "Only three toy contigs.",
        "--model dnabert-3-toy",
        f"`{digest}`",
        f"| genome.fa | `{genome}` |",
        "| steps | 4 |",
        f"| k-mers read | {tokens:,} |",
        "in the first 50% of the steps at most 10",
        "512 bases",
    ):
        assert text in card, text
    assert str(pretrained.parent) not in card
    assert re.search(r"\| 4 \| \d", card)  # the last validation
    assert (out / "curve.svg").read_text().startswith("<?xml")


def test_a_model_without_a_record_has_a_card_too(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path, HeadConfig(task="classify"), labels=("off", "on"))
    assert _export(run, tmp_path / "given") == 0
    card = (tmp_path / "given" / "README.md").read_text()
    assert "| outputs | off, on |" in card
    assert "dnabert predict" in card
    assert "## Training" not in card
    assert "license" not in card
    assert not (tmp_path / "given" / "curve.svg").exists()


def test_what_cannot_be_exported_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert _export(tmp_path / "empty", tmp_path / "out") == 1
    assert "holds no model.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    run = save_toy_run(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("kept")
    assert _export(run, tmp_path / "taken", "--force") == 1
    assert (tmp_path / "taken" / "mine.txt").read_text() == "kept"
