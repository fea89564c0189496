"""Many sequences in memory, packed: one array of base codes and where each sequence begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import AMBIGUOUS, Codes

__all__ = ["PackedCodes", "SequenceSet", "pack"]


@dataclass(frozen=True)
class PackedCodes:
    """Base codes of N sequences.

    Attributes:
        codes: All codes, one sequence after the other, shape (total bases,).
        offsets: Where each begins, and the end of the last, shape (N+1,).
    """

    codes: Codes
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Codes:
        return self.codes[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Codes]:
        return (self[index] for index in range(len(self)))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Bases of each sequence, shape (N,)."""
        return np.diff(self.offsets)

    def ambiguous(self) -> npt.NDArray[np.int64]:
        """Bases of each sequence that are not A, C, G or T, shape (N,)."""
        counts = np.concatenate(([0], np.cumsum(self.codes >= AMBIGUOUS)))
        return np.diff(counts[self.offsets])

    def take(self, indices: npt.NDArray[np.int64] | Sequence[int]) -> "PackedCodes":
        """The sequences at ``indices``, in that order."""
        return pack([self[int(index)] for index in indices])


def pack(sequences: Sequence[Codes]) -> PackedCodes:
    """Packed codes of a list of code arrays."""
    offsets = np.zeros(len(sequences) + 1, dtype=np.int64)
    np.cumsum([len(codes) for codes in sequences], out=offsets[1:])
    codes = np.concatenate(sequences) if sequences else np.empty(0, dtype=np.uint8)
    return PackedCodes(codes, offsets)


@dataclass(frozen=True)
class SequenceSet:
    """Named sequences, or named pairs of sequences.

    Attributes:
        ids: A unique name for each, N of them.
        first: The sequences, or the first of each pair.
        second: The second of each pair, or None.
    """

    ids: tuple[str, ...]
    first: PackedCodes
    second: PackedCodes | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: npt.NDArray[np.int64] | Sequence[int]) -> "SequenceSet":
        """The entries at ``indices``, in that order."""
        second = None if self.second is None else self.second.take(indices)
        return SequenceSet(tuple(self.ids[int(index)] for index in indices), self.first.take(indices), second)
