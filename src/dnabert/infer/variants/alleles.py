"""Alleles of VCF records, checked against the genome and written in one way: trimmed and left-aligned.

An allele pair is cut down to what differs (no shared last bases, no shared first bases; of an insertion the reference part is empty, of a
deletion the alternate), and a pure insertion or deletion is moved to the left as far as the sequence allows, so that one change has one
place, whichever way a file writes it. It is what ``bcftools norm`` does, less the anchor base that VCF needs for an empty allele; the tests
compare the two. It is done here because ``bcftools norm`` reads and writes whole files, splits records, changes their order, and stops at a
reference allele that disagrees, while each record has to come out as it went in, in its place, with the scores of all its alleles.

Source: Tan et al. 2015, Bioinformatics 31:2202 (normalisation); VCF 4.3, section 1.6.1.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dnabert.dna.sequence import AMBIGUOUS, encode_bases
from dnabert.errors import SequenceError

__all__ = ["SKIP_REASONS", "Allele", "ReadBases", "SkipReason", "VariantRecord", "normalised", "prepare_alleles"]

SkipReason = Literal[
    "no_alternate",
    "missing_allele",
    "symbolic",
    "breakend",
    "not_nucleotides",
    "same_as_reference",
    "contig_unknown",
    "off_contig",
    "reference_mismatch",
    "ambiguous_reference",
    "ambiguous_alternate",
    "allele_too_long",
    "not_in_window",
    "window_off_contig",
    "window_ambiguous",
    "no_site",
]

SKIP_REASONS: Mapping[SkipReason, str] = {
    "no_alternate": "ALT is a dot",
    "missing_allele": "ALT is *, an allele that an overlapping deletion took away, or it is empty, or a dot beside others",
    "symbolic": "ALT is symbolic, such as <DEL>: its bases are not known",
    "breakend": "ALT is a breakend",
    "not_nucleotides": "an allele has letters that are no nucleotides",
    "same_as_reference": "ALT is REF",
    "contig_unknown": "the contig is not in the genome",
    "off_contig": "REF goes beyond the contig",
    "reference_mismatch": "REF is not what the genome has there",
    "ambiguous_reference": "REF has N or another ambiguous letter",
    "ambiguous_alternate": "ALT has N or another ambiguous letter",
    "allele_too_long": "an allele is longer than the window, or than max_allele_bp",
    "not_in_window": "an allele does not fit into the window, which lies off the centre of the variant, or at a site",
    "window_off_contig": "the window goes beyond the contig",
    "window_ambiguous": "the window has N or another ambiguous letter",
    "no_site": "no annotated site is within reach",
}
"""Why an allele is not scored, in words."""

ReadBases = Callable[[int, int], bytes]
"""Base codes of bases [start, end) of the contig at hand."""

_STRIDE = 64


@dataclass(frozen=True)
class VariantRecord:
    """A record of a VCF, as the file has it.

    Attributes:
        contig: Name of the contig.
        position: First base of the reference allele, 0-based.
        reference: The reference allele.
        alternates: The alternate alleles; none for a dot.
    """

    contig: str
    position: int
    reference: str
    alternates: tuple[str, ...]


@dataclass(frozen=True)
class Allele:
    """A change of the genome: bases [start, end) are replaced.

    Attributes:
        contig: The genome's own name of the contig.
        start: First base that is replaced, 0-based.
        reference: Base codes of what is there; empty for an insertion before ``start``.
        alternate: Base codes of what comes in its place; empty for a deletion.
    """

    contig: str
    start: int
    reference: bytes
    alternate: bytes

    @property
    def end(self) -> int:
        """One past the last base that is replaced."""
        return self.start + len(self.reference)

    @property
    def longest(self) -> int:
        """Bases of the longer of the two."""
        return max(len(self.reference), len(self.alternate))


def prepare_alleles(record: VariantRecord, contig: str | None, length: int, read: ReadBases) -> list[Allele | SkipReason]:
    """What each alternate allele changes, or why it cannot be scored; one entry for a record without alternates.

    Args:
        record: The record.
        contig: The genome's own name of its contig; None if the genome has none such.
        length: Bases of the contig.
        read: Reads the contig.
    """
    count = max(len(record.alternates), 1)
    if contig is None:
        return ["contig_unknown"] * count
    if not record.alternates:
        return ["no_alternate"]
    try:
        reference = encode_bases(record.reference).tobytes()
    except SequenceError:
        return ["not_nucleotides"] * count
    if not (reference and record.position >= 0 and record.position + len(reference) <= length):
        return ["off_contig"] * count
    if AMBIGUOUS in reference:
        return ["ambiguous_reference"] * count
    if read(record.position, record.position + len(reference)) != reference:
        return ["reference_mismatch"] * count
    return [_prepare(record.position, reference, text, contig, read) for text in record.alternates]


def _prepare(start: int, reference: bytes, text: str, contig: str, read: ReadBases) -> Allele | SkipReason:
    if text in ("*", ".", ""):
        return "missing_allele"
    if text.startswith("<"):
        return "symbolic"
    if "[" in text or "]" in text or text.startswith(".") or text.endswith("."):
        return "breakend"
    try:
        alternate = encode_bases(text).tobytes()
    except SequenceError:
        return "not_nucleotides"
    if AMBIGUOUS in alternate:
        return "ambiguous_alternate"
    if alternate == reference:
        return "same_as_reference"
    return Allele(contig, *normalised(start, reference, alternate, read))


def normalised(start: int, reference: bytes, alternate: bytes, read: ReadBases) -> tuple[int, bytes, bytes]:
    r"""The same change, trimmed and left-aligned.

    Args:
        start: First base of the reference allele, 0-based.
        reference: Base codes.
        alternate: Base codes, others than those of the reference.
        read: Reads the contig.

    Returns:
        Start, reference, alternate.

    Examples:
        >>> contig = bytes([3, 2, 0, 2, 0, 2, 0, 1])  # GCACACAT
        >>> normalised(4, bytes([0, 2, 0]), bytes([0]), lambda start, end: contig[start:end])  # ACA > A
        (1, b'\x02\x00', b'')
    """
    shared = _num_shared(reversed(reference), reversed(alternate))
    reference, alternate = reference[: len(reference) - shared], alternate[: len(alternate) - shared]
    shared = _num_shared(reference, alternate)
    start, reference, alternate = start + shared, reference[shared:], alternate[shared:]
    if reference and alternate:
        return start, reference, alternate
    moved, left = reference or alternate, b""
    while start > 0:
        left = left or read(max(start - _STRIDE, 0), start)
        if left[-1] != moved[-1]:
            break
        moved = left[-1:] + moved[:-1]
        left, start = left[:-1], start - 1
    return (start, moved, b"") if reference else (start, b"", moved)


def _num_shared(left: Iterable[int], right: Iterable[int]) -> int:
    """How many first items are the same."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
