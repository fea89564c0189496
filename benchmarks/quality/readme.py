"""`python -m benchmarks.quality.readme --runs benchmarks/results/gue README.md`: the table of the README from kept results."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.cells.summary import Row, rows_of
from benchmarks.quality.markdown import read_markdown, table
from benchmarks.quality.options import run_command
from benchmarks.quality.published import CNN, DNABERT_2, DNABERT_6, PUBLISHED, best_published
from benchmarks.quality.table import read_runs
from dnabert.errors import DataFileError
from dnabert.output import write_text

__all__ = ["BEGIN", "END", "main", "put", "short_table"]

BEGIN, END = "<!-- gue: python -m benchmarks.quality.readme -->\n", "<!-- gue ends -->\n"
"""Lines that stand around the table."""

_COLUMNS = {
    "tf/0": "`tf/0`",
    "tf/1": "`tf/1`",
    "tf/4": "`tf/4`",
    "prom_core_notata": "core, no TATA",
    "prom_core_tata": "core, TATA",
    "prom_300_tata": "300, TATA",
    "mouse/0": "`mouse/0`",
    "mouse/4": "`mouse/4`",
}
_PUBLISHED = {CNN: CNN, DNABERT_6: "DNABERT-6 (published)", DNABERT_2: "DNABERT-2 (published)"}
_OURS = {"cnn": "CNN, trained here", "random:mini:6": "4 x 256 from random weights", "dnabert-6-mini": "`dnabert-6-mini`"}
_SEEDS = 3


def short_table(rows: Sequence[Row]) -> str:
    """MCC x 100 on test of the published rows and of ours with the tuned recipe; the best of a task in bold.

    Where a figure of ours is not the mean of three seeds, their number stands in brackets.

    Args:
        rows: What was measured here.

    Raises:
        DataFileError: Some of it is a rehearsal.
    """
    if any(record.rehearsal for row in rows for record in row.records):
        raise DataFileError("some of the kept results are a rehearsal, of which no figure means anything; give another folder of --runs")
    named = [(title, {task: (value, _SEEDS) for task, value in PUBLISHED[name].items()}) for name, title in _PUBLISHED.items()]
    named.append(("best published", {task: (best, _SEEDS) for task in _COLUMNS if (best := best_published(task)) is not None}))
    for name, title in _OURS.items():
        own = [row for row in rows if (row.contestant, row.recipe, row.share) == (name, "tuned", 1)]
        named.append((title, {row.task: (row.test().value, len(row.runs)) for row in own}))
    best = {task: f"{max(found[task][0] for _, found in named if task in found):.1f}" for task in _COLUMNS}
    cells = [[title, *(_cell(found.get(task), best[task]) for task in _COLUMNS)] for title, found in named]
    return table(["", *_COLUMNS.values()], cells)


def _cell(found: tuple[float, int] | None, best: str) -> str:
    if found is None:
        return "-"
    value, seeds = found
    text = f"{value:.1f}"
    shown = f"**{text}**" if text == best else text
    return shown if seeds == _SEEDS else f"{shown} ({seeds})"


def put(text: str, part: str, name: str) -> str:
    """A document with a part between :data:`BEGIN` and :data:`END` put in the place of what stands there.

    Args:
        text: The document.
        part: The part.
        name: What the document is called in an error.

    Raises:
        DataFileError: The two lines do not stand there, once each, in this order.

    Examples:
        >>> put(f"a\\n{BEGIN}old\\n{END}b\\n", "new\\n", "README.md") == f"a\\n{BEGIN}new\\n{END}b\\n"
        True
    """
    if not text.count(BEGIN) == text.count(END) == 1 or text.index(END) < text.index(BEGIN):
        raise DataFileError(f"{name}: put the lines {BEGIN.strip()} and {END.strip()} once, around the place of the table")
    before, begin, rest = text.partition(BEGIN)
    return before + begin + part + END + rest.partition(END)[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.readme", description="The table of the README.")
    parser.add_argument("--runs", type=Path, default=Path("benchmarks/results/gue"), help="folder of results (default: %(default)s)")
    parser.add_argument("readme", type=Path, nargs="?", default=Path("README.md"), help="(default: %(default)s)")
    options = parser.parse_args()

    def work() -> None:
        text = read_markdown(options.readme)
        write_text(options.readme, put(text, short_table(rows_of(read_runs(options.runs))), str(options.readme)))

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
