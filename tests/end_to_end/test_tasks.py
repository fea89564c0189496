"""Every kind of task from table to predictions, through the command line, on data with a planted signal."""

import csv
import json
import random
from pathlib import Path

import pytest

from dnabert.cli.main import run as command
from dnabert.train import config as train_config
from dnabert.train.finetune import FinetuneJob
from tests.toy import toy_config


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models from random weights are toys here."""
    monkeypatch.setattr(train_config, "preset", lambda _name, kmer: toy_config(kmer))


def _dna(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("ACGT", k=length))


def _planted(rng: random.Random, motif: str, length: int) -> str:
    sequence = _dna(rng, length)
    place = rng.randrange(length - len(motif))
    return sequence[:place] + motif + sequence[place + len(motif) :]


def _write(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return path


def _run(*words: str | Path) -> int:
    return command([*(str(word) for word in words), "--quiet"])


def _train(folder: Path, task: str, train: Path, valid: Path, *flags: str) -> dict[str, dict[str, float]]:
    words = ["--task", task, "--kmer", "3", "--lr", "0.003", "--device", "cpu", "--dtype", "float32", *flags]
    assert _run("finetune", "--train", train, "--valid", valid, "--test", valid, "--out", folder / "run", *words) == 0
    metrics: dict[str, dict[str, float]] = json.loads((folder / "run" / "metrics.json").read_text())
    assert metrics["valid"] == metrics["test"]
    return metrics


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return lines[0], lines[1:]


MOTIFS = {"none": "", "tata": "TATAAATA", "gc": "GGGCGGGG"}


def _classes(path: Path, names: list[str], count: int, seed: int) -> Path:
    rng = random.Random(seed)
    return _write(path, ["sequence", "label"], [[_planted(rng, MOTIFS[name], 40), name] for name in names * count])


@pytest.mark.parametrize("names", [["none", "tata"], ["none", "tata", "gc"]])
def test_classes_are_learned_and_predicted(tmp_path: Path, names: list[str]) -> None:
    train, valid = _classes(tmp_path / "train.csv", names, 100, 0), _classes(tmp_path / "valid.csv", names, 40, 1)
    metrics = _train(tmp_path, "classify", train, valid, "--epochs", "6", "--pooling", "mean")
    assert metrics["valid"]["auroc"] > 0.9
    assert {"accuracy", "f1", "mcc", "auroc", "auprc", "precision", "recall", "n"} == set(metrics["valid"])
    assert _run("predict", valid, "--model", tmp_path / "run", "--out", tmp_path / "p.tsv", "--dtype", "float32") == 0
    header, rows = _table(tmp_path / "p.tsv")
    assert header == ["id", *(f"prob_{name}" for name in sorted(names))]
    assert [row[0] for row in rows] == [f"row{number}" for number in range(1, len(rows) + 1)]
    assert all(sum(map(float, row[1:])) == pytest.approx(1, abs=1e-4) for row in rows)
    _, kept = _table(tmp_path / "run" / "predictions.tsv")
    assert [row[2:] for row in kept] == [row[1:] for row in rows]


def test_several_labels_are_learned(tmp_path: Path) -> None:
    rng = random.Random(2)

    def table(path: Path, count: int) -> Path:
        rows = []
        for number in range(count):
            tata, gc = number % 2, number // 2 % 2
            sequence = (_planted(rng, "TATAAATA", 20) if tata else _dna(rng, 20)) + (_planted(rng, "GGGCGGGG", 20) if gc else _dna(rng, 20))
            rows.append([sequence, ";".join(["tata"] * tata + ["gc"] * gc) or "none"])
        return _write(path, ["sequence", "label"], rows)

    metrics = _train(
        tmp_path, "multilabel", table(tmp_path / "t.csv", 240), table(tmp_path / "v.csv", 60), "--epochs", "6", "--pooling", "max"
    )
    assert metrics["valid"]["auroc"] > 0.8


def test_values_are_learned_and_come_back_in_their_unit(tmp_path: Path) -> None:
    rng = random.Random(3)

    def table(path: Path, count: int) -> Path:
        rows = []
        for _ in range(count):
            share = rng.random()
            sequence = "".join(rng.choices("ACGT", weights=[1 - share, share, share, 1 - share], k=40))
            rows.append([sequence, str(100 + 20 * (sequence.count("G") + sequence.count("C")) / 40)])
        return _write(path, ["sequence", "label"], rows)

    metrics = _train(
        tmp_path, "regress", table(tmp_path / "t.csv", 300), table(tmp_path / "v.csv", 60), "--epochs", "6", "--pooling", "mean"
    )
    assert metrics["valid"]["spearman"] > 0.9
    assert metrics["valid"]["mae"] < 3
    header, rows = _table(tmp_path / "run" / "predictions.tsv")
    assert header == ["id", "label", "value"]
    assert all(90 < float(row[2]) < 130 for row in rows)


@pytest.mark.parametrize("level", ["base", "kmer"])
def test_every_base_or_kmer_gets_its_class(tmp_path: Path, level: str) -> None:
    rng = random.Random(4)

    def table(path: Path, count: int) -> Path:
        rows = []
        for _ in range(count):
            sequence = _dna(rng, rng.randrange(20, 30))
            wanted = sequence if level == "base" else sequence[:-2]
            rows.append([sequence, "".join("1" if base in "GC" else "0" for base in wanted)])
        return _write(path, ["sequence", "label"], rows)

    metrics = _train(
        tmp_path,
        "token",
        table(tmp_path / "t.csv", 200),
        table(tmp_path / "v.csv", 20),
        "--epochs",
        "4",
        "--set",
        f"head.token_level={level}",
    )
    assert metrics["valid"]["accuracy"] > 0.95
    header, rows = _table(tmp_path / "run" / "predictions.tsv")
    assert header == ["id", "position", "prob_0", "prob_1"]
    assert len(rows) == metrics["valid"]["n"]


def test_pairs_are_learned(tmp_path: Path) -> None:
    rng = random.Random(5)

    def table(path: Path, count: int) -> Path:
        rows = []
        for number in range(count):
            motifs = ("TATAAATA", "GGGCGGGG") if number % 2 else ("GGGCGGGG", "TATAAATA")
            rows.append([_planted(rng, motifs[0], 20), _planted(rng, motifs[1], 25), str(number % 2)])
        return _write(path, ["sequence1", "sequence2", "label"], rows)

    train, valid = table(tmp_path / "t.csv", 300), table(tmp_path / "v.csv", 60)
    metrics = _train(tmp_path, "pair", train, valid, "--epochs", "8")
    assert metrics["valid"]["auroc"] > 0.9
    assert _run("evaluate", valid, "--model", tmp_path / "run", "--out", tmp_path / "e.json", "--rounds", "50", "--dtype", "float32") == 0
    assert json.loads((tmp_path / "e.json").read_text())["metrics"] == metrics["valid"]


@pytest.mark.parametrize("pooling", ["mean", "max", "lstm", "attention"])
def test_sequences_longer_than_one_window_are_read_whole(tmp_path: Path, pooling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_config, "preset", lambda _name, kmer: toy_config(kmer, max_positions=66))
    rng = random.Random(6)
    rows = [[_dna(rng, 66 + rng.randrange(1, 150)), str(number % 2)] for number in range(20)]
    table = _write(tmp_path / "t.csv", ["sequence", "label"], rows)
    flags = ["--epochs", "1", "--pooling", "mean", "--set", f"head.chunk_pooling={pooling}", "--batch-size", "8"]
    assert _train(tmp_path, "classify", table, table, *flags)["valid"]["n"] == 20
    changed = [[sequence[:66] + "A" * (len(sequence) - 66), label] for sequence, label in rows]
    found = []
    for name, content in (("t", rows), ("changed", changed), ("first", [[sequence[:66], label] for sequence, label in rows])):
        path = _write(tmp_path / f"{name}.csv", ["sequence", "label"], content)
        assert _run("predict", path, "--model", tmp_path / "run", "--out", tmp_path / f"{name}.tsv", "--dtype", "float32") == 0
        found.append([row[1:] for row in _table(tmp_path / f"{name}.tsv")[1]])
    assert all(whole not in (other, short) for whole, other, short in zip(*found, strict=True))


def test_ensemble_is_the_mean_of_its_members_whatever_their_k(tmp_path: Path) -> None:
    train, valid = _classes(tmp_path / "t.csv", ["none", "tata"], 60, 0), _classes(tmp_path / "v.csv", ["none", "tata"], 20, 1)
    for kmer in ("3", "4"):
        words = ["--kmer", kmer, "--epochs", "1", "--device", "cpu", "--dtype", "float32"]
        assert _run("finetune", "--train", train, "--valid", valid, "--out", tmp_path / kmer, *words) == 0
    assert _run("ensemble", tmp_path / "3", tmp_path / "4", "--out", tmp_path / "both") == 0
    found = []
    for name in ("3", "4", "both"):
        words = ["--out", tmp_path / f"{name}.tsv", "--dtype", "float32"]
        assert _run("predict", valid, "--model", tmp_path / name, *words) == 0
        found.append([float(row[2]) for row in _table(tmp_path / f"{name}.tsv")[1]])
    assert found[2] == pytest.approx([(a + b) / 2 for a, b in zip(found[0], found[1], strict=True)], abs=1e-5)
    assert _run("evaluate", valid, "--model", tmp_path / "both", "--out", tmp_path / "e.json", "--rounds", "20") == 0


def test_strandless_model_says_the_same_of_both_strands(tmp_path: Path) -> None:
    train, valid = _classes(tmp_path / "t.csv", ["none", "tata"], 60, 0), _classes(tmp_path / "v.csv", ["none", "tata"], 20, 1)
    words = ["--kmer", "3", "--epochs", "1", "--no-stranded", "--device", "cpu", "--dtype", "float32"]
    assert _run("finetune", "--train", train, "--valid", valid, "--out", tmp_path / "run", *words) == 0
    complement = str.maketrans("ACGT", "TGCA")
    rows = list(csv.DictReader(valid.read_text().splitlines()))
    flipped = _write(tmp_path / "rc.csv", ["sequence"], [[row["sequence"].translate(complement)[::-1]] for row in rows])
    found = []
    for source in (valid, flipped):
        assert _run("predict", source, "--model", tmp_path / "run", "--out", tmp_path / "p.tsv", "--force") == 0
        found.append([float(row[1]) for row in _table(tmp_path / "p.tsv")[1]])
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_collapse_is_said_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, valid = _classes(tmp_path / "t.csv", ["none", "tata"], 20, 0), _classes(tmp_path / "v.csv", ["none", "tata"], 20, 1)
    words = ["--kmer", "3", "--epochs", "1", "--lr", "1e-9", "--device", "cpu", "--dtype", "float32"]
    assert command(["finetune", "--train", str(train), "--valid", str(valid), "--out", str(tmp_path / "run"), *words]) == 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["collapsed"] is True
    assert "the model has collapsed" in capsys.readouterr().err


def test_fine_tuning_resumes_and_ends_with_the_same_model(tmp_path: Path) -> None:
    train, valid = _classes(tmp_path / "t.csv", ["none", "tata"], 60, 0), _classes(tmp_path / "v.csv", ["none", "tata"], 20, 1)
    words = ["--train", train, "--valid", valid, "--kmer", "3", "--epochs", "3", "--set", "save_every=2", "--dtype", "float32"]
    assert _run("finetune", *words, "--out", tmp_path / "whole") == 0
    real = FinetuneJob.batches

    def failing(self: FinetuneJob, step: int) -> list[object]:
        if step == 7:
            raise KeyboardInterrupt
        return real(self, step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FinetuneJob, "batches", failing)
        assert _run("finetune", *words, "--out", tmp_path / "broken") == 130
    assert _run("finetune", *words, "--out", tmp_path / "broken", "--resume") == 0
    name = "model.safetensors"
    assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "broken" / name).read_bytes()
