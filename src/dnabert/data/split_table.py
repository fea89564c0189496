"""A table that says which contig is for training, which for validation, which for the test."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dnabert.dna.regions import open_text
from dnabert.errors import DataFileError

__all__ = ["SplitRow", "read_split", "read_split_rows"]


@dataclass(frozen=True)
class SplitRow:
    """A line of a table of contigs.

    Attributes:
        contig: Its contig.
        split: Its split, as it stands there.
        where: ``file:line``, for messages.
    """

    contig: str
    split: str
    where: str


def read_split(path: Path) -> dict[str, str]:
    """Split by contig name, from a TSV or CSV with the columns ``contig`` and ``split``.

    Raises:
        DataFileError: As :func:`read_split_rows`.
    """
    return {row.contig: row.split for row in read_split_rows(path)}


def read_split_rows(path: Path) -> Iterator[SplitRow]:
    """Each contig of a TSV or CSV with the columns ``contig`` and ``split``; empty lines and those that begin with ``#`` are passed over.

    Raises:
        DataFileError: The columns are missing, a line has another number of them, or a contig has two splits.
    """
    found: dict[str, SplitRow] = {}
    try:
        with open_text(path) as handle:
            lines = ((number, line) for number, line in enumerate(handle, start=1) if line.strip() and not line.startswith("#"))
            number, line = next(lines, (1, ""))
            separator = "\t" if "\t" in line else ","
            header = _separated(line, separator)
            if "contig" not in header or "split" not in header:
                names = ", ".join(header) or "none"
                raise DataFileError(f"{path}:{number}: needs the columns 'contig' and 'split', separated by tabs or commas; found {names}")
            for number, line in lines:
                values = _separated(line, separator)
                if len(values) != len(header):
                    raise DataFileError(f"{path}:{number}: {len(values)} columns, but the header has {len(header)}")
                row = SplitRow(values[header.index("contig")], values[header.index("split")], f"{path}:{number}")
                before = found.setdefault(row.contig, row)
                if before.split != row.split:
                    rule = f"contig {row.contig} is {row.split}, but {before.split} at {before.where}"
                    raise DataFileError(f"{row.where}: {rule}; a contig has one split")
                if before is row:
                    yield row
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: is no table, or is damaged: {error}") from error


def _separated(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, skipinitialspace=separator == ","), [])
