"""What is wrong with a file, noted instead of raised, and how the file was read."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from dnabert.dna.sequence import Codes
from dnabert.errors import DnabertError

__all__ = ["MAX_SHOWN", "Findings", "Layout", "Problem", "ProblemKind", "refuse"]

MAX_SHOWN = 20
"""Problems of one kind whose messages are kept; the others are counted."""

ProblemKind = Literal[
    "unreadable file",
    "header",
    "header again",
    "wrong number of columns",
    "region",
    "record",
    "no label",
    "label",
    "pair or not",
    "id twice",
    "broken k-mers",
    "empty sequence",
    "not nucleotides",
    "too short",
    "ambiguous bases",
    "no entries",
    "classes",
]


@dataclass(frozen=True)
class Layout:
    """What a file was taken for.

    Attributes:
        kind: CSV, TSV, FASTA or BED.
        columns: Names of a table's columns, in lower case.
        sequences: Which columns are the sequences, 0-based.
        label: Which column is the label, or None.
        identity: Which column is the id, or None.
        header_line: Line of the header, 1-based.
    """

    kind: Literal["CSV", "TSV", "FASTA", "BED"]
    columns: tuple[str, ...] = ()
    sequences: tuple[int, ...] = ()
    label: int | None = None
    identity: int | None = None
    header_line: int = 1


@dataclass(frozen=True)
class Problem:
    """A reason for which training would stop.

    Attributes:
        kind: What sort of problem.
        message: The line that training would end with: place, value, rule, way out.
    """

    kind: ProblemKind
    message: str


@dataclass
class Findings:
    """What is wrong with a file, noted instead of raised, and how the file was read.

    Attributes:
        counts: Problems by kind.
        problems: The first :data:`MAX_SHOWN` problems of each kind, in order.
        layout: What the file was taken for; None before it is known.
        sample: Fields of the first rows of a table.
        num_entries: Entries that were read.
        num_blank_lines: Blank lines of a table after its header.
        num_lower_case: Sequences with lower-case letters.
        num_uracil: Sequences with U.
    """

    counts: Counter[ProblemKind] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    layout: Layout | None = None
    sample: list[list[str]] = field(default_factory=list)
    num_entries: int = 0
    num_blank_lines: int = 0
    num_lower_case: int = 0
    num_uracil: int = 0

    def add(self, kind: ProblemKind, message: str) -> None:
        """Note a problem."""
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_SHOWN:
            self.problems.append(Problem(kind, message))

    @property
    def lacks_label_column(self) -> bool:
        """Whether this is a table in which no column is the label."""
        return self.layout is not None and self.layout.kind in ("CSV", "TSV") and self.layout.label is None

    def note_letters(self, sequences: tuple[str | Codes, ...]) -> None:
        """Count what the encoding hides: lower case and U."""
        for sequence in sequences:
            if isinstance(sequence, str):
                self.num_lower_case += not sequence.isupper() and sequence.upper() != sequence
                self.num_uracil += "U" in sequence or "u" in sequence

    def rename(self, old: str, new: str) -> None:
        """Call a file by another name in all messages."""
        self.problems = [replace(problem, message=problem.message.replace(old, new)) for problem in self.problems]


def refuse(findings: Findings | None, kind: ProblemKind, error: DnabertError) -> None:
    """Raise the error, or note it where findings are collected."""
    if findings is None:
        raise error
    findings.add(kind, str(error))
