"""The last steps to a data set: duplicates out, near-duplicates measured and on request left out, leakage put on record."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.splits import SPLITS
from dnabert.data.finish.duplicates import DatasetTask, DuplicateCounts, remove_duplicates
from dnabert.data.finish.leakage import Leakage, leakage_warnings, measure_leakage
from dnabert.data.finish.near_duplicates import find_near_duplicates, similar_training_rows
from dnabert.data.finish.origins import remove_made_from_absent
from dnabert.data.finish.plain import as_labelled_set
from dnabert.data.labelled import LabelledSet
from dnabert.errors import DataFileError

__all__ = ["FinishedDataset", "finish_dataset"]

log = logging.getLogger(__name__)

_MODEL_BP = 512
"""Bases that a model of 512 tokens and k = 3 reads at once; longer windows would be cut."""


@dataclass(frozen=True)
class FinishedDataset:
    """A data set, ready to be written.

    Attributes:
        name: What it is, in one word.
        examples: Its rows, in the order of the draft.
        counts: What became of the input, in words, in the order of the work, down to the rows of each split.
        facts: More for the record.
        leakage: What could make a model look better on it than it is.
    """

    name: str
    examples: Sequence[Example]
    counts: Mapping[str, int]
    facts: Mapping[str, object]
    leakage: Leakage

    @property
    def task(self) -> DatasetTask:
        """What the labels are."""
        return self.leakage.task

    def rows(self, split: SplitName) -> list[Example]:
        """The rows of a split, in order."""
        return [example for example in self.examples if example.split == split]

    def labelled(self, split: SplitName, most_rows: int | None = None) -> LabelledSet:
        """The rows of a split as what is read from its table.

        Args:
            split: The split.
            most_rows: Of more rows, so many, evenly spread.
        """
        rows = self.rows(split)
        if most_rows is not None and len(rows) > most_rows:
            rows = [rows[number * len(rows) // most_rows] for number in range(most_rows)]
        return as_labelled_set(rows, f"{split}.tsv")

    @property
    def training_flags(self) -> tuple[str, ...]:
        """What ``dnabert finetune`` is to be told besides the task: that no row has a strand, that windows are longer than a model."""
        flags: list[str] = []
        if all(example.region.strand == "." for example in self.examples):
            flags.append("--no-stranded")
        if self.task != "token" and max(len(example.codes) for example in self.examples) > _MODEL_BP:
            flags.append("--set head.chunk_pooling=mean")
        return tuple(flags)

    def with_kmer_auroc(self, value: float | None) -> "FinishedDataset":
        """The same data set with the figure of a k-mer baseline on record."""
        return replace(self, leakage=replace(self.leakage, kmer_only_auroc=value))


def finish_dataset(draft: Draft, task: DatasetTask = "classify", drop_near_duplicates: float | None = None) -> FinishedDataset:
    """The data set that a draft makes. A row that was made from another, such as a shuffle, is left out with that one.

    Args:
        draft: Rows in their splits.
        task: What the labels are.
        drop_near_duplicates: Leave out training rows that hold more than this share of the k-mers of a row in validation or test, 0-1;
            None keeps them all.

    Raises:
        DataFileError: An id occurs twice, or no row is left in a split that had some.
        RegionError: Windows of different splits overlap.
    """
    _check_ids(draft.examples)
    kept, duplicates = remove_duplicates(draft.examples, task)
    kept, made_from_absent = remove_made_from_absent(draft.examples, kept)
    num_dropped = None
    if drop_near_duplicates is not None:
        similar = set(similar_training_rows(kept, drop_near_duplicates))
        kept = [example for row, example in enumerate(kept) if row not in similar]
        num_dropped = len(similar)
        kept, more = remove_made_from_absent(draft.examples, kept)
        made_from_absent = Counter(made_from_absent) + Counter(more)
    _check_splits(draft.examples, kept)
    near = find_near_duplicates(kept)
    leakage = measure_leakage(draft, kept, task, duplicates, near, num_dropped, drop_near_duplicates, made_from_absent)
    for text in leakage_warnings(leakage):
        log.warning("%s: %s", draft.name, text)
    return FinishedDataset(draft.name, kept, _counts(draft, duplicates, leakage), draft.facts, leakage)


def _check_ids(examples: Sequence[Example]) -> None:
    seen: set[str] = set()
    for example in examples:
        if example.region.name in seen:
            raise DataFileError(f"{example.region}: the id {example.region.name} occurs twice; ids must be unique: rename one in the input")
        seen.add(example.region.name)


def _check_splits(before: Sequence[Example], after: Sequence[Example]) -> None:
    lost = {example.split for example in before} - {example.split for example in after}
    if lost or not after:
        where = " and ".join(split for split in SPLITS if split in lost) or "any split"
        raise DataFileError(
            f"no row is left in {where}: all are duplicates of others, or too like them; split otherwise with --split FILE, raise"
            " --drop-near-duplicates if it is given, or give more input"
        )


def _counts(draft: Draft, duplicates: DuplicateCounts, leakage: Leakage) -> dict[str, int]:
    counts = {
        **draft.splits.counts,
        **draft.counts,
        "rows before duplicates are left out": len(draft.examples),
        "left out: the sequence occurs with another label": sum(duplicates.conflicting.values()),
        "left out: the sequence is in another split as well": sum(duplicates.across_splits.values()),
        "left out: the sequence is in the same split already": sum(duplicates.within_split.values()),
    }
    if leakage.task == "multilabel":
        counts["sequences with the labels of several rows"] = duplicates.num_united
    if leakage.num_dropped is not None:
        counts[f"left out: a training row that holds more than {leakage.dropped_above:g} of a row of another split"] = leakage.num_dropped
    counts["left out: the row that it was made from was left out"] = sum(leakage.made_from_absent.values())
    return {**counts, **{f"rows in {split}": number for split, number in leakage.num_rows.items()}}
