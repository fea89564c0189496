"""What a variant does to a planted element: the change of the log2 odds of its motif."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate.elements import PlantedElement
from dnabert.data.simulate.motifs import Motif
from dnabert.dna.sequence import Codes, decode_bases, encode_bases, reverse_complement

__all__ = ["MAX_SHIFT_BP", "Variant", "VariantClass", "indel_effect", "left_align", "replacement", "replacement_effects", "with_variant"]

VariantClass = Literal["disrupts", "strengthens", "creates", "neutral"]
"""disrupts, strengthens: an element of a promoter, bound site or splice site scores lower or higher; creates: a motif that was too weak
to be bound no longer is; neutral: nothing that matters changes."""

MAX_SHIFT_BP = 4
"""How far from its old beginning the motif is looked for again after an insertion or deletion."""

_FLANK_BP = 24
"""Bases to either side of an element that an insertion or deletion within it may bring into its motif, and more."""


@dataclass(frozen=True)
class Variant:
    """A variant of known effect."""

    id: str
    contig: str
    position: int
    """First base of ``ref``, 0-based, forward strand."""
    ref: str
    alt: str
    effect_bits: float
    """Change of the log2 odds of the motif: negative is weaker."""
    variant_class: VariantClass
    element: str
    """Name of the motif; empty in the background."""
    site: str
    """Id of the promoter, binding site, unbound window or intron; empty in the background."""

    @property
    def end(self) -> int:
        """One past the last base of ``ref``."""
        return self.position + len(self.ref)


def replacement_effects(element: PlantedElement, motif: Motif) -> npt.NDArray[np.float64]:
    """Change of the score if each base of the element became A, T, C, G, shape (length, 4), in the element's direction."""
    codes = encode_bases(element.sequence)
    effects: npt.NDArray[np.float64] = motif.log_odds - motif.log_odds[np.arange(motif.length_bp), codes][:, None]
    return effects


def replacement(element: PlantedElement, place: int, code: int) -> tuple[int, str, str]:
    """Position, reference and alternative letter on the forward strand if the base at ``place`` of the element became ``code``."""
    pair = np.array([encode_bases(element.sequence)[place], code], dtype=np.uint8)
    if element.strand == "+":
        letters = decode_bases(pair)
        return element.start + place, letters[0], letters[1]
    letters = decode_bases(reverse_complement(pair))
    return element.end - 1 - place, letters[1], letters[0]


def indel_effect(codes: Codes, element: PlantedElement, motif: Motif, position: int, num_deleted: int, inserted: Codes) -> float:
    """Change of the score of an element in which bases are deleted and inserted.

    The motif is looked for again on the element's strand, within ``MAX_SHIFT_BP`` bases of where it began; what follows the variant
    keeps its distance to the end of the contig, what precedes it that to the beginning.

    Args:
        codes: Base codes of the contig, shape (contig_bp,).
        element: The element.
        motif: Its motif.
        position: The first deleted base, or the base before which to insert; within the element.
        num_deleted: Bases to delete.
        inserted: Base codes to insert, shape (n,).
    """
    first = element.start - _FLANK_BP
    segment = with_variant(codes[first : element.end + _FLANK_BP], position - first, num_deleted, inserted)
    if element.strand == "-":
        segment = reverse_complement(segment)
    scores = motif.scan(segment)[_FLANK_BP - MAX_SHIFT_BP : _FLANK_BP + MAX_SHIFT_BP + 1]
    return float(scores.max()) - motif.bits(encode_bases(element.sequence))


def with_variant(codes: Codes, position: int, num_deleted: int, inserted: Codes) -> Codes:
    """A copy in which ``num_deleted`` bases at ``position`` are replaced by ``inserted``."""
    return np.concatenate([codes[:position], inserted, codes[position + num_deleted :]])


def left_align(codes: Codes, position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """The same variant as far left and as short as it can be written, each allele with at least one base.

    Source: Tan et al. 2015, algorithm 1.

    Args:
        codes: Base codes of the contig, shape (contig_bp,).
        position: First base of ``ref``, at least 1; of the base after, if ``ref`` is empty.
        ref: Bases of the contig; may be empty.
        alt: Bases in their place, not those of ``ref``; may be empty.

    Examples:
        >>> left_align(encode_bases("GCAAAT"), 4, "A", "")
        (1, 'CA', 'C')
    """
    while not ref or not alt or (ref[-1] == alt[-1] and position > 0):
        if ref and alt:
            ref, alt = ref[:-1], alt[:-1]
        else:
            position -= 1
            before = decode_bases(codes[position : position + 1])
            ref, alt = before + ref, before + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt
