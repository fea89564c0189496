"""How the documents are written: tables, figures with intervals, what a goal was missed by, where it all ran."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.quality.cells.records import Record
from benchmarks.quality.cells.summary import Gain, Mean
from dnabert.errors import DataFileError

__all__ = ["difference", "difference_text", "gain_text", "head", "mean_text", "origin_lines", "read_markdown", "table"]


def table(head_cells: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty without rows.

    Examples:
        >>> print(table(["a", "b"], [["1", "2"]]), end="")
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    if not rows:
        return ""
    lines = [" | ".join(cells) for cells in (head_cells, ["---"] * len(head_cells), *rows)]
    return "".join(f"| {line} |\n" for line in lines)


def mean_text(mean: Mean | None) -> str:
    """Mean and half of its interval; of two seeds both figures.

    Examples:
        >>> mean_text(Mean(71.234, 1.26, (70.7, 71.3, 71.7))), mean_text(Mean(71.234, None, (71.234,))), mean_text(None)
        ('71.2 ± 1.3', '71.2 (1 seed)', '-')
        >>> mean_text(Mean(66.05, None, (64.7, 67.4)))
        '66.0 (64.7, 67.4)'
    """
    if mean is None:
        return "-"
    if mean.half_width is not None:
        return f"{mean.value:.1f} ± {mean.half_width:.1f}"
    return f"{mean.value:.1f} " + ("(1 seed)" if len(mean.values) == 1 else f"({', '.join(f'{value:.1f}' for value in mean.values)})")


def difference(value: float | None, goal: float | None) -> str:
    """By how much a goal was passed, or, in bold, missed.

    Examples:
        >>> difference(71.5, 70.0), difference(71.55, 71.58), difference(70.0, None)
        ('+1.50', '**-0.03**', '-')
    """
    if value is None or goal is None:
        return "-"
    gap = value - goal
    return f"+{gap:.2f}" if gap > 0 else f"**{gap:.2f}**"


def gain_text(gain: Gain | None) -> str:
    """A gain with its interval; in bold where the interval is above 0.

    Examples:
        >>> gain_text(Gain(4.3, (-0.8, 9.7), 1)), gain_text(Gain(9.0, (1.4, 16.9), 3)), gain_text(None)
        ('+4.3 (-0.8 to +9.7)', '**+9.0 (+1.4 to +16.9)**', '-')
    """
    if gain is None:
        return "-"
    text = difference_text(gain.value, gain.interval)
    return f"**{text}**" if gain.interval is not None and gain.interval[0] > 0 else text


def difference_text(value: float, ends: tuple[float, float] | None) -> str:
    """A difference with its interval, if it has one.

    Examples:
        >>> difference_text(4.3, (-0.8, 9.7)), difference_text(4.3, None)
        ('+4.3 (-0.8 to +9.7)', '+4.3')
    """
    return f"{value:+.1f}" if ends is None else f"{value:+.1f} ({ends[0]:+.1f} to {ends[1]:+.1f})"


def head(title: str, command: str, records: Iterable[Record]) -> str:
    """Heading of a document, and a warning where it shows a rehearsal."""
    lines = [f"# {title}\n", f"Written by `{command}`; do not edit.\n"]
    if any(record.rehearsal for record in records):
        lines.append("**A rehearsal: some rows of each split and one epoch. None of these numbers means anything.**\n")
    return "\n".join(lines)


def origin_lines(records: Iterable[Record]) -> str:
    """Where, with what and with which code the records were made."""
    found: dict[str, int] = {}
    for record in records:
        facts = record.machine
        place = f"{facts.get('gpu') or facts['cpu']}, {facts['dtype']}, {facts['system']}"
        versions = ", ".join(f"{name} {record.versions[name]}" for name in ("dnabert", "python", "torch", "scikit-learn"))
        text = f"commit {record.commit}; {versions}; {place}"
        found[text] = found.get(text, 0) + 1
    return "".join(f"- {count} runs: {text}.\n" for text, count in found.items())


def read_markdown(path: Path) -> str:
    """The text of a document, or of notes.

    Raises:
        DataFileError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
