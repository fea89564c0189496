"""Rows whose sequence occurs more than once, left out, so that nothing is both learnt and tested.

Two sequences are the same if they are equal letter by letter, or one is the reverse complement of the other. Labels of single bases
belong to the strand that they were read on (a donor site is none on the other strand): such rows are the same only on one strand within a
split, and on either strand across splits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnabert.data.check.duplicates import fingerprints
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.sequences import SequenceSet, pack

__all__ = ["DatasetTask", "Duplicate", "DuplicateCounts", "DuplicateReason", "label_names", "remove_duplicates"]

DatasetTask = Literal["classify", "multilabel", "token"]
"""What the labels of a data set are: one class, any of several joined by ``;``, or one letter per base."""

DuplicateReason = Literal["within split", "across splits", "conflict"]
"""Why a row was left out: its split holds the sequence already; a split that goes before holds it; it occurs with another label."""

_PRECEDENCE: dict[SplitName, int] = {"test": 0, "valid": 1, "train": 2}
"""A sequence of several splits stays in the first of these: the test is never made easier, training loses least."""
_MAX_SAMPLES = 5


@dataclass(frozen=True)
class Duplicate:
    """A row that was left out, and one that has its sequence.

    Attributes:
        reason: Why it was left out.
        id: Its id.
        split: Its split.
        label: Its label.
        other_id: Id of the row with the same sequence; of a conflict, that row was left out too.
        other_split: Split of that row.
        other_label: Label of that row.
    """

    reason: DuplicateReason
    id: str
    split: SplitName
    label: str
    other_id: str
    other_split: SplitName
    other_label: str


@dataclass(frozen=True)
class DuplicateCounts:
    """Rows left out, by the split they were in.

    Attributes:
        within_split: Rows whose sequence an earlier row of the same split has.
        across_splits: Rows whose sequence is in a split that goes before: test, then validation, then training.
        conflicting: Rows whose sequence occurs with another label; all of them are left out.
        num_united: Sequences of a multi-label set whose rows had different labels, and that now have the labels of all of them.
        samples: The first few of each reason.
    """

    within_split: Mapping[SplitName, int]
    across_splits: Mapping[SplitName, int]
    conflicting: Mapping[SplitName, int]
    num_united: int = 0
    samples: tuple[Duplicate, ...] = ()


@dataclass
class _Removal:
    """What has been found so far."""

    examples: Sequence[Example]
    rows: set[int] = field(default_factory=set)
    counts: dict[DuplicateReason, Counter[SplitName]] = field(default_factory=dict)
    samples: dict[DuplicateReason, list[Duplicate]] = field(default_factory=dict)
    united: dict[int, str] = field(default_factory=dict)

    def remove(self, reason: DuplicateReason, row: int, other: int) -> None:
        """Leave a row out."""
        example, twin = self.examples[row], self.examples[other]
        self.rows.add(row)
        self.counts.setdefault(reason, Counter())[example.split] += 1
        samples = self.samples.setdefault(reason, [])
        if len(samples) < _MAX_SAMPLES:
            own = (example.region.name, example.split, example.label)
            samples.append(Duplicate(reason, *own, twin.region.name, twin.split, twin.label))

    def by_split(self, reason: DuplicateReason) -> dict[SplitName, int]:
        """Rows left out for a reason, by split in the order of :data:`_PRECEDENCE`."""
        found = self.counts.get(reason, Counter())
        return {split: found[split] for split in _PRECEDENCE if found[split]}


def remove_duplicates(examples: Sequence[Example], task: DatasetTask = "classify") -> tuple[list[Example], DuplicateCounts]:
    """The rows whose sequence is theirs alone, in order, and the count of the others.

    Within a split the first row of a sequence stays; of several splits, the rows in test, then validation, then training. Rows of one
    sequence with different labels are all left out; in a multi-label set the row that stays gets the labels of all of them.

    Args:
        examples: Rows with their splits.
        task: What the labels are.
    """
    sequences = SequenceSet(tuple(example.region.name for example in examples), pack([example.codes for example in examples]))
    prints = fingerprints(sequences)
    removal = _Removal(examples)
    for rows in _equal_rows(prints.either):
        parts = _parts(rows, prints.exact) if task == "token" else [rows]
        clear = parts if task == "multilabel" else [part for part in parts if not _remove_conflicting(removal, part)]
        if clear:
            _keep_one(removal, clear)
        if task == "multilabel":
            _unite_labels(removal, rows)
    kept = [
        replace(example, label=removal.united[row]) if row in removal.united else example
        for row, example in enumerate(examples)
        if row not in removal.rows
    ]
    samples = [sample for reason in ("conflict", "across splits", "within split") for sample in removal.samples.get(reason, ())]
    counts = (removal.by_split("within split"), removal.by_split("across splits"), removal.by_split("conflict"))
    return kept, DuplicateCounts(*counts, len(removal.united), tuple(samples))


def _equal_rows(digests: npt.NDArray[np.uint64]) -> list[list[int]]:
    """Numbers of the rows that share a digest, ascending; groups of two or more, in the order of their first rows."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal rows stay in their order
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (digests[order][1:] != digests[order][:-1]).any(axis=1)
    starts = np.flatnonzero(is_first)
    sizes = np.diff(np.append(starts, len(order)))
    several = sizes > 1
    groups = [order[start : start + size].tolist() for start, size in zip(starts[several], sizes[several], strict=True)]
    return sorted(groups)


def _parts(rows: Iterable[int], exact: npt.NDArray[np.uint64]) -> list[list[int]]:
    """The rows of one sequence, strand by strand."""
    parts: dict[bytes, list[int]] = {}
    for row in rows:
        parts.setdefault(exact[row].tobytes(), []).append(row)
    return list(parts.values())


def _remove_conflicting(removal: _Removal, rows: Sequence[int]) -> bool:
    """Leave out rows of one sequence if they do not all have one label; whether they were."""
    labels = [removal.examples[row].label for row in rows]
    if len(set(labels)) == 1:
        return False
    for row, label in zip(rows, labels, strict=True):
        other = next(number for number, text in zip(rows, labels, strict=True) if text != label)
        removal.remove("conflict", row, other)
    return True


def _keep_one(removal: _Removal, parts: Iterable[Sequence[int]]) -> None:
    """Of the rows of one sequence keep the first of each part in the split that goes before."""

    def precedence(row: int) -> int:
        return _PRECEDENCE[removal.examples[row].split]

    chain = list(parts)
    keeper = min((row for part in chain for row in part), key=lambda row: (precedence(row), row))
    for part in chain:
        first = None
        for row in part:
            if precedence(row) > precedence(keeper):
                removal.remove("across splits", row, keeper)
            elif first is None:
                first = row
            else:
                removal.remove("within split", row, first)


def _unite_labels(removal: _Removal, rows: Sequence[int]) -> None:
    """Give the row that stays the labels of all."""
    names = [set(label_names(removal.examples[row].label)) for row in rows]
    if all(own == names[0] for own in names):
        return
    keeper = next(row for row in rows if row not in removal.rows)
    removal.united[keeper] = ";".join(sorted(set.union(*names)))


def label_names(label: str) -> list[str]:
    """Names in a multi-label text; ``none`` is the lack of any."""
    return [name.strip() for name in label.split(";") if name.strip() and name.strip().lower() != "none"]
