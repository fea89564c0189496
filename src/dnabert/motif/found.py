"""What a search for motifs ends with: motifs, their sites, and the numbers of each step."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.motif.pwm import consensus

__all__ = ["Discovery", "FoundMotif", "Sites", "Step"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sites:
    """S instances of a motif, 0-based and half-open, on the forward strand of their sequences.

    Attributes:
        sequences: Number of the sequence among the positives, (S,).
        starts: First base, (S,).
        ends: The base after the last, (S,).
        is_reverse: Whether the motif is read on the reverse strand, (S,).
        scores: Mean score of the bases of the island, (S,).
    """

    sequences: Integers
    starts: Integers
    ends: Integers
    is_reverse: npt.NDArray[np.bool_]
    scores: Floats

    def __len__(self) -> int:
        return len(self.sequences)


@dataclass(frozen=True)
class FoundMotif:
    """A motif.

    Attributes:
        name: ``motif1`` is the one whose matrix is the most enriched.
        probs: Probability of A, C, G, T at each of W positions, (W, 4).
        sites: Its instances.
        strings: The enriched strings that were merged, the founder first.
        in_positives: Positives that hold one of the strings.
        in_negatives: Negatives that do.
        p: Hypergeometric chance of that; None where it was not tested.
        q: The same corrected for the number of motifs (Benjamini-Hochberg).
        best_string: The string with the lowest p.
        best_string_q: Its q among all strings that were tested.
        matrix_positives: Positives with a place that the matrix fits as well as it fits the better half of its sites; None where there
            are no negatives to compare with.
        matrix_negatives: Negatives with such a place.
        matrix_p: Hypergeometric chance of these two; the matrix was made from positives, so it ranks motifs and proves nothing.
    """

    name: str
    probs: Floats
    sites: Sites
    strings: tuple[str, ...] = ()
    in_positives: int | None = None
    in_negatives: int | None = None
    p: float | None = None
    q: float | None = None
    best_string: str = ""
    best_string_q: float | None = None
    matrix_positives: int | None = None
    matrix_negatives: int | None = None
    matrix_p: float | None = None

    @property
    def consensus(self) -> str:
        """IUPAC letters of the matrix."""
        return consensus(self.probs)

    @property
    def num_sequences(self) -> int:
        """Sequences with a site."""
        return len(np.unique(self.sites.sequences))


@dataclass(frozen=True)
class Step:
    """A step of the search, in numbers.

    Attributes:
        name: What it leaves, such as ``candidates``.
        count: How many are left.
        note: What was left out, in words.
    """

    name: str
    count: int
    note: str = ""


@dataclass(frozen=True)
class Discovery:
    """The result of a search.

    Attributes:
        motifs: Most enriched first.
        steps: What each step left, in order.
        hint: What to loosen, where a step left nothing; else empty.
        background: Shares of A, C, G, T in positives and negatives, (4,).
        both_strands: Whether a string and its reverse complement were taken for one.
    """

    motifs: tuple[FoundMotif, ...]
    steps: tuple[Step, ...]
    hint: str
    background: Floats
    both_strands: bool
