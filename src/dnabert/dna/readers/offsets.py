"""Whether sites are where an annotation says: a motif that must be there (GT, AG, ATG) shows a file one base off, or of elsewhere."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import Codes, encode_bases
from dnabert.errors import RegionError

__all__ = ["SHIFTS", "MotifCheck", "check_motif", "warn_if_shifted"]

log = logging.getLogger(__name__)

SHIFTS = (-1, 0, 1)
"""Bases by which sites are moved along the forward strand to see whether they fit better."""

_MIN_SITES = 5
_MIN_SHARE_IN_PLACE = 0.5
_MIN_SHARE_SHIFTED = 0.8


@dataclass(frozen=True)
class MotifCheck:
    """How many sites have a motif, in their place and one base beside.

    The strands are apart, because a file with wrong starts and right ends moves the sites of one strand only.

    Attributes:
        motif: The motif, as read on the strand of a site.
        num_sites: Sites by strand.
        num_equal: Those that have the motif, by strand and shift.
    """

    motif: str
    num_sites: Mapping[Strand, int]
    num_equal: Mapping[tuple[Strand, int], int]

    def share(self, shift: int, strand: Strand | None = None) -> float:
        """The share of sites, of one strand or both, that have the motif when all are moved; NaN if there are none."""
        strands = [strand] if strand else list(self.num_sites)
        total = sum(self.num_sites.get(each, 0) for each in strands)
        return sum(self.num_equal.get((each, shift), 0) for each in strands) / total if total else float("nan")


def check_motif(sites: Iterable[Region], motif: str, read_bases: Callable[[Region], Codes]) -> MotifCheck:
    """Counts of the sites that have a motif.

    Args:
        sites: Where the motif should be; each as long as the motif and read on its strand.
        motif: Its letters, A, C, G and T: ``GT`` for the first bases of introns.
        read_bases: Base codes of a region on its strand, such as :meth:`dnabert.dna.regions.Genome.codes`.

    Raises:
        RegionError: A site is not on its contig.
    """
    wanted = encode_bases(motif)
    num_sites: dict[Strand, int] = {}
    num_equal: dict[tuple[Strand, int], int] = {}
    for site in sites:
        num_sites[site.strand] = num_sites.get(site.strand, 0) + 1
        for shift in SHIFTS:
            if _has_motif(site, shift, wanted, read_bases):
                num_equal[site.strand, shift] = num_equal.get((site.strand, shift), 0) + 1
    return MotifCheck(motif, num_sites, num_equal)


def _has_motif(site: Region, shift: int, wanted: Codes, read_bases: Callable[[Region], Codes]) -> bool:
    try:
        bases = read_bases(Region(site.contig, site.start + shift, site.end + shift, "", site.strand, site.where))
    except RegionError:
        if shift == 0:
            raise
        return False
    return np.array_equal(bases, wanted)


def warn_if_shifted(check: MotifCheck, element: str, source: str, columns: Mapping[Strand, int] | None = None) -> str | None:
    """Logs and returns a warning, if most sites of a strand lack their motif; None if they have it, or are fewer than 5.

    Args:
        check: The counts.
        element: What the sites are, in the plural: ``donors``.
        source: The GTF or GFF3 file they come from, which counts from 1.
        columns: The column of the file, 4 or 5, that tells where the sites of a strand are; None: it is not known which of the two.
    """
    told = [strand for strand in check.num_sites if _is_misplaced(check, strand)]
    if not told:
        return None
    shifts = {strand: _better_shift(check, strand) for strand in told}
    text = f"{source}: {'; '.join(_finding(check, strand, shifts[strand], element) for strand in told)}: {_advice(shifts, columns)}"
    log.warning("%s", text)
    return text


def _is_misplaced(check: MotifCheck, strand: Strand) -> bool:
    return check.num_sites[strand] >= _MIN_SITES and check.share(0, strand) < _MIN_SHARE_IN_PLACE


def _better_shift(check: MotifCheck, strand: Strand) -> int:
    """The shift with which most sites of a strand have the motif; 0 if there is none."""
    shift = max((-1, 1), key=lambda shift: check.share(shift, strand))
    return shift if check.share(shift, strand) >= _MIN_SHARE_SHIFTED else 0


def _finding(check: MotifCheck, strand: Strand, shift: int, element: str) -> str:
    found = f"{check.share(0, strand):.1%} of {check.num_sites[strand]:,} {element} on strand {strand} are {check.motif}"
    beside = "before" if shift == -1 else "after"
    return f"{found}, but {check.share(shift, strand):.1%} one base {beside}" if shift else found


def _advice(shifts: Mapping[Strand, int], columns: Mapping[Strand, int] | None) -> str:
    """What is probably wrong with the file, and the way out."""
    if not all(shifts.values()):
        return "the file is of another assembly than the genome, or its positions are of something else"
    parts = []
    for shift in sorted(set(shifts.values())):
        strands = [strand for strand in shifts if shifts[strand] == shift]
        numbers = sorted({columns[strand] for strand in strands}) if columns else [4, 5] if len(strands) > 1 else []
        named = f"columns {numbers[0]} and {numbers[1]} are" if len(numbers) > 1 else f"column {numbers[0] if numbers else '4 or 5'} is"
        which = "both" if len(numbers) > 1 else "it"
        as_bed = "" if numbers == [5] else ", as in a file written with the positions of BED, which count from 0"
        parts.append(f"{named} 1 too low{as_bed}: add 1 to {which}" if shift == 1 else f"{named} 1 too high: take 1 from {which}")
    return f"{'; '.join(parts)} (GTF and GFF3 count from 1, the end included), or give the genome that the file was made for"
