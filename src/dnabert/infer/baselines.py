"""What any language model must beat: k-mer counts and a logistic regression, scikit-learn's."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dnabert.data.labelled import LabelledSet
from dnabert.data.targets import find_classes, make_targets
from dnabert.dna.kmers import NUM_SPECIAL, UNK_ID, kmer_ids, vocabulary_size
from dnabert.metrics import Metrics, classification_metrics

__all__ = ["gc_baseline", "kmer_baseline", "kmer_counts"]

Floats = npt.NDArray[np.float64]


def kmer_counts(data: LabelledSet, kmer: int) -> Floats:
    """Share of every k-mer among the k-mers of each sequence, shape (N, 4**k); k-mers over ambiguous bases do not count."""
    counts = np.zeros((len(data), vocabulary_size(kmer) - NUM_SPECIAL))
    for row, codes in enumerate(data.sequences.first):
        ids = kmer_ids(codes, kmer)
        known = ids[ids != UNK_ID].astype(np.int64) - NUM_SPECIAL
        counts[row] = np.bincount(known, minlength=counts.shape[1]) / max(len(known), 1)
    return counts


def kmer_baseline(train: LabelledSet, test: LabelledSet, kmer: int = 4) -> Metrics:
    """Test figures of a logistic regression on k-mer shares."""
    return _logistic(kmer_counts(train, kmer), kmer_counts(test, kmer), train, test)


def gc_baseline(train: LabelledSet, test: LabelledSet) -> Metrics:
    """Test figures of a logistic regression on the share of G and C alone."""
    shares = [kmer_counts(data, 1)[:, 2:].sum(axis=1, keepdims=True) for data in (train, test)]
    return _logistic(shares[0], shares[1], train, test)


def _logistic(x: Floats, x_test: Floats, train: LabelledSet, test: LabelledSet) -> Metrics:
    classes = find_classes(train, "classify")
    y, y_test = (make_targets(data, "classify", classes).values for data in (train, test))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=0.1))
    return classification_metrics(y_test.astype(np.int64), model.fit(x, y).predict_proba(x_test))
