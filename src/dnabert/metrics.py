"""Which figures for which task; the mathematics is scikit-learn's and scipy's.

Every figure is in its usual unit: fractions from 0 to 1, MCC and correlations from -1 to 1. A figure that the data does not
define (AUROC of one class) is None, never a number.

scikit-learn and scipy.stats take over a second to import, so they come with the first figure: a prediction does without.
"""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.choices import Task

__all__ = ["SELECTION", "Metrics", "calibration_table", "classification_metrics", "score_task", "softmax"]

Floats = npt.NDArray[np.floating[Any]]
Metrics = dict[str, float | int | None]

SELECTION: dict[Task, str] = {
    "classify": "mcc",
    "pair": "mcc",
    "token": "mcc",
    "multilabel": "auprc",
    "regress": "spearman",
}
"""The validation figure by which the best moment of training is chosen; larger is better."""


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probs: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return probs


def score_task(task: Task, targets: npt.NDArray[Any], predictions: Floats) -> Metrics:
    """The figures of a task.

    Args:
        task: classify, pair and token take class numbers (N,) and probabilities (N, K); multilabel 0/1 (N, K) and probabilities (N, K);
            regress values (N, K) and values (N, K).
        targets: What is true.
        predictions: What the model says.

    Returns:
        Figures by name, and ``n``.
    """
    if task == "regress":
        return _regression(targets, predictions)
    if task == "multilabel":
        return _multilabel(targets, predictions)
    return classification_metrics(targets, predictions)


def classification_metrics(targets: npt.NDArray[np.int64], probs: Floats) -> Metrics:
    """Accuracy, F1, MCC, AUROC, AUPRC, precision and recall.

    With two classes F1, precision, recall and AUPRC are those of the second one, as for the 690 sets; with more they are macro averages
    over the classes that have an example, and AUROC is the mean over pairs of classes, None where one has no example. With one class only,
    AUROC, AUPRC and MCC are None; MCC is 0 where the model says the same of all, as are F1, precision and recall where nothing is to count.

    Source: recipe 1.6 (published choice of figures).
    """
    from sklearn import metrics as sk

    predicted = probs.argmax(axis=1)
    several = len(np.unique(targets)) > 1
    binary = probs.shape[1] == 2
    average: dict[str, Any] = {"average": "binary"} if binary else {"average": "macro", "labels": np.unique(targets)}
    precision, recall, f1, _ = sk.precision_recall_fscore_support(targets, predicted, zero_division=0, **average)
    return {
        "accuracy": float(sk.accuracy_score(targets, predicted)),
        "f1": float(f1),
        "mcc": float(sk.matthews_corrcoef(targets, predicted)) if several else None,
        "auroc": _auroc(targets, probs),
        "auprc": _auprc(targets, probs),
        "precision": float(precision),
        "recall": float(recall),
        "n": len(targets),
    }


def _auroc(targets: npt.NDArray[np.int64], probs: Floats) -> float | None:
    from sklearn import metrics as sk

    present = np.unique(targets)
    if len(present) < 2:
        return None
    if probs.shape[1] == 2:
        return float(sk.roc_auc_score(targets, probs[:, 1]))
    if len(present) < probs.shape[1]:
        return None
    return float(sk.roc_auc_score(targets, probs, multi_class="ovo", average="macro", labels=np.arange(probs.shape[1])))


def _auprc(targets: npt.NDArray[np.int64], probs: Floats) -> float | None:
    from sklearn import metrics as sk

    present = np.unique(targets)
    if len(present) < 2:
        return None
    chosen = [1] if probs.shape[1] == 2 else present.tolist()
    return float(np.mean([sk.average_precision_score(targets == label, probs[:, label]) for label in chosen]))


def _multilabel(targets: npt.NDArray[Any], probs: Floats) -> Metrics:
    """Means over labels; MCC, AUROC and AUPRC over those that some examples have and some have not."""
    from sklearn import metrics as sk

    hot = targets.astype(np.int64)
    predicted = (probs >= 0.5).astype(np.int64)
    usable = [column for column in range(hot.shape[1]) if 0 < hot[:, column].sum() < len(hot)]

    def mean(figure: Callable[..., Any], scores: npt.NDArray[Any], columns: Iterable[int], **options: Any) -> float | None:
        found = [figure(hot[:, column], scores[:, column], **options) for column in columns]
        return float(np.mean(found)) if found else None

    every = range(hot.shape[1])
    return {
        "accuracy": float((hot == predicted).mean()),
        "exact_match": float((hot == predicted).all(axis=1).mean()),
        "f1": mean(sk.f1_score, predicted, every, zero_division=0),
        "mcc": mean(sk.matthews_corrcoef, predicted, usable),
        "auroc": mean(sk.roc_auc_score, probs, usable),
        "auprc": mean(sk.average_precision_score, probs, usable),
        "precision": mean(sk.precision_score, predicted, every, zero_division=0),
        "recall": mean(sk.recall_score, predicted, every, zero_division=0),
        "n": len(hot),
    }


def _regression(targets: Floats, values: Floats) -> Metrics:
    from scipy import stats
    from sklearn import metrics as sk

    columns = range(targets.shape[1])
    return {
        "mse": float(np.mean((targets - values) ** 2)),
        "mae": float(np.mean(np.abs(targets - values))),
        "r2": float(sk.r2_score(targets, values)) if np.ptp(targets, axis=0).all() else None,
        "pearson": _mean_correlation(stats.pearsonr, targets, values, columns),
        "spearman": _mean_correlation(stats.spearmanr, targets, values, columns),
        "n": len(targets),
    }


def _mean_correlation(function: Callable[..., Any], targets: Floats, values: Floats, columns: range) -> float | None:
    from scipy import stats

    found = []
    for column in columns:
        x, y = targets[:, column], values[:, column]
        if len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", stats.NearConstantInputWarning)
                found.append(float(function(x, y).statistic))
    return float(np.mean(found)) if found and np.isfinite(found).all() else None


def calibration_table(targets: npt.NDArray[np.int64], probs: Floats, bins: int = 10) -> dict[str, Any]:
    """How far probabilities can be trusted: expected calibration error of the predicted class, and the table behind it.

    Args:
        targets: Class numbers, (N,).
        probs: Probabilities, (N, K).
        bins: Bins of equal width over [0, 1].

    Returns:
        ``ece``, and for each bin that is not empty its mean ``confidence``, ``accuracy`` and ``n``.

    Source: Guo et al. 2017, eq. 3.
    """
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == targets
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [
        {"confidence": float(confidence[place == b].mean()), "accuracy": float(right[place == b].mean()), "n": int((place == b).sum())}
        for b in range(bins)
        if (place == b).any()
    ]
    error = sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / len(targets)
    return {"ece": float(error), "bins": rows}
