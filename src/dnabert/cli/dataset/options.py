"""Flags that the builders of data sets share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

__all__ = ["FLAG_NAMES", "AssemblyName", "DropNearDuplicates", "GenomeFile", "OutSet", "Seed", "SplitFile", "default_of_settings"]

FLAG_NAMES = {"splits.file": "--split", "window_bp": "--length"}
"""Flags that are not called as the settings that they are for."""


def default_of_settings(value: str) -> Parameter:
    """What a flag is by default if it is not given, for ``--help``: the default of its setting.

    Args:
        value: The default as a user types it; a test holds it to the setting's, whose module is too slow to be imported for ``--help``.
    """
    return Parameter(show_default=lambda _: value)


GenomeFile = Annotated[Path, Parameter(help="The genome: FASTA (plain, gzip, bgzip) or 2bit.")]
AssemblyName = Annotated[
    str | None, Parameter(help="Name of the assembly, for the record; without it, told by the lengths of the contigs where they are known.")
]
SplitFile = Annotated[
    Path | None,
    Parameter(
        help="Which contig is for what: a table with the columns contig and split, or BED regions named train, valid, test; without it,"
        " contigs are drawn, or those of --set splits.test_contigs=NAME,NAME are taken.",
        show_default=lambda _: "contigs are drawn",
    ),
]
OutSet = Annotated[Path, Parameter(help="The new directory: train.tsv, valid.tsv, test.tsv, regions.bed, leakage.json, report.html.")]
Seed = Annotated[int, Parameter(validator=Number(gte=0), help="All randomness comes from it; the same seed gives the same bytes.")]
DropNearDuplicates = Annotated[
    float | None,
    Parameter(
        validator=Number(gt=0, lte=1),
        show_default=lambda _: "none is left out",
        help="Leave out training rows that hold more than this share (0-1) of the 16-mers of a row of validation or test.",
    ),
]
