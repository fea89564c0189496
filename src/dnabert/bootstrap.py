"""Bootstrap intervals of the figures in :mod:`dnabert.metrics`, from weighted counts instead of a thousand calls of scikit-learn.

A resampling gives every example (or every sequence, where one has many bases) a whole-number weight; each figure is then a sum over
sorted scores or over the confusion matrix. The figures are the same as :func:`dnabert.metrics.score_task` on the resampled rows.

Legend: N rows, K classes or labels, R resamplings.

Source: Efron & Tibshirani 1993, percentile method; Hand & Till 2001 (AUROC over pairs of classes); Gorodkin 2004 (MCC of K classes).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.choices import Task
from dnabert.metrics import Metrics, score_task

__all__ = ["bootstrap_difference", "bootstrap_intervals"]

Floats = npt.NDArray[np.floating[Any]]
Weights = npt.NDArray[Any]


def bootstrap_intervals(
    task: Task,
    targets: npt.NDArray[Any],
    predictions: Floats,
    *,
    offsets: npt.NDArray[np.int64] | None = None,
    rounds: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float] | None]:
    """Percentile bootstrap intervals of every figure of the task.

    Args:
        task: The task.
        targets: As :func:`dnabert.metrics.score_task`.
        predictions: As :func:`dnabert.metrics.score_task`.
        offsets: Where each sequence's rows begin, and the end of the last: sequences are resampled whole. None: each row by itself.
        rounds: Resamplings, with replacement.
        level: Coverage.
        seed: Source of randomness.

    Returns:
        Lower and upper bound by figure; None where fewer than half of the resamplings define the figure.
    """
    rng = np.random.default_rng(seed)
    sizes = np.ones(len(targets), dtype=np.int64) if offsets is None else np.diff(offsets)
    figures = _prepare(task, targets, predictions)
    drawn: dict[str, list[float]] = {}
    for _ in range(rounds):
        pick = rng.integers(0, len(sizes), size=len(sizes))
        weights = np.repeat(np.bincount(pick, minlength=len(sizes)), sizes).astype(np.float64)
        for name, value in figures.score(weights).items():
            drawn.setdefault(name, []).extend([] if value is None else [float(value)])
    return {name: _ends(values, rounds, level) for name, values in drawn.items() if name != "n"}


def bootstrap_difference(
    task: Task,
    targets: npt.NDArray[Any],
    pairs: Sequence[tuple[Floats, Floats]],
    figure: str,
    *,
    rounds: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile interval of how much better the first predictions of pairs are than the second ones, on the same resampled rows.

    Args:
        task: The task.
        targets: As :func:`dnabert.metrics.score_task`.
        pairs: First and second predictions, as :func:`dnabert.metrics.score_task`, of one or more pairs, such as seeds; the mean of their
            differences is what the interval is of.
        figure: Name of the figure, such as ``mcc``.
        rounds: Resamplings, with replacement.
        level: Coverage.
        seed: Source of randomness.

    Returns:
        Lower and upper bound of first less second; None where fewer than half of the resamplings define it.
    """
    rng = np.random.default_rng(seed)
    figures = [(_prepare(task, targets, first), _prepare(task, targets, second)) for first, second in pairs]
    drawn = []
    for _ in range(rounds):
        weights = np.bincount(rng.integers(0, len(targets), size=len(targets)), minlength=len(targets)).astype(np.float64)
        values = [(first.score(weights)[figure], second.score(weights)[figure]) for first, second in figures]
        known = [first - second for first, second in values if first is not None and second is not None]
        if len(known) == len(values):
            drawn.append(float(np.mean(known)))
    return _ends(drawn, rounds, level)


def _ends(values: list[float], rounds: int, level: float) -> tuple[float, float] | None:
    """The interval of what was drawn; None where fewer than half of the rounds gave a value."""
    tail = 100 * (1 - level) / 2
    return (float(np.percentile(values, tail)), float(np.percentile(values, 100 - tail))) if len(values) >= rounds / 2 else None


def _prepare(task: Task, targets: npt.NDArray[Any], predictions: Floats) -> "_Classes | _Labels | _Values":
    if task == "regress":
        return _Values(targets, predictions)
    if task == "multilabel":
        return _Labels(targets, predictions)
    return _Classes(targets, predictions)


class _Ranking:
    """AUROC and average precision of one score, for any weights of its rows."""

    def __init__(self, scores: Floats, positive: npt.NDArray[np.bool_]) -> None:
        self._level = np.unique(scores, return_inverse=True)[1]
        self._positive = positive

    def _counts(self, weights: Weights) -> tuple[Weights, Weights]:
        size = int(self._level.max()) + 1
        positives = np.bincount(self._level, weights * self._positive, size)
        return positives, np.bincount(self._level, weights, size) - positives

    def auroc(self, weights: Weights) -> float | None:
        """Probability that a positive scores above a negative, ties count half."""
        positives, negatives = self._counts(weights)
        pairs = positives.sum() * negatives.sum()
        return float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / pairs) if pairs else None

    def average_precision(self, weights: Weights) -> float | None:
        """Mean precision over the positives, highest score first."""
        positives, negatives = (counts[::-1] for counts in self._counts(weights))
        if not positives.sum():
            return None
        above = np.cumsum(positives)
        precision = above / np.maximum(above + np.cumsum(negatives), 1e-300)
        return float((positives * precision).sum() / positives.sum())


class _Classes:
    """Figures of classify, pair and token."""

    def __init__(self, targets: npt.NDArray[np.int64], probs: Floats) -> None:
        self._num = probs.shape[1]
        self._cell = targets.astype(np.int64) * self._num + probs.argmax(axis=1)
        chosen = [1] if self._num == 2 else range(self._num)
        self._against_rest = {label: _Ranking(probs[:, label], targets == label) for label in chosen}
        self._pairs = []
        for first, second in combinations(range(self._num), 2) if self._num > 2 else ():
            rows = np.flatnonzero((targets == first) | (targets == second))
            if len(rows):
                self._pairs.append((rows, [_Ranking(probs[rows, label], targets[rows] == label) for label in (first, second)]))
        self._all_present = self._num > 2 and len(np.unique(targets)) == self._num

    def score(self, weights: Weights) -> Metrics:
        """Figures of the weighted rows."""
        table = np.bincount(self._cell, weights, self._num**2).reshape(self._num, self._num)
        true, said, right = table.sum(axis=1), table.sum(axis=0), np.diag(table)
        present = np.flatnonzero(true)
        several = len(present) > 1
        precision, recall = _ratio(right, said), _ratio(right, true)
        f1 = _ratio(2 * right, true + said)
        counted = [1] if self._num == 2 else present
        return {
            "accuracy": float(right.sum() / table.sum()),
            "f1": float(f1[counted].mean()),
            "mcc": _mcc(table) if several else None,
            "auroc": self._auroc(weights, len(present)) if several else None,
            "auprc": self._auprc(weights, present.tolist()) if several else None,
            "precision": float(precision[counted].mean()),
            "recall": float(recall[counted].mean()),
        }

    def _auroc(self, weights: Weights, num_present: int) -> float | None:
        if self._num == 2:
            return self._against_rest[1].auroc(weights)
        if num_present < self._num:
            return None
        found = [ranking.auroc(weights[rows]) or 0.0 for rows, rankings in self._pairs for ranking in rankings]
        return float(np.mean(found))

    def _auprc(self, weights: Weights, present: list[int]) -> float | None:
        chosen = [1] if self._num == 2 else present
        return float(np.mean([self._against_rest[label].average_precision(weights) or 0.0 for label in chosen]))


class _Labels:
    """Figures of multilabel: means over labels."""

    def __init__(self, targets: npt.NDArray[Any], probs: Floats) -> None:
        self._true = targets.astype(bool)
        self._said = probs >= 0.5
        self._rankings = [_Ranking(probs[:, label], self._true[:, label]) for label in range(probs.shape[1])]

    def score(self, weights: Weights) -> Metrics:
        """Figures of the weighted rows."""
        total = weights.sum()
        both, true, said = (weights @ flags for flags in (self._true & self._said, self._true, self._said))
        right = weights @ (self._true == self._said)
        usable = np.flatnonzero((true > 0) & (true < total))
        tables = [np.array([[right[c] - both[c], said[c] - both[c]], [true[c] - both[c], both[c]]]) for c in usable]
        exact = weights @ (self._true == self._said).all(axis=1)
        return {
            "accuracy": float(right.mean() / total),
            "exact_match": float(exact / total),
            "f1": float(_ratio(2 * both, true + said).mean()),
            "mcc": _mean([_mcc(table) for table in tables]),
            "auroc": _mean([self._rankings[c].auroc(weights) for c in usable]),
            "auprc": _mean([self._rankings[c].average_precision(weights) for c in usable]),
            "precision": float(_ratio(both, said).mean()),
            "recall": float(_ratio(both, true).mean()),
        }


class _Values:
    """Figures of regress, from the resampled rows themselves."""

    def __init__(self, targets: Floats, values: Floats) -> None:
        self._targets = targets
        self._values = values

    def score(self, weights: Weights) -> Metrics:
        """Figures of the weighted rows."""
        rows = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
        return score_task("regress", self._targets[rows], self._values[rows])


def _ratio(part: Weights, whole: Weights) -> Weights:
    quotient: Weights = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return quotient


def _mean(values: list[float | None]) -> float | None:
    return float(np.mean([value for value in values if value is not None])) if values else None


def _mcc(table: Weights) -> float:
    """Matthews correlation of a confusion matrix; 0 where the model says the same of all."""
    true, said, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    above = np.trace(table) * total - true @ said
    below = np.sqrt((total**2 - said @ said) * (total**2 - true @ true))
    return float(above / below) if below > 0 else 0.0
