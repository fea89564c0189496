"""What a data set gives away to a model that counts k-mers and knows nothing of their order."""

from dataclasses import replace

import numpy as np

from dnabert.data.finish.dataset import FinishedDataset
from dnabert.data.finish.duplicates import label_names
from dnabert.data.labelled import LabelledSet
from dnabert.infer.baselines import kmer_baseline

__all__ = ["kmer_only_auroc"]

_MAX_ROWS = 8_000
"""More are thinned out evenly: the figure is told to within 0.01, in seconds."""
_MAX_CLASSES = 8


def kmer_only_auroc(dataset: FinishedDataset, kmer: int = 4) -> float | None:
    """Test AUROC of a logistic regression on k-mer shares; None where bases are labelled, or the test rows are of one class.

    With more than two classes, or several labels for a row, each of the 8 most frequent is told from all else, and the mean is given.

    Args:
        dataset: A finished data set.
        kmer: Bases of a k-mer.
    """
    if dataset.task == "token":
        return None
    train, test = (dataset.labelled(split, _MAX_ROWS) for split in ("train", "test"))
    counts = dataset.leakage.classes["train"]
    names = sorted((name for name in counts if name != "none" or dataset.task == "classify"), key=lambda name: -counts[name])
    if dataset.task == "classify" and len(names) == 2:
        names = names[:1]
    figures = [_one_against_rest(train, test, name, kmer, several=dataset.task == "multilabel") for name in names[:_MAX_CLASSES]]
    known = [figure for figure in figures if figure is not None]
    return float(np.mean(known)) if known else None


def _one_against_rest(train: LabelledSet, test: LabelledSet, name: str, kmer: int, *, several: bool) -> float | None:
    parts = []
    for data in (train, test):
        assert data.labels is not None
        labels = tuple(str(int(name in label_names(text) if several else name == text)) for text in data.labels)
        if len(set(labels)) < 2:
            return None
        parts.append(replace(data, labels=labels))
    return kmer_baseline(parts[0], parts[1], kmer)["auroc"]
