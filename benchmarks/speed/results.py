"""What the benchmarks found, as JSON. Times of all rounds are kept; ratios, spreads and verdicts follow from them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from benchmarks.speed.rounds import Spread, per_round, refusal, spread_of

__all__ = ["Agreement", "Figure", "Findings", "Growth", "Line", "Machine", "Ratio", "Report", "Results", "read_results", "write_results"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Machine(_Frozen):
    """Where and when a benchmark ran."""

    cpu: str
    """Name of the processor."""
    cores: int
    """Cores of the machine."""
    threads: int
    """Cores that the benchmark was held to."""
    flags: tuple[str, ...]
    """Instruction sets that matter for matrix products."""
    memory_gb: float
    """Main memory."""
    system: str
    """Operating system."""
    versions: dict[str, str]
    """Versions by package, and Python's."""
    commit: str
    """Commit of the repository, with a + where files differed from it."""
    date: str
    """When it began, UTC."""
    load: float
    """Load of the machine before the whole run began."""


class Ratio(_Frozen):
    """Ours beside a reference, timed in turn."""

    key: str
    """Name that stays the same from run to run."""
    what: str
    """What was timed."""
    against: str
    """What it was compared with."""
    unit: str
    """What the seconds are of: a step, a million bases, ..."""
    goal: float | None
    """The ratio that was wanted."""
    ours: tuple[float, ...]
    """Seconds of each round."""
    reference: tuple[float, ...]
    """Seconds of each round."""

    @property
    def rounds(self) -> tuple[float, ...]:
        """The ratio of each round."""
        return per_round(self.reference, self.ours)

    @property
    def spread(self) -> Spread:
        """Where the ratios lie."""
        return spread_of(self.rounds)

    @property
    def refusal(self) -> str | None:
        """Why there is no ratio."""
        return refusal(self.rounds)


class Figure(_Frozen):
    """A figure of its own, not a ratio."""

    what: str
    """What was measured."""
    unit: str
    """Unit of the values."""
    values: tuple[float, ...]
    """The value of each round."""
    goal: float | None = None
    """The value that was wanted."""
    higher_is_better: bool = True
    """Whether the goal is reached from below."""

    @property
    def spread(self) -> Spread:
        """Where the values lie."""
        return spread_of(self.values)

    @property
    def refusal(self) -> str | None:
        """Why there is no single value."""
        return refusal(self.values)


class Agreement(_Frozen):
    """How far outputs were from those of the slow path, looked at before timing."""

    what: str
    """Whose outputs."""
    against: str
    """The slow path."""
    tolerance: float
    """Largest relative difference allowed; 0: they must be equal."""
    difference: float
    """Relative difference found."""


class Line(_Frozen):
    """One line of a figure of growth: values at each x."""

    name: str
    """What was measured."""
    values: tuple[tuple[float, ...], ...]
    """The values of all rounds at each x."""
    floor: tuple[float, ...] = ()
    """What the arithmetic alone (or the memory traffic) would take at each x; empty where none is known."""


class Growth(_Frozen):
    """How cost grows along one axis."""

    key: str
    """Name of the figure's file."""
    title: str
    """What is varied, what is held."""
    x_name: str
    """The axis, with its unit."""
    x: tuple[float, ...]
    """Places that were measured."""
    time_name: str
    """Unit of the times."""
    times: tuple[Line, ...]
    """Times."""
    memory: tuple[Line, ...]
    """Peak memory in MB; empty where the system does not tell."""


class Findings(_Frozen):
    """What a benchmark returns."""

    ratios: tuple[Ratio, ...] = ()
    """Comparisons."""
    figures: tuple[Figure, ...] = ()
    """Figures without a reference."""
    agreements: tuple[Agreement, ...] = ()
    """Outputs against the slow path."""
    growths: tuple[Growth, ...] = ()
    """Curves."""
    notes: tuple[str, ...] = ()
    """What a reader must know, measured numbers included."""

    @classmethod
    def joined(cls, parts: Sequence[Self], notes: tuple[str, ...]) -> Self:
        """Several findings as one, with notes that go before theirs."""
        fields = {name: tuple(entry for part in parts for entry in getattr(part, name)) for name in cls.model_fields}
        return cls(**{**fields, "notes": notes + fields["notes"]})


class Report(_Frozen):
    """One benchmark: what it found, where, and with which command."""

    key: str
    """Its name on the command line."""
    command: str
    """What repeats it."""
    machine: Machine
    """Where and when."""
    rehearsal: bool
    """Whether it ran with tiny sizes (--quick)."""
    took_s: float
    """How long all of it took."""
    foreign_share: float | None
    """Share of the machine's processor time that went to other work meanwhile; None where the system does not tell."""
    aborted: str | None
    """Why nothing was measured, or None."""
    findings: Findings


class Results(_Frozen):
    """All reports, in the order of the benchmarks."""

    reports: tuple[Report, ...] = ()
    """One for each benchmark."""

    def replaced(self, fresh: Sequence[Report], order: Sequence[str]) -> Self:
        """These results with fresh reports in the place of older ones, in the given order of keys."""
        by_key = {report.key: report for report in (*self.reports, *fresh)}
        return type(self)(reports=tuple(by_key[key] for key in order if key in by_key))


def read_results(path: Path) -> Results:
    """Results as :func:`write_results` wrote them."""
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for report in stored["reports"]:
        for ratio in report["findings"]["ratios"]:
            ratio.pop("ratio")  # for readers of the file: it follows from the times
    return Results.model_validate(stored)


def write_results(path: Path, results: Results) -> None:
    """Results as JSON, with each ratio (or why there is none) beside its times."""
    stored = results.model_dump(mode="json")
    for report, plain in zip(results.reports, stored["reports"], strict=True):
        for ratio, entry in zip(report.findings.ratios, plain["findings"]["ratios"], strict=True):
            spread = ratio.spread
            summary = {"median": spread.median, "q1": spread.q1, "q3": spread.q3, "low": spread.low, "high": spread.high}
            entry["ratio"] = {"refused": ratio.refusal} if ratio.refusal else summary
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n", encoding="utf-8")
