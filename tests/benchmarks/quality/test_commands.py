"""The commands, from a made-up folder of tasks to their documents."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from benchmarks.quality import ensembles, gue, options, organisms, probe, scarce, table
from benchmarks.quality.cells.lock import only_worker
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.tokenizer import KmerTokenizer
from tests.benchmarks.quality.made_tasks import make_data
from tests.toy import save_toy_run, toy_model

GUE = ("--seeds", "2", "--rehearse", "64", "--device", "cpu", "--dtype", "float32")


def call(monkeypatch: pytest.MonkeyPatch, command: ModuleType, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", [command.__name__, *map(str, words)])
    code: int = command.main()
    return code


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a pre-trained toy, its sizes from random weights and a network left on two tasks."""
    folder = tmp_path_factory.mktemp("runs")
    model, out = save_toy_run(folder), folder / "out"
    models = ("--model", f"toy={model}", "--model", f"fresh=random:{model}", "--model", "cnn")
    with pytest.MonkeyPatch.context() as patch:
        assert call(patch, gue, "--data", make_data(folder / "gue"), *models, "--out", out, "--recipe", "published", *GUE) == 0
    return out


def test_the_table_has_published_rows_ours_goals_details_and_what_was_left_out(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "docs" / "gue.md"
    assert call(monkeypatch, table, "--runs", runs, "--out", out) == 0
    text = out.read_text()
    assert text.startswith("# GUE\n\nWritten by `python -m benchmarks.quality.table --runs")
    assert "**A rehearsal: some rows of each split and one epoch. None of these numbers means anything.**" in text
    assert "| model | tf/0 | prom_core_tata |" in text
    assert "| DNABERT 3-mer | 67.95 | **78.15** |" in text
    assert "| DNABERT-2 | **71.99** | 74.17 |" in text
    assert "| *toy, published* | " in text
    for goal in ("CNN, published", "best CNN here", "DNABERT 6-mer", "DNABERT-2", "best published"):
        assert f"| *toy, published* | {goal} | " in text
    assert "## What pre-training adds\n" in text
    assert re.search(r"\n\| \*toy, published\* \| (\*\*)?[+-]\d+\.\d \([+-]", text.partition("## What pre-training adds")[2])
    assert "| *cnn, published* | best published |" not in text
    assert "| cnn, published | lr0.001 | 1 | 2 | " in text
    assert "| tf/0 | 64 / 32 / 32 | 0 (0 reversed) | 2 (1 reversed) | 0 | 2 |" in text
    assert "- prom_300_all: no train table at hand.\n" in text
    assert "- 12 runs: commit " in text


def test_notes_stand_at_the_end_of_the_table(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, notes = tmp_path / "gue.md", tmp_path / "notes.md"
    assert call(monkeypatch, table, "--runs", runs, "--out", out, "--notes", notes) == 1
    notes.write_text("## What was tried\n")
    assert call(monkeypatch, table, "--runs", runs, "--out", out, "--notes", notes) == 0
    assert out.read_text().endswith("\n\n## What was tried\n")


def test_the_same_table_twice_is_the_same_bytes(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "gue.md"
    call(monkeypatch, table, "--runs", runs, "--out", out)
    first = out.read_bytes()
    call(monkeypatch, table, "--runs", runs, "--out", out)
    assert out.read_bytes() == first


def test_ensembles_of_seeds_are_scored_from_kept_probabilities(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "ensembles.md"
    assert call(monkeypatch, ensembles, "--runs", runs, "--out", out, "--members", "toy", "cnn") == 0
    text = out.read_text()
    assert "| seeds of toy, published | 2 | " in text
    assert "| seeds of cnn, published | 2 | " in text
    assert "fresh" not in text
    assert "k = " not in text
    (tmp_path / "notes.md").write_text("## What the figures say\n")
    assert call(monkeypatch, ensembles, "--runs", runs, "--out", out, "--notes", tmp_path / "notes.md") == 0
    assert out.read_text().endswith("\n\n## What the figures say\n")
    assert call(monkeypatch, ensembles, "--runs", runs, "--out", out, "--members", "other") == 1


def test_few_labels_give_a_table_a_figure_and_the_gain_of_pretraining(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ("--model", f"toy={model}", "--model", f"fresh=random:{model}", "--model", "cnn")
    out, document = tmp_path / "runs", tmp_path / "docs" / "scarce.md"
    words = ("--data", data, *models, "--out", out, "--document", document, "--recipe", "published", "--tasks", "prom", *GUE)
    assert call(monkeypatch, scarce, *words, "--percent", "10", "100") == 0
    text = document.read_text()
    assert "| labels | 10 % (6) | 100 % (64) |" in text
    for name in ("toy", "fresh", "cnn"):
        assert f"| {name}, published | " in text
    assert "| *gain of pre-training: toy, published* | " in text
    assert "![MCC against the share of labels](images/scarce.svg)" in text
    figure = (document.parent / "images/scarce.svg").read_text()
    assert "Labels (% of train)" in figure
    assert "toy, published" in figure
    assert call(monkeypatch, scarce, *words, "--percent", "0") == 1


def test_frozen_vectors_are_probed_beside_random_ones_and_kmers(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, document = tmp_path / "probe", tmp_path / "probe.md"
    words = ("--data", data, "--model", f"toy={model}", "--out", out, "--document", document, "--kmers", "2", *GUE)
    assert call(monkeypatch, probe, *words) == 0
    text = document.read_text()
    assert "## tf/0\n" in text
    assert "| 2-mers | 16 | " in text
    assert "| toy | 32 | " in text
    assert "| random weights, sizes of toy | 32 | " in text
    assert "| random weights, composed embeddings, sizes of toy | 32 | " in text
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.json")}
    assert len(before) == 2 * (1 + 1 + 2 + 2)  # k-mers, the model, two seeds of two kinds of random weights
    assert call(monkeypatch, probe, *words) == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.json")} == before
    missing = out / "tf-0/2-mers-0.json"
    missing.unlink()
    with only_worker(missing):  # another process is at it: passed over, and told of by the exit code
        assert call(monkeypatch, probe, *words) == options.NOT_DONE
    assert not missing.exists()
    (tmp_path / "notes.md").write_text("## What the figures say\n")
    assert call(monkeypatch, probe, *words, "--minutes", "0", "--notes", tmp_path / "notes.md") == 0
    assert document.read_text().endswith("\n## What the figures say\n")
    assert call(monkeypatch, probe, *words, "--model", "cnn") == 1


def test_other_layers_are_probed_beside_the_last(data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, document = tmp_path / "probe", tmp_path / "probe.md"
    words = ("--data", data, "--model", f"toy={model}", "--out", out, "--document", document, "--tasks", "prom_core_tata", *GUE)
    assert call(monkeypatch, probe, *words, "--layers", "99") == 1
    assert not list(out.rglob("*.json"))  # found before anything is computed
    assert call(monkeypatch, probe, *words, "--layers", "0", "-1") == 0
    lines = document.read_text().splitlines()
    assert [sum(line.startswith(f"| toy{layer} | 32 | ") for line in lines) for layer in ("", ", layer 0", ", layer 1")] == [1, 1, 0]
    assert sum(line.startswith("| random weights") and ", layer 0 | 32 | " in line for line in lines) == 2


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_a_mean_vector_is_that_of_the_layer_that_is_asked_for(layer: int) -> None:
    network, bases = toy_model(), pack([np.array([0, 1, 2, 3, 0, 1, 2], np.uint8)])
    (found,) = probe.mean_vectors(network, SequenceSet(("a",), bases), choose_machine("cpu", "float32"), False, layer)
    ids = torch.as_tensor(KmerTokenizer(3, 510).encode(bases[0]).ids)
    with torch.inference_mode():
        states = network.encoder(ids[None].long(), None, return_hidden=True).hidden_states
    assert found == pytest.approx(states[layer][0, 1:-1].mean(0).numpy(), abs=1e-5)


def test_other_organisms_without_genomes_are_mouse_alone(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    (data / "tf").rename(data / "mouse")
    document = tmp_path / "organisms.md"
    words = ("--data", data, "--genomes", tmp_path / "none", "--out", tmp_path / "organisms", "--document", document)
    assert call(monkeypatch, organisms, *words, "--model", f"toy={model}", "--recipe", "published", *GUE) == 0
    text = document.read_text()
    assert "| model | mouse/0 |" in text
    assert "| DNABERT-2, further trained on GUE | **64.23** |" in text
    assert "- splice/celegans: korflab_1pct_ce270.fa.gz or korflab_1pct_ce270.gff3.gz is not in " in text
    assert "- yeast: its genome is at hand, an annotation is not" in text
    # One folder holds both; each document tells of its own tasks.
    assert call(monkeypatch, gue, "--data", data, "--model", "cnn", "--out", tmp_path / "organisms", "--recipe", "published", *GUE) == 0
    assert call(monkeypatch, table, "--runs", tmp_path / "organisms", "--out", tmp_path / "gue.md") == 0
    assert "yeast" not in (tmp_path / "gue.md").read_text()
    assert "### prom_core_tata" in (tmp_path / "gue.md").read_text()
    assert call(monkeypatch, organisms, *words, "--model", "cnn", "--minutes", "0", "--sets", tmp_path / "sets", *GUE) == 0
    assert "| model | mouse/0 |" in document.read_text()
    assert "prom_core_tata" not in document.read_text()


def test_cells_of_other_processes_are_passed_over_and_the_code_says_so(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "runs"
    words = ("--data", data, "--model", "cnn", "--out", out, "--recipe", "published", *GUE)
    with only_worker(out / "tf-0/cnn/published/lr0.001/seed-2"):
        assert call(monkeypatch, gue, *words) == options.NOT_DONE
    assert len(list(out.rglob("result.json"))) == 3
    assert call(monkeypatch, gue, *words) == 0
    assert len(list(out.rglob("result.json"))) == 4


def test_an_organism_that_is_not_there_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "tf").rename(data / "mouse")
    words = ("--data", data, "--genomes", tmp_path / "none", "--out", tmp_path / "organisms", "--model", "cnn")
    assert call(monkeypatch, organisms, *words, "--tasks", "rat") == 1
    assert "error: --tasks rat: no such task; there are mouse/0" in capsys.readouterr().err


def test_when_the_minutes_are_spent_the_code_says_so_and_the_same_command_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = ("--data", data, "--model", "cnn", "--out", tmp_path / "runs", "--recipe", "published", *GUE)
    assert call(monkeypatch, gue, *words, "--minutes", "0") == options.NOT_DONE == 3
    assert call(monkeypatch, gue, *words, "--minutes", "9") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "cnn", "--seeds", "0"), "error: --seeds 0: at least one seed is needed"),
        (("--model", "cnn", "--threads", "0"), "error: --threads 0: at least one thread is needed"),
        (("--model", "cnn", "--rehearse", "5"), "error: --rehearse 5: with fewer than 20 rows a class may be missing"),
        (("--model", "cnn", "--model", "cnn"), "error: two models are called cnn; name one with --model NAME=cnn"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert call(monkeypatch, gue, "--data", data, "--out", tmp_path / "runs", *words) == 1
    assert message in capsys.readouterr().err


def test_a_folder_without_runs_has_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, table, "--runs", tmp_path, "--out", tmp_path / "gue.md") == 1
    assert "holds no finished run; the command that writes there makes them" in capsys.readouterr().err
