"""`python -m benchmarks.quality.scarce --model MODEL ...`: the same tasks with 1, 3, 10, 30 and 100 % of the labels.

Runs what is missing (``--minutes 0``: nothing), then writes docs/results/scarce.md and its figure from all that is there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.quality.cells.limit import TimeIsUp
from benchmarks.quality.cells.lock import CellIsBusyError
from benchmarks.quality.cells.records import KeptRun, Truth, read_truth
from benchmarks.quality.cells.summary import Row, gain_of, rows_of, scratch_of
from benchmarks.quality.gue import RECIPES
from benchmarks.quality.markdown import gain_text, head, mean_text, origin_lines, table
from benchmarks.quality.options import add_run_flags, command_of, run_all, run_command, runner_of, tasks_of
from benchmarks.quality.table import read_runs, write_document
from dnabert.errors import ConfigError
from dnabert.plot.export import save_figure
from dnabert.plot.style import LINE_STYLES, PALETTE, styled

__all__ = ["SHARES", "document", "draw", "main", "with_few_labels"]

SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
MODELS = ("random:mini:6", "cnn")
FIGURE = Path("images/scarce.svg")
_BESIDE = 1.05
"""Points of one share stand beside each other, each so many times as far right as the one before."""

_METHOD = """- **Labels.** Of each class the same share of the training rows, drawn anew for each seed; a larger share holds the smaller
  one.
- **Recipes.** *tuned*: that of all labels ([gue.md](gue.md)); few rows are repeated until a run has 300 steps of 32 rows before it (or
  as many as with all labels), and it ends earlier where dev has not risen for eight looks; the convolutional networks take 64 rows a
  step and have half as many. *few*: `recipes/few-labels.toml`: embeddings frozen, the head begins as a linear fit on the vectors of
  the encoder as it is (the ridge penalty of the smallest dev loss), 200 steps or ten epochs; for random weights the same, from their
  own vectors.
- **Dev and test** are whole at every share, for every model: the moment of training is that of the best MCC (or smallest loss, published
  recipe) on dev. With the recipe *tuned*, the point of the grid is the one that is best on dev with all labels. A model
  that was run with *few* alone is shown with *tuned* and all labels too: where its curve would end, by another recipe.
- **Figure.** MCC x 100 on test; mean of the seeds ± half of its 95 % interval (Student's t over seeds), of two seeds both figures.
- **Gain.** Over the seeds that both have; in brackets the 95 % bootstrap interval over test rows, both on the same rows; **in bold** where
  it lies above 0. It does not hold what another draw of few labels would change: look at the seeds for that.
"""


@styled
def draw(rows: Sequence[Row]) -> Figure:
    """MCC against the share of labels, one panel for each task; bars are 95 % intervals over seeds."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    labels = list(dict.fromkeys(row.label for row in rows))
    columns = min(3, len(tasks))
    lines = -(-len(tasks) // columns)
    figure = Figure(figsize=(max(3.0 * columns, 4.4), 2.6 * lines + 0.5), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    for axes, task in zip(panels, tasks, strict=False):
        _panel(axes, [row for row in rows if row.task == task], labels)
        axes.set_title(task)
    for axes in panels[len(tasks) :]:
        axes.set_visible(False)
    handles: dict[str, Artist] = {}
    for axes in panels[: len(tasks)]:
        handles |= {str(label): handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(handles.values()), list(handles), loc="outside upper left", ncols=2)
    return figure


def _panel(axes: Axes, rows: Sequence[Row], labels: Sequence[str]) -> None:
    for number, label in enumerate(labels):
        own = sorted((row for row in rows if row.label == label), key=lambda row: row.share)
        if not own:
            continue
        means = [row.test() for row in own]
        aside = _BESIDE ** (number - (len(labels) - 1) / 2)  # so that bars of one share do not cover each other
        axes.errorbar(
            [100 * row.share * aside for row in own],
            [mean.value for mean in means],
            yerr=[mean.half_width or (max(mean.values) - min(mean.values)) / 2 for mean in means],
            color=PALETTE[number % len(PALETTE)],
            linestyle=LINE_STYLES[number % len(LINE_STYLES)],
            marker="o",
            markersize=3.5,
            capsize=2,
            label=label,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([100 * share for share in SHARES]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("Labels (% of train)")
    axes.set_ylabel("Test MCC × 100")


def document(command: str, runs: Sequence[KeptRun], truths: dict[str, Truth], figure: Path) -> str:
    """The document."""
    rows, records = rows_of(runs), [run.record for run in runs]
    parts = [head("Few labels", command, records), _METHOD, f"![MCC against the share of labels]({figure.as_posix()})\n"]
    for task in dict.fromkeys(row.task for row in rows):
        own = [row for row in rows if row.task == task]
        shares = sorted({row.share for row in own})
        found = {(row.label, row.share): row for row in own}
        cells = [
            [label, *(mean_text(row.test()) if (row := found.get((label, share))) else "-" for share in shares)]
            for label in dict.fromkeys(row.label for row in own)
        ]
        cells += _gains(own, shares, truths[task])
        names = [f"{100 * share:g} % ({_labels_at(own, share):,})" for share in shares]
        parts.append(f"## {task}\n\n{table(['labels', *names], cells)}")
    parts += ["## Where it ran\n", origin_lines(records)]
    return "\n".join(parts)


def _labels_at(rows: Sequence[Row], share: float) -> int:
    return next(record.num_labels for row in rows if row.share == share for record in row.records)


def _gains(rows: Sequence[Row], shares: Sequence[float], truth: Truth) -> list[list[str]]:
    """What pre-training adds to the same sizes from random weights, share by share."""
    found = []
    for label in dict.fromkeys(row.label for row in rows if row.kind == "pretrained"):
        own = {row.share: (row, scratch) for row in rows if row.label == label and (scratch := scratch_of(rows, row))}
        cells = [gain_text(gain_of(*own[share], truth)) if share in own else "-" for share in shares]
        found.append([f"*gain of pre-training: {label}*", *cells])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.scarce", description="The tasks with few labels.")
    add_run_flags(parser, "runs/gue", MODELS)
    parser.add_argument("--recipe", choices=tuple(RECIPES), default="tuned", help="(default: %(default)s)")
    parser.add_argument("--percent", type=float, nargs="+", default=[100 * share for share in SHARES], help="shares of the labels, in %%")
    parser.add_argument("--document", type=Path, default=Path("docs/results/scarce.md"), help="(default: %(default)s)")
    parser.add_argument("--notes", type=Path, help="Markdown that stands at the end as it is: what was tried where a goal is missed")
    options = parser.parse_args()

    def work() -> None:
        shares = [percent / 100 for percent in options.percent]
        if not all(0 < share <= 1 for share in shares):
            raise ConfigError(f"--percent {options.percent}: shares are above 0 and at most 100")
        ended = None if options.minutes == 0 else _run(options, shares)
        runs = with_few_labels(read_runs(options.out, shares=True))
        save_figure(draw(rows_of(runs)), options.document.parent / FIGURE)
        text = document(command_of("scarce"), runs, read_truth(options.out), FIGURE)
        write_document(options.document, text, options.notes)
        if ended is not None:
            raise ended

    return run_command(work)


def _run(options: argparse.Namespace, shares: Sequence[float]) -> TimeIsUp | CellIsBusyError | None:
    """Runs what is missing; gives back why some of it was left."""
    try:
        with runner_of(options, command_of("scarce")) as runner:
            run_all(runner, options, tasks_of(options), RECIPES[options.recipe], shares)
    except (TimeIsUp, CellIsBusyError) as error:
        return error
    return None


def with_few_labels(runs: Sequence[KeptRun]) -> list[KeptRun]:
    """The runs with few labels, and of the same task and contestant those with all labels by one of the same recipes, or *tuned*."""
    few = {(run.record.task, run.record.contestant, run.record.recipe) for run in runs if run.record.share < 1}
    ends = few | {(task, contestant, "tuned") for task, contestant, _ in few}
    return [run for run in runs if (run.record.task, run.record.contestant, run.record.recipe) in ends]


if __name__ == "__main__":
    sys.exit(main())
