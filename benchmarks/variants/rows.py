"""Variants with what is known of them, and the sets that they make."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Doubles", "Evaluation", "Metric", "Result", "Row"]

Doubles = npt.NDArray[np.float64]
Metric = Callable[[Doubles, Doubles], float]
Result = tuple[str, float, float, float]
"""Contestant, figure, and its interval."""


@dataclass(frozen=True)
class Row:
    """A variant with what is known of it.

    Attributes:
        line: Columns of its VCF line; the id is its number.
        truth: 1 or 0, or a measured effect.
        distance: From the nearest site, in bases.
        effect: A second truth, such as the measured change.
    """

    line: tuple[str, ...]
    truth: float
    distance: float
    effect: float = float("nan")

    @property
    def gc_change(self) -> float:
        """G+C of the alternate allele minus that of the reference, in bases."""
        return float(sum(self.line[4].count(base) - self.line[3].count(base) for base in "GC"))


@dataclass
class Evaluation:
    """One set of variants.

    Attributes:
        name: What it is called.
        rows: The variants.
        metric: Its figure.
        metric_name: What that is called.
        kind: ``splice`` or ``promoter``: which model it is for.
        is_signed: Whether the truth has a sign that the score should have too.
        results: What came of it.
    """

    name: str
    rows: list[Row]
    metric: Metric
    metric_name: str
    kind: str
    is_signed: bool = False
    results: list[Result] = field(default_factory=list)
