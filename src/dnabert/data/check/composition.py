"""What the sequences are made of, and whether something as plain as G+C or length already tells the classes apart.

Legend: N entries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.data.labelled import LabelledSet
from dnabert.data.targets import Targets
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes

__all__ = ["Class", "Composition", "Spread", "Value", "describe_classes", "describe_sequences", "describe_values", "gc_shares"]

TELLING_AUROC = 0.65
"""From here on a single plain property separates the classes."""

MAX_MEASURED = 20
"""Of so many classes, the largest, G+C and length are measured; the others are counted."""

_SPECIAL_TOKENS = 2
_FIRST_STRONG = BASES.index("CG")  # the codes of C and G follow each other
_SIGMAS = 3
_BLOCK = 1000
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Smallest, median and largest of some whole numbers."""

    least: int
    median: float
    most: int


@dataclass(frozen=True)
class Composition:
    """What the usable entries of a file are made of.

    Attributes:
        num_bases: Bases in all.
        num_ambiguous: Bases that are not A, C, G or T.
        num_with_ambiguous: Entries with such bases.
        gc: Share of G and C among the known bases; None where none is known.
        length_bp: Bases of an entry, of a pair those of both.
        num_tokens: k-mers of an entry and special tokens.
        num_cut: Entries with more tokens than fit.
        num_cut_bases: Bases that are cut off them.
    """

    num_bases: int
    num_ambiguous: int
    num_with_ambiguous: int
    gc: float | None
    length_bp: Spread
    num_tokens: Spread
    num_cut: int
    num_cut_bases: int


@dataclass(frozen=True)
class Class:
    """One class, or one label of several.

    Attributes:
        name: Its name.
        num_entries: Entries that have it.
        share: Their share of all.
        gc: Mean share of G and C of its entries; None where no base is known.
        gc_auroc: AUROC with which G+C alone tells these entries from all others, in the better direction; None where not defined.
        length_auroc: The same of length alone; None where all have one length.
        gc_is_telling: Whether that is high, and more than chance makes of so few entries.
        length_is_telling: The same of length.
    """

    name: str
    num_entries: int
    share: float
    gc: float | None = None
    gc_auroc: float | None = None
    length_auroc: float | None = None
    gc_is_telling: bool = False
    length_is_telling: bool = False


@dataclass(frozen=True)
class Value:
    """A number that is to be predicted.

    Attributes:
        name: Its name.
        least: The smallest.
        mean: The mean.
        most: The largest.
        gc_correlation: Pearson correlation with the share of G and C; None where one of the two is constant.
    """

    name: str
    least: float
    mean: float
    most: float
    gc_correlation: float | None


def describe_sequences(data: LabelledSet, kmer: int, max_tokens: int) -> Composition:
    """Composition of at least one entry.

    Args:
        data: The entries.
        kmer: Length of a k-mer.
        max_tokens: Most tokens that a model takes, [CLS] and [SEP] included.
    """
    lengths, num_sequences = _lengths(data), 1 if data.sequences.second is None else 2
    tokens = lengths - num_sequences * (kmer - 1) + _SPECIAL_TOKENS + num_sequences - 1
    over = np.maximum(tokens - max_tokens, 0)
    known = _count(data, _is_known)
    unknown = lengths - known
    return Composition(
        num_bases=int(lengths.sum()),
        num_ambiguous=int(unknown.sum()),
        num_with_ambiguous=int(np.count_nonzero(unknown)),
        gc=float(_count(data, _is_strong).sum() / known.sum()) if known.any() else None,
        length_bp=_spread(lengths),
        num_tokens=_spread(tokens),
        num_cut=int(np.count_nonzero(over)),
        num_cut_bases=int(over.sum()),
    )


def gc_shares(data: LabelledSet) -> _Floats:
    """Share of G and C among the known bases of each entry (of a pair, of both), shape (N,); 0.5 where none is known."""
    strong, known = _count(data, _is_strong), _count(data, _is_known)
    return np.where(known > 0, strong / np.maximum(known, 1), 0.5)


def _lengths(data: LabelledSet) -> npt.NDArray[np.int64]:
    """Bases of each entry, of a pair those of both, shape (N,)."""
    second = data.sequences.second
    return data.sequences.first.lengths + (0 if second is None else second.lengths)


def _is_known(codes: Codes) -> npt.NDArray[np.bool_]:
    return codes < AMBIGUOUS


def _is_strong(codes: Codes) -> npt.NDArray[np.bool_]:
    return (codes >= _FIRST_STRONG) & (codes < AMBIGUOUS)


def _count(data: LabelledSet, is_counted: Callable[[Codes], npt.NDArray[np.bool_]]) -> npt.NDArray[np.int64]:
    """Bases of each entry that are counted, of a pair those of both, shape (N,)."""
    counts = np.zeros(len(data), dtype=np.int64)
    for part in (data.sequences.first, data.sequences.second):
        if part is None:
            continue
        for start in range(0, len(data), _BLOCK):  # numpy widens all it adds up
            edges = part.offsets[start : start + _BLOCK + 1]
            flags = is_counted(part.codes[edges[0] : edges[-1]])
            counts[start : start + _BLOCK] += np.add.reduceat(flags, edges[:-1] - edges[0], dtype=np.int64)
    return counts


def _spread(values: npt.NDArray[np.int64]) -> Spread:
    return Spread(int(values.min()), float(np.median(values)), int(values.max()))


def describe_classes(data: LabelledSet, classes: tuple[str, ...], targets: Targets) -> tuple[Class, ...]:
    """Each class, the largest first: how many entries, and how far G+C and length alone tell it from the others.

    Args:
        data: The entries.
        classes: Names of the classes, K of them.
        targets: Class numbers (N,), or 0 and 1 for each label, (N, K).
    """
    values = targets.values
    several = values.ndim == 2
    counts = np.count_nonzero(values, axis=0) if several else np.bincount(values.astype(np.int64), minlength=len(classes))
    gc = gc_shares(data)
    lengths = _lengths(data)
    found: list[Class] = []
    for column in np.argsort(-counts, kind="stable").tolist():
        name, count = classes[column], int(counts[column])
        if len(found) >= MAX_MEASURED:
            found.append(Class(name, count, count / len(data)))
            continue
        own = values[:, column] > 0 if several else values == column
        by_gc, by_length = _auroc(own, gc), _auroc(own, lengths)
        chance = _sigma_of_chance(count, len(own) - count)
        telling = (_is_telling(by_gc, chance), _is_telling(by_length, chance))
        found.append(Class(name, count, count / len(own), float(gc[own].mean()) if count else None, by_gc, by_length, *telling))
    return tuple(found)


def describe_values(data: LabelledSet, names: tuple[str, ...], targets: Targets) -> tuple[Value, ...]:
    """Each value that is to be predicted, and how far it follows G+C."""
    gc = gc_shares(data)
    found = []
    for name, column in zip(names, targets.values.astype(np.float64).T, strict=True):
        related = float(np.corrcoef(gc, column)[0, 1]) if np.ptp(gc) and np.ptp(column) else None
        found.append(Value(name, float(column.min()), float(column.mean()), float(column.max()), related))
    return tuple(found)


def _auroc(own: npt.NDArray[np.bool_], values: npt.NDArray[Any]) -> float | None:
    """AUROC of the values, in the better direction; None where there is one class or one value."""
    from sklearn.metrics import roc_auc_score

    if own.all() or not own.any() or not np.ptp(values):
        return None
    area = float(roc_auc_score(own, values))
    return max(area, 1 - area)


def _sigma_of_chance(num_own: int, num_other: int) -> float:
    """Standard deviation of the AUROC of a value that says nothing.

    Source: Mann and Whitney 1947, variance of U.
    """
    return float(np.sqrt((num_own + num_other + 1) / (12 * max(num_own, 1) * max(num_other, 1))))


def _is_telling(area: float | None, chance: float) -> bool:
    return area is not None and area > TELLING_AUROC and area - 0.5 > _SIGMAS * chance
