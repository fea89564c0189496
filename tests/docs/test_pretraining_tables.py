"""The tables of docs/results/pretraining.md say what the kept logs say; but for the first course with TATA, whose run is not kept."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _tables(text: str) -> list[list[list[str]]]:
    """The cells of each table below its head, without what makes them bold."""
    blocks = re.findall(r"(?m)^\|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    return [[[cell.strip().replace("**", "") for cell in line.strip("|").split("|")] for line in block.splitlines()] for block in blocks]


TABLES = _tables((ROOT / "docs/results/pretraining.md").read_text(encoding="utf-8"))
BEGINNINGS = [
    ("span1-lr1e-3", "`--set initial_embeddings=random --steps 1500`", 500),
    ("init-w", "k-mer vectors composed, positions random (by hand, no setting)", 400),
    ("init-wp", "both composed (the default)", 300),
    ("init-wp", "the same", 600),
    ("legacy", "the same with `--masking legacy`", 300),
    ("legacy", "the same with `--masking legacy`", 600),
    ("phase1", "`--steps 4000` (a longer course of the learning rate)", 600),
    ("lr2e-3", "`--set optim.lr=2e-3`", 100),
    ("w2r25", "`--set masking.width=2 --set masking.rate=0.25`", 200),
    ("nodrop", "the same, without dropout", 200),
    ("muon", "the same, without dropout, `--set optim.matrices=muon`", 200),
    ("w4r25", "`--set masking.width=4 --set masking.rate=0.25`", 200),
]
BATCHES = [
    ("nodrop-600", "- (64 windows a step, 600 steps)", 200),
    ("one-strand", "`--set corpus.both_strands=false`", 200),
    ("batch32", "`--set batch_size=32 --steps 1200 --set eval_every=200`", 400),
    ("batch16", "`--set batch_size=16 --steps 2400 --set eval_every=400`", 800),
]
COURSES = [
    ("dnabert-6-mini", "first course, end", 4000),
    ("dnabert-6-mini-2", "second course, step 250", 250),
    ("dnabert-6-mini-2", "step 1,000", 1000),
    ("dnabert-6-mini-2", "step 2,250, short pieces until 2,400", 2250),
    ("dnabert-6-mini-2", "step 2,500, whole windows", 2500),
    ("dnabert-6-mini-2", "end", 3000),
]


def _found(log: str, step: int) -> tuple[str, str]:
    """Loss of hidden k-mers and share of hidden bases that are right, as they are printed."""
    lines = (ROOT / f"benchmarks/results/pretraining/{log}.jsonl").read_text(encoding="utf-8").splitlines()
    line = next(found for text in lines if (found := json.loads(text))["step"] == step and "valid_loss" in found)
    return f"{line['valid_loss']:.2f}", f"{line['valid_hidden_base_accuracy']:.3f}"


def test_where_a_run_begins() -> None:
    defaults = {step: _found("init-wp", step)[0] for step in (100, 200)}
    beside = {"lr2e-3": f" (default: {defaults[100]})", "w2r25": f" (default: {defaults[200]})"}
    assert TABLES[0] == [
        [what, str(step), loss + beside.get(log, ""), accuracy] for log, what, step in BEGINNINGS for loss, accuracy in [_found(log, step)]
    ]


def test_batches() -> None:
    assert TABLES[1] == [[what, *("{} ({})".format(*_found(log, part * third)) for part in (1, 2, 3))] for log, what, third in BATCHES]


def test_courses() -> None:
    assert TABLES[2] == [[what, *_found(log, step)] for log, what, step in COURSES]


def test_fine_tuned_with_tata() -> None:
    first, not_kept, last = TABLES[3]
    assert not_kept[0] == "its first course alone"
    assert (first[0], last[0]) == ("`--model dnabert-6-mini`", "`--preset mini --kmer 6` (random weights)")
    for row, folder in ((first, "mini"), (last, "random")):
        kept = ROOT / "benchmarks/results/finetune" / folder
        lines = [json.loads(line) for line in (kept / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        assert row[1] == f"{max(line['valid_mcc'] for line in lines if 'valid_mcc' in line):.3f}"
        test = json.loads((kept / "evaluation.json").read_text(encoding="utf-8"))
        low, high = test["intervals_95"]["mcc"]
        assert row[2:] == [f"{test['metrics']['mcc']:.3f} ({low:.3f}-{high:.3f})", f"{test['metrics']['auroc']:.3f}"]
    assert [row[3] for row in TABLES[4]] == [row[1] for row in (last, not_kept, first)]


@pytest.mark.parametrize(("place", "folder"), list(enumerate(["gue/{}/random-mini-6", "courses/{}/first-course", "gue/{}/dnabert-6-mini"])))
def test_fine_tuned_without_tata(place: int, folder: str) -> None:
    row = TABLES[4][place]
    seeds = re.findall(r"\d", row[0].partition("seed")[2])
    assert seeds
    cells = []
    for seed in seeds:
        cell = ROOT / "benchmarks/results" / folder.format("prom_core_notata") / f"tuned/lr1-mean/seed-{seed}"
        dev = json.loads((cell / "result.json").read_text(encoding="utf-8"))["dev"]["forward"]
        losses = [json.loads(line).get("valid_loss", 9.0) for line in (cell / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        cells.append([f"{figure:.3f}" for figure in (dev["mcc"], dev["auroc"], min(losses))])
    assert row[4:] == [", ".join(column) for column in zip(*cells, strict=True)]


@pytest.mark.parametrize(("folder", "bold"), [("mini", "**"), ("random", "")])
def test_fine_tuned_rows_of_the_readme(folder: str, bold: str) -> None:
    test = json.loads((ROOT / "benchmarks/results/finetune" / folder / "evaluation.json").read_text(encoding="utf-8"))
    found, (low, high) = test["metrics"], test["intervals_95"]["mcc"]
    lines = [
        line
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if f"test MCC {bold}{found['mcc']:.3f}{bold} (" in line
    ]
    assert len(lines) == 1
    assert f"{low:.3f}-{high:.3f}), AUROC {found['auroc']:.3f}, accuracy {found['accuracy']:.3f}" in lines[0]
