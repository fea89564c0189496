"""Means and intervals over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.quality.cells.contestants import Kind
from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.cells.records import Record, Strand

__all__ = ["Mean", "Row", "mean_of", "rows_of"]

_LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over seeds.

    Attributes:
        value: The mean.
        half_width: Half of its 95 % interval (Student's t over seeds); None with one seed.
        count: Seeds.
    """

    value: float
    half_width: float | None
    count: int


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of values, and its interval.

    Examples:
        >>> found = mean_of([1.0, 2.0, 3.0])
        >>> found.value, round(found.half_width, 3), found.count
        (2.0, 2.484, 3)
    """
    count = len(values)
    if count < 2:
        return Mean(float(np.mean(values)), None, count)
    reach = float(stats.t.ppf((1 + _LEVEL) / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Mean(float(np.mean(values)), reach, count)


@dataclass(frozen=True)
class Row:
    """The seeds of one contestant, recipe, task and share of labels.

    Attributes:
        task: Name of the task.
        contestant: Name of the contestant.
        kind: What it is.
        recipe: How it was trained.
        share: Share of the training labels.
        records: One for each seed.
    """

    task: str
    contestant: str
    kind: Kind
    recipe: RecipeName
    share: float
    records: tuple[Record, ...]

    @property
    def label(self) -> str:
        """Contestant and recipe."""
        return f"{self.contestant}, {self.recipe}"

    def dev(self) -> Mean:
        """MCC x 100 on dev."""
        return mean_of([100 * record.dev_mcc() for record in self.records])

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


def rows_of(records: Iterable[Record]) -> list[Row]:
    """Records by task, contestant, recipe and share; the order is that of their first records.

    Where several points of a grid were scored, as after a change of the grid, the one that is best on dev stands for the recipe.
    """
    groups: dict[tuple[str, str, Kind, RecipeName, float], dict[str, list[Record]]] = {}
    for record in records:
        by_point = groups.setdefault((record.task, record.contestant, record.kind, record.recipe, record.share), {})
        by_point.setdefault(record.point, []).append(record)
    rows = []
    for key, by_point in groups.items():
        best = max(by_point.values(), key=lambda found: np.mean([record.dev_mcc() for record in found]))
        rows.append(Row(*key, tuple(sorted(best, key=lambda record: record.seed))))
    return rows
