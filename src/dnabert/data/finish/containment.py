"""Which of many sketched rows holds most of another row, by an inverted index of their hashes.

Legend: Q rows that are asked about, N rows that are searched, H different hashes of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dnabert.data.finish.sketch import Hashes, HashFilter, Sketches

__all__ = ["Matches", "find_best_rows"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_MIN_HASHES = 8
"""Fewer say nothing: such a row is not compared, and counted."""
_MAX_PAIRS = 1_000_000_000
"""Pairs of rows with a common hash that are looked at, in a comparison: some ten seconds. Hashes of the most frequent repeats are left out
until it is kept."""
_BLOCK_PAIRS = 4_000_000
"""The same for rows that are compared at once: some 100 MB."""


@dataclass(frozen=True)
class Matches:
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


def find_best_rows(asked: Sketches, searched: Sketches, too_similar: float | None) -> Matches:
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
    return Matches(containments, partners, is_too_similar, num_frequent, most)


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
