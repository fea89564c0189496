"""The report on motifs: a table with logos, each with its best match beneath, the numbers of every step, and where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnabert.motif.compare import SIGNIFICANT_Q, Match, best_match
from dnabert.motif.found import Discovery, FoundMotif
from dnabert.motif.pwm import letter_heights
from dnabert.plot.bases.logo import Logo, logos_figure
from dnabert.plot.export import svg_text
from dnabert.report.page import Block, Card, Cell, Details, Facts, Notice, Page, Paragraph, Section, Table, write_page
from dnabert.report.wording import plural

__all__ = ["NO_MATCH", "MotifReport", "match_logos", "motif_section", "steps_section", "write_motif_report"]

NO_MATCH = f"no match at q < {SIGNIFICANT_Q:g}"
"""What stands in the place of a best match; the nearest motifs stand in the tables of all matches."""
_MAX_ROWS = 30
"""Motifs with a logo in the table; the files hold all."""


@dataclass(frozen=True)
class MotifReport:
    """What a report on motifs says.

    Attributes:
        found: The motifs and the steps to them.
        matches: Known motifs like each, best first, by name; empty where no database was asked.
        database: Name of the database; empty for none.
        method: How motifs were found, in a sentence.
        facts: Names and values of its origin.
        settings: Names and values of the settings.
        command: The command that made it.
    """

    found: Discovery
    matches: Mapping[str, Sequence[Match]]
    database: str
    method: str
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...] = ()
    command: str = ""


def write_motif_report(path: Path, report: MotifReport) -> None:
    """Write the report as one HTML file, in place of what is there.

    Raises:
        OutputError: It cannot be written.
    """
    found = report.found
    cards = [Card("Motifs", f"{len(found.motifs):,}")]
    if found.motifs:
        top = found.motifs[0]
        where = f"{plural(len(top.sites), 'site')} in {plural(top.num_sequences, 'sequence')}"
        cards.append(Card("First motif", plural(len(top.probs), "base"), f"{top.consensus}, {where}"))
        best = best_match(report.matches, top.name)
        if best is not None:
            cards.append(Card("Its best match", f"q = {_number(best.q)}", _called(best)))
        elif report.database:
            cards.append(Card("Its best match", "none", NO_MATCH))
    sections = [motif_section(report), steps_section(found)]
    if report.matches and found.motifs:
        sections.append(_matches_section(report))
    origin: list[Block] = [Facts(report.facts)]
    if report.settings:
        origin.append(Details("All settings", (Facts(report.settings, is_dense=True),)))
    sections.append(Section("Where this comes from", tuple(origin)))
    write_page(path, Page("Motifs", report.method, tuple(sections), tuple(cards), report.command))


def match_logos(motif: FoundMotif, best: Match | None) -> list[Logo]:
    """The logo of a motif and, laid as TOMTOM lays it, that of its best match, if there is one."""
    logos = [Logo(f"{motif.name}: {motif.consensus}", letter_heights(motif.probs))]
    if best is not None:
        probs = best.known.probs[::-1, ::-1] if best.is_reverse else best.known.probs
        turned = ", reverse complement" if best.is_reverse else ""
        logos.append(Logo(f"{_called(best)}{turned}", letter_heights(probs), best.offset))
    return logos


def motif_section(report: MotifReport, title: str = "Motifs") -> Section:
    """The table of motifs with their logos; what to loosen where there are none.

    Args:
        report: The motifs and their matches.
        title: Heading of the section.
    """
    motifs = report.found.motifs
    if not motifs:
        return Section(title, (Notice(f"No motif was found: {report.found.hint}.", is_warning=True),))
    rows = []
    for number, motif in enumerate(motifs[:_MAX_ROWS]):
        best = best_match(report.matches, motif.name)
        logos = match_logos(motif, best)
        figure = svg_text(logos_figure(logos), "; above ".join(logo.name for logo in logos))
        sites = Cell(f"{len(motif.sites):,}", note=f"in {plural(motif.num_sequences, 'sequence')}")
        row: list[str | Cell] = [Cell(svg=figure, svg_prefix=f"{motif.name}-{number}-"), sites]
        if motif.q is not None:
            own = motif.matrix_positives is not None and motif.matrix_negatives is not None
            note = f"matrix: {motif.matrix_positives:,} : {motif.matrix_negatives:,}" if own else ""
            row.append(Cell(f"{motif.in_positives:,} : {motif.in_negatives:,}", note=note))
            row.append(_number(motif.q))
        if report.database:
            row.append(Cell(_called(best), strong=True, note=f"q = {_number(best.q)}") if best else NO_MATCH)
        rows.append(tuple(row))
    tested = motifs[0].q is not None
    columns = ["Logo", ">Sites", *((">Positives : negatives", ">q") if tested else ()), *(("Best match",) if report.database else ())]
    blocks: list[Block] = [Table(tuple(columns), tuple(rows), _caption(report, tested))]
    if len(motifs) > _MAX_ROWS:
        blocks.append(Paragraph(f"The first {_MAX_ROWS} of {len(motifs):,} motifs are shown; `motifs.tsv` and `motifs.meme` hold all."))
    return Section(title, tuple(blocks))


def _caption(report: MotifReport, tested: bool) -> str:
    parts = ["Letters are as high as what they tell, 2 bits at most."]
    if tested:
        parts.append(
            "Positives and negatives are those that hold one of the strings that a motif was merged from; q is their hypergeometric"
            " chance, corrected for the number of motifs, and not that of the matrix. The strings were chosen for being enriched: this q"
            " proves little. Beneath, the same is counted of the matrix: sequences with a place that it fits as well as the better half"
            " of its sites; the motif whose matrix is the most enriched stands first."
        )
    if report.database:
        parts.append(
            f"Beneath a logo stands the motif of {report.database} that is most like it (TOMTOM), where its q is below {SIGNIFICANT_Q:g}."
        )
    return " ".join(parts)


def steps_section(found: Discovery, title: str = "How they were found") -> Section:
    """What each step left."""
    rows = tuple((step.name, f"{step.count:,}", step.note) for step in found.steps)
    blocks: list[Block] = [Table(("Step", ">Left", "What it is"), rows)]
    if found.hint:
        blocks.append(Notice(f"What to try: {found.hint}.", is_warning=True))
    return Section(title, tuple(blocks))


def _matches_section(report: MotifReport) -> Section:
    blocks: list[Block] = []
    for motif in report.found.motifs[:_MAX_ROWS]:
        rows = tuple(
            (
                match.name,
                match.id,
                ", ".join(match.known.families) or "–",
                "−" if match.is_reverse else "+",
                f"{match.overlap}",
                _number(match.p),
                _number(match.q),
            )
            for match in report.matches.get(motif.name, ())
        )
        table = Table(("Factor", "Accession", "Family", "Strand", ">Overlap", ">p", ">q"), rows)
        blocks.append(Details(f"{motif.name}: {motif.consensus}", (table,)))
    lead = Paragraph(f"The nearest motifs, whatever their q; a match is one of q < {SIGNIFICANT_Q:g}.")
    return Section(f"Nearest in {report.database}", (lead, *blocks))


def _called(match: Match) -> str:
    """Factor and accession; many MEME files give one name only."""
    return match.name if match.name == match.id else f"{match.name} ({match.id})"


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")
