"""Sequences with or without labels, from the files that people have.

* CSV or TSV (plain or gzip) with a header: ``sequence,label``, or ``sequence1,sequence2,label`` for pairs; ``id`` is optional, other
  columns are left alone. Blank-separated k-mers, the format of 2021, are put together again.
* FASTA: the label stands in the header as ``label=...``.
* BED and a genome: the label is column 4, the sequence is read on its strand.
* ``-``: stdin, any of the first two. A pipe, such as ``<(zcat ...)``, is read the same way.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

import numpy as np
import numpy.typing as npt

from dnabert.choices import AmbiguityPolicy, FinetuneTask
from dnabert.data.rows.findings import Findings, ProblemKind, refuse
from dnabert.data.rows.parse import Row, read_rows
from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.regions import open_text
from dnabert.dna.sequence import Codes, count_ambiguous, encode_bases
from dnabert.errors import DataFileError, DnabertError, SequenceError
from dnabert.output import sha256_of_file
from dnabert.tokenizer import join_kmers, looks_like_kmers

__all__ = ["LabelledSet", "Row", "inputs_of", "read_rows", "read_set", "stated_task"]


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

    def take(self, rows: npt.NDArray[np.int64] | Sequence[int]) -> "LabelledSet":
        """The entries at ``rows``, in that order; one may occur several times, and then so does its id.

        What was left out or ambiguous stays as counted of all that was read.

        Args:
            rows: Row numbers; no mask.
        """
        numbers = [int(row) for row in rows]
        labels = None if self.labels is None else tuple(self.labels[row] for row in numbers)
        return replace(self, sequences=self.sequences.take(numbers), labels=labels, where=tuple(self.where[row] for row in numbers))

    def inputs(self) -> dict[str, str]:
        """SHA-256 by input, for the record: of the content that was read, and of the genome's file."""
        return inputs_of([self])


def inputs_of(sets: Iterable[LabelledSet]) -> dict[str, str]:
    """SHA-256 by input of several sets, as ``LabelledSet.inputs``; a genome that they share is read once."""
    found: dict[str, str] = {}
    for one in sets:
        found[f"{one.source} (content)"] = one.digest
        if one.genome is not None and str(one.genome) not in found:
            found[str(one.genome)] = sha256_of_file(one.genome)
    return found


def read_set(
    path: Path | str,
    kmer: int,
    *,
    genome: Path | None = None,
    ambiguous: AmbiguityPolicy = "unk",
    labels: bool = True,
    pair: bool | None = False,
    findings: Findings | None = None,
) -> LabelledSet:
    """All entries of a file, checked and encoded.

    Args:
        path: CSV, TSV, FASTA or BED file, or ``-``.
        kmer: Each sequence must have at least this many bases.
        genome: Indexed FASTA, for BED.
        ambiguous: What to do with N and other IUPAC letters.
        labels: Whether each entry must have a label; if not, labels are left out.
        pair: Whether each entry must be a pair; None: as the first one.
        findings: Where to note all that is wrong, instead of raising it; the set then holds the entries without a problem, and may be
            empty. That a table has no label column is left to who asks; its labels are empty texts.

    Raises:
        DataFileError: The file is missing, empty or malformed, an id occurs twice, or a label is missing.
        SequenceError: A sequence is too short or has a letter that is no nucleotide; the message names file and line.
        RegionError: A BED region does not fit the genome.
    """
    source = "stdin" if str(path) == "-" else str(path)
    ids: dict[str, str] = {}
    names: list[str] = []
    texts: list[str] = []
    where: list[str] = []
    columns: tuple[list[Codes], list[Codes]] = ([], [])
    skipped = total_ambiguous = 0
    for row in read_rows(path, genome, findings):
        pair = len(row.sequences) == 2 if pair is None else pair
        codes = _examine(row, kmer, labels, pair, ids, findings)
        if codes is None:
            continue
        unknown = sum(map(count_ambiguous, codes))
        if unknown and ambiguous == "error":
            message = f"{row.where}: {unknown} ambiguous bases (N or IUPAC), and --ambiguous is error; use unk or skip"
            refuse(findings, "ambiguous bases", SequenceError(message))
            continue
        if unknown and ambiguous == "skip":
            skipped += 1
            del ids[row.name]
            continue
        total_ambiguous += unknown
        for column, value in zip(columns, codes, strict=False):
            column.append(value)
        names.append(row.name)
        where.append(row.where)
        texts.append(row.label or "")
    if not names and not (findings and findings.problems):
        rest = f"all {skipped} entries have ambiguous bases, and --ambiguous is skip" if skipped else "holds no entries"
        refuse(findings, "no entries", DataFileError(f"{source}: {rest}"))
    sequences = SequenceSet(tuple(names), pack(columns[0]), pack(columns[1]) if pair else None)
    return LabelledSet(sequences, tuple(texts) if labels else None, tuple(where), source, skipped, total_ambiguous, genome)


def _examine(row: Row, kmer: int, labels: bool, pair: bool, ids: dict[str, str], findings: Findings | None) -> list[Codes] | None:
    """Base codes of a row, or None where something is wrong with it that has been noted; with ``findings`` all of it is."""
    usable = True
    for kind, error in _row_errors(row, labels, pair, ids, findings):
        refuse(findings, kind, error)
        usable = False
    ids.setdefault(row.name, row.where)
    if findings is not None:
        findings.note_letters(row.sequences)
    codes = [_codes(sequence, kmer, row, findings) for sequence in row.sequences]
    known = [value for value in codes if value is not None]
    return known if usable and len(known) == len(codes) else None


def _row_errors(
    row: Row, labels: bool, pair: bool, ids: dict[str, str], findings: Findings | None
) -> Iterator[tuple[ProblemKind, DnabertError]]:
    """What is wrong with a row but for its letters."""
    if labels and (row.label is None or not row.label.strip()) and not (findings is not None and findings.lacks_label_column):
        rule = "has no label; a table needs a column 'label', a FASTA header 'label=...', a BED line column 4"
        yield "no label", DataFileError(f"{row.where}: {rule}")
    if pair and len(row.sequences) == 1:
        rule = "one sequence where a pair is needed; the columns are sequence1,sequence2,label"
        yield "pair or not", DataFileError(f"{row.where}: {rule}")
    if not pair and len(row.sequences) == 2:
        yield "pair or not", DataFileError(f"{row.where}: a pair of sequences where one is needed; for pairs the task is pair")
    if row.name in ids:
        rule = f"the id {row.name} occurs twice (first at {ids[row.name]}); ids must be unique"
        yield "id twice", DataFileError(f"{row.where}: {rule}")


def _codes(sequence: str | Codes, kmer: int, row: Row, findings: Findings | None) -> Codes | None:
    name = row.where if row.where.endswith(f": {row.name}") else f"{row.where}: {row.name}"
    kind: ProblemKind = "broken k-mers"
    try:
        if isinstance(sequence, str):
            text = join_kmers(sequence, name) if looks_like_kmers(sequence) else sequence.strip()
            kind = "empty sequence"
            if not text:
                raise SequenceError(f"{name}: the sequence is empty")
            kind = "not nucleotides"
            sequence = encode_bases(text, name)
        kind = "too short"
        if len(sequence) < kmer:
            raise SequenceError(f"{name}: {len(sequence)} bases are fewer than k = {kmer}; leave it out or use a model of smaller k")
    except SequenceError as error:
        refuse(findings, kind, error)
        return None
    return sequence


def stated_task(path: Path) -> FinetuneTask | None:
    """The task that the ``#`` lines before a table name, as those of ``dnabert dataset`` do; None if they name none, or for a pipe.

    Raises:
        DataFileError: The file cannot be opened.
    """
    if not path.is_file():
        return None
    with open_text(path) as handle:
        try:
            for line in handle:
                if not line.startswith("#"):
                    return None
                name, _, value = line[1:].strip().partition(": ")
                if name == "task" and value in get_args(FinetuneTask):
                    return cast(FinetuneTask, value)
        except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error):
            return None  # the reader of the table says what is wrong with it
    return None
