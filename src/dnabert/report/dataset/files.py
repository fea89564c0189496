"""What the directory of a data set holds for its report, each file checked as it is read."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from dnabert.data.datasets.negatives import Matching
from dnabert.data.datasets.splits import SPLITS
from dnabert.data.finish.duplicates import DatasetTask, DuplicateCounts, label_names
from dnabert.data.finish.near_duplicates import Comparison, SimilarPair
from dnabert.data.finish.tables import TABLE_COLUMNS
from dnabert.dna.regions import open_text
from dnabert.errors import DataFileError
from dnabert.report.records import read_record

__all__ = ["DatasetFiles", "DatasetRecord", "LeakageRecord", "Spread", "TableRow", "read_dataset"]

_SAMPLES = 2
"""Rows of each class that are shown."""

_ORIGIN = ("dataset", "build the data set again")
"""The command that writes the records, and what to do where one is damaged."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class GenomeRecord(_Record):
    """The genome of a data set."""

    files: dict[str, str]
    assembly: str | None


class DatasetRecord(_Record):
    """``dataset.json``, as far as the report needs it."""

    name: str
    task: DatasetTask
    training_flags: tuple[str, ...] = ()
    dnabert: str
    command: str
    seed: int | None
    versions: dict[str, str]
    config: dict[str, Any]
    genome: GenomeRecord
    annotations: dict[str, str]
    counts: dict[str, int]
    facts: dict[str, Any]
    files: dict[str, str]


class SplitRecord(_Record):
    """How the splits were made."""

    method: str
    contigs: dict[str, tuple[str, ...]]


class NearRecord(_Record):
    """How alike the splits are."""

    kmer: int
    sampled_share: float
    left_out_above: float | None
    num_left_out: int | None
    comparisons: tuple[Comparison, ...]
    pairs: tuple[SimilarPair, ...]


class LeakageRecord(_Record):
    """``leakage.json``."""

    splits: SplitRecord
    rows: dict[str, int]
    classes: dict[str, dict[str, int]]
    duplicates_left_out: DuplicateCounts
    made_from_left_out: dict[str, int] = {}
    near_duplicates: NearRecord
    smallest_distance_bp: dict[str, int | None]
    matching: dict[str, Matching]
    gc_only_auroc: float | None
    gc_binned_auroc: float | None
    length_only_auroc: float | None
    kmer_only_auroc: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class TableRow:
    """A row to show."""

    id: str
    sequence: str
    label: str
    place: str
    source: str
    category: str


@dataclass(frozen=True)
class Spread:
    """G+C and lengths of rows of N.

    Attributes:
        gc: Share of G and C of each, 0-1, shape (N,).
        lengths_bp: Bases of each, shape (N,).
    """

    gc: npt.NDArray[np.float64]
    lengths_bp: npt.NDArray[np.int64]


@dataclass(frozen=True)
class DatasetFiles:
    """A data set as it lies on the disk.

    Attributes:
        record: How it was made.
        leakage: What may leak.
        spread: G+C and lengths of the rows of all splits, by class; of labels of single bases, of all rows together.
        samples: Some training rows of each class.
        categories: Rows by class and category, where there are categories.
    """

    record: DatasetRecord
    leakage: LeakageRecord
    spread: Mapping[str, Spread]
    samples: tuple[TableRow, ...]
    categories: Mapping[tuple[str, str], int]


@dataclass
class _Tally:
    gc: dict[str, list[float]] = field(default_factory=dict)
    lengths: dict[str, list[int]] = field(default_factory=dict)
    samples: dict[str, list[TableRow]] = field(default_factory=dict)
    categories: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_dataset(directory: Path) -> DatasetFiles:
    """The files of a data set.

    Raises:
        DataFileError: One is missing or damaged; the message names it.
    """
    record = read_record(directory / "dataset.json", DatasetRecord, *_ORIGIN)
    leakage = read_record(directory / "leakage.json", LeakageRecord, *_ORIGIN)
    tally = _Tally()
    for split in SPLITS:
        for row in _read_rows(directory / f"{split}.tsv"):
            _count(tally, row, record.task, is_shown=split == "train")
    spread = {name: Spread(np.array(values), np.array(tally.lengths[name])) for name, values in sorted(tally.gc.items())}
    samples = tuple(row for _, rows in sorted(tally.samples.items()) for row in rows)
    return DatasetFiles(record, leakage, spread, samples, dict(sorted(tally.categories.items())))


def _read_rows(path: Path) -> Iterator[dict[str, str]]:
    with open_text(path) as handle:
        csv.field_size_limit(sys.maxsize)
        rows = csv.reader((line for line in handle if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(rows, [])
        if header != list(TABLE_COLUMNS):
            raise DataFileError(
                f"{path}: the columns are {', '.join(header) or 'none'}, not those of dnabert dataset; build the data set again"
            )
        for row in rows:
            if len(row) != len(header):
                raise DataFileError(f"{path}: a row has {len(row)} columns, the header {len(header)}; build the data set again")
            yield dict(zip(header, row, strict=True))


def _count(tally: _Tally, row: Mapping[str, str], task: DatasetTask, *, is_shown: bool) -> None:
    sequence, label = row["sequence"], row["label"]
    gc = (sequence.count("G") + sequence.count("C")) / max(len(sequence), 1)
    names = ["all rows"] if task == "token" else [label] if task == "classify" else label_names(label) or ["none"]
    for name in names:
        tally.gc.setdefault(name, []).append(gc)
        tally.lengths.setdefault(name, []).append(len(sequence))
        if row["category"]:
            tally.categories[name, row["category"]] += 1
    samples = tally.samples.setdefault(names[0], [])
    if is_shown and len(samples) < _SAMPLES:
        place = f"{row['contig']}:{row['start']}-{row['end']}({row['strand']})"
        samples.append(TableRow(row["id"], sequence, label, place, row["source"], row["category"]))
