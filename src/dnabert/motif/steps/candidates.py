"""Candidates: the strings that islands spell, pooled; a string and its reverse complement are one where strands do not matter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import Codes, decode_bases, encode_bases, reverse_complement
from dnabert.motif.steps.islands import Islands

__all__ = ["Candidates", "canonical", "pool_islands", "reverse_letters"]


@dataclass(frozen=True)
class Candidates:
    """C strings and the R islands that spell them.

    Attributes:
        letters: The strings, shortest first, then alphabetical.
        of_island: Number of the string of each island, (R,).
        is_reverse: Whether the island reads as the reverse complement of its string, (R,); a palindrome does not.
    """

    letters: tuple[str, ...]
    of_island: npt.NDArray[np.int64]
    is_reverse: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.letters)

    def islands_of(self) -> list[npt.NDArray[np.int64]]:
        """Numbers of the islands of each string, rising, C arrays."""
        order = np.argsort(self.of_island, kind="stable").astype(np.int64)
        bounds = np.searchsorted(self.of_island[order], np.arange(1, len(self)))
        return np.split(order, bounds)


def reverse_letters(letters: str) -> str:
    """The reverse complement.

    Examples:
        >>> reverse_letters("AACG")
        'CGTT'
    """
    return decode_bases(reverse_complement(encode_bases(letters)))


def canonical(letters: str) -> str:
    """The string or its reverse complement, whichever comes first in the alphabet.

    Examples:
        >>> canonical("TTTG"), canonical("CAAA")
        ('CAAA', 'CAAA')
    """
    return min(letters, reverse_letters(letters))


def pool_islands(islands: Islands, sequences: Sequence[Codes], both_strands: bool) -> Candidates:
    """Distinct strings of the islands.

    Args:
        islands: Stretches without ambiguous bases.
        sequences: The sequences they are of.
        both_strands: Whether a string and its reverse complement are pooled; the one that comes first in the alphabet stands for both.
    """
    spelt = [
        decode_bases(sequences[number][start:end])
        for number, start, end in zip(islands.sequences.tolist(), islands.starts.tolist(), islands.ends.tolist(), strict=True)
    ]
    stands_for = {letters: canonical(letters) if both_strands else letters for letters in set(spelt)}
    letters = sorted(set(stands_for.values()), key=lambda text: (len(text), text))
    number_of = {text: number for number, text in enumerate(letters)}
    return Candidates(
        tuple(letters),
        np.array([number_of[stands_for[text]] for text in spelt], np.int64),
        np.array([stands_for[text] != text for text in spelt], np.bool_),
    )
