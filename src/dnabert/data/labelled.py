"""Sequences with or without labels, from the files that people have.

* CSV or TSV (plain or gzip) with a header: ``sequence,label``, or ``sequence1,sequence2,label`` for pairs; ``id`` is optional, other
  columns are left alone. Blank-separated k-mers, the format of 2021, are put together again.
* FASTA: the label stands in the header as ``label=...``.
* BED and a genome: the label is column 4, the sequence is read on its strand.
* ``-``: stdin, any of the first two. A pipe, such as ``<(zcat ...)``, is read the same way.
"""

import csv
import gzip
import hashlib
import json
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from dnabert.choices import AmbiguityPolicy
from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.fasta import read_fasta
from dnabert.dna.regions import Genome, open_text, read_bed
from dnabert.dna.sequence import Codes, count_ambiguous, encode_bases
from dnabert.errors import DataFileError, DnabertError, SequenceError
from dnabert.output import sha256_of_file
from dnabert.tokenizer import join_kmers, looks_like_kmers

__all__ = ["LabelledSet", "Row", "read_rows", "read_set"]

_SEQUENCE_NAMES = (("sequence",), ("seq",), ("sequence1", "sequence2"), ("seq1", "seq2"))
_LABEL_NAMES = ("label", "labels", "bound")
_ID_NAMES = ("id", "name")
_LABEL_IN_HEADER = re.compile(r"(?:^|[\s|;])label=([^\s|]+)")
_BED_SUFFIXES = (".bed", ".narrowpeak", ".broadpeak")
_MAX_FIELD_CHARACTERS = 1 << 30
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


@dataclass(frozen=True)
class LabelledSet:
    """Sequences and their labels as text.

    Attributes:
        sequences: The sequences.
        labels: One text for each, or None when the file has no labels.
        where: Where each entry was read, for messages.
        source: The file, or ``stdin``.
        num_skipped: Entries left out for their ambiguous bases.
        num_ambiguous: Ambiguous bases in the entries that were kept.
        genome: The genome that a BED file was read with.
    """

    sequences: SequenceSet
    labels: tuple[str, ...] | None
    where: tuple[str, ...]
    source: str
    num_skipped: int = 0
    num_ambiguous: int = 0
    genome: Path | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def digest(self) -> str:
        """SHA-256 of what was read: ids, bases and labels. The same for the same content, whatever the file's name, format or packing."""
        second = self.sequences.second
        arrays = [part for packed in (self.sequences.first, second) if packed is not None for part in (packed.offsets, packed.codes)]
        whole = hashlib.sha256(json.dumps([self.sequences.ids, self.labels]).encode())
        for array in arrays:
            whole.update(np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()

    def inputs(self) -> dict[str, str]:
        """SHA-256 by input, for the record: of the content that was read, and of the genome's file."""
        genome = {} if self.genome is None else {str(self.genome): sha256_of_file(self.genome)}
        return {f"{self.source} (content)": self.digest, **genome}


def read_set(
    path: Path | str,
    kmer: int,
    *,
    genome: Path | None = None,
    ambiguous: AmbiguityPolicy = "unk",
    labels: bool = True,
    pair: bool | None = False,
) -> LabelledSet:
    """All entries of a file, checked and encoded.

    Args:
        path: CSV, TSV, FASTA or BED file, or ``-``.
        kmer: Each sequence must have at least this many bases.
        genome: Indexed FASTA, for BED.
        ambiguous: What to do with N and other IUPAC letters.
        labels: Whether each entry must have a label; if not, labels are left out.
        pair: Whether each entry must be a pair; None: as the first one.

    Raises:
        DataFileError: The file is missing, empty or malformed, an id occurs twice, or a label is missing.
        SequenceError: A sequence is too short or has a letter that is no nucleotide; the message names file and line.
        RegionError: A BED region does not fit the genome.
    """
    source = "stdin" if str(path) == "-" else str(path)
    ids: dict[str, str] = {}
    texts: list[str] = []
    where: list[str] = []
    columns: tuple[list[Codes], list[Codes]] = ([], [])
    skipped = total_ambiguous = 0
    for row in read_rows(path, genome):
        pair = len(row.sequences) == 2 if pair is None else pair
        _check_shape(row, labels, pair)
        if row.name in ids:
            raise DataFileError(f"{row.where}: the id {row.name} occurs twice (first at {ids[row.name]}); ids must be unique")
        ids[row.name] = row.where
        codes = [_codes(sequence, kmer, row) for sequence in row.sequences]
        unknown = sum(map(count_ambiguous, codes))
        if unknown and ambiguous == "error":
            raise SequenceError(f"{row.where}: {unknown} ambiguous bases (N or IUPAC), and --ambiguous is error; use unk or skip")
        if unknown and ambiguous == "skip":
            skipped += 1
            del ids[row.name]
            continue
        total_ambiguous += unknown
        for column, value in zip(columns, codes, strict=False):
            column.append(value)
        where.append(row.where)
        texts.append(row.label or "")
    if not ids:
        rest = f"all {skipped} entries have ambiguous bases, and --ambiguous is skip" if skipped else "holds no entries"
        raise DataFileError(f"{source}: {rest}")
    sequences = SequenceSet(tuple(ids), pack(columns[0]), pack(columns[1]) if pair else None)
    return LabelledSet(sequences, tuple(texts) if labels else None, tuple(where), source, skipped, total_ambiguous, genome)


def _check_shape(row: Row, labels: bool, pair: bool) -> None:
    if labels and (row.label is None or not row.label.strip()):
        raise DataFileError(f"{row.where}: has no label; a table needs a column 'label', a FASTA header 'label=...', a BED line column 4")
    if pair and len(row.sequences) == 1:
        raise DataFileError(f"{row.where}: one sequence where a pair is needed; the columns are sequence1,sequence2,label")
    if not pair and len(row.sequences) == 2:
        raise DataFileError(f"{row.where}: a pair of sequences where one is needed; for pairs the task is pair")


def _codes(sequence: str | Codes, kmer: int, row: Row) -> Codes:
    name = row.where if row.where.endswith(f": {row.name}") else f"{row.where}: {row.name}"
    if isinstance(sequence, str):
        text = join_kmers(sequence, name) if looks_like_kmers(sequence) else sequence.strip()
        if not text:
            raise SequenceError(f"{name}: the sequence is empty")
        sequence = encode_bases(text, name)
    if len(sequence) < kmer:
        raise SequenceError(f"{name}: {len(sequence)} bases are fewer than k = {kmer}; leave it out or use a model of smaller k")
    return sequence


def read_rows(path: Path | str, genome: Path | None = None) -> Iterator[Row]:
    """Entries of a file one by one, in order; the kind of file is told by its name and first letter.

    Raises:
        DataFileError: The file is missing, empty or malformed.
        RegionError: A BED line is malformed or does not fit the genome.
    """
    if str(path) == "-":
        yield from _rows_of_stream(sys.stdin.buffer, "stdin")
        return
    file = Path(path)
    if file.is_dir():
        raise DataFileError(f"{file}: is a folder; give a CSV, TSV, FASTA or BED file")
    if file.is_fifo():
        with file.open("rb") as stream:
            yield from _rows_of_stream(stream, str(file))
        return
    yield from _rows_of_file(file, genome)


def _rows_of_stream(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Rows of something that can be read once only, by way of a temporary file that no message mentions."""
    with tempfile.NamedTemporaryFile(prefix="dnabert-") as spool:
        shutil.copyfileobj(stream, spool)
        spool.flush()
        try:
            for row in _rows_of_file(Path(spool.name), None):
                yield replace(row, where=row.where.replace(spool.name, name))
        except DnabertError as error:
            raise type(error)(str(error).replace(spool.name, name)) from error


def _rows_of_file(path: Path, genome: Path | None) -> Iterator[Row]:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(_BED_SUFFIXES):
        yield from _bed_rows(path, genome)
        return
    with open_text(path) as handle:
        start = _peek(handle, path)
    if not start.strip():
        raise DataFileError(f"{path}: is empty")
    yield from _fasta_rows(path) if start.lstrip()[:1] == ">" else _table_rows(path)


def _peek(handle: IO[str], path: Path) -> str:
    try:
        return handle.read(4096)
    except _UNREADABLE as error:
        raise DataFileError(f"{path}: is no text file (CSV, TSV or FASTA, plain or gzip): {error}") from error


def _fasta_rows(path: Path) -> Iterator[Row]:
    for record in read_fasta(path):
        found = _LABEL_IN_HEADER.search(f"{record.name} {record.comment}")
        yield Row(record.name, (record.sequence,), found.group(1) if found else None, f"{path}: {record.name}")


def _bed_rows(path: Path, genome: Path | None) -> Iterator[Row]:
    if genome is None:
        raise DataFileError(f"{path}: a BED file needs its genome: add --genome FASTA")
    with Genome(genome) as reader:
        for region in read_bed(path):
            name = f"{region.contig}:{region.start}-{region.end}({region.strand})"
            label = None if region.name in ("", ".") else region.name
            yield Row(name, (reader.codes(region),), label, region.where)


def _table_rows(path: Path) -> Iterator[Row]:
    try:
        with open_text(path) as handle:
            yield from _parse_table(handle, path)
    except _UNREADABLE as error:
        raise DataFileError(f"{path}: is no text file, or is damaged: {error}") from error
    except csv.Error as error:
        raise DataFileError(f"{path}: cannot be read as a table: {error}") from error


def _parse_table(handle: IO[str], path: Path) -> Iterator[Row]:
    number, header = next(
        ((number, line) for number, line in enumerate(handle, start=1) if line.strip() and not line.startswith("#")), (1, "")
    )
    tab = "\t" in header
    names = [name.strip().strip('"').lower() for name in header.rstrip("\r\n").split("\t" if tab else ",")]
    sequence_columns, label_column, id_column = _find_columns(names, path, number)
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    reader = csv.reader(handle, delimiter="\t" if tab else ",")
    count, before = 0, 0
    for fields in reader:
        where = f"{path}:{number + before + 1}"  # the first line of an entry that goes over several
        before = reader.line_num
        if not fields:
            continue
        count += 1
        if len(fields) != len(names):
            raise DataFileError(f"{where}: {len(fields)} columns, but the header has {len(names)} ({', '.join(names)})")
        yield Row(
            (_one_line(fields[id_column]) if id_column is not None else "") or f"row{count}",
            tuple(fields[column] for column in sequence_columns),
            _one_line(fields[label_column]) if label_column is not None else None,
            where,
        )


def _one_line(text: str) -> str:
    """The text fit for a field of a TSV."""
    return " ".join(text.split())


def _find_columns(names: list[str], path: Path, line: int) -> tuple[list[int], int | None, int | None]:
    for wanted in _SEQUENCE_NAMES:
        if all(name in names for name in wanted):
            label = next((names.index(name) for name in _LABEL_NAMES if name in names), None)
            identity = next((names.index(name) for name in _ID_NAMES if name in names), None)
            return [names.index(name) for name in wanted], label, identity
    raise DataFileError(
        f"{path}:{line}: the header is {', '.join(names)[:80]!r}; it needs a column 'sequence' (or 'sequence1' and 'sequence2')"
        " and, to train, 'label'; a FASTA file begins with '>'"
    )
