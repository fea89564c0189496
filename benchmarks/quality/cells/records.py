"""What is kept of a cell: ``result.json`` beside its ``run.json``, ``dev-*.npy`` and ``test-*.npy`` (probabilities, rows in file order)."""

import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.quality.cells.contestants import Kind
from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.cells.tasks import Overlap, Split, TargetFacts
from dnabert.device import Machine
from dnabert.errors import DataFileError
from dnabert.metrics import Metrics

__all__ = [
    "RESULT",
    "KeptRun",
    "Record",
    "Strand",
    "Truth",
    "commit",
    "count_points",
    "machine_facts",
    "read_record",
    "read_records",
    "read_truth",
]

RESULT = "result.json"
Strand = Literal["forward", "both"]
"""forward: each sequence as it is; both: the mean with its reverse complement."""


class Record(BaseModel):
    """One cell."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str
    """Name of the task."""
    contestant: str
    """Name of what was trained."""
    kind: Kind
    """What it is."""
    sizes: dict[str, Any] | None
    """Sizes of a DNABERT model."""
    recipe: RecipeName
    """published, tuned or few."""
    point: str
    """Point of the recipe's grid."""
    seed: int
    """All randomness comes from it."""
    share: float
    """Share of the training labels, 0-1."""
    num_labels: int
    """Training rows with different places in the table."""
    num_rows: int
    """Rows of one epoch: few labels are repeated so that there are steps enough."""
    rehearsal: bool
    """Whether only some rows were taken and one epoch was run: such figures mean nothing."""
    config: dict[str, Any]
    """The settings."""
    model_sha256: str
    """Of the pre-trained weights."""
    digests: dict[str, str]
    """SHA-256 of the content of each split, before a share of train was taken."""
    steps: int
    """Optimiser steps done."""
    best_step: int
    """The step whose weights were kept: the best on dev."""
    collapsed: bool
    """Whether it says the same of all."""
    dev: dict[Strand, Metrics]
    """Figures on dev by strands read."""
    dev_clean: dict[Strand, Metrics] | None = None
    """The same without the dev rows that train holds; None in records of earlier versions."""
    test: dict[Strand, Metrics] | None = None
    """Figures on test; None for a point of the grid that dev did not choose."""
    test_clean: dict[Strand, Metrics] | None = None
    """The same without the test rows that train or dev holds."""
    test_interval: dict[Strand, tuple[float, float] | None] | None = None
    """95 % bootstrap interval over test rows of the MCC."""
    overlap: Overlap
    """Rows that splits share."""
    train_s: float
    """Seconds of training, dev scoring included; of the last of several sittings only."""
    test_s: float = 0.0
    """Seconds of scoring the test rows."""
    command: str
    """The command line."""
    commit: str
    """State of the code; + for one that is not committed."""
    versions: dict[str, str]
    """Of this package and of what it computes with."""
    machine: dict[str, str]
    """Where it ran."""

    @property
    def strand(self) -> Strand:
        """The strands that the task's figure is taken from: both where it has none."""
        return "both" if "both" in self.dev else "forward"

    def dev_mcc(self, *, clean: bool = False) -> float:
        """MCC on dev, -1 where it is not defined.

        Args:
            clean: Without the rows that train holds; of all rows where that was not kept.
        """
        figures = self.dev_clean if clean and self.dev_clean is not None else self.dev
        value = figures[self.strand]["mcc"]
        return -1.0 if value is None else float(value)

    def test_mcc(self, strand: Strand | None = None, *, clean: bool = False) -> float:
        """MCC on test.

        Args:
            strand: Strands read; None as the task has it.
            clean: Without the rows that train or dev holds.
        """
        figures = self.test_clean if clean else self.test
        assert figures is not None
        value = figures[strand or self.strand]["mcc"]
        return 0.0 if value is None else float(value)


@dataclass(frozen=True)
class KeptRun:
    """A finished run.

    Attributes:
        folder: Where its probabilities are.
        record: What is known of it.
    """

    folder: Path
    record: Record

    @property
    def kmer(self) -> int | None:
        """k of a DNABERT model."""
        return None if self.record.sizes is None else int(self.record.sizes["kmer"])

    def probs(self, split: Split) -> npt.NDArray[np.float32]:
        """Its probabilities on dev or test, (N, K)."""
        probs: npt.NDArray[np.float32] = np.load(self.folder / f"{split}-{self.record.strand}.npy")
        return probs


class Truth:
    """What is true of a task's dev and test rows.

    Args:
        folder: The folder of the task in a folder of results.

    Attributes:
        facts: What is known of the rows.
        clean: Test rows that neither train nor dev holds, (N,).
    """

    def __init__(self, folder: Path) -> None:
        place = folder / "targets"
        self.facts = TargetFacts.model_validate_json((place / "run.json").read_text(encoding="utf-8"))
        self.clean: npt.NDArray[np.bool_] = np.load(place / "clean.npy")
        self._targets: dict[str, npt.NDArray[np.int64]] = {split: np.load(place / f"{split}.npy") for split in ("dev", "test")}

    def targets(self, split: Split) -> npt.NDArray[np.int64]:
        """Class numbers of dev or test, (N,)."""
        return self._targets[split]


def read_record(path: Path) -> Record:
    """A cell's record.

    Raises:
        DataFileError: It cannot be read.
    """
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataFileError(f"{path}: is no result of this benchmark: {str(error).splitlines()[0]}; remove its folder") from error


def read_records(folder: Path) -> Iterator[KeptRun]:
    """The runs below a folder whose test rows were scored, in the order of their names."""
    for path in sorted(folder.rglob(RESULT)):
        record = read_record(path)
        if record.test is not None:
            yield KeptRun(path.parent, record)


def count_points(folder: Path) -> dict[tuple[str, str, RecipeName], int]:
    """Points of a grid that were compared on dev, all labels given, by task, contestant and recipe; scored on test or not."""
    found: dict[tuple[str, str, RecipeName], set[str]] = {}
    for path in sorted(folder.rglob(RESULT)):
        record = read_record(path)
        if record.share == 1:
            found.setdefault((record.task, record.contestant, record.recipe), set()).add(record.point)
    return {key: len(points) for key, points in found.items()}


def read_truth(folder: Path) -> dict[str, Truth]:
    """What is true, by task, of all tasks of a folder of results."""
    found = [Truth(path.parent.parent) for path in sorted(folder.rglob("targets/run.json"))]
    return {truth.facts.task: truth for truth in found}


def commit() -> str:
    """The commit of this code, + where files differ from it; else DNABERT_COMMIT, for a copy without its history, else ``unknown``."""

    def git(*words: str) -> str:
        root = Path(__file__).parents[3]
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True, cwd=root).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "src", "benchmarks/quality") else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("DNABERT_COMMIT") or "unknown"


def machine_facts(machine: Machine) -> dict[str, str]:
    """Processor or GPU, number type, threads and system."""
    import torch

    gpu = {"gpu": torch.cuda.get_device_name(machine.device)} if machine.device.type == "cuda" else {}
    return {
        **gpu,
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count()),
        "threads": str(torch.get_num_threads()),
        "dtype": str(machine.dtype).removeprefix("torch."),
        "system": platform.platform(),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
