"""Rows out of the files that people have, one by one.

There is one parser. Training stops at the first row that cannot be used; ``dnabert dataset check`` hands in
:class:`~dnabert.data.rows.findings.Findings`, and the same parser notes the problem there and goes on with the next row.
"""

import csv
import gzip
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO

from dnabert.data.rows.findings import Findings, Layout, ProblemKind, refuse
from dnabert.data.rows.foreign import foreign_format, header_hint
from dnabert.dna.fasta import read_fasta
from dnabert.dna.regions import Genome, open_text, read_bed
from dnabert.dna.sequence import Codes
from dnabert.errors import DataFileError, DnabertError, RegionError, SequenceError

__all__ = ["Row", "is_bed", "read_rows"]

_SEQUENCE_NAMES = (("sequence",), ("seq",), ("sequence1", "sequence2"), ("seq1", "seq2"))
_LABEL_NAMES = ("label", "labels", "bound")
_ID_NAMES = ("id", "name")
_LABEL_IN_HEADER = re.compile(r"(?:^|[\s|;])label=([^\s|]+)")
_BED_SUFFIXES = (".bed", ".narrowpeak", ".broadpeak")
_MAX_FIELD_CHARACTERS = 1 << 30
_SAMPLED_ROWS = 200
_UNREADABLE = (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class Row:
    """One entry of a file, as it was read.

    Attributes:
        name: Its id: the file's own, else ``row<number>``, counted from 1.
        sequences: Letters, or base codes where they come from a genome; two for a pair.
        label: Its label as text, or None.
        where: ``file:line`` or ``file: record``, for messages.
    """

    name: str
    sequences: tuple[str | Codes, ...]
    label: str | None
    where: str


def read_rows(path: Path | str, genome: Path | None = None, findings: Findings | None = None) -> Iterator[Row]:
    """Entries of a file one by one, in order; the kind of file is told by its name and first letter.

    Args:
        path: CSV, TSV, FASTA or BED file, or ``-``.
        genome: Indexed FASTA, for BED.
        findings: Where to note what is wrong, instead of raising it; the reading goes on where it can.

    Raises:
        DataFileError: The file is missing, empty or malformed.
        RegionError: A BED line is malformed or does not fit the genome.
    """
    try:
        yield from _rows(path, genome, findings)
    except DnabertError as error:
        refuse(findings, "region" if isinstance(error, RegionError) else "unreadable file", error)


def _rows(path: Path | str, genome: Path | None, findings: Findings | None) -> Iterator[Row]:
    if str(path) == "-":
        yield from _rows_of_stream(sys.stdin.buffer, "stdin", findings)
        return
    file = Path(path)
    if file.is_dir():
        raise DataFileError(f"{file}: is a folder; give a CSV, TSV, FASTA or BED file")
    if file.is_fifo():
        with file.open("rb") as stream:
            yield from _rows_of_stream(stream, str(file), findings)
        return
    yield from _rows_of_file(file, genome, findings)


def _rows_of_stream(stream: BinaryIO, name: str, findings: Findings | None) -> Iterator[Row]:
    """Rows of something that can be read once only, by way of a temporary file that no message mentions."""
    with tempfile.NamedTemporaryFile(prefix="dnabert-") as spool:
        shutil.copyfileobj(stream, spool)
        spool.flush()
        try:
            for row in _rows_of_file(Path(spool.name), None, findings):
                yield replace(row, where=row.where.replace(spool.name, name))
        except DnabertError as error:
            raise type(error)(str(error).replace(spool.name, name)) from error
        finally:
            if findings is not None:
                findings.rename(spool.name, name)


def is_bed(name: str) -> bool:
    """Whether a file's name says that it holds regions: BED, narrowPeak or broadPeak, plain or gzip."""
    return name.lower().removesuffix(".gz").endswith(_BED_SUFFIXES)


def _rows_of_file(path: Path, genome: Path | None, findings: Findings | None) -> Iterator[Row]:
    if is_bed(path.name):
        yield from _bed_rows(path, genome, findings)
        return
    with open_text(path) as handle:
        start = _peek(handle, path)
    if not start.strip():
        raise DataFileError(f"{path}: is empty")
    foreign = foreign_format(start)
    if foreign:
        raise DataFileError(f"{path}: {foreign}")
    yield from _fasta_rows(path, findings) if start.lstrip()[:1] == ">" else _table_rows(path, findings)


def _peek(handle: IO[str], path: Path) -> str:
    try:
        return handle.read(4096)
    except _UNREADABLE as error:
        raise DataFileError(f"{path}: is no text file (CSV, TSV or FASTA, plain or gzip): {error}") from error


def _fasta_rows(path: Path, findings: Findings | None) -> Iterator[Row]:
    if findings is not None:
        findings.layout = Layout("FASTA")
    for record in read_fasta(path, _noted(findings, "record")):
        _count(findings)
        found = _LABEL_IN_HEADER.search(f"{record.name} {record.comment}")
        yield Row(record.name, (record.sequence,), found.group(1) if found else None, f"{path}: {record.name}")


def _bed_rows(path: Path, genome: Path | None, findings: Findings | None) -> Iterator[Row]:
    if findings is not None:
        findings.layout = Layout("BED")
    if genome is None:
        raise DataFileError(f"{path}: a BED file needs its genome: add --genome FASTA")
    with Genome(genome) as reader:
        for region in read_bed(path, _noted(findings, "region")):
            _count(findings)
            name = f"{region.contig}:{region.start}-{region.end}({region.strand})"
            label = None if region.name in ("", ".") else region.name
            try:
                codes = reader.codes(region)
            except (RegionError, SequenceError) as error:
                refuse(findings, "region" if isinstance(error, RegionError) else "not nucleotides", error)
                continue
            yield Row(name, (codes,), label, region.where)


def _noted(findings: Findings | None, kind: ProblemKind) -> Callable[[DnabertError], None] | None:
    """What takes the error of one line or record where findings are collected; None raises it."""
    if findings is None:
        return None

    def note(error: DnabertError) -> None:
        _count(findings)
        findings.add(kind, str(error))

    return note


def _count(findings: Findings | None) -> None:
    if findings is not None:
        findings.num_entries += 1


def _table_rows(path: Path, findings: Findings | None) -> Iterator[Row]:
    try:
        with open_text(path) as handle:
            yield from _parse_table(handle, path, findings)
    except _UNREADABLE as error:
        raise DataFileError(f"{path}: is no text file, or is damaged: {error}") from error
    except csv.Error as error:
        raise DataFileError(f"{path}: cannot be read as a table: {error}") from error


def _parse_table(handle: IO[str], path: Path, findings: Findings | None) -> Iterator[Row]:
    layout = _read_header(handle, path, findings)
    if layout is None:
        return
    names = list(layout.columns)
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    reader = csv.reader(handle, delimiter="\t" if layout.kind == "TSV" else ",")
    count, before = 0, 0
    for fields in reader:
        where = f"{path}:{layout.header_line + before + 1}"  # the first line of an entry that goes over several
        before = reader.line_num
        if not fields:
            if findings is not None:
                findings.num_blank_lines += 1
            continue
        count += 1
        _count(findings)
        if len(fields) != len(names):
            message = f"{where}: {len(fields)} columns, but the header has {len(names)} ({', '.join(names)})"
            refuse(findings, "wrong number of columns", DataFileError(message))
            continue
        sequences = tuple(fields[column] for column in layout.sequences)
        if sequences[0].strip().lower() == names[layout.sequences[0]]:
            message = f"{where}: the header again, in the middle of the table; remove this line (were files joined?)"
            refuse(findings, "header again", DataFileError(message))
            continue
        if findings is not None and len(findings.sample) < _SAMPLED_ROWS:
            findings.sample.append(fields)
        yield Row(
            (_one_line(fields[layout.identity]) if layout.identity is not None else "") or f"row{count}",
            sequences,
            _one_line(fields[layout.label]) if layout.label is not None else None,
            where,
        )


def _one_line(text: str) -> str:
    """The text fit for a field of a TSV."""
    return " ".join(text.split())


def _read_header(handle: IO[str], path: Path, findings: Findings | None) -> Layout | None:
    """The columns of a table; None where they cannot be told and that is noted. The next line is the first entry's."""
    line, header = next(((line, text) for line, text in enumerate(handle, start=1) if text.strip() and not text.startswith("#")), (1, ""))
    tab = "\t" in header
    names = [name.strip().strip('"').lower() for name in header.rstrip("\r\n").split("\t" if tab else ",")]
    for wanted in _SEQUENCE_NAMES:
        if all(name in names for name in wanted):
            label = next((names.index(name) for name in _LABEL_NAMES if name in names), None)
            identity = next((names.index(name) for name in _ID_NAMES if name in names), None)
            sequences = tuple(names.index(name) for name in wanted)
            layout = Layout("TSV" if tab else "CSV", tuple(names), sequences, label, identity, line)
            if findings is not None:
                findings.layout = layout
            return layout
    hint = header_hint(header, next(handle, "")) or "a FASTA file begins with '>'"
    message = (
        f"{path}:{line}: the header is {', '.join(names)[:80]!r}; it needs a column 'sequence' (or 'sequence1' and 'sequence2')"
        f" and, to train, 'label'; {hint}"
    )
    refuse(findings, "header", DataFileError(message))
    return None
