"""Rows of one split that are almost in another: repeats, paralogues, overlapping clones.

Of every row in validation and test: the largest share of its k-mers that one row of training holds (its containment); of validation also
against the test. Up to a median length of 400 bases, and some 10 million bases in all, every k-mer counts and the shares are exact; beyond,
they are estimated by sketch.

Legend: Q rows that are asked about, N rows that are searched, H different hashes of these.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.finish.sketch import SKETCH_KMER, Hashes, HashFilter, Sketches, sampled_share, sketch_sequences

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
_MIN_HASHES = 8
"""Fewer say nothing: such a row is not compared, and counted."""
_MAX_PAIRS = 1_000_000_000
"""Pairs of rows with a common hash that are looked at, in a comparison: some ten seconds. Hashes of the most frequent repeats are left out
until it is kept."""
_BLOCK_PAIRS = 4_000_000
"""The same for rows that are compared at once: some 100 MB."""
_MAX_LISTED = 20

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


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


@dataclass(frozen=True)
class _Matches:
    """What a search finds.

    Attributes:
        containments: What of each row that is asked about the best row holds, 0-1, nan where it is not compared, shape (Q,).
        partners: Number of that best row, shape (Q,).
        is_too_similar: Whether a row that is searched holds too much of any row that is asked about, shape (N,).
        num_frequent: Hashes that rows of both kinds hold and that were left out.
        most_rows: Rows that a hash may be in before it is left out.
    """

    containments: FloatArray
    partners: IntArray
    is_too_similar: Flags
    num_frequent: int
    most_rows: int | None


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
        matches = _search(sketches[split], sketches[other], None)
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
            is_similar |= _search(sketches[split], sketches["train"], above).is_too_similar
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


def _comparison(split: SplitName, other: SplitName, matches: _Matches) -> Comparison:
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


def _search(asked: Sketches, searched: Sketches, too_similar: float | None) -> _Matches:
    """The best of the searched rows for each row that is asked about, by an inverted index.

    Args:
        asked: Sketches of Q rows.
        searched: Sketches of N rows.
        too_similar: Flag searched rows that hold more than this share of any row.
    """
    num_asked, num_searched = len(asked.sizes), len(searched.sizes)
    terms, index = _invert(searched)
    copies = np.diff(index.indptr).astype(np.int64)
    rows, columns = _places(asked, searched, terms)
    most = _most_copies(columns, copies)
    is_frequent = copies > (most if most is not None else num_searched)
    left_out = is_frequent[columns]
    num_frequent = len(np.unique(columns[left_out]))
    sizes = asked.sizes - np.bincount(rows[left_out], minlength=num_asked)
    used = ~left_out & (sizes[rows] >= _MIN_HASHES)
    containments = np.where(sizes >= _MIN_HASHES, 0.0, np.nan)
    partners = np.zeros(num_asked, dtype=np.int64)
    is_too_similar = np.zeros(num_searched, dtype=np.bool_)
    rows, columns = rows[used], columns[used]
    for first, last in _row_blocks(rows, copies[columns], num_asked):
        inside = slice(*np.searchsorted(rows, [first, last]).tolist())
        places = (rows[inside] - first, columns[inside])
        queries = sparse.csr_matrix((np.ones(len(places[0]), np.int32), places), shape=(last - first, len(terms)))
        shared = queries @ index
        found, best, partner = _row_maxima(shared)
        containments[first + found] = best / sizes[first + found]
        partners[first + found] = partner
        if too_similar is not None:
            lengths = np.repeat(sizes[first:last], np.diff(shared.indptr))
            is_too_similar[shared.indices[shared.data > too_similar * lengths]] = True
    return _Matches(containments, partners, is_too_similar, num_frequent, most)


def _invert(sketches: Sketches) -> tuple[Hashes, Any]:
    """The different hashes, ascending, and a sparse matrix of the rows that hold each, shape (H, N)."""
    rows = np.repeat(np.arange(len(sketches.sizes), dtype=np.uint64), sketches.sizes)
    pairs = (sketches.hashes.astype(np.uint64) << np.uint64(32)) | rows
    pairs.sort()
    hashes = (pairs >> np.uint64(32)).astype(np.uint32)
    starts = np.flatnonzero(np.diff(hashes, prepend=hashes[:1] + np.uint32(1)))
    entries = (np.ones(len(pairs), np.int32), pairs.astype(np.uint32).astype(np.int32), np.append(starts, len(pairs)))
    return hashes[starts], sparse.csr_matrix(entries, shape=(len(starts), len(sketches.sizes)))


def _places(asked: Sketches, searched: Sketches, terms: Hashes) -> tuple[IntArray, IntArray]:
    """Row of each hash that is asked about and is one of the terms, ascending, and where it stands among them."""
    rows = np.repeat(np.arange(len(asked.sizes)), asked.sizes)
    candidates = np.flatnonzero(HashFilter([searched]).passes(asked.hashes))
    rows, hashes = rows[candidates], asked.hashes[candidates]
    places = np.searchsorted(terms, hashes)
    is_there = terms[np.minimum(places, len(terms) - 1)] == hashes if len(terms) else np.zeros(len(hashes), np.bool_)
    return rows[is_there], places[is_there]


def _most_copies(columns: IntArray, copies: IntArray) -> int | None:
    """The number of rows up to which a hash can be followed without too much work; None where all can be."""
    asked = np.bincount(columns, minlength=len(copies))
    work = np.cumsum(np.bincount(copies, weights=asked * copies)) if len(copies) else np.zeros(1)
    return None if work[-1] <= _MAX_PAIRS else int(np.searchsorted(work, _MAX_PAIRS, side="right")) - 1


def _row_blocks(rows: IntArray, work: IntArray, num_rows: int) -> Iterator[tuple[int, int]]:
    """First and last of rows that can be compared at once.

    Args:
        rows: Row of each hash, ascending.
        work: Pairs that each hash makes.
        num_rows: Number of rows.
    """
    total = np.cumsum(np.bincount(rows, weights=work, minlength=num_rows))
    first = 0
    while first < num_rows:
        done = total[first - 1] if first else 0
        last = max(int(np.searchsorted(total, done + _BLOCK_PAIRS, side="right")), first + 1)
        yield first, last
        first = last


def _row_maxima(matrix: Any) -> tuple[IntArray, IntArray, IntArray]:
    """Rows of a sparse matrix that have an entry, the largest entry of each, and the first column that has it."""
    found = np.flatnonzero(np.diff(matrix.indptr))
    if not len(found):
        return found, found, found
    starts = matrix.indptr[found]
    best = np.maximum.reduceat(matrix.data, starts)
    is_best = matrix.data == np.repeat(best, np.diff(matrix.indptr)[found])
    columns = np.where(is_best, matrix.indices, matrix.shape[1])
    return found, best, np.minimum.reduceat(columns, starts)
