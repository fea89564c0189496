"""What marks the ends of an intron: donor, acceptor, branch point, and enhancers on either side.

A donor or acceptor sequence alone makes no splice site here: the enhancers beside it, and the branch point, tell it from a decoy.

Source: Padgett 2012 (donor, branch point, polypyrimidine tract and acceptor of vertebrates, and how far they stand apart); Sheth et al.
2006 (about 1 % of donors are GC). The numbers of the matrices, the enhancers and how often each occurs are our choice.
"""

import numpy as np

from dnabert.data.simulate.elements import Element, Placement
from dnabert.data.simulate.motifs import Motif
from dnabert.dna.sequence import BASES, Codes

__all__ = [
    "ACCEPTOR",
    "ACCEPTOR_CONTEXT",
    "ACCEPTOR_INTRON_BP",
    "DONOR",
    "DONOR_CONTEXT",
    "DONOR_EXON_BP",
    "SPLICE_MOTIFS",
    "draw_acceptor",
    "draw_donor",
]

DONOR_EXON_BP = 3
"""Bases of the donor motif that are exon; the GT follows."""

ACCEPTOR_INTRON_BP = 18
"""Bases of the acceptor motif that are intron; the last two are the AG."""

_GC_DONORS = 0.01
"""Share of donors with GC in place of GT."""

DONOR = Motif(
    "donor",
    (
        (0.35, 0.36, 0.18, 0.11),
        (0.62, 0.12, 0.12, 0.14),
        (0.09, 0.03, 0.80, 0.08),
        (0.001, 0.001, 0.997, 0.001),
        (0.001, 0.010, 0.001, 0.988),
        (0.56, 0.03, 0.38, 0.03),
        (0.71, 0.08, 0.12, 0.09),
        (0.08, 0.06, 0.80, 0.06),
        (0.16, 0.16, 0.20, 0.48),
    ),
)

_PYRIMIDINES = (0.10, 0.32, 0.10, 0.48)
ACCEPTOR = Motif(
    "acceptor",
    (
        *(_PYRIMIDINES,) * 14,
        (0.25, 0.25, 0.25, 0.25),
        (0.05, 0.65, 0.01, 0.29),
        (0.997, 0.001, 0.001, 0.001),
        (0.001, 0.001, 0.997, 0.001),
        (0.26, 0.14, 0.48, 0.12),
    ),
)

_BRANCH_POINT = Motif.from_consensus("branch-point", "YTNTRAY", 0.93)
_EXON_ENHANCER = Motif.from_consensus("exon-enhancer", "RGAAGAWG", 0.93)
_INTRON_ENHANCER = Motif.from_consensus("intron-enhancer", "TGGGTAGG", 0.93)

SPLICE_MOTIFS = (DONOR, ACCEPTOR, _BRANCH_POINT, _EXON_ENHANCER, _INTRON_ENHANCER)

DONOR_CONTEXT = (
    Element(_EXON_ENHANCER, Placement(-60, -14), (0.1, 0.7, 0.2)),
    Element(_INTRON_ENHANCER, Placement(8, 50), (0.2, 0.8)),
)
"""What stands beside a donor; offsets from the first base of the intron."""

ACCEPTOR_CONTEXT = (
    Element(_BRANCH_POINT, Placement(-46, -28), (0.0, 1.0)),
    Element(_EXON_ENHANCER, Placement(6, 50), (0.1, 0.7, 0.2)),
)
"""What stands beside an acceptor; offsets from the first base of the exon."""


def draw_donor(rng: np.random.Generator, least_bits: float = -np.inf) -> Codes:
    """Base codes of a donor, GT or seldom GC in its middle, shape (9,).

    Args:
        rng: Source of randomness.
        least_bits: Score that it shall reach before its middle is set.
    """
    instance = DONOR.sample_between(least_bits, np.inf, rng)
    middle = "GC" if rng.random() < _GC_DONORS else "GT"
    instance[DONOR_EXON_BP : DONOR_EXON_BP + 2] = [BASES.index(base) for base in middle]
    return instance


def draw_acceptor(rng: np.random.Generator, least_bits: float = -np.inf) -> Codes:
    """Base codes of an acceptor, AG at the end of its intronic part, shape (19,); arguments as in :func:`draw_donor`."""
    instance = ACCEPTOR.sample_between(least_bits, np.inf, rng)
    instance[ACCEPTOR_INTRON_BP - 2 : ACCEPTOR_INTRON_BP] = [BASES.index(base) for base in "AG"]
    return instance
