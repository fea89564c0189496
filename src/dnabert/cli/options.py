"""Flags that several verbs share, and what they stand for."""

import shlex
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from dnabert.choices import AmbiguityPolicy, DeviceName, DtypeName, EngineName

__all__ = [
    "Address",
    "Ambiguous",
    "ConfigFile",
    "Device",
    "Dtype",
    "EngineFlag",
    "Force",
    "Genome",
    "InputFile",
    "OutDirectory",
    "OutTable",
    "Quiet",
    "Resume",
    "Settings",
    "Workers",
    "command_line",
    "typed_words",
]

OutDirectory = Annotated[Path, Parameter(help="The new directory.")]
OutTable = Annotated[Path, Parameter(allow_leading_hyphen=True, help="The new file; - is stdout.")]
Device = Annotated[DeviceName, Parameter(help="Where to compute; auto takes the GPU when there is one.")]
Dtype = Annotated[DtypeName, Parameter(help="Number type of the matrix products; auto takes bfloat16 where the hardware has it.")]
Resume = Annotated[bool, Parameter(negative="", help="Go on from the state in --out, with the same command.")]
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
InputFile = Annotated[str, Parameter(name="INPUT", allow_leading_hyphen=True)]
Genome = Annotated[Path | None, Parameter(help="Genome of a BED input: FASTA, plain or bgzip.")]
EngineFlag = Annotated[EngineName, Parameter(help="Who works: this process, a Ray cluster, or torchrun's ranks (with --resume).")]
Address = Annotated[str, Parameter(help="ray: local starts Ray on this machine; auto joins the cluster it belongs to; or host:port.")]
Workers = Annotated[
    int | None, Parameter(validator=Number(gte=1), help="ray: how many; without it, one for each GPU, or for each two cores.")
]

typed_words: ContextVar[tuple[str, ...]] = ContextVar("typed_words", default=())
"""The words after ``dnabert`` of the command that is running."""


def command_line() -> str:
    """The command as it was typed, quoted so that a shell reads it again, for the record."""
    return shlex.join(["dnabert", *typed_words.get()])
