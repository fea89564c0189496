"""Rows of one split that are almost in another: repeats, paralogues, overlapping clones.

Of every row in validation and test: the largest share of its k-mers that one row of training holds (its containment); of validation also
against the test. Up to a median length of 400 bases, and some 10 million bases in all, every k-mer counts and the shares are exact; beyond,
they are estimated by sketch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.finish.containment import Matches, find_best_rows
from dnabert.data.finish.sketch import SKETCH_KMER, HashFilter, Sketches, sampled_share, sketch_sequences

__all__ = [
    "HISTOGRAM_BINS",
    "Comparison",
    "NearDuplicates",
    "SimilarPair",
    "accuracy_text",
    "find_near_duplicates",
    "similar_training_rows",
]

HISTOGRAM_BINS = 20
"""Bins of equal width over containments from 0 to 1; the last one holds 1 too."""

_ASKED: tuple[tuple[SplitName, SplitName], ...] = (("test", "train"), ("valid", "train"), ("valid", "test"))
_MAX_LISTED = 20


@dataclass(frozen=True)
class SimilarPair:
    """A row and the row of another split that holds most of it.

    Attributes:
        id: The row.
        split: Its split.
        region: Where it lies.
        other_id: The row that holds its k-mers.
        other_split: The split of that one.
        other_region: Where that one lies.
        containment: Share of the first row's k-mers that the other holds, 0-1; see :func:`accuracy_text`.
    """

    id: str
    split: SplitName
    region: str
    other_id: str
    other_split: SplitName
    other_region: str
    containment: float


@dataclass(frozen=True)
class Comparison:
    """How much of the rows of one split is in single rows of another.

    Attributes:
        split: The split that is asked about.
        other: The split that is searched.
        num_rows: Rows of the first.
        num_compared: Of these, rows with enough k-mers to be compared.
        num_above_half: Rows of which one row of the other holds more than half.
        num_above_four_fifths: The same for more than 0.8.
        histogram: Rows by largest containment, in :data:`HISTOGRAM_BINS` bins.
        num_frequent_hashes: Hashes that both splits hold and that were left out, those of the most frequent repeats.
        most_rows_of_a_hash: Rows of the other split that a hash may be in before it is left out; None where none had to be.
    """

    split: SplitName
    other: SplitName
    num_rows: int
    num_compared: int
    num_above_half: int
    num_above_four_fifths: int
    histogram: tuple[int, ...]
    num_frequent_hashes: int = 0
    most_rows_of_a_hash: int | None = None


@dataclass(frozen=True)
class NearDuplicates:
    """How alike the splits are.

    Attributes:
        kmer: Bases of a k-mer.
        sampled_share: Share of the k-mers that were looked at, 0-1.
        comparisons: Test with training, validation with training, validation with test.
        pairs: The most alike of all comparisons.
    """

    kmer: int
    sampled_share: float
    comparisons: tuple[Comparison, ...]
    pairs: tuple[SimilarPair, ...]


def accuracy_text(sampled_share: float, comparisons: Sequence[Comparison]) -> str:
    """How far the shares are to be trusted, in words.

    Args:
        sampled_share: Share of the k-mers that were looked at, 0-1.
        comparisons: What they were looked at for.
    """
    reasons = []
    if sampled_share < 1:
        reasons.append(f"from a sample of {sampled_share:.0%} of the {SKETCH_KMER}-mers")
    if any(comparison.num_frequent_hashes for comparison in comparisons):
        reasons.append(f"without the {SKETCH_KMER}-mers of the most frequent repeats")
    if not reasons:
        return f"exact: every {SKETCH_KMER}-mer counts"
    return f"estimates, {' and '.join(reasons)}: a row near a limit may be on either side of it"


def find_near_duplicates(examples: Sequence[Example]) -> NearDuplicates:
    """How alike the splits of some rows are."""
    by_split, share, sketches = _sketch_splits(examples)
    comparisons: list[Comparison] = []
    pairs: list[SimilarPair] = []
    for split, other in _ASKED:
        if split not in sketches or other not in sketches:
            continue
        matches = find_best_rows(sketches[split], sketches[other], None)
        comparisons.append(_comparison(split, other, matches))
        best = np.argsort(-matches.containments, kind="stable")[:_MAX_LISTED]  # nan comes last
        for number in best[matches.containments[best] > 0].tolist():
            left, right = examples[by_split[split][number]], examples[by_split[other][matches.partners[number]]]
            names = (left.region.name, split, str(left.region), right.region.name, other, str(right.region))
            pairs.append(SimilarPair(*names, float(matches.containments[number])))
    pairs.sort(key=lambda pair: -pair.containment)
    return NearDuplicates(SKETCH_KMER, share, tuple(comparisons), tuple(pairs[:_MAX_LISTED]))


def similar_training_rows(examples: Sequence[Example], above: float) -> list[int]:
    """Numbers of the training rows that hold more than this share of the k-mers of a row in test or validation, ascending.

    Args:
        examples: Rows with their splits.
        above: The share, 0-1; it is told as exactly as :func:`find_near_duplicates` tells it.
    """
    by_split, _, sketches = _sketch_splits(examples)
    if "train" not in by_split:
        return []
    is_similar = np.zeros(len(by_split["train"]), dtype=np.bool_)
    for split in ("test", "valid"):
        if split in sketches:
            is_similar |= find_best_rows(sketches[split], sketches["train"], above).is_too_similar
    return [by_split["train"][number] for number in np.flatnonzero(is_similar).tolist()]


def _sketch_splits(examples: Sequence[Example]) -> tuple[Mapping[SplitName, list[int]], float, Mapping[SplitName, Sketches]]:
    """Row numbers by split, the share of k-mers that is sampled, and the sketches; those of training only of what the others hold."""
    by_split: dict[SplitName, list[int]] = {}
    for row, example in enumerate(examples):
        by_split.setdefault(example.split, []).append(row)
    share = sampled_share(np.array([len(example.codes) for example in examples] or [0], dtype=np.int64))
    codes = {split: [examples[row].codes for row in rows] for split, rows in by_split.items()}
    sketches = {split: sketch_sequences(own, share) for split, own in codes.items() if split != "train"}
    if "train" in codes:
        sketches["train"] = sketch_sequences(codes["train"], share, HashFilter(sketches.values()))
    return by_split, share, sketches


def _comparison(split: SplitName, other: SplitName, matches: Matches) -> Comparison:
    known = matches.containments[~np.isnan(matches.containments)]
    histogram = np.histogram(known, bins=HISTOGRAM_BINS, range=(0, 1))[0]
    return Comparison(
        split,
        other,
        len(matches.containments),
        len(known),
        int(np.count_nonzero(known > 0.5)),
        int(np.count_nonzero(known > 0.8)),
        tuple(histogram.tolist()),
        matches.num_frequent,
        matches.most_rows,
    )
