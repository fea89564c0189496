"""Motifs as a section of the report on a model: with logos where logomaker is installed, and a list without."""

from dataclasses import replace
from importlib.util import find_spec

from dnabert.motif.compare import Match, best_match
from dnabert.report.motifs import NO_MATCH, MotifReport, motif_section, steps_section
from dnabert.report.page import Block, Cell, Details, Notice, Paragraph, Section, Table

__all__ = ["found_motifs_section"]

_MAX_ROWS = 30


def found_motifs_section(report: MotifReport, compared: str, title: str = "Motifs") -> Section:
    """Motifs, their matches, and the numbers of each step.

    Args:
        report: The motifs; the hint names settings as ``dnabert motifs`` does.
        compared: What positives were compared with, and with which settings, a sentence.
        title: Heading of the section.
    """
    report = replace(report, found=replace(report.found, hint=_as_here(report.found.hint)))
    if report.found.motifs and find_spec("logomaker") is None:
        main = _plain_blocks(report)
    else:
        main = motif_section(report).blocks
    if report.found.motifs and not report.database:
        main = (*main, Notice("Not compared with known motifs: ask for it with `--database jaspar`, or a MEME file."))
    steps = replace(report.found, hint="")  # it stands above
    return Section(title, (Paragraph(f"{report.method} {compared}"), *main, Details("How they were found", steps_section(steps).blocks)))


def _as_here(hint: str) -> str:
    """Settings and flags as `dnabert report` has them."""
    return hint.replace("--set ", "--set motifs.").replace("--from attribution", "--set motifs_from=attribution")


def _plain_blocks(report: MotifReport) -> tuple[Block, ...]:
    tested = report.found.motifs[0].q is not None
    rows: list[tuple[str | Cell, ...]] = []
    for motif in report.found.motifs[:_MAX_ROWS]:
        row: list[str | Cell] = [Cell(motif.consensus, strong=True, note=motif.name), f"{len(motif.sites):,}", f"{motif.num_sequences:,}"]
        if tested:
            row += [f"{motif.in_positives:,} : {motif.in_negatives:,}", f"{motif.q:.2g}".replace("-", "−")]
        if report.database:
            row.append(_called(best_match(report.matches, motif.name)))
        rows.append(tuple(row))
    columns = ["Consensus", ">Sites", ">Sequences", *((">Positives : negatives", ">q") if tested else ())]
    columns += ["Best match"] * bool(report.database)
    notice = Notice("Logos are left out: they need the package logomaker, `pip install 'dnabert[interpret]'`.")
    return (notice, Table(tuple(columns), tuple(rows), "Consensus in IUPAC letters."))


def _called(match: Match | None) -> str | Cell:
    return NO_MATCH if match is None else Cell(f"{match.name} ({match.id})", strong=True, note=f"q = {match.q:.2g}".replace("-", "−"))
