"""Made-up data sets on the disk."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.finish.dataset import finish_dataset
from dnabert.data.finish.duplicates import DatasetTask
from dnabert.data.finish.tables import Origin, write_dataset
from tests.data.finish.rows import make_draft, many_rows

ORIGIN = Origin("dnabert dataset x", 3, SplitConfig(), {"/data/g.fa": "ab12"}, "hg38", {"/data/t.bed": "cd34"})


def write_rows(
    directory: Path,
    rows: Sequence[Example] | None = None,
    task: DatasetTask = "classify",
    facts: Mapping[str, object] | None = None,
    **changes: object,
) -> Path:
    """A directory with the rows; without any, 120 of two classes in each split, of which nothing is to be said.

    Args:
        directory: It is made.
        rows: The rows.
        task: What the labels are.
        facts: What the builder found.
        changes: What is different in the record of leakage.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dataset = finish_dataset(make_draft(many_rows() if rows is None else rows), task)
    write_dataset(directory, replace(dataset, facts=facts or dataset.facts, leakage=replace(dataset.leakage, **changes)), ORIGIN)
    return directory
