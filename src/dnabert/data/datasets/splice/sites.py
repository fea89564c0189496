"""Splice sites of an annotation: where introns begin and end.

The place of a donor is the first base of its intron, that of an acceptor the first base of its exon, both on the strand of the gene.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnabert.data.datasets.intervals import IntArray, IntervalSet
from dnabert.data.datasets.rules import find_contig
from dnabert.data.datasets.splice.config import SpliceConfig
from dnabert.data.datasets.splice.loci import Locus, find_loci
from dnabert.data.datasets.splice.places import ACCEPTOR_OFFSET, BoolArray, Places, SpliceSites, pair_number, read_pairs
from dnabert.data.datasets.splice.signals import warn_of_shifts
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.annotation import LeftOut, Transcript, check_stated_lengths, read_all_transcripts
from dnabert.errors import DataFileError

__all__ = ["SpliceAnnotation", "read_annotation"]


@dataclass(frozen=True)
class SpliceAnnotation:
    """What an annotation tells of splice sites.

    Attributes:
        transcripts: Its transcripts on contigs of the genome.
        loci: Where the genes lie whose transcripts give sites.
        locus_of: Number of the locus of each transcript; -1 for those that give no sites.
        sites: The sites that the settings ask for, each once, ascending by place.
        known: All sites of the file and of those that are to be avoided, each once, also of introns that the settings leave out for
            another reason than their length, and of transcripts that cannot be used (exons that overlap or are in several places, or
            coding parts only); the owner of these is -1.
        gaps: The ends of introns that are too short; no negative is at one, nor at a known site.
        transcribed: Bases of all transcripts of the file and of those that are to be avoided, on either strand, used or not.
        counts: What became of the input, in words.
        warnings: That GT and AG are not where the annotation says.
    """

    transcripts: Sequence[Transcript]
    loci: Sequence[Locus]
    locus_of: IntArray
    sites: SpliceSites
    known: SpliceSites
    gaps: Places
    transcribed: IntervalSet
    counts: dict[str, int]
    warnings: list[str]


def read_annotation(store: GenomeStore, path: Path, config: SpliceConfig) -> SpliceAnnotation:
    """The splice sites of a GTF or GFF3 file.

    Raises:
        DataFileError: The file cannot be read, or has no intron that the settings ask for.
        RegionError: A transcript is beyond its contig, or no contig of the file is in the genome.
    """
    counts: dict[str, int] = {}
    transcripts, contigs, left_out = _transcripts_of_genome(store, path, config.skip_unknown_contigs, counts)
    everything = _find_introns(store, transcripts, contigs)
    wanted = _wanted_transcripts(transcripts, config, path, counts)
    introns = everything.take(wanted[everything.owners])
    counts["introns of their transcripts"] = len(introns)
    if not len(introns):
        raise DataFileError(
            f"{path}: none of {int(wanted.sum())} transcripts has an intron; splice sites need transcripts of two exons or more, whose exon"
            " lines name one transcript"
        )
    is_long = introns.lengths >= config.min_intron_bp
    counts[f"introns shorter than {config.min_intron_bp} bases, left out"] = int((~is_long).sum())
    introns = introns.take(is_long)
    warnings = warn_of_shifts(store, introns.sites().distinct(), path)
    if config.canonical_only and len(introns):
        is_canonical = _is_canonical(store, introns)
        counts["introns that are not GT-AG, left out"] = int((~is_canonical).sum())
        introns = introns.take(is_canonical)
    if not len(introns):
        asked = f"--set min_intron_bp={config.min_intron_bp}" + (" and --set canonical_only=true" if config.canonical_only else "")
        raise DataFileError(f"{path}: none of its introns is left with {asked}; ask for less, or give another annotation")
    sites = introns.sites().distinct()
    counts["different donors"] = int(sites.is_donor.sum())
    counts["different acceptors"] = int((~sites.is_donor).sum())
    every, unused, spans = [everything], [left_out.sites], [_spans(store, transcripts, contigs), left_out.spans]
    for other in config.also_avoid:
        to_avoid, their_contigs, left_out = _transcripts_of_genome(store, other, True, {})
        every.append(_find_introns(store, to_avoid, their_contigs))
        unused.append(left_out.sites)
        spans += [_spans(store, to_avoid, their_contigs), left_out.spans]
    if config.also_avoid:
        others = zip(every[1:], unused[1:], strict=True)
        counts["sites of other annotations, avoided"] = sum(len(_joined([part.sites(), sites]).distinct()) for part, sites in others)
    known = _joined([*(part.take(part.lengths >= config.min_intron_bp).sites() for part in every), *unused]).distinct()
    gaps = _joined([part.take(part.lengths < config.min_intron_bp).sites() for part in every]).places
    loci, locus_of = find_loci(store, transcripts, contigs, wanted)
    return SpliceAnnotation(transcripts, loci, locus_of, sites, known, gaps, IntervalSet.merged(np.concatenate(spans)), counts, warnings)


@dataclass(frozen=True)
class _Introns:
    """Introns of transcripts, in the store; ``owners`` are numbers of transcripts; all (N,)."""

    starts: IntArray
    ends: IntArray
    is_reverse: BoolArray
    owners: IntArray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> IntArray:
        return self.ends - self.starts

    @property
    def donors(self) -> Places:
        return Places(np.where(self.is_reverse, self.ends - 1, self.starts), self.is_reverse)

    @property
    def acceptors(self) -> Places:
        return Places(np.where(self.is_reverse, self.starts - 1, self.ends), self.is_reverse)

    def take(self, index: BoolArray) -> "_Introns":
        return _Introns(self.starts[index], self.ends[index], self.is_reverse[index], self.owners[index])

    def sites(self) -> SpliceSites:
        """Both sites of each intron."""
        is_donor = np.repeat([True, False], len(self))
        return SpliceSites(Places.joined([self.donors, self.acceptors]), is_donor, np.concatenate([self.owners, self.owners]))


@dataclass(frozen=True)
class _Unusable:
    """Transcripts that cannot be used, but whose introns end somewhere all the same.

    Attributes:
        sites: Where introns may end in them; the owner is -1.
        spans: First base and one past the last of each part in the store, shape (N, 2).
    """

    sites: SpliceSites
    spans: IntArray


def _transcripts_of_genome(
    store: GenomeStore, path: Path, skip_unknown_contigs: bool, counts: dict[str, int]
) -> tuple[list[Transcript], list[str], _Unusable]:
    """Transcripts on contigs of the genome, the genome's names of their contigs, and what cannot be used as a transcript."""
    every, left_out = read_all_transcripts(path)
    unusable = {row.id for row in left_out if not row.is_coding_only}
    transcripts = [row for row in every if store.names.knows(row.contig)] if skip_unknown_contigs else every
    counts["transcripts read"] = len(every) + len(unusable)
    counts["transcripts whose exons overlap or are in several places, left out"] = len(unusable)
    counts["entries with CDS but without exons, left out"] = len({row.id for row in left_out if row.is_coding_only})
    counts["transcripts of contigs that the genome lacks, left out"] = len(every) - len(transcripts)
    if not transcripts:
        raise DataFileError(f"{path}: all {len(every)} transcripts are on contigs that the genome lacks ({every[0].contig}, ...)")
    contigs = [find_contig(store, row.contig, row.where, str(path)) for row in transcripts]
    # What is on a contig that the genome lacks cannot be avoided there.
    parts = [row for row in left_out if store.names.knows(row.contig)]
    contigs_of_parts = [store.names.find(row.contig, row.where, str(path)) for row in parts]
    check_stated_lengths(path, store.names, {*contigs, *contigs_of_parts})
    for row, contig in zip(transcripts, contigs, strict=True):
        store.names.check_end(f"transcript {row.id}", row.end, contig, row.where)
    for part, contig in zip(parts, contigs_of_parts, strict=True):
        store.names.check_end(f"transcript {part.id}", part.span[1], contig, part.where)
    return transcripts, contigs, _find_unusable(store, parts, contigs_of_parts)


def _find_unusable(store: GenomeStore, parts: Sequence[LeftOut], contigs: Sequence[str]) -> _Unusable:
    first_bases = {contig.name: contig.start for contig in store.contigs}
    sites, spans = [], []
    for part, contig in zip(parts, contigs, strict=True):
        first, length, is_reverse = first_bases[contig], store.lengths[contig], part.strand == "-"
        spans.append((first + part.span[0], first + part.span[1]))
        ends, starts = part.intron_ends
        if is_reverse:
            places = [*((start - 1, True) for start in starts), *((end - 1, False) for end in ends)]
        else:
            places = [*((end, True) for end in ends), *((start, False) for start in starts)]
        sites += [(first + place, is_reverse, is_donor) for place, is_donor in places if 0 <= place < length]
    table = np.array(sites, dtype=np.int64).reshape(-1, 3)
    found = SpliceSites(Places(table[:, 0], table[:, 1] == 1), table[:, 2] == 1, np.full(len(table), -1, dtype=np.int64))
    return _Unusable(found, np.array(spans, dtype=np.int64).reshape(-1, 2))


def _find_introns(store: GenomeStore, transcripts: Sequence[Transcript], contigs: Sequence[str]) -> _Introns:
    starts_by_contig = {contig.name: contig.start for contig in store.contigs}
    rows = [
        (starts_by_contig[contig] + start, starts_by_contig[contig] + end, transcript.strand == "-", number)
        for number, (transcript, contig) in enumerate(zip(transcripts, contigs, strict=True))
        for start, end in transcript.introns
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return _Introns(table[:, 0], table[:, 1], table[:, 2] == 1, table[:, 3])


def _wanted_transcripts(transcripts: Sequence[Transcript], config: SpliceConfig, path: Path, counts: dict[str, int]) -> BoolArray:
    """Which transcripts give sites, shape (N,)."""
    wanted = np.ones(len(transcripts), dtype=np.bool_)
    if config.sources:
        wanted &= np.array([transcript.source in config.sources for transcript in transcripts])
        counts["transcripts of other sources, left out"] = int((~wanted).sum())
        if not wanted.any():
            known = ", ".join(sorted({transcript.source for transcript in transcripts}))
            raise DataFileError(
                f"{path}: no transcript has the source {' or '.join(config.sources)} of --set sources; column 2 of its exons is {known}"
            )
    if config.coding_only:
        is_coding = np.array([bool(transcript.cds) for transcript in transcripts])
        counts["transcripts without a CDS, left out"] = int((wanted & ~is_coding).sum())
        wanted &= is_coding
        if not wanted.any():
            raise DataFileError(
                f"{path}: no transcript has a CDS, and --set coding_only=true wants one; leave it out, or give an annotation with CDS lines"
            )
    return wanted


def _is_canonical(store: GenomeStore, introns: _Introns) -> BoolArray:
    begins = read_pairs(store, introns.donors, 0) == pair_number("GT")
    ends = read_pairs(store, introns.acceptors, ACCEPTOR_OFFSET) == pair_number("AG")
    canonical: BoolArray = begins & ends
    return canonical


def _spans(store: GenomeStore, transcripts: Sequence[Transcript], contigs: Sequence[str]) -> IntArray:
    """First base and one past the last of each transcript in the store, shape (N, 2)."""
    starts = {contig.name: contig.start for contig in store.contigs}
    rows = [(starts[contig] + row.start, starts[contig] + row.end) for row, contig in zip(transcripts, contigs, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _joined(parts: Sequence[SpliceSites]) -> SpliceSites:
    places = Places.joined([part.places for part in parts])
    return SpliceSites(places, np.concatenate([part.is_donor for part in parts]), np.concatenate([part.owners for part in parts]))
