"""What a simulated promoter is made of, and what only looks like one.

Offsets count from the transcription start site (TSS), which is 0; textbooks call it +1 and have no 0: their +28 is our
27. The matrices are ours, written from textbook consensus sequences with a fidelity that leaves some elements weak.

Source: Smale and Kadonaga 2003 (TATA box, Inr, DPE) and Bucher 1990 (GC box, CCAAT box) for consensus and position; the
initiator is narrowed from YYANWYY to its strongest form, and how often each element occurs is our choice.
"""

from dataclasses import dataclass, replace

from dnabert.data.simulate.config import SimulationConfig
from dnabert.data.simulate.elements import Element, Misplacement, Placement
from dnabert.data.simulate.motifs import Motif

__all__ = ["PROMOTER_MOTIFS", "Architecture", "decoy_architectures", "promoter_architectures"]

TATA_BOX = Motif.from_consensus("TATA-box", "TATAWAWR", 0.93)
INITIATOR = Motif.from_consensus("Inr", "TCANTYY", 0.93)
GC_BOX = Motif.from_consensus("GC-box", "RGGGCGGRRY", 0.93)
CCAAT_BOX = Motif.from_consensus("CCAAT-box", "RRCCAATSR", 0.93)
DPE = Motif.from_consensus("DPE", "RGWYGT", 0.93)

PROMOTER_MOTIFS = (TATA_BOX, INITIATOR, GC_BOX, CCAAT_BOX, DPE)

_TATA_PLACE = Placement(-33, -29)
_INITIATOR_PLACE = Placement(-2, -2)
_GC_BOX_PLACE = Placement(-110, -50, either_strand=True)
_CCAAT_PLACE = Placement(-95, -70, either_strand=True)
_DPE_PLACE = Placement(27, 27)

_MISPLACED_MARGIN_BP = 6
"""Least distance, less one, of a misplaced element from where it belongs (our choice)."""


@dataclass(frozen=True)
class Architecture:
    """A kind of site: what is planted, and in which surroundings."""

    name: str
    """The ``class`` of the site in the tables."""
    elements: tuple[Element, ...]
    """In the order of planting: the ones with the strictest place first."""
    island_prob: float
    """Probability that the site lies in a CpG island, 0-1."""
    share: float
    """Share of the sites of its label that are of this kind, relative to the others."""
    misplaced: Misplacement | None = None
    """Where the elements go instead of where they belong; None for where they belong."""


def promoter_architectures(config: SimulationConfig) -> tuple[Architecture, Architecture]:
    """The kinds of promoters: with and without a TATA box."""
    tata = (
        Element(INITIATOR, _INITIATOR_PLACE, (0.2, 0.8)),
        Element(TATA_BOX, _TATA_PLACE, (0.0, 1.0)),
        Element(CCAAT_BOX, _CCAAT_PLACE, (0.6, 0.4)),
        Element(GC_BOX, _GC_BOX_PLACE, (0.4, 0.4, 0.2)),
    )
    without_tata = (
        Element(INITIATOR, _INITIATOR_PLACE, (0.1, 0.9)),
        Element(DPE, _DPE_PLACE, (0.4, 0.6)),
        Element(CCAAT_BOX, _CCAAT_PLACE, (0.7, 0.3)),
        Element(GC_BOX, _GC_BOX_PLACE, (0.0, 0.4, 0.4, 0.2)),
    )
    return (
        Architecture("TATA", tata, island_prob=0.2, share=config.tata_fraction),
        Architecture("TATA-less", without_tata, island_prob=0.7, share=1 - config.tata_fraction),
    )


def decoy_architectures(config: SimulationConfig) -> tuple[Architecture, ...]:
    """The kinds of negatives that carry promoter elements.

    A TATA box alone anywhere but at its place; GC boxes at their place with nothing to start from; and all elements of
    a promoter, each at a wrong place. They lie in CpG islands as often as the promoters they imitate, and keep the same
    proportion of TATA boxes.
    """
    tata, without_tata = promoter_architectures(config)
    anywhere = Misplacement(-config.upstream_bp, config.downstream_bp, _MISPLACED_MARGIN_BP)
    lone_tata = (Element(TATA_BOX, _TATA_PLACE, (0.0, 1.0)),)
    gc_boxes = (Element(GC_BOX, _GC_BOX_PLACE, (0.0, 0.4, 0.4, 0.2)),)
    return (
        Architecture("decoy-TATA", lone_tata, tata.island_prob, tata.share, anywhere),
        Architecture("decoy-GC-box", gc_boxes, without_tata.island_prob, without_tata.share),
        *(replace(kind, name="decoy-misplaced", misplaced=anywhere) for kind in (tata, without_tata)),
    )
