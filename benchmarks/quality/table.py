"""`python -m benchmarks.quality.table --runs runs/gue --out docs/results/gue.md`: our rows beside the published ones, from kept results."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.cells.records import KeptRun, Truth, count_points, read_records, read_truth
from benchmarks.quality.cells.summary import Mean, Row, gain_of, rows_of, scratch_of
from benchmarks.quality.cells.tasks import FOREIGN
from benchmarks.quality.markdown import difference, gain_text, head, mean_text, origin_lines, read_markdown, table
from benchmarks.quality.options import command_of, run_command
from benchmarks.quality.published import CNN, DNABERT_2, DNABERT_6, PUBLISHED, best_published
from dnabert.errors import DataFileError
from dnabert.output import write_text

__all__ = ["document", "main", "read_runs", "write_document"]

_METHOD = """- **Figure.** MCC x 100 on test; mean of the seeds ± half of its 95 % interval (Student's t over seeds),
  of two seeds both figures. Published rows are single figures from the literature (see `benchmarks/quality/published.py`).
- **No choice by test rows.** The moment of training and the point of the grid are the best on dev; then the test rows are scored, once.
- **Recipes.** *published*: as the GUE benchmark trains DNABERT (learning rate 3e-5 whatever the width, [CLS], smallest dev loss).
  *tuned*: of so many points of a grid of learning rate and pooling as the details say (*points*), the best on dev with seed 1; the same
  for all seeds. With one point nothing was tuned. The convolutional networks have no published recipe: *published* is the first point
  of their grid.
- **Rows that splits share.** Points are chosen on the dev rows that train does not hold; the moment of training on all dev rows. Both
  figures are given, and so are those of test rows that neither holds.
- **Strands.** Tasks without strand (tf, mouse) are trained on either strand, and the mean with the reverse complement is scored; what
  reading one strand alone gives is in the details.
"""


def read_runs(folder: Path, shares: bool = False) -> list[KeptRun]:
    """Runs of a folder of results.

    Args:
        folder: The folder.
        shares: Also those of a share of the labels.

    Raises:
        DataFileError: There is none.
    """
    runs = [run for run in read_records(folder) if shares or run.record.share == 1]
    if not runs:
        raise DataFileError(f"{folder}: holds no finished run; the command that writes there makes them")
    return runs


def document(title: str, command: str, folder: Path, wanted: Callable[[str], bool], notes: str = "") -> str:
    """The document of a folder of results.

    Args:
        title: Its heading.
        command: What writes it.
        folder: The folder.
        wanted: Whether a task, by its name, is told of.
        notes: Markdown that follows what is said of the method.

    Raises:
        DataFileError: The folder holds no finished run of these tasks.
    """
    runs, truths = [run for run in read_runs(folder) if wanted(run.record.task)], read_truth(folder)
    if not runs:
        raise DataFileError(f"{folder}: holds no finished run of the tasks of this document")
    skipped = {name: reason for name, reason in _read_skipped(folder).items() if wanted(name)}
    rows, compared = rows_of(runs), count_points(folder)
    records = [run.record for run in runs]
    tasks = sorted({row.task for row in rows}, key=_task_order)
    labels = list(dict.fromkeys(row.label for row in rows))
    parts = [
        head(title, command, records),
        _METHOD + notes,
        "## Test MCC\n",
        _main_table(rows, tasks, labels),
        _goal_table(rows, tasks, labels, truths),
        "## Details\n",
        *(_details([row for row in rows if row.task == task], task, compared) for task in tasks),
        "## Rows that splits share\n",
        "A sequence and its reverse complement count as the same.\n",
        _overlap_table(truths, tasks),
        _skipped_lines(skipped),
        "## Where it ran\n",
        origin_lines(records),
    ]
    return "\n".join(part for part in parts if part)


def _task_order(task: str) -> tuple[int, str]:
    starts = ("tf", "prom_core", "prom_300", "mouse", "splice")
    return next((place for place, start in enumerate(starts) if task.startswith(start)), len(starts)), task


def _main_table(rows: Sequence[Row], tasks: Sequence[str], labels: Sequence[str]) -> str:
    best = {task: best_published(task) for task in tasks}
    cells = []
    for name, figures in PUBLISHED.items():
        if any(task in figures for task in tasks):
            cells.append([name, *(_published(figures.get(task), best[task]) for task in tasks)])
    for label in labels:
        found = {row.task: row.test() for row in rows if row.label == label}
        cells.append([f"*{label}*", *(_shown(found.get(task), best[task]) for task in tasks)])
    return table(["model", *tasks], cells)


def _published(value: float | None, best: float | None) -> str:
    if value is None:
        return "-"
    return f"**{value:.2f}**" if value == best else f"{value:.2f}"


def _shown(mean: Mean | None, best: float | None) -> str:
    text = mean_text(mean)
    return f"**{text}**" if mean is not None and best is not None and mean.value > best else text


def _goal_table(rows: Sequence[Row], tasks: Sequence[str], labels: Sequence[str], truths: dict[str, Truth]) -> str:
    cells = []
    for label in labels:
        own = {row.task: row for row in rows if row.label == label}
        first = next(iter(own.values()))
        if first.kind in ("cnn", "cnn-lstm"):
            continue
        values = {task: row.test().value for task, row in own.items()}
        goals = {
            "CNN, published": {task: PUBLISHED[CNN].get(task) for task in tasks},
            "best CNN here": {task: _best_here(rows, task, ("cnn", "cnn-lstm"), first.recipe) for task in tasks},
            DNABERT_6: {task: PUBLISHED[DNABERT_6].get(task) for task in tasks},
            DNABERT_2: {task: PUBLISHED[DNABERT_2].get(task) for task in tasks},
            "best published": {task: best_published(task) for task in tasks},
        }
        for goal, wanted in goals.items():
            if any(value is not None for value in wanted.values()):
                cells.append([f"*{label}*", goal, *(difference(values.get(task), wanted.get(task)) for task in tasks)])
    text = table(["model", "goal", *tasks], cells)
    goals_part = f"## Goals\n\nWhat each mean is above, or **below**, a goal.\n\n{text}" if text else ""
    return goals_part + _pretraining(rows, labels, tasks, truths)


def _pretraining(rows: Sequence[Row], labels: Sequence[str], tasks: Sequence[str], truths: dict[str, Truth]) -> str:
    cells = []
    for label in labels:
        pairs = {row.task: (row, scratch) for row in rows if row.label == label and (scratch := scratch_of(rows, row))}
        if pairs:
            cells.append([f"*{label}*", *(gain_text(gain_of(*pairs[task], truths[task])) if task in pairs else "-" for task in tasks)])
    text = table(["model", *tasks], cells)
    said = (
        "The model less the same sizes from random weights, same recipe, over the seeds that both have; in brackets the 95 % bootstrap"
        " interval over test rows, both on the same rows; **in bold** where it lies above 0."
    )
    return f"\n## What pre-training adds\n\n{said}\n\n{text}" if text else ""


def _best_here(rows: Sequence[Row], task: str, kinds: Sequence[str], recipe: str) -> float | None:
    return max((row.test().value for row in rows if (row.task, row.recipe) == (task, recipe) and row.kind in kinds), default=None)


def _details(rows: Sequence[Row], task: str, compared: dict[tuple[str, str, RecipeName], int]) -> str:
    cells = []
    for row in rows:
        ends = row.bootstrap()
        two = row.records[0].strand == "both"
        cells.append(
            [
                row.label,
                row.records[0].point,
                str(compared[task, row.contestant, row.recipe]),
                str(len(row.records)),
                mean_text(row.dev()),
                mean_text(row.dev(clean=True)),
                mean_text(row.test()),
                "-" if ends is None else f"{ends[0]:.1f} to {ends[1]:.1f}",
                mean_text(row.test(clean=True)),
                mean_text(row.test("forward")),
                mean_text(row.test("both")) if two else "-",
                f"{row.minutes():.1f}",
                str(sum(record.collapsed for record in row.records)),
            ]
        )
    names = ["model", "point", "points", "seeds", "dev", "dev without shared rows"]
    names += ["test", "bootstrap of test rows", "test without shared rows", "one strand", "both strands", "minutes", "collapsed"]
    return f"### {task}\n\n{table(names, cells)}"


def _overlap_table(truths: dict[str, Truth], tasks: Sequence[str]) -> str:
    cells = []
    for task in tasks:
        facts = truths[task].facts
        found, rows = facts.overlap, facts.num_rows
        test = f"{found.test_in_train} ({found.test_in_train_reversed} reversed)"
        dev = f"{found.dev_in_train} ({found.dev_in_train_reversed} reversed)"
        sizes = " / ".join(f"{rows[split]:,}" for split in ("train", "dev", "test"))
        cells.append([task, sizes, dev, test, str(found.test_in_dev), str(found.test_seen)])
    return table(["task", "rows of train / dev / test", "dev in train", "test in train", "test in dev", "test rows left out"], cells)


def _skipped_lines(skipped: dict[str, str]) -> str:
    lines = [f"- {name}: {reason}.\n" for name, reason in skipped.items()]
    return "## Tasks that were left out\n\n" + "".join(lines) if lines else ""


def _read_skipped(folder: Path) -> dict[str, str]:
    """Why tasks were left out of a folder of results."""
    path = folder / "skipped.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def write_document(path: Path, text: str, notes: Path | None) -> None:
    """A document, and at its end, if there are any, notes that were written by hand.

    Raises:
        DataFileError: The notes cannot be read; nothing is written then.
    """
    write_text(path, text if notes is None else f"{text}\n{read_markdown(notes)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.table", description="The table of the GUE tasks.")
    parser.add_argument("--runs", type=Path, default=Path("runs/gue"), help="folder of results (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/results/gue.md"), help="(default: %(default)s)")
    parser.add_argument("--notes", type=Path, help="Markdown that stands at the end as it is: what was tried where a goal is missed")
    options = parser.parse_args()

    def work() -> None:
        text = document("GUE", command_of("table"), options.runs, lambda task: task not in FOREIGN)
        write_document(options.out, text, options.notes)

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
