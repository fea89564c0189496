"""Run directories written by hand, as pre-training and fine-tuning leave them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

VALID = {"accuracy": 0.75, "f1": 0.8, "mcc": 0.5, "auroc": 0.9, "auprc": 0.875, "precision": 0.7, "recall": 0.9, "n": 40}
TEST = {**VALID, "mcc": 0.25, "accuracy": 0.625, "n": 8}
INTERVALS = {"mcc": [-0.1, 0.6], "accuracy": [0.5, 0.75], "auroc": None}


def write_metrics(run: Path, content: Mapping[str, Any]) -> None:
    (run / "metrics.json").write_text(json.dumps(content), encoding="utf-8")


def write_predictions_tsv(
    run: Path,
    rows: Sequence[tuple[str, ...]],
    header: str = "id\tlabel\tprob_0\tprob_1",
    comments: str = "# dnabert 0.1.0\n# model sha256: abc\n",
) -> None:
    lines = "".join("\t".join(row) + "\n" for row in rows)
    (run / "predictions.tsv").write_text(f"{comments}{header}\n{lines}", encoding="utf-8")


def binary_rows(num: int = 8) -> list[tuple[str, ...]]:
    """Every third prediction is wrong."""
    rows: list[tuple[str, ...]] = []
    for number in range(num):
        label = number % 2
        prob = 0.8 if (label == 1) != (number % 3 == 0) else 0.3
        rows.append((f"row{number + 1}", str(label), f"{1 - prob:.3f}", f"{prob:.3f}"))
    return rows


def write_finetuned(run: Path, task: str = "classify") -> Path:
    """A whole fine-tuned run, without weights."""
    run.mkdir(parents=True, exist_ok=True)
    write_metrics(run, {"valid": VALID, "steps": 40, "best_step": 20, "collapsed": False, "test": TEST, "test_intervals": INTERVALS})
    log = [
        {"step": 10, "loss": 0.7, "lr": 1e-4, "grad_norm": 1.0, "tokens_per_s": 900.0},
        {"step": 20, "valid_loss": 0.6, "valid_mcc": 0.5, "valid_auroc": None},
        {"step": 30, "loss": 0.5, "lr": 1e-4, "grad_norm": 1.0, "tokens_per_s": 900.0},
        {"step": 40, "valid_loss": 0.65, "valid_mcc": 0.4, "valid_auroc": 0.8},
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
    write_record(
        run, {"config": {"head": {"task": task}, "select_by": None}, "model": None, "n_train": 100, "n_valid": 40, "classes": ["0", "1"]}
    )
    write_predictions_tsv(run, binary_rows())
    return run


def write_pretrained(run: Path, share: float = 0.5) -> Path:
    """A whole pre-training run, without weights."""
    run.mkdir(parents=True, exist_ok=True)
    figures = {"loss": 7.5, "perplexity": 1808.0, "masked_accuracy": 0.01, "hidden_base_accuracy": share, "hidden_bases": 400}
    write_metrics(run, {"steps": 30, "valid": figures})
    log = [
        {"step": 15, **{f"valid_{name}": value for name, value in figures.items()}},
        {"step": 20, "loss": 8.0, "lr": 1e-4, "grad_norm": 1.0, "tokens_per_s": 900.0},
        {"step": 30, **{f"valid_{name}": value for name, value in figures.items()}},
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
    write_record(run, {"config": {"model": {"kmer": 6}, "corpus": {"both_strands": True}}, "model": None, "valid_contigs": ["sim3"]})
    return run


def write_record(run: Path, more: Mapping[str, Any]) -> None:
    record = {
        "dnabert": "0.1.0",
        "command": "dnabert finetune --train a.csv",
        "seed": 42,
        "inputs": {"a.csv": "f" * 64},
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "machine": {"platform": "Linux", "cpus": 2},
        "dtype": "float32",
        "device": "cpu",
        **more,
    }
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
