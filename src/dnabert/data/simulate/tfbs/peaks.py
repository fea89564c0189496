"""Peaks as an experiment would call them: summits a few bases off, widths that vary, signals that grow with the motif's score."""

from dataclasses import dataclass

import numpy as np

from dnabert.data.simulate.elements import PlantedElement

__all__ = ["MAX_JITTER_BP", "Peak", "draw_peak", "draw_summit"]

MAX_JITTER_BP = 10
"""Largest distance of a summit from the middle of its motif."""

_JITTER_SD_BP = 3.5
_WIDTH_BP = (150, 400)
_SUMMIT_SHARE = (0.4, 0.6)
"""Where in its peak a summit lies, 0-1."""

_LEAST_SIGNAL = 1.0
_SIGNAL_AT_THRESHOLD = 4.0
_SIGNAL_PER_BIT = 1.2
_SIGNAL_SD = 1.5
_P_VALUE_PER_SIGNAL = 2.5
_Q_VALUE_BELOW = 1.8
_SCORE_PER_SIGNAL = 45
"""Fold enrichment of a motif at the threshold of its factor, what a bit more adds, its noise, and what the other columns make of it
(our choice)."""


@dataclass(frozen=True)
class Peak:
    """A peak of one factor: 0-based, half-open, forward-strand coordinates."""

    factor: str
    contig: str
    start: int
    end: int
    summit: int
    """The base of the highest signal."""
    signal: float
    """Fold enrichment."""
    p_value: float
    """-log10 of the p-value."""
    q_value: float
    """-log10 of the q-value."""
    score: int
    """How dark a browser draws it, 0-1000."""


def draw_summit(element: PlantedElement, rng: np.random.Generator) -> int:
    """The base at which an experiment sees the middle of an element."""
    jitter_bp = round(float(np.clip(rng.normal(0, _JITTER_SD_BP), -MAX_JITTER_BP, MAX_JITTER_BP)))
    return (element.start + element.end) // 2 + jitter_bp


def draw_peak(factor: str, contig: str, summit: int, above_bits: float, rng: np.random.Generator) -> Peak:
    """The peak around a summit.

    Args:
        factor: Name of the factor.
        contig: Name of the contig.
        summit: The base of the highest signal.
        above_bits: How far the motif scores above the threshold of its factor.
        rng: Source of randomness.
    """
    width_bp = int(rng.integers(_WIDTH_BP[0], _WIDTH_BP[1] + 1))
    share, noise = rng.uniform(*_SUMMIT_SHARE), rng.normal(0, _SIGNAL_SD)
    start = summit - int(width_bp * share)
    signal = round(max(_LEAST_SIGNAL, _SIGNAL_AT_THRESHOLD + _SIGNAL_PER_BIT * above_bits + noise), 3)
    p_value = round(signal * _P_VALUE_PER_SIGNAL, 3)
    return Peak(
        factor=factor,
        contig=contig,
        start=start,
        end=start + width_bp,
        summit=summit,
        signal=signal,
        p_value=p_value,
        q_value=round(max(p_value - _Q_VALUE_BELOW, 0.0), 3),
        score=min(round(signal * _SCORE_PER_SIGNAL), 1000),
    )
