"""The tasks of a data folder, their rows, and which rows of one split another split holds too."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmarks.quality.cells.lock import only_worker
from dnabert.data.check.duplicates import fingerprints
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.targets import find_classes, make_targets
from dnabert.device import seed_of
from dnabert.errors import ConfigError, DataFileError
from dnabert.output import new_directory

__all__ = [
    "FOREIGN",
    "SPLITS",
    "Found",
    "Group",
    "Overlap",
    "Split",
    "Task",
    "TaskData",
    "drawn_rows",
    "find_tasks",
    "keep_targets",
    "read_task",
]

log = logging.getLogger(__name__)

Split = Literal["train", "dev", "test"]
Group = Literal["tf", "mouse", "core", "300", "splice"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
CLEAN_DEV = "clean-dev.npy"

_FILE_NAMES: dict[Split, tuple[str, ...]] = {"train": ("train",), "dev": ("dev", "valid"), "test": ("test",)}
_ENDINGS = ("csv.gz", "csv", "tsv.gz", "tsv")
_GROUPS: dict[str, Group] = {"tf": "tf", "mouse": "mouse", "prom_core": "core", "prom_300": "300", "splice": "splice"}
_UNSTRANDED: tuple[Group, ...] = ("tf", "mouse")
"""A factor binds both strands; promoters and splice sites have a direction."""
FOREIGN = ("splice/celegans", "splice/fly", "splice/cress", "yeast")
"""Tasks that are not of GUE: those that `benchmarks.quality.organisms` builds, and what it leaves out."""


@dataclass(frozen=True)
class Task:
    """A task with all its files.

    Attributes:
        name: Its place in the folder, ``tf/0``.
        group: The tasks that it shares its recipe with.
        files: Table by split.
    """

    name: str
    group: Group
    files: dict[Split, Path]

    @property
    def stranded(self) -> bool:
        """Whether the strand carries meaning."""
        return self.group not in _UNSTRANDED


@dataclass(frozen=True)
class Found:
    """What a data folder holds.

    Attributes:
        tasks: Those with all files, by name.
        skipped: Why each that cannot be run is left out, by name, whether it was asked for or not.
    """

    tasks: tuple[Task, ...]
    skipped: dict[str, str]


def find_tasks(folder: Path, wanted: Sequence[str] = ()) -> Found:
    """The tasks in a folder: each a folder with ``train``, ``dev`` (or ``valid``) and ``test`` tables.

    Args:
        folder: The data folder.
        wanted: Names of tasks, or the beginnings of names (``mouse``, ``prom_core``); none is all.

    Raises:
        DataFileError: The folder holds no task.
        ConfigError: A wanted task is not there.
    """
    places = sorted({path.parent for split in SPLITS for path in _tables(folder, split)})
    if not places:
        raise DataFileError(f"{folder}: holds no tables named train, dev or test; give the folder of the GUE tasks with --data")
    names = {place.relative_to(folder).as_posix(): place for place in places}
    for text in wanted:
        if not any(name.startswith(text) for name in names):
            raise ConfigError(f"--tasks {text}: no such task in {folder}; there are {', '.join(names)}")
    tasks: list[Task] = []
    skipped: dict[str, str] = {}
    for name, place in names.items():
        is_wanted = not wanted or any(name.startswith(text) for text in wanted)
        group = next((group for start, group in _GROUPS.items() if name.startswith(start)), None)
        files = {split: path for split in SPLITS for path in _tables(place, split, deep=False)[:1]}
        missing = [split for split in SPLITS if split not in files]
        if missing:
            skipped[name] = f"no {' and no '.join(missing)} table at hand"
        elif group is None:
            skipped[name] = f"no recipe is known for it; names begin with {', '.join(_GROUPS)}"
        elif is_wanted:
            tasks.append(Task(name, group, files))
    return Found(tuple(tasks), skipped)


def _tables(folder: Path, split: Split, deep: bool = True) -> list[Path]:
    patterns = [f"{name}.{ending}" for name in _FILE_NAMES[split] for ending in _ENDINGS]
    return [path for pattern in patterns for path in sorted(folder.rglob(pattern) if deep else folder.glob(pattern))]


class Overlap(BaseModel):
    """Rows of a split whose sequence, or its reverse complement, an earlier split holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dev_in_train: int
    """Rows of dev that are in train."""
    dev_in_train_reversed: int
    """Those among them of which train holds only the reverse complement."""
    test_in_train: int
    """Rows of test that are in train."""
    test_in_train_reversed: int
    """Those among them of which train holds only the reverse complement."""
    test_in_dev: int
    """Rows of test that are in dev."""
    test_seen: int
    """Rows of test that are in train or dev: left out of the figures without duplicates."""


@dataclass(frozen=True)
class TaskData:
    """The rows of a task.

    Attributes:
        task: The task.
        train: Training rows.
        dev: Rows by which moments and settings are chosen.
        test: Rows that are scored once.
        classes: Names of the classes, in the order of the probabilities.
        overlap: Rows that splits share.
        clean: Test rows that neither train nor dev holds, (N,).
        clean_dev: Dev rows that train does not hold, (N,).
    """

    task: Task
    train: LabelledSet
    dev: LabelledSet
    test: LabelledSet
    classes: tuple[str, ...]
    overlap: Overlap
    clean: npt.NDArray[np.bool_]
    clean_dev: npt.NDArray[np.bool_]

    def targets(self, data: LabelledSet) -> npt.NDArray[np.int64]:
        """Class numbers of rows, (N,)."""
        return np.asarray(make_targets(data, "classify", self.classes).values, dtype=np.int64)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the content of each split."""
        return {split: data.digest for split, data in (("train", self.train), ("dev", self.dev), ("test", self.test))}


def read_task(task: Task, rows: int | None = None) -> TaskData:
    """All rows of a task.

    Args:
        task: The task.
        rows: A rehearsal: as many rows of each split, drawn at random.
    """
    train, dev, test = (read_set(task.files[split], 1) for split in SPLITS)
    if rows is not None:
        train, dev, test = (drawn_rows(data, rows) for data in (train, dev, test))
    overlap, clean, clean_dev = _overlap(train, dev, test)
    return TaskData(task, train, dev, test, find_classes(train, "classify"), overlap, clean, clean_dev)


def drawn_rows(data: LabelledSet, rows: int) -> LabelledSet:
    """So many rows, drawn at random, in their order: what a rehearsal reads."""
    order = np.random.default_rng(seed_of("rehearsal")).permutation(len(data))
    return data.take(np.sort(order[:rows]))


def _overlap(train: LabelledSet, dev: LabelledSet, test: LabelledSet) -> tuple[Overlap, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Rows that splits share; test rows that neither train nor dev holds; dev rows that train does not hold."""
    prints = [fingerprints(data.sequences) for data in (train, dev, test)]
    exact = [{row.tobytes() for row in found.exact} for found in prints]
    either = [{row.tobytes() for row in found.either} for found in prints]

    def held(rows: int, split: int, reverse_too: bool = True) -> npt.NDArray[np.bool_]:
        digests = prints[rows].either if reverse_too else prints[rows].exact
        known = either[split] if reverse_too else exact[split]
        return np.array([row.tobytes() in known for row in digests], dtype=np.bool_)

    in_train, in_dev, dev_in_train = held(2, 0), held(2, 1), held(1, 0)
    overlap = Overlap(
        dev_in_train=int(dev_in_train.sum()),
        dev_in_train_reversed=int((dev_in_train & ~held(1, 0, reverse_too=False)).sum()),
        test_in_train=int(in_train.sum()),
        test_in_train_reversed=int((in_train & ~held(2, 0, reverse_too=False)).sum()),
        test_in_dev=int(in_dev.sum()),
        test_seen=int((in_train | in_dev).sum()),
    )
    return overlap, ~(in_train | in_dev), ~dev_in_train


def keep_targets(data: TaskData, folder: Path, rehearsal: bool) -> None:
    """Write what is true of a task beside its cells: ``targets/`` with dev.npy, test.npy, clean.npy, clean-dev.npy and run.json.

    Raises:
        ConfigError: Those that are there belong to other rows.
    """
    place = folder / "targets"
    facts = TargetFacts(
        task=data.task.name,
        digests=data.digests,
        num_rows={"train": len(data.train), "dev": len(data.dev), "test": len(data.test)},
        classes=data.classes,
        overlap=data.overlap,
        rehearsal=rehearsal,
    )
    with only_worker(place, wait=True):
        if (place / "run.json").is_file():
            stored = TargetFacts.model_validate_json((place / "run.json").read_text(encoding="utf-8"))
            if stored.digests != facts.digests:
                raise ConfigError(f"{place}: belongs to other rows than those of {data.task.files['train'].parent}; choose another --out")
            if not (place / CLEAN_DEV).is_file():  # of an earlier version
                np.save(place / CLEAN_DEV, data.clean_dev)
            return
        with new_directory(place) as directory:
            np.save(directory / "dev.npy", data.targets(data.dev))
            np.save(directory / "test.npy", data.targets(data.test))
            np.save(directory / "clean.npy", data.clean)
            np.save(directory / CLEAN_DEV, data.clean_dev)
            (directory / "run.json").write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")


class TargetFacts(BaseModel):
    """What is kept of a task's rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str
    """Its name."""
    digests: dict[str, str]
    """SHA-256 of the content of each split."""
    num_rows: dict[str, int]
    """Rows by split."""
    classes: tuple[str, ...]
    """Names of the classes."""
    overlap: Overlap
    """Rows that splits share."""
    rehearsal: bool
    """Whether only some rows were taken."""
