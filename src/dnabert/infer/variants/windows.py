"""Where the windows of an allele lie, and what is in them with the reference and with the alternate allele.

Both windows of a pair have the same length. One flank of the variant, the kept one, has the same bases in both; the other takes as many
bases of the genome as are missing:

* centred: the left flank is kept, (window - longer allele) // 2 bases; the right one grows or shrinks with the allele.
* anchored: the flank with the site is kept, so that the site is at its trained index in both; of a variant over the site itself it is the
  flank before it on the site's strand.
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dnabert.dna.contigs import ContigNames
from dnabert.dna.readers.annotation import check_stated_lengths, read_transcripts
from dnabert.dna.readers.starts import read_starts
from dnabert.dna.regions import Strand, source_of
from dnabert.dna.sequence import AMBIGUOUS
from dnabert.errors import ConfigError
from dnabert.infer.variants.alleles import Allele, SkipReason
from dnabert.infer.variants.config import AnchorKind, VariantConfig
from dnabert.infer.variants.reference import ReferenceBases, opposite

__all__ = ["Sites", "Window", "WindowPair", "cut_pair", "read_sites", "site_index", "windows_of"]

_TSS_INDEX = {300: 249, 70: 33}
"""Index of the TSS by window length. Source: the promoter windows of ``dnabert dataset promoters``."""


@dataclass(frozen=True)
class Window:
    """A window on the genome.

    Attributes:
        start: First base, 0-based, on the forward strand.
        length: Bases.
        strand: The strand on which it is read.
        kept: The flank of the variant that is the same with both alleles.
    """

    start: int
    length: int
    strand: Strand = "+"
    kept: Literal["left", "right"] = "left"

    @property
    def end(self) -> int:
        """One past the last base."""
        return self.start + self.length


@dataclass(frozen=True)
class WindowPair:
    """What is in a window, read on its strand.

    Attributes:
        window: The window.
        reference: Base codes with the reference allele.
        alternate: Base codes with the alternate allele.
        reference_place: Index of the reference allele in ``reference``, on the window's strand.
        alternate_place: Index of the alternate allele in ``alternate``, on the window's strand.
        reference_bp: Bases of the reference allele.
        alternate_bp: Bases of the alternate allele.
    """

    window: Window
    reference: bytes
    alternate: bytes
    reference_place: int
    alternate_place: int
    reference_bp: int
    alternate_bp: int


@dataclass(frozen=True)
class Sites:
    """Places of an annotation by which windows are placed.

    Attributes:
        by_contig: Position (0-based, forward strand) and strand of each, ascending, by the genome's own name of the contig.
    """

    by_contig: dict[str, list[tuple[int, Strand]]]

    def near(self, contig: str, first: int, last: int) -> Iterator[tuple[int, Strand]]:
        """Those with a position of ``first`` to ``last``."""
        rows = self.by_contig.get(contig, [])
        for row in rows[bisect.bisect_left(rows, (first, "")) :]:
            if row[0] > last:
                return
            yield row

    def __len__(self) -> int:
        return sum(map(len, self.by_contig.values()))


def read_sites(path: Path, kind: AnchorKind, names: ContigNames) -> Sites:
    """Sites of an annotation; each place and strand once. Those on contigs that the genome has not are left out.

    Splice sites are the first base of an intron (donor) and the first base of the exon behind it (acceptor), on the strand of the gene.

    Args:
        path: GTF or GFF3.
        kind: splice or tss.
        names: Contigs of the genome.

    Raises:
        DataFileError: The file cannot be read, or has no such sites.
        RegionError: A line is malformed, or the annotation is of another assembly.
    """
    found: dict[str, set[tuple[int, Strand]]] = {}
    for contig, place, strand, end, where in _places(path, kind):
        if names.knows(contig):
            own = names.find(contig, where, source_of(where))
            names.check_end("transcript", end, own, where)
            found.setdefault(own, set()).add((place, strand))
    check_stated_lengths(path, names, found)
    return Sites({contig: sorted(places) for contig, places in found.items()})


def _places(path: Path, kind: AnchorKind) -> Iterator[tuple[str, int, Strand, int, str]]:
    """Contig, position and strand of each site, end of its transcript, and where it stands."""
    if kind == "tss":
        for start in read_starts(path):
            if start.is_certain:
                yield start.region.contig, start.region.start, start.region.strand, start.end, start.region.where
        return
    for transcript in read_transcripts(path):
        for first, end in transcript.introns:
            # The first base of the intron and that of the next exon, in the direction of the gene.
            for place in (first, end) if transcript.strand == "+" else (end - 1, first - 1):
                yield transcript.contig, place, transcript.strand, transcript.end, transcript.where


def site_index(config: VariantConfig, length: int) -> int:
    """Index of a site in its window of ``length`` bases.

    Raises:
        ConfigError: It is not known, or not in the window.
    """
    index = config.site_index
    if index is None and config.anchor == "tss":
        if length not in _TSS_INDEX:
            raise ConfigError(
                f"anchor tss: where the TSS stands in windows of {length} bases is not known (it is of 300 and 70);"
                " say it with --set site_index=N, from 0"
            )
        index = _TSS_INDEX[length]
    index = length // 2 if index is None else index
    if index >= length:
        raise ConfigError(f"site_index {index} is not in a window of {length} bases; it counts from 0")
    return index


def windows_of(allele: Allele, length: int, config: VariantConfig, strands: tuple[Strand, ...], sites: Sites | None) -> list[Window]:
    """The windows in which an allele is scored; none where no site is within reach.

    Args:
        allele: The allele.
        length: Bases of a window.
        config: Where windows lie.
        strands: Centred: on which strands they are read.
        sites: Anchored: the sites.
    """
    if sites is not None:
        return _anchored(allele, length, site_index(config, length), sites)
    first = allele.start - (length - max(allele.longest, 1)) // 2
    found = []
    for shift in config.shifts:
        start = first + shift
        start = (start + config.grid_bp // 2) // config.grid_bp * config.grid_bp
        if start <= allele.start and allele.end <= start + length:
            found += [Window(start, length, strand) for strand in strands]
    return found


def _anchored(allele: Allele, length: int, index: int, sites: Sites) -> list[Window]:
    found = []
    for place, strand in sites.near(allele.contig, allele.start - length, allele.end + length):
        start = place - (index if strand == "+" else length - 1 - index)
        if not (start <= allele.start and allele.end <= start + length):
            continue
        is_before = allele.end <= place
        is_behind = allele.start > place
        kept: Literal["left", "right"] = "right" if is_before or (not is_behind and strand == "-") else "left"
        found.append(Window(start, length, strand, kept))
    return found


def cut_pair(window: Window, allele: Allele, bases: ReferenceBases) -> WindowPair | SkipReason:
    """What is in a window with either allele, or why it cannot be read.

    Args:
        window: A window with the reference allele wholly in it.
        allele: The allele.
        bases: The genome.
    """
    contig, length = allele.contig, bases.length(allele.contig)
    if window.start < 0 or window.end > length:
        return "window_off_contig"
    reference = bases.read(contig, window.start, window.end)
    before = allele.start - window.start
    if window.kept == "left":
        missing = window.length - before - len(allele.alternate)
        if missing < 0:
            return "not_in_window"
        if allele.end + missing > length:
            return "window_off_contig"
        alternate = reference[:before] + allele.alternate + bases.read(contig, allele.end, allele.end + missing)
        place = before
    else:
        right = reference[before + len(allele.reference) :]
        place = window.length - len(right) - len(allele.alternate)
        if place < 0:
            return "not_in_window"
        if allele.start - place < 0:
            return "window_off_contig"
        alternate = bases.read(contig, allele.start - place, allele.start) + allele.alternate + right
    if AMBIGUOUS in reference or AMBIGUOUS in alternate:
        return "window_ambiguous"
    sizes = len(allele.reference), len(allele.alternate)
    if window.strand != "-":
        return WindowPair(window, reference, alternate, before, place, *sizes)
    turned = window.length - before - sizes[0], window.length - place - sizes[1]
    return WindowPair(window, opposite(reference), opposite(alternate), *turned, *sizes)
