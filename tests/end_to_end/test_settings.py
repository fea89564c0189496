"""A setting that is given arrives, whichever way it is given, and a run is never lost by a second command."""

import csv
import json
import random
from pathlib import Path

import pytest

from dnabert.cli.main import run as command
from dnabert.train import config as train_config
from tests.toy import toy_config


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_config, "preset", lambda _name, kmer: toy_config(kmer))


def _table(path: Path, labels: list[str], count: int = 12, seed: int = 0) -> Path:
    rng = random.Random(seed)
    rows = [["".join(rng.choices("ACGT", k=20)), label] for label in labels * count]
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([["sequence", "label"], *rows])
    return path


def _finetune(*words: str | Path) -> int:
    fixed = ["--kmer", "3", "--epochs", "1", "--device", "cpu", "--dtype", "float32", "--quiet"]
    return command(["finetune", *(str(word) for word in words), *fixed])


def _facts(run: Path) -> dict[str, dict[str, dict[str, object]]]:
    facts: dict[str, dict[str, dict[str, object]]] = json.loads((run / "run.json").read_text())
    return facts


def test_learning_rate_arrives_by_flag_file_and_assignment(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", ["0", "1"])
    (tmp_path / "c.toml").write_text("[optim]\nlr = 0.007\n")
    ways = [["--lr", "0.007"], ["--config", str(tmp_path / "c.toml")], ["--set", "optim.lr = 0.007"]]
    for number, flags in enumerate(ways):
        assert _finetune("--train", table, "--out", tmp_path / str(number), *flags) == 0
        assert _facts(tmp_path / str(number))["config"]["optim"]["lr"] == 0.007


def test_task_arrives_by_flag_file_and_assignment(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", ["0", "1", "2.5"])
    (tmp_path / "c.toml").write_text('[head]\ntask = "regress"\n')
    for number, flags in enumerate([["--task", "regress"], ["--config", str(tmp_path / "c.toml")], ["--set", "head.task=regress"]]):
        assert _finetune("--train", table, "--out", tmp_path / str(number), *flags) == 0
        assert "spearman" in json.loads((tmp_path / str(number) / "metrics.json").read_text())["valid"]


def test_resume_does_not_touch_a_complete_run_or_another_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, other = _table(tmp_path / "t.csv", ["0", "1"]), _table(tmp_path / "o.csv", ["0", "1"], seed=1)
    run = tmp_path / "run"
    assert _finetune("--train", table, "--out", run) == 0
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    capsys.readouterr()
    assert _finetune("--train", table, "--out", run, "--resume") == 1
    assert "is complete, there is nothing to resume" in capsys.readouterr().err
    assert _finetune("--train", other, "--out", run, "--resume") == 1
    assert "other settings or data" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_validation_of_one_class_is_refused_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, valid = _table(tmp_path / "t.csv", ["0", "1"]), _table(tmp_path / "v.csv", ["0"])
    assert _finetune("--train", table, "--valid", valid, "--out", tmp_path / "run") == 1
    assert "v.csv: does not define mcc (one class only?)" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", range(6))
def test_rare_class_is_held_out_and_trained_on(tmp_path: Path, seed: int) -> None:
    common = _table(tmp_path / "t.csv", ["a"], 40, seed).read_text()
    rare = _table(tmp_path / "u.csv", ["rare"], 2, seed + 50).read_text()
    (tmp_path / "t.csv").write_text(common + rare.split("\n", 1)[1])
    assert _finetune("--train", tmp_path / "t.csv", "--out", tmp_path / "run", "--seed", str(seed)) == 0
    kept = [line.split("\t")[1] for line in (tmp_path / "run" / "predictions.tsv").read_text().splitlines() if line[0] != "#"]
    assert kept.count("rare") == 1


def test_negative_numbers_are_classes_in_the_order_of_numbers(tmp_path: Path) -> None:
    assert _finetune("--train", _table(tmp_path / "t.csv", ["1", "-1"]), "--out", tmp_path / "run") == 0
    assert _facts(tmp_path / "run")["classes"] == ["-1", "1"]


def test_classifier_of_other_classes_is_not_taken_over(tmp_path: Path) -> None:
    assert _finetune("--train", _table(tmp_path / "t.csv", ["0", "1"]), "--out", tmp_path / "first") == 0
    table = _table(tmp_path / "u.csv", ["cat", "dog"])
    words = ["finetune", "--train", str(table), "--model", str(tmp_path / "first"), "--out", str(tmp_path / "second"), "--epochs", "1"]
    assert command([*words, "--lr", "1e-9", "--dtype", "float32", "--quiet"]) == 0
    from dnabert.checkpoint import load_model

    first, second = (load_model(tmp_path / name).model for name in ("first", "second"))
    assert first.classifier is not None
    assert second.classifier is not None
    assert not first.classifier.weight.allclose(second.classifier.weight, atol=1e-4)
    assert first.encoder.embeddings.word.weight.allclose(second.encoder.embeddings.word.weight, atol=1e-4)


@pytest.mark.parametrize(
    ("part", "trained"), [("none", {"embeddings", "blocks", "head"}), ("embeddings", {"blocks", "head"}), ("encoder", {"head"})]
)
def test_frozen_parts_stay_as_they_were(tmp_path: Path, part: str, trained: set[str]) -> None:
    from safetensors.torch import load_file

    table = _table(tmp_path / "t.csv", ["0", "1"])
    assert _finetune("--train", table, "--out", tmp_path / "first") == 0
    words = ["finetune", "--train", str(table), "--model", str(tmp_path / "first"), "--out", str(tmp_path / "second"), "--epochs", "1"]
    assert command([*words, "--lr", "0.01", "--dtype", "float32", "--quiet", "--set", f"frozen={part}"]) == 0
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    changed = {name for name in first if not first[name].equal(second[name])}
    found = {"embeddings" if ".embeddings." in name else "blocks" if ".encoder." in name else "head" for name in changed}
    assert found == trained


def test_few_sequences_are_read_until_there_are_steps_enough(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", ["0", "1"])  # 24 rows, of which 22 are left to train on: one step an epoch
    assert _finetune("--train", table, "--out", tmp_path / "run", "--set", "min_steps=12", "--set", "evaluations_per_epoch=4") == 0
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "valid_mcc" in line] == [3, 6, 9, 12]
    assert _finetune("--train", table, "--out", tmp_path / "more", "--batch-size", "2", "--set", "min_steps=5") == 0
    lines = [json.loads(line) for line in (tmp_path / "more" / "metrics.jsonl").read_text().splitlines()]
    assert max(line["step"] for line in lines) == 11  # what the epochs ask for is more


def test_ensemble_does_not_depend_on_the_order_of_its_members(tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", ["0", "1"])
    assert _finetune("--train", table, "--out", tmp_path / "a") == 0
    assert _finetune("--train", table, "--out", tmp_path / "b", "--no-stranded", "--seed", "5") == 0
    found = []
    for number, members in enumerate((["a", "b"], ["b", "a"])):
        out = tmp_path / f"e{number}"
        assert command(["ensemble", *(str(tmp_path / name) for name in members), "--out", str(out)]) == 0
        assert command(["predict", str(table), "--model", str(out), "--out", str(tmp_path / f"{number}.tsv"), "--quiet"]) == 0
        found.append([float(line.split("\t")[1]) for line in (tmp_path / f"{number}.tsv").read_text().splitlines() if line[:3] == "row"])
    assert found[0] == pytest.approx(found[1], abs=1e-5)


def test_member_that_is_not_fine_tuned_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.toy import save_toy_run

    pretrained = save_toy_run(tmp_path)
    assert command(["ensemble", str(pretrained), str(pretrained), "--out", str(tmp_path / "e")]) == 1
    assert "is a pre-trained model without a task" in capsys.readouterr().err
    assert not (tmp_path / "e").exists()
