"""Means and intervals over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.quality.cells.contestants import Kind
from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.cells.records import KeptRun, Record, Strand, Truth
from dnabert.bootstrap import bootstrap_difference

__all__ = ["Gain", "Mean", "Row", "gain_of", "mean_of", "rows_of", "scratch_of"]

_LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over seeds.

    Attributes:
        value: The mean.
        half_width: Half of its 95 % interval (Student's t over seeds); None with fewer than three: that of two is 12.7 times their
            distance from the mean and says nothing.
        values: Of the seeds, in their order.
    """

    value: float
    half_width: float | None
    values: tuple[float, ...]


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of values, and its interval.

    Examples:
        >>> found = mean_of([1.0, 2.0, 3.0])
        >>> found.value, round(found.half_width, 3)
        (2.0, 2.484)
    """
    count = len(values)
    if count < 3:
        return Mean(float(np.mean(values)), None, tuple(values))
    reach = float(stats.t.ppf((1 + _LEVEL) / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Mean(float(np.mean(values)), reach, tuple(values))


@dataclass(frozen=True)
class Gain:
    """A difference of MCC x 100 on test.

    Attributes:
        value: Mean over seeds.
        interval: 95 % bootstrap interval over test rows, both sides on the same resampled rows; None where it is not defined.
        seeds: Seeds that both sides have.
    """

    value: float
    interval: tuple[float, float] | None
    seeds: int


@dataclass(frozen=True)
class Row:
    """The seeds of one contestant, recipe, task and share of labels.

    Attributes:
        task: Name of the task.
        contestant: Name of the contestant.
        kind: What it is.
        recipe: How it was trained.
        share: Share of the training labels.
        runs: One for each seed, in their order.
    """

    task: str
    contestant: str
    kind: Kind
    recipe: RecipeName
    share: float
    runs: tuple[KeptRun, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """What is known of the runs."""
        return tuple(run.record for run in self.runs)

    @property
    def label(self) -> str:
        """Contestant and recipe."""
        return f"{self.contestant}, {self.recipe}"

    def dev(self, *, clean: bool = False) -> Mean:
        """MCC x 100 on dev; see :meth:`Record.dev_mcc`."""
        return mean_of([100 * record.dev_mcc(clean=clean) for record in self.records])

    def test(self, strand: Strand | None = None, *, clean: bool = False) -> Mean:
        """MCC x 100 on test; see :meth:`Record.test_mcc`."""
        return mean_of([100 * record.test_mcc(strand, clean=clean) for record in self.records])

    def bootstrap(self) -> tuple[float, float] | None:
        """Mean over seeds of both ends of the bootstrap intervals over test rows, MCC x 100."""
        found = [interval[record.strand] for record in self.records if (interval := record.test_interval) is not None]
        known = [ends for ends in found if ends is not None]
        return (float(100 * np.mean([low for low, _ in known])), float(100 * np.mean([high for _, high in known]))) if known else None

    def minutes(self) -> float:
        """Mean minutes of one run."""
        return float(np.mean([record.train_s + record.test_s for record in self.records])) / 60


def rows_of(runs: Iterable[KeptRun]) -> list[Row]:
    """Runs by task, contestant, recipe and share; the order is that of their first runs.

    Where several points of a grid were scored, as after a change of the grid, the one that is best on dev stands for the recipe: by the
    lowest seed that is there, as the command chooses, so that more seeds of one point do not count for or against it.
    """
    groups: dict[tuple[str, str, Kind, RecipeName, float], dict[str, list[KeptRun]]] = {}
    for run in runs:
        record = run.record
        by_point = groups.setdefault((record.task, record.contestant, record.kind, record.recipe, record.share), {})
        by_point.setdefault(record.point, []).append(run)
    rows = []
    for key, by_point in groups.items():
        lowest = min(run.record.seed for found in by_point.values() for run in found)
        tried = [(run, found) for found in by_point.values() for run in found if run.record.seed == lowest]
        _, best = max(tried, key=lambda each: each[0].record.dev_mcc(clean=True))  # the first of equals
        rows.append(Row(*key, tuple(sorted(best, key=lambda run: run.record.seed))))
    return rows


def scratch_of(rows: Iterable[Row], row: Row) -> Row | None:
    """The row of the same sizes from random weights, same task, recipe and share; None for a row that is no pre-trained model's."""
    if row.kind != "pretrained":
        return None
    same = [
        other
        for other in rows
        if (other.task, other.recipe, other.kind, other.share) == (row.task, row.recipe, "scratch", row.share)
        and other.records[0].sizes == row.records[0].sizes
    ]
    return max(same, key=lambda other: other.test().value, default=None)


def gain_of(row: Row, other: Row, truth: Truth) -> Gain:
    """How much better a row is than another on the same test rows, over the seeds that both have; over the means where they share none.

    Args:
        row: The row.
        other: What it is compared with.
        truth: What is true of the task.
    """
    by_seed = {run.record.seed: run for run in other.runs}
    pairs = [(run, by_seed[run.record.seed]) for run in row.runs if run.record.seed in by_seed]
    if not pairs:
        return Gain(row.test().value - other.test().value, None, 0)
    value = float(np.mean([100 * (first.record.test_mcc() - second.record.test_mcc()) for first, second in pairs]))
    probs = [(first.probs("test"), second.probs("test")) for first, second in pairs]
    ends = bootstrap_difference("classify", truth.targets("test"), probs, "mcc")
    return Gain(value, None if ends is None else (100 * ends[0], 100 * ends[1]), len(pairs))
