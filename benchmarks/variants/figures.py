"""Figures of scores beside the truth, with bootstrap intervals."""

import sys
from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.variants.rows import Doubles, Evaluation, Metric

__all__ = ["UNSCORED", "add_result", "auprc", "auroc", "interval", "spearman"]

ROUNDS = 1000

UNSCORED = (
    "Every figure of a set is over all of its variants: those that a contestant did not score rank lowest; where effects have a sign, they"
    " count as no change."
)


def auroc(truth: Doubles, score: Doubles) -> float:
    return float(roc_auc_score(truth, score))


def auprc(truth: Doubles, score: Doubles) -> float:
    return float(average_precision_score(truth, score))


def spearman(truth: Doubles, score: Doubles) -> float:
    return float(spearmanr(truth, score).statistic)


def interval(metric: Metric, truth: Doubles, score: Doubles) -> tuple[float, float]:
    """95 % of bootstrap resamplings; those in which the figure is not defined (one class only, all equal) do not count."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(ROUNDS):
        index = rng.integers(0, len(truth), len(truth))
        if len(np.unique(truth[index])) > 1 and len(np.unique(score[index])) > 1:
            found.append(metric(truth[index], score[index]))
    low, high = np.percentile(found, [2.5, 97.5]) if found else (np.nan, np.nan)
    return float(low), float(high)


def add_result(evaluation: Evaluation, name: str, scores: Sequence[float]) -> None:
    """Note how well scores do, on all variants; for those without one see :data:`UNSCORED`."""
    truth, score = np.array([row.truth for row in evaluation.rows]), np.array(scores, np.float64)
    scored = np.isfinite(score)
    if len(np.unique(truth[scored])) < 2 or len(np.unique(score[scored])) < 2:
        print(f"{evaluation.name}: {name}: nothing to compare among {scored.sum()} variants", file=sys.stderr)
        return
    score[~scored] = 0 if evaluation.is_signed else score[scored].min() - 1
    label = name if scored.all() else f"{name} ({scored.sum()} of {len(scored)} scored)"
    evaluation.results.append((label, evaluation.metric(truth, score), *interval(evaluation.metric, truth, score)))
