"""The transcription factors of a simulated genome: what they bind, with whom, and what they leave alone.

The factors and their matrices are invented; lengths and information contents are those of published ones (8-15 bp, 9-15 bits).
A factor binds alone where its motif is good enough, or only beside a partner at the right distance. What looks alike and is not bound:
a motif that is too weak, one whose halves stand in the wrong order, one without its partner, and one whose partner stands too far off or
the wrong way round.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dnabert.data.simulate.motifs import Motif

__all__ = ["COFACTOR", "FACTORS", "Factor", "SiteKind", "draw_gap", "site_kinds"]

SiteKind = Literal["bound", "decoy-weak", "decoy-split", "decoy-alone", "decoy-misspaced"]
"""bound: as the factor wants it; decoy-weak: a motif below the threshold; decoy-split: the second half of a good motif before the first;
decoy-alone: a good motif whose partner is missing; decoy-misspaced: a good motif with its partner too far off or turned round."""

_FAR_GAP_BP = (14, 30)
"""Range of the gap of a partner that stands too far off (our choice)."""


@dataclass(frozen=True)
class Factor:
    """A transcription factor."""

    name: str
    motif: Motif
    bound_bits: float
    """Score from which on an instance is good enough."""
    partner: Motif | None = None
    """What must follow the motif, in its direction, for the factor to bind; None if it binds alone."""
    partner_bits: float = 0.0
    """Least score of the partner."""
    partner_factor: str = ""
    """The factor that binds the partner, if it is one of :data:`FACTORS`."""
    gap_probs: tuple[tuple[int, float], ...] = ()
    """Bases between motif and partner, with their probabilities, sum 1."""


_TF1 = Motif.from_consensus("TF1", "TGAACYGWTCAR", 0.9)
_TF2 = Motif.from_consensus("TF2", "AGCATNNNATGCT", 0.9)
_TF3 = Motif.from_consensus("TF3", "GCTAATRAG", 0.86)
_TF4 = Motif(
    "TF4",
    (
        (0.40, 0.20, 0.25, 0.15),
        (0.06, 0.10, 0.08, 0.76),
        (0.03, 0.05, 0.89, 0.03),
        (0.04, 0.48, 0.05, 0.43),
        (0.91, 0.02, 0.04, 0.03),
        (0.05, 0.03, 0.07, 0.85),
        (0.25, 0.25, 0.25, 0.25),
        (0.30, 0.20, 0.22, 0.28),
        (0.88, 0.03, 0.05, 0.04),
        (0.03, 0.92, 0.02, 0.03),
        (0.46, 0.04, 0.46, 0.04),
        (0.06, 0.08, 0.05, 0.81),
        (0.05, 0.86, 0.03, 0.06),
        (0.72, 0.10, 0.10, 0.08),
        (0.20, 0.35, 0.20, 0.25),
    ),
)
_TF5 = Motif.from_consensus("TF5", "CTGTTATSAC", 0.88)

COFACTOR = Motif.from_consensus("COF3", "TGGAACAY", 0.9)
"""The partner of TF3; nobody has measured where it binds, so that it has no peaks."""

FACTORS = (
    Factor("TF1", _TF1, 9.0),
    Factor("TF2", _TF2, 9.0),
    Factor("TF3", _TF3, 6.0, COFACTOR, 6.0, "", ((3, 0.2), (4, 0.6), (5, 0.2))),
    Factor("TF4", _TF4, 8.5),
    Factor("TF5", _TF5, 7.0, _TF1, 9.0, "TF1", ((2, 0.2), (3, 0.6), (4, 0.2))),
)
"""All factors, in the order of ``TfbsConfig.num_bound``."""


def site_kinds(factor: Factor, num_bound: int, num_decoys: int) -> list[SiteKind]:
    """What the sites of a factor are: the bound ones, then its decoys, the kinds of decoys in turn."""
    decoys: tuple[SiteKind, ...] = ("decoy-alone", "decoy-misspaced") if factor.partner else ("decoy-weak", "decoy-split")
    bound: list[SiteKind] = ["bound"] * num_bound
    return bound + [decoys[index % len(decoys)] for index in range(num_decoys)]


def draw_gap(factor: Factor, kind: SiteKind, rng: np.random.Generator) -> tuple[int, bool]:
    """Bases between motif and partner, and whether the partner is turned round."""
    far, turned, lawful = rng.random(3)
    gaps, probs = zip(*factor.gap_probs, strict=True)
    gap_bp = int(gaps[int((lawful >= np.cumsum(probs)[:-1]).sum())])
    if kind == "decoy-misspaced" and turned < 0.5:
        return gap_bp, True
    if kind == "decoy-misspaced":
        return _FAR_GAP_BP[0] + int(far * (_FAR_GAP_BP[1] - _FAR_GAP_BP[0] + 1)), False
    return gap_bp, False
