"""Flags that several verbs share, and what they stand for."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dnabert.dna.sequence import AmbiguityPolicy

__all__ = ["Ambiguous", "ConfigFile", "Force", "Genome", "InputFile", "Out", "Quiet", "Settings", "command_line"]

Out = Annotated[Path, Parameter(allow_leading_hyphen=True, help="Where the result goes; - is stdout where the result is one table.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is at --out.")]
Quiet = Annotated[bool, Parameter(negative="", help="Only warnings and errors on stderr.")]
ConfigFile = Annotated[Path | None, Parameter(name="--config", help="TOML file with settings.")]
Settings = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", help="One setting as a.b=value; may be given several times."),
]
Ambiguous = Annotated[
    AmbiguityPolicy,
    Parameter(help="N and IUPAC letters: unk makes the k-mers over them [UNK], skip leaves the entry out, error stops."),
]
InputFile = Annotated[str, Parameter(allow_leading_hyphen=True)]
Genome = Annotated[Path | None, Parameter(help="Genome of a BED input: FASTA, plain or bgzip.")]


def command_line() -> str:
    """The command as it was typed, for the record."""
    return " ".join(["dnabert", *sys.argv[1:]])
