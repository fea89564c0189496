"""How far something plain - the share of G and C, the length - tells the classes of a data set apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from dnabert.data.check.composition import gc_shares
from dnabert.data.datasets.example import Example
from dnabert.data.finish.duplicates import DatasetTask, label_names
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import make_targets

__all__ = ["PlainFigures", "as_labelled_set", "class_names", "labels_of", "plain_figures"]

Flags = npt.NDArray[np.bool_]

_MAX_CLASSES = 20
_GC_BINS = 20
"""Bins with equally many training rows: a class that is rich in G+C, poor, or in between shows up in them."""


@dataclass(frozen=True)
class PlainFigures:
    """AUROC on the test rows: each class against all others, the mean over the 20 largest classes; None where it is not defined.

    Attributes:
        gc_only: Of the share of G and C, by one threshold.
        gc_binned: Of the share of G and C, by the share of the class among the training rows of equal G+C, in 20 bins; higher than the
            former where a class is not simply richer or poorer.
        length_only: Of the length, by one threshold; None where all have one length.
    """

    gc_only: float | None = None
    gc_binned: float | None = None
    length_only: float | None = None


def labels_of(text: str, task: DatasetTask) -> Sequence[str]:
    """The labels that a row counts for; a row without any of several counts for ``none``."""
    if task == "multilabel":
        return label_names(text) or ["none"]
    return text if task == "token" else [text]


def class_names(rows: Iterable[Example], task: DatasetTask) -> list[str]:
    """All labels: whole numbers in the order of numbers, then words by the alphabet, ``none`` last."""
    names = {name for text in {example.label for example in rows} for name in labels_of(text, task)}
    return sorted(names, key=lambda name: (name == "none", not name.isdecimal(), int(name) if name.isdecimal() else 0, name))


def as_labelled_set(rows: Sequence[Example], source: str) -> LabelledSet:
    """Rows as what is read from a table of them."""
    sequences = SequenceSet(tuple(example.region.name for example in rows), pack([example.codes for example in rows]))
    return LabelledSet(sequences, tuple(example.label for example in rows), tuple(str(example.region) for example in rows), source)


def plain_figures(train: Sequence[Example], test: Sequence[Example], task: DatasetTask) -> PlainFigures:
    """What plain features reach on the test rows; nothing is measured where bases are labelled."""
    if task == "token" or not train or not test:
        return PlainFigures()
    names = tuple(name for name in class_names((*train, *test), task) if task != "multilabel" or name != "none")
    sets = [as_labelled_set(rows, f"{len(rows)} rows") for rows in (train, test)]
    learnt, asked = (_members(make_targets(data, task, names).values, len(names)) for data in sets)
    largest = np.argsort(-learnt.sum(axis=0), kind="stable")[:_MAX_CLASSES]
    classes = [_Class(learnt[:, column], asked[:, column]) for column in largest if _is_mixed(learnt[:, column], asked[:, column])]
    gc, gc_asked = (gc_shares(data) for data in sets)
    lengths, lengths_asked = (data.sequences.first.lengths for data in sets)
    edges = np.unique(np.quantile(gc, np.linspace(0, 1, _GC_BINS + 1)[1:-1]))
    bins, bins_asked = np.digitize(gc, edges), np.digitize(gc_asked, edges)
    has_lengths = np.ptp(np.concatenate([lengths, lengths_asked])) > 0
    return PlainFigures(
        _mean([_threshold_auroc(own, gc, gc_asked) for own in classes]),
        _mean([_binned_auroc(own, bins, bins_asked) for own in classes]),
        _mean([_threshold_auroc(own, lengths, lengths_asked) for own in classes if has_lengths]),
    )


@dataclass(frozen=True)
class _Class:
    """Whether each row is of a class: of the training rows, and of the test rows that are asked about."""

    learnt: Flags
    asked: Flags


def _members(values: npt.NDArray[np.int64] | npt.NDArray[np.float32], num_classes: int) -> Flags:
    """Whether each row belongs to each class, shape (N, K)."""
    found: Flags = values > 0 if values.ndim == 2 else values[:, None] == np.arange(num_classes)
    return found


def _is_mixed(*parts: Flags) -> bool:
    return all(own.any() and not own.all() for own in parts)


def _threshold_auroc(own: _Class, values: npt.NDArray[Any], values_asked: npt.NDArray[Any]) -> float:
    """AUROC of the values, in the direction that is right for the training rows."""
    area = float(roc_auc_score(own.asked, values_asked))
    return area if roc_auc_score(own.learnt, values) >= 0.5 else 1 - area


def _binned_auroc(own: _Class, bins: npt.NDArray[np.int64], bins_asked: npt.NDArray[np.int64]) -> float:
    """AUROC of the share of the class among the training rows of the same bin; one row of either kind is added to each."""
    shares = (np.bincount(bins[own.learnt], minlength=_GC_BINS) + 1) / (np.bincount(bins, minlength=_GC_BINS) + 2)
    return float(roc_auc_score(own.asked, shares[bins_asked]))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
