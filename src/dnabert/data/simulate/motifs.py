"""Position weight matrices: to sample from, and to score with."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import BASES, Codes

__all__ = ["Motif"]

FloatArray = npt.NDArray[np.float64]

_IUPAC_BASES = {"A": "A", "C": "C", "G": "G", "T": "T", "N": "ACGT"}
_IUPAC_BASES |= {"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"}
_IUPAC_BASES |= {"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG"}

_BATCH = 64
"""Instances drawn at once where only those of a range of scores are wanted."""

_MAX_BATCHES = 1000
"""Batches before a range is taken to be empty: one in 64,000 instances lies in it, or none."""


@dataclass(frozen=True)
class Motif:
    """A position weight matrix under a name."""

    name: str
    probs: tuple[tuple[float, float, float, float], ...]
    """One row per position: probability of A, C, G, T (the order of MEME files), 0-1, sum 1, none 0."""

    @classmethod
    def from_consensus(cls, name: str, consensus: str, match_prob: float) -> "Motif":
        """The motif that follows an IUPAC consensus with a given fidelity.

        Args:
            name: Name of the motif.
            consensus: IUPAC letters, one per position.
            match_prob: Probability that a base is one of those its letter allows, 0-1 exclusive; the allowed ones
                share it evenly, the others share the rest. It has no effect where the letter is N.

        Examples:
            >>> Motif.from_consensus("x", "AY", 0.9).probs[1]
            (0.05, 0.45, 0.05, 0.45)
        """
        rows = []
        for letter in consensus:
            allowed = _IUPAC_BASES[letter]
            inside = 0.25 if letter == "N" else match_prob / len(allowed)
            outside = 0.0 if letter == "N" else (1 - match_prob) / (4 - len(allowed))
            a, c, g, t = (round(inside if base in allowed else outside, 6) for base in "ACGT")
            rows.append((a, c, g, t))
        return cls(name, tuple(rows))

    @property
    def length_bp(self) -> int:
        """Positions of the motif."""
        return len(self.probs)

    @cached_property
    def code_probs(self) -> FloatArray:
        """Probabilities by base code, shape (length, 4), columns A, T, C, G."""
        return np.array(self.probs)[:, ["ACGT".index(base) for base in BASES]]

    @cached_property
    def log_odds(self) -> FloatArray:
        """Log2 odds of each base against a background of equal base frequencies, shape (length, 4), columns A, T, C, G."""
        log_odds: FloatArray = np.log2(self.code_probs / 0.25)
        return log_odds

    @cached_property
    def _log_odds_with_n(self) -> FloatArray:
        """The same with a column for an ambiguous base, shape (length, 5)."""
        return np.append(self.log_odds, np.full((self.length_bp, 1), -np.inf), axis=1)

    @property
    def information_bits(self) -> float:
        """Information content against equal base frequencies: what an instance scores on average."""
        return float((self.code_probs * self.log_odds).sum())

    @property
    def max_bits(self) -> float:
        """Score of the best instance."""
        return float(self.log_odds.max(axis=1).sum())

    def sample(self, rng: np.random.Generator) -> Codes:
        """Base codes of one instance, shape (length,)."""
        thresholds = np.cumsum(self.code_probs, axis=1)[:, :3]
        codes: Codes = (rng.random((self.length_bp, 1)) >= thresholds).sum(axis=1).astype(np.uint8)
        return codes

    def sample_between(self, low_bits: float, high_bits: float, rng: np.random.Generator, softness: float = 0.0) -> Codes:
        """Base codes of one instance that scores at least ``low_bits`` and less than ``high_bits``, shape (length,).

        Args:
            low_bits: Least score.
            high_bits: Score that is too high.
            rng: Source of randomness.
            softness: Share of equal base frequencies mixed into every row before drawing, 0-1: the larger, the weaker.
        """
        probs = (1 - softness) * self.code_probs + softness * 0.25
        thresholds = np.cumsum(probs, axis=1)[:, :3]
        for _ in range(_MAX_BATCHES):
            codes: Codes = (rng.random((_BATCH, self.length_bp, 1)) >= thresholds).sum(axis=2).astype(np.uint8)
            scores = self.log_odds[np.arange(self.length_bp), codes].sum(axis=1)
            inside = np.flatnonzero((scores >= low_bits) & (scores < high_bits))
            if len(inside):
                first: Codes = codes[int(inside[0])].copy()
                return first
        raise AssertionError(f"{self.name}: no instance scores from {low_bits} to {high_bits} bits")

    def bits(self, codes: Codes) -> float:
        """Log2 odds of an instance against a background of equal base frequencies.

        Args:
            codes: Base codes, shape (length,), values 0-3, in the motif's direction.
        """
        return float(self.log_odds[np.arange(self.length_bp), codes].sum())

    def scan(self, codes: Codes) -> FloatArray:
        """Log2 odds of the instance that begins at each base, in the motif's direction.

        Args:
            codes: Base codes, shape (..., L), values 0-4.

        Returns:
            Bits, shape (..., L - length + 1); minus infinity over an ambiguous base.
        """
        windows = np.moveaxis(np.lib.stride_tricks.sliding_window_view(codes, self.length_bp, axis=-1), -1, 0)
        places = np.arange(self.length_bp).reshape(-1, *[1] * (windows.ndim - 1))
        scores: FloatArray = self._log_odds_with_n[places, windows].sum(axis=0)
        return scores
