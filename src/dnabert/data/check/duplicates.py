"""Sequences that occur more than once, in a file or in several, on either strand.

Legend: N entries.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import PackedCodes, SequenceSet
from dnabert.dna.sequence import reverse_complement

__all__ = ["Duplicates", "Fingerprints", "Shared", "find_duplicates", "find_shared", "fingerprints"]

MAX_EXAMPLES = 20
"""Places that are listed; the others are counted."""

_BETWEEN = b"\xff"
_DIGEST_BYTES = 16
_Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Fingerprints:
    """128-bit digests of N sequences (or pairs): equal digests, equal sequences.

    Attributes:
        exact: Of the sequence as it is, shape (N, 2).
        either: Of whichever of the sequence and its reverse complement comes first, shape (N, 2).
    """

    exact: _Hashes
    either: _Hashes


@dataclass(frozen=True)
class Duplicates:
    """Sequences that a file holds more than once.

    Attributes:
        num_repeats: Entries whose sequence stands also in an earlier entry.
        repeats: Places of the first of these: where, and where first.
        num_reverse_complements: Entries whose sequence is new, but not its reverse complement.
        reverse_complements: Places of the first of these.
        num_conflicts: Different sequences that stand in the file with more than one label.
        num_conflicting_entries: Entries with one of these sequences.
        conflicts: The first of these: where, its label, where first, its label.
        num_strand_conflicts: Different sequences, strands taken together, that have one label on each strand but not the same one.
    """

    num_repeats: int
    repeats: tuple[tuple[str, str], ...]
    num_reverse_complements: int
    reverse_complements: tuple[tuple[str, str], ...]
    num_conflicts: int = 0
    num_conflicting_entries: int = 0
    conflicts: tuple[tuple[str, str, str, str], ...] = ()
    num_strand_conflicts: int = 0


@dataclass(frozen=True)
class Shared:
    """Sequences that two files share: what is learnt by heart from the one is no proof in the other.

    Attributes:
        first: The file that comes first, such as the training set.
        second: The other file.
        num_sequences: Different sequences of the second file that the first holds too.
        num_entries: Entries of the second file with one of these.
        num_reverse_complements: Entries of the second file of which the first holds only the reverse complement.
        num_other_label: Entries of the second file among both that have no label in common with the first file.
        examples: Places of the first of these: in the second file, in the first.
    """

    first: str
    second: str
    num_sequences: int
    num_entries: int
    num_reverse_complements: int
    num_other_label: int
    examples: tuple[tuple[str, str], ...]


def fingerprints(sequences: SequenceSet) -> Fingerprints:
    """Digests of all sequences; of a pair, both sequences are turned in their places."""
    either, exact = bytearray(), bytearray()
    for forward, backward in _both_strands(sequences):
        digest = _digest(forward)
        exact += digest
        either += digest if forward <= backward else _digest(backward)
    return Fingerprints(_as_array(exact), _as_array(either))


def _both_strands(sequences: SequenceSet) -> Iterator[tuple[bytes, bytes]]:
    first = _strands(sequences.first)
    if sequences.second is None:
        return first
    second = _strands(sequences.second)
    return ((a + _BETWEEN + b, c + _BETWEEN + d) for (a, c), (b, d) in zip(first, second, strict=True))


def _strands(packed: PackedCodes) -> Iterator[tuple[bytes, bytes]]:
    """Codes of each sequence and of its reverse complement; all are turned at once, which mirrors the offsets."""
    forward, backward = packed.codes.tobytes(), reverse_complement(packed.codes).tobytes()
    total, edges = len(forward), packed.offsets.tolist()
    for start, end in pairwise(edges):
        yield forward[start:end], backward[total - end : total - start]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _as_array(digests: bytearray) -> _Hashes:
    return np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2)


def _first_with_same(hashes: _Hashes) -> npt.NDArray[np.int64]:
    """For each row the number of the first equal row, shape (N,)."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: equal rows stay in their order
    ordered = hashes[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[is_new][np.cumsum(is_new) - 1]
    return first


def find_duplicates(data: LabelledSet, prints: Fingerprints, labels: tuple[str, ...] | None) -> Duplicates:
    """Sequences that stand more than once in a file.

    Args:
        data: The entries.
        prints: Their digests.
        labels: One text for each, or None to leave labels alone.
    """
    entries = np.arange(len(data))
    exact, either = _first_with_same(prints.exact), _first_with_same(prints.either)
    again = np.flatnonzero(exact != entries)
    turned = np.flatnonzero((exact == entries) & (either != entries))
    found = Duplicates(len(again), _places(data, again, exact), len(turned), _places(data, turned, either))
    if labels is None:
        return found
    codes = _label_numbers(labels)
    clash = np.flatnonzero(codes != codes[exact])
    in_conflict = np.unique(exact[clash])
    # With one label for all that is equal on the same strand, what is left differs between the strands.
    across = np.setdiff1d(np.unique(either[codes != codes[either]]), either[in_conflict])
    return Duplicates(
        found.num_repeats,
        found.repeats,
        found.num_reverse_complements,
        found.reverse_complements,
        len(in_conflict),
        int(np.isin(exact, in_conflict).sum()),
        tuple((data.where[row], labels[row], data.where[exact[row]], labels[exact[row]]) for row in clash[:MAX_EXAMPLES].tolist()),
        len(across),
    )


def _places(data: LabelledSet, rows: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> tuple[tuple[str, str], ...]:
    return tuple((data.where[row], data.where[first[row]]) for row in rows[:MAX_EXAMPLES].tolist())


def _label_numbers(labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)


def find_shared(first: LabelledSet, second: LabelledSet, first_prints: Fingerprints, second_prints: Fingerprints) -> Shared:
    """Sequences of the second file that stand also in the first, on either strand."""
    count = len(first)
    exact = _first_with_same(np.concatenate([first_prints.exact, second_prints.exact]))[count:]
    either = _first_with_same(np.concatenate([first_prints.either, second_prints.either]))[count:]
    same = exact < count
    turned = ~same & (either < count)
    rows = np.flatnonzero(same | turned)
    twins = np.where(same, exact, either)[rows]
    other = 0
    if first.labels is not None and second.labels is not None:
        origin = _first_with_same(first_prints.either)
        known: dict[int, set[str]] = {}
        for row in np.flatnonzero(np.isin(origin, origin[twins])).tolist():
            known.setdefault(int(origin[row]), set()).add(first.labels[row])
        other = sum(second.labels[row] not in known[int(origin[twin])] for row, twin in zip(rows.tolist(), twins.tolist(), strict=True))
    return Shared(
        first.source,
        second.source,
        len(np.unique(exact[same])),
        int(same.sum()),
        int(turned.sum()),
        other,
        tuple((second.where[row], first.where[twin]) for row, twin in zip(rows[:MAX_EXAMPLES].tolist(), twins.tolist(), strict=False)),
    )
