"""The page about a model and labelled sequences: how good it is on them, what it reads in them, and where all of it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dnabert.report.model.evaluated import Evaluated, evaluated_cards, evaluated_section
from dnabert.report.model.run_report import provenance_section
from dnabert.report.model.training_curves import finetune_section
from dnabert.report.page import Block, Details, Facts, Page, Section, write_page
from dnabert.report.run_files import RunFiles
from dnabert.report.wording import plural

__all__ = ["ModelReading", "write_reading"]


@dataclass(frozen=True)
class ModelReading:
    """What a report says of a model.

    Attributes:
        name: What the model is called.
        evaluated: How good it is.
        sections: What it reads: attention, motifs, map, or what keeps it from being shown.
        runs: Names and files of the runs that it was made in; several are an ensemble.
        facts: Names and values of the report's origin.
        settings: Names and values of its settings.
    """

    name: str
    evaluated: Evaluated
    sections: tuple[Section, ...]
    runs: Sequence[tuple[str, RunFiles]]
    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]


def write_reading(path: Path, reading: ModelReading, command: str = "") -> None:
    """Write the page as one HTML file, in place of what is there.

    Args:
        path: The file.
        reading: What it says.
        command: The command line that made it.

    Raises:
        OutputError: It cannot be written.
    """
    found = reading.evaluated
    lead = (
        f"What this model says of {plural(found.num_sequences, 'labelled sequence')} of {found.source}: how often it is right, what it"
        " reads in them, and what it was made from."
    )
    sections = [evaluated_section(found), *reading.sections]
    trained = [run for _, run in reading.runs if run.log]
    if len(reading.runs) == 1 and trained:
        sections.append(finetune_section(trained[0], "How it was trained"))
    sections.append(_origin(reading))
    write_page(path, Page(f"Model report: {reading.name}", lead, tuple(sections), evaluated_cards(found), command))


def _origin(reading: ModelReading) -> Section:
    blocks: list[Block] = [Facts(reading.facts), Details("Settings of this report", (Facts(reading.settings, is_dense=True),))]
    for name, run in reading.runs:
        blocks.append(Details(f"How {name} was made", provenance_section([(name, run)]).blocks))
    return Section("Where this comes from", tuple(blocks))
