"""The report of ``dnabert dataset check``, as text and as JSON."""

import dataclasses
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from dnabert.data.check import FileReport, SetReport
from dnabert.data.check.composition import Spread
from dnabert.data.rows.findings import MAX_SHOWN
from dnabert.output import open_output, provenance, sha256_of_file

__all__ = ["number_of", "report_lines", "write_report"]

_MAX_LETTERS = 40


def write_report(report: SetReport, path: Path, files: list[str], command: str, force: bool) -> None:
    """The report as JSON, with its provenance.

    Args:
        report: The report.
        path: Where to; ``-`` is stdout.
        files: The files that were checked.
        command: The command line, for the record.
        force: Allow replacing what is there.

    Raises:
        OutputError: It cannot be written.
    """
    inputs = {name: sha256_of_file(Path(name)) for name in files if Path(name).is_file()}
    content = {
        "fit_for_training": not report.num_problems,
        "num_problems": report.num_problems,
        **dataclasses.asdict(report),
        "provenance": provenance(command, inputs),
    }
    with open_output(path, force) as handle:
        handle.write(json.dumps(content, indent=2, allow_nan=False) + "\n")


def number_of(number: int, one: str, several: str = "") -> str:
    """A number and what it counts.

    Examples:
        >>> number_of(1, "entry", "entries"), number_of(2000, "problem")
        ('1 entry', '2,000 problems')
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def report_lines(report: SetReport) -> Iterator[str]:
    """The report as lines of text, plain enough for a pipe."""
    for file in report.files:
        yield from _file_lines(file, report.kmer)
        yield ""
    for shared in report.shared:
        count = shared.num_entries + shared.num_reverse_complements
        yield f"{shared.second} and {shared.first} share {number_of(count, 'entry', 'entries')}"
        for place, first in shared.examples:
            yield f"    {place} stands also at {first}"
        yield from _rest(count, len(shared.examples))
    yield from (f"warning: {text}" for text in report.warnings)
    if report.task is not None:
        yield f"task: {report.task}" + (" (guessed from the labels; --task sets another)" if report.is_guessed else "")
    if report.num_problems:
        yield f"not fit for training: {number_of(report.num_problems, 'problem')}"
    elif any(file.source == "stdin" for file in report.files):
        yield "fit for training"
    else:
        named = zip(("train", "valid", "test"), report.files, strict=False)
        files = [word for flag, file in named for word in (f"--{flag}", file.source)]
        yield f"fit for training:  dnabert finetune {shlex.join([*files, '--task', str(report.task), *report.flags])} --out RUN"


def _file_lines(file: FileReport, kmer: int) -> Iterator[str]:
    yield f"{file.source} ({file.role})"
    yield _line("read as", _layout(file))
    notes = [f"{file.num_entries:,} read", f"{file.num_usable:,} usable"]
    notes += [f"{number:,} {what}" for number, what in _oddities(file) if number]
    yield _line("entries", ", ".join(notes))
    yield from _content_lines(file, kmer)
    for kind, number in file.problem_counts.items():
        yield f"  problem: {kind} ({number:,})"
        shown = [problem.message for problem in file.problems if problem.kind == kind]
        yield from (f"    {message}" for message in shown)
        yield from _rest(number, len(shown))
    yield from (f"  warning: {text}" for text in file.warnings)
    yield from _duplicate_lines(file)


def _layout(file: FileReport) -> str:
    layout = file.layout
    if layout is None:
        return "nothing: see the problem below"
    if not layout.columns:
        where = {"FASTA": "label from label=... in the header", "BED": "label from column 4, sequence from the genome"}
        return f"{layout.kind}, {where.get(layout.kind, '')}"
    used = {
        "sequence": ", ".join(repr(layout.columns[place]) for place in layout.sequences),
        "label": "none" if layout.label is None else repr(layout.columns[layout.label]),
        "id": "none" if layout.identity is None else repr(layout.columns[layout.identity]),
    }
    taken = (*layout.sequences, layout.label, layout.identity)
    others = [name for place, name in enumerate(layout.columns) if place not in taken]
    columns = ", ".join(f"{what} from {column}" if column != "none" else f"no {what}" for what, column in used.items())
    return f"{layout.kind}, {columns}" + (f"; not used: {', '.join(others)}" if others else "")


def _oddities(file: FileReport) -> list[tuple[int, str]]:
    return [
        (file.num_blank_lines, "blank lines"),
        (file.num_lower_case, "with lower case (read as upper case)"),
        (file.num_uracil, "with U (read as T)"),
    ]


def _content_lines(file: FileReport, kmer: int) -> Iterator[str]:
    found = file.composition
    if found is None:
        return
    yield _line("length", f"{_spread(found.length_bp)} bases, {_spread(found.num_tokens)} tokens of {kmer}-mers (least, median, most)")
    gc = "-" if found.gc is None else f"{found.gc:.1%}"
    unknown = f"{found.num_ambiguous:,} N or other IUPAC in {number_of(found.num_with_ambiguous, 'entry', 'entries')}"
    yield _line("bases", f"{found.num_bases:,}, GC {gc}, {unknown}")
    for each in file.classes[:MAX_SHOWN]:
        facts = [f"{each.num_entries:,} ({each.share:.1%})"]
        facts += [f"GC {each.gc:.1%}"] if each.gc is not None else []
        facts += [f"AUROC of GC alone {each.gc_auroc:.3f}"] if each.gc_auroc is not None else []
        facts += [f"of length alone {each.length_auroc:.3f}"] if each.length_auroc is not None else []
        yield _line(f"class {_short(each.name)}", ", ".join(facts))
    yield from _rest(len(file.classes), min(len(file.classes), MAX_SHOWN), "  ... and {} more classes")
    for value in file.values:
        related = "" if value.gc_correlation is None else f", correlation with GC {value.gc_correlation:.2f}"
        yield _line(value.name, f"{value.least:g} to {value.most:g}, mean {value.mean:g}{related}")


def _duplicate_lines(file: FileReport) -> Iterator[str]:
    found = file.duplicates
    if found is None:
        return
    if found.conflicts:
        yield "  one sequence, two labels:"
        yield from (f"    {place}: {_short(label)}, but {first}: {_short(other)}" for place, label, first, other in found.conflicts)
        yield from _rest(found.num_conflicts, len(found.conflicts))
    for title, count, places in (
        ("the same sequence again", found.num_repeats, found.repeats),
        ("the reverse complement of an earlier one", found.num_reverse_complements, found.reverse_complements),
    ):
        if places:
            yield f"  {title}:"
            yield from (f"    {place} as {first}" for place, first in places)
            yield from _rest(count, len(places))


def _rest(count: int, shown: int, text: str = "    and {} more") -> Iterator[str]:
    if count > shown:
        yield text.format(f"{count - shown:,}")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_LETTERS else f"{text[:_MAX_LETTERS]}..."


def _spread(spread: Spread) -> str:
    return f"{spread.least:,} / {spread.median:,g} / {spread.most:,}"


def _line(name: str, value: str) -> str:
    return f"  {name:<10} {value}"
