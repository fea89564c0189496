"""`python -m benchmarks.variants` and the training of its network, rehearsed on made-up data."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.variants import __main__ as variants
from benchmarks.variants import figures, train
from benchmarks.variants.figures import auroc
from benchmarks.variants.networks import load_network
from benchmarks.variants.rows import Evaluation
from dnabert.data.labelled import read_set
from tests.benchmarks.quality.made_tasks import make_task
from tests.benchmarks.variants.made_variants import SPLICE_CLASSES, make_data, save_network, save_run

BINARY = ("0", "1")


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["variants", *map(str, words)])
    return variants.main()


def _train(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["train", *map(str, words)])
    return train.main()


def test_a_rehearsal_sets_models_networks_and_simple_baselines_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "DATA", make_data(tmp_path / "data"))
    monkeypatch.setattr(figures, "ROUNDS", 20)
    splice, promoter = save_run(tmp_path, SPLICE_CLASSES), save_run(tmp_path, BINARY, stranded=False)
    networks = save_network(tmp_path, SPLICE_CLASSES), save_network(tmp_path, BINARY, stranded=False)
    out = tmp_path / "variants.md"
    words = ["--splice", splice, "--splice-cnn", networks[0], "--promoter", promoter, "--promoter-cnn", networks[1]]
    assert _run(monkeypatch, *words, "--work", tmp_path / "work", "--out", out, "--rehearse") == 0
    text = out.read_text()
    assert f"- splice, CNN: `{networks[0]}`, trained on rows of which nothing is known, reads the windows of the model" in text
    sections = {part.splitlines()[0]: part for part in text.split("## ")[1:]}
    assert list(sections) == [
        "ClinVar near splice sites, matched by distance",
        "ClinVar 5' UTR",
        "MFASS, exons lost",
        "MFASS, loss of inclusion",
        "Kircher E, loss of activity",
    ]
    for name, section in sections.items():
        kind = "promoter" if "UTR" in name or "Kircher" in name else "splice"
        rows = [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ") and "95 %" not in line]
        assert rows[-2:] == ["CNN", f"{kind} model"]
        assert ("loss of G+C" if "loss of" in name else "change of G+C") == rows[1]


def test_a_network_without_its_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(variants, "DATA", make_data(tmp_path / "data"))
    with pytest.raises(SystemExit):
        _run(monkeypatch, "--promoter-cnn", tmp_path)
    assert "--promoter-cnn reads the windows of a model: give --promoter too" in capsys.readouterr().err
    words = ["--promoter", save_run(tmp_path, BINARY), "--promoter-cnn", tmp_path]
    assert _run(monkeypatch, *words) == 1
    assert "holds no convolutional network" in capsys.readouterr().err


def test_without_data_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(variants, "DATA", tmp_path)
    assert _run(monkeypatch, "--out", tmp_path / "x.md") == 0
    assert "is not here; set DNABERT_DATA" in capsys.readouterr().err
    assert not (tmp_path / "x.md").exists()


def test_a_network_is_trained_on_the_rows_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_task(tmp_path, "tables", count=120)
    tables = tmp_path / "tables"
    inputs = {**read_set(tables / "train.csv", 3).inputs(), **read_set(tables / "dev.csv", 3).inputs()}
    run, out = save_run(tmp_path, BINARY, stranded=False, inputs=inputs), tmp_path / "network"
    assert _train(monkeypatch, "--model", run, "--data", tables, "--out", out, "--rehearse", 40, "--device", "cpu") == 0
    network = load_network(out)
    assert (network.name, network.classes, network.config.stranded, network.config.epochs) == ("CNN", BINARY, False, 2)
    facts = json.loads((out / "run.json").read_text())
    assert (facts["inputs"], facts["n_train"], facts["n_valid"], facts["rehearsal"]) == (inputs, 40, 40, True)
    assert "on other rows" not in capsys.readouterr().err
    assert len(json.loads((out / "metrics.json").read_text())["lr0.001"]["curve"]) == 2
    words = ["--model", save_run(tmp_path, BINARY, inputs={"t (content)": "x"}), "--data", tables, "--rehearse", 20, "--device", "cpu"]
    assert _train(monkeypatch, *words, "--out", out) == 1
    assert "exists already" in capsys.readouterr().err
    assert _train(monkeypatch, *words, "--out", out, "--force") == 0
    assert "was trained on other rows" in capsys.readouterr().err
    assert _train(monkeypatch, *words[:2], "--data", tmp_path, "--out", tmp_path / "new") == 1
    assert "has no train table (.tsv or .csv)" in capsys.readouterr().err


def test_the_rate_with_the_best_validation_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_task(tmp_path, "tables", count=60)
    monkeypatch.setattr(train, "NETWORK_LEARNING_RATES", (1e-9, 1e-2))
    of = train.NetworkConfig.of
    monkeypatch.setattr(
        train.NetworkConfig, "of", lambda *given: of(*given).model_copy(update={"epochs": 6, "filters": 16, "batch_size": 16})
    )
    out = tmp_path / "network"
    assert _train(monkeypatch, "--model", save_run(tmp_path, BINARY), "--data", tmp_path / "tables", "--out", out, "--device", "cpu") == 0
    curves = {name: max(result["curve"]) for name, result in json.loads((out / "metrics.json").read_text()).items()}
    assert curves["lr0.01"] > curves["lr1e-09"]
    assert load_network(out).config.optim.lr == 1e-2


def test_a_set_without_variants_is_left_out_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = Evaluation("ClinVar of nothing", [], auroc, "AUROC", "promoter")
    variants.evaluate(empty, variants.Contestants({"promoter": "x"}, {}, None, 128), tmp_path, tmp_path)
    assert empty.results == []
    assert "ClinVar of nothing: no variant of it is in the data" in capsys.readouterr().err
