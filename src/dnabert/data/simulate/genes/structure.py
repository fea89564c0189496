"""How a gene is laid out before it has bases: exons, introns, the coding part, and which exons a transcript leaves out.

Offsets are bases from the transcription start site (TSS) in reading direction; the TSS is 0.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["MAX_INTRONS", "GeneStructure", "draw_structure", "max_gene_bp"]

_NUM_EXONS = (3, 5)
MAX_INTRONS = _NUM_EXONS[1] - 1
_FIRST_CODING_BP = (70, 130)
"""Coding bases of the first exon: room for the start codon, an exonic enhancer and the donor."""
_INTERNAL_BP = (81, 210)
_LAST_CODING_BP = (80, 160)
_UTR5_BP = (10, 60)
"""Untranslated bases of the first exon beyond the labelled promoter window, so that the window holds no coding sequence."""
_UTR3_BP = (60, 150)
_INTRON_BP = (130, 500)
"""Ranges, both ends included: our choice, far shorter than human ones so that many genes fit."""

_TRANSCRIPT_PROBS = (0.45, 0.35, 0.2)
"""Probability of 1, 2, 3 transcripts (our choice)."""


@dataclass(frozen=True)
class GeneStructure:
    """Exons and coding part of a gene."""

    exons: tuple[tuple[int, int], ...]
    """First base and one past the last of each exon, as offsets; the first begins at 0."""
    start_codon: int
    """Offset of the A of the start codon, in the first exon."""
    stop_codon: int
    """Offset of the first base of the stop codon, in the last exon."""
    skipped: tuple[int | None, ...]
    """For every transcript the exon that it leaves out, an internal one whose length is a multiple of 3, or None."""

    @property
    def length_bp(self) -> int:
        """Bases from the TSS to the end of the last exon."""
        return self.exons[-1][1]

    @cached_property
    def introns(self) -> tuple[tuple[int, int], ...]:
        """First base and one past the last of each intron of the transcript with all exons, as offsets."""
        return tuple((left[1], right[0]) for left, right in zip(self.exons[:-1], self.exons[1:], strict=True))

    def transcript_exons(self, transcript: int) -> tuple[tuple[int, int], ...]:
        """Exons of one transcript."""
        return tuple(exon for index, exon in enumerate(self.exons) if index != self.skipped[transcript])


def max_gene_bp(downstream_bp: int) -> int:
    """The longest gene that :func:`draw_structure` gives."""
    exons = downstream_bp + 1 + _UTR5_BP[1] + _FIRST_CODING_BP[1] + (_NUM_EXONS[1] - 2) * (_INTERNAL_BP[1] + 2)
    return exons + _LAST_CODING_BP[1] + 2 + 3 + _UTR3_BP[1] + MAX_INTRONS * _INTRON_BP[1]


def draw_structure(downstream_bp: int, rng: np.random.Generator) -> GeneStructure:
    """A gene of 3-5 exons and 1-3 transcripts; every transcript keeps the reading frame.

    Args:
        downstream_bp: Bases after the TSS that belong to the labelled promoter window.
        rng: Source of randomness.
    """
    num_exons = _draw(_NUM_EXONS, rng)
    num_internal = num_exons - 2
    num_transcripts = min(1 + int((rng.random() >= np.cumsum(_TRANSCRIPT_PROBS)[:-1]).sum()), 1 + num_internal)
    order = rng.permutation(num_internal).tolist()
    skipped = (None, *(1 + index for index in order[: num_transcripts - 1]))
    start_codon = downstream_bp + 1 + _draw(_UTR5_BP, rng)
    lengths = [start_codon + _draw(_FIRST_CODING_BP, rng)]
    for index in range(1, num_exons - 1):
        length_bp = _draw(_INTERNAL_BP, rng)
        lengths.append(length_bp + (-length_bp % 3 if index in skipped else 0))
    coding_bp = sum(lengths) - start_codon + _draw(_LAST_CODING_BP, rng)
    coding_bp += -coding_bp % 3
    lengths.append(start_codon + coding_bp - sum(lengths) + 3 + _draw(_UTR3_BP, rng))
    exons = []
    offset = 0
    for length_bp in lengths:
        exons.append((offset, offset + length_bp))
        offset += length_bp + _draw(_INTRON_BP, rng)
    stop_codon = exons[-1][0] + start_codon + coding_bp - sum(lengths[:-1])
    return GeneStructure(tuple(exons), start_codon, stop_codon, skipped)


def _draw(bounds: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))
