"""Transcripts and their starts from GTF and GFF3.

Source: GTF 2.2 (Brent lab), as GENCODE, Ensembl, NCBI and UCSC write it; GFF3 1.26 (Sequence Ontology).
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote

from dnabert.dna.features import Feature, FeatureFile
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError, RegionError

__all__ = ["Transcript", "read_transcripts", "read_tss", "stated_lengths"]

log = logging.getLogger(__name__)

# Kinds of GFF3 that are neither transcripts nor genes, many to a file; that they are named here saves time only.
_LEAVES = frozenset(
    (
        *("five_prime_UTR", "three_prime_UTR", "five_prime_utr", "three_prime_utr", "UTR", "start_codon", "stop_codon", "intron"),
        *("stop_codon_redefined_as_selenocysteine", "Selenocysteine", "biological_region", "region", "match", "match_part", "cDNA_match"),
    )
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript; positions are 0-based, half-open, on the forward strand, also where the transcript is on the other.

    Attributes:
        id: Its id: ``transcript_id``, else GFF3's ``ID``.
        gene_id: Id of its gene; an empty string where there is none.
        gene_name: Name of its gene; an empty string where there is none.
        contig: Name of the contig.
        strand: ``+`` or ``-``.
        start: First base of the first exon.
        end: One past the last base of the last exon.
        exons: Start and end of each, ascending; they do not overlap.
        cds: Start and end of each coding part, ascending. In GTF the stop codon is not among them, in GFF3 it is.
        source: Column 2 of its first exon.
        where: ``file:line`` of its first exon.
    """

    id: str
    gene_id: str
    gene_name: str
    contig: str
    strand: Literal["+", "-"]
    start: int
    end: int
    exons: tuple[tuple[int, int], ...]
    cds: tuple[tuple[int, int], ...]
    source: str
    where: str

    @property
    def tss(self) -> int:
        """Position of the first base that is transcribed, 0-based."""
        return self.start if self.strand == "+" else self.end - 1

    @property
    def introns(self) -> tuple[tuple[int, int], ...]:
        """Start and end of what lies between the exons, ascending."""
        ends_and_starts = pairwise(self.exons)
        return tuple((before[1], after[0]) for before, after in ends_and_starts if before[1] < after[0])


def read_transcripts(path: Path) -> list[Transcript]:
    """Transcripts of a GTF or GFF3 file that have exons, in the order of their first lines.

    In GFF3 whatever has exons for children is a transcript. A transcript with exons that overlap, or on several contigs or strands,
    is left out, and the log tells how many and the first of them.

    Raises:
        DataFileError: The file cannot be read, or has no exons (the message lists what it has), or none of its transcripts is whole.
        RegionError: An exon or coding part is malformed, or lacks a strand or the id of its transcript; the message gives its line.
    """
    file = FeatureFile(path)
    drafts: dict[str, _Draft] = {}
    entries: dict[str, _Entry] = {}
    for feature in file.read(lambda kind: kind not in _LEAVES):
        if feature.kind in ("exon", "CDS"):
            _add_part(drafts, feature)
        elif feature.is_gff3:
            _add_entry(entries, feature)
    with_exons = [draft for draft in drafts.values() if draft.exons]
    if not with_exons:
        raise _lacks(file, "exon")
    if len(with_exons) < len(drafts):
        log.info("%s: %d entries with CDS but without exons are not used", path, len(drafts) - len(with_exons))
    problems = [(draft.id, problem) for draft in with_exons if (problem := draft.problem())]
    if len(problems) == len(with_exons):
        raise DataFileError(f"{path}: none of its {len(problems)} transcripts can be used; the first is {': '.join(problems[0])}")
    if problems:
        place = ": ".join(problems[0])
        log.warning("%s: %d of %d transcripts are left out; the first is %s", path, len(problems), len(with_exons), place)
    unusable = {name for name, _ in problems}
    return [draft.finish(entries) for draft in with_exons if draft.id not in unusable]


def read_tss(path: Path) -> list[Region]:
    """Transcription start sites of a GTF or GFF3 file, one base long, in the order of the file.

    They are those of its transcripts (``transcript``, ``mRNA``, any other ``...RNA``), or of what has exons where there are none.
    A site of several transcripts is there once. The name is that of the gene, or an id. Left out are transcripts within
    transcripts (a miRNA in its primary transcript), and those whose true start is stated to be unknown (``mRNA_start_NF``,
    ``start_range``).

    Raises:
        DataFileError: The file cannot be read, or has neither transcripts nor exons; the message lists what it has.
        RegionError: A transcript is malformed or has no strand; the message gives its line.
    """
    file = FeatureFile(path)
    entries: dict[str, _Entry] = {}
    transcript_ids: set[str] = set()
    starts: list[tuple[Region, _Entry]] = []
    num_unknown = 0
    for feature in file.read(lambda kind: kind not in _LEAVES and kind not in ("exon", "CDS")):
        entry = _add_entry(entries, feature)
        if not _is_transcript(feature.kind):
            continue
        transcript_ids.add(entry.id)
        if _has_unknown_start(feature):
            num_unknown += 1
        else:
            start = feature.start if feature.require_strand() == "+" else feature.end - 1
            starts.append((Region(feature.contig, start, start + 1, "", feature.strand, feature.where), entry))
    if num_unknown:
        log.info("%s: %d transcripts with an unknown start are left out", path, num_unknown)
    if starts:
        return _unique(
            (region, _name(entry, entries)) for region, entry in starts if not entry.parent or entry.parent not in transcript_ids
        )
    if num_unknown:
        raise DataFileError(f"{path}: the true start of each of its {num_unknown} transcripts is stated to be unknown")
    if "exon" not in file.kinds:
        raise _lacks(file, "transcript or exon")
    return _unique(
        (Region(found.contig, found.tss, found.tss + 1, "", found.strand, found.where), found.gene_name or found.gene_id or found.id)
        for found in read_transcripts(path)
    )


def stated_lengths(path: Path) -> dict[str, int]:
    """Bases by contig, as the ``##sequence-region`` lines of a GFF3 file state them; none where there are no such lines.

    Raises:
        DataFileError: The file cannot be read.
    """
    file = FeatureFile(path)
    for _ in file.read(lambda _: False):
        pass
    return file.lengths


class _Entry(NamedTuple):
    """What a line that is neither exon nor CDS (a transcript, a gene) says of itself; empty strings where it says nothing.

    Attributes:
        id: GFF3's ``ID``.
        parent: The first of GFF3's ``Parent``.
        name: GFF3's ``Name``.
        transcript_id: ``transcript_id``.
        gene_id: ``gene_id``.
        gene_name: ``gene_name`` or ``gene``.
    """

    id: str
    parent: str
    name: str
    transcript_id: str
    gene_id: str
    gene_name: str


@dataclass(slots=True)
class _Draft:
    """A transcript while its lines are being read."""

    id: str
    gene_id: str
    gene_name: str
    contig: str
    strand: Literal["+", "-"]
    source: str
    where: str
    exons: list[tuple[int, int]] = field(default_factory=list)
    cds: list[tuple[int, int]] = field(default_factory=list)
    elsewhere: str = ""

    def add(self, part: Feature) -> None:
        part.require_strand()
        if not self.elsewhere and (part.contig, part.strand) != (self.contig, self.strand):
            self.elsewhere = f"{part.where}: is on {part.contig} ({part.strand}), but begins on {self.contig} ({self.strand})"
        (self.exons if part.kind == "exon" else self.cds).append((part.start, part.end))

    def problem(self) -> str:
        """Why the exons do not make a transcript; an empty string where they do."""
        self.exons.sort()
        for before, after in pairwise(self.exons):
            if not self.elsewhere and after[0] < before[1]:
                return f"{self.where}: exons {before[0] + 1}-{before[1]} and {after[0] + 1}-{after[1]} overlap"
        return self.elsewhere

    def finish(self, entries: Mapping[str, _Entry]) -> Transcript:
        entry = entries.get(self.id)
        gene_id, gene_name = _gene(entry, entries) if entry else (self.gene_id, self.gene_name)
        return Transcript(
            id=(entry and entry.transcript_id) or self.id,
            gene_id=gene_id,
            gene_name=gene_name,
            contig=self.contig,
            strand=self.strand,
            start=self.exons[0][0],
            end=self.exons[-1][1],
            exons=tuple(self.exons),
            cds=tuple(sorted(self.cds)),
            source=self.source,
            where=self.where,
        )


def _add_part(drafts: dict[str, _Draft], part: Feature) -> None:
    key = "Parent" if part.is_gff3 else "transcript_id"
    stated = part.attribute(key)
    owners = [unquote(parent) for parent in stated.split(",") if parent] if part.is_gff3 else [stated] if stated else []
    if not owners and part.kind == "exon":
        known = ", ".join(part.parse_attributes()) or "none"
        raise RegionError(f"{part.where}: the exon has no {key}, so that its transcript is not known; its attributes are: {known}")
    for owner in owners:
        draft = drafts.get(owner)
        if draft is None:
            entry = _entry(part)
            names = entry.gene_id, entry.gene_name
            draft = drafts[owner] = _Draft(owner, *names, part.contig, part.require_strand(), part.source, part.where)
        draft.add(part)


def _add_entry(entries: dict[str, _Entry], feature: Feature) -> _Entry:
    entry = _entry(feature)
    if entry.id:
        entries[entry.id] = entry
    return entry


def _entry(feature: Feature) -> _Entry:
    attributes = feature.parse_attributes()
    gene_name = attributes.get("gene_name") or attributes.get("gene", "")
    if not feature.is_gff3:
        return _Entry("", "", "", attributes.get("transcript_id", ""), attributes.get("gene_id", ""), gene_name)
    parent = attributes.get("Parent", "").split(",")[0]
    values = (attributes.get("Name", ""), attributes.get("transcript_id", ""), attributes.get("gene_id", ""), gene_name)
    return _Entry(*map(unquote, (attributes.get("ID", ""), parent, *values)))


def _gene(entry: _Entry, entries: Mapping[str, _Entry]) -> tuple[str, str]:
    """Id and name of the gene of a transcript: what it says itself, else what the last of its ancestors says."""
    top, seen = entry, {entry.id}
    while top.parent in entries and top.parent not in seen:
        top = entries[top.parent]
        seen.add(top.id)
    gene_id = entry.gene_id or top.gene_id or (top.id if top is not entry else entry.parent or entry.id)
    return gene_id, entry.gene_name or top.gene_name or ("" if top.parent else top.name)


def _name(entry: _Entry, entries: Mapping[str, _Entry]) -> str:
    gene_id, gene_name = _gene(entry, entries)
    return gene_name or gene_id or entry.transcript_id


def _unique(starts: Iterable[tuple[Region, str]]) -> list[Region]:
    found: dict[tuple[str, int, str], Region] = {}
    for region, name in starts:
        found.setdefault((region.contig, region.start, region.strand), replace(region, name=name))
    return list(found.values())


def _is_transcript(kind: str) -> bool:
    return kind == "transcript" or kind.endswith(("RNA", "_transcript"))


def _has_unknown_start(feature: Feature) -> bool:
    open_end = "start_range=" if feature.strand == "+" else "end_range="
    return "mRNA_start_NF" in feature.attributes or (feature.is_gff3 and open_end in feature.attributes)


def _lacks(file: FeatureFile, kind: str) -> DataFileError:
    found = ", ".join(file.kinds) or "no features at all"
    return DataFileError(f"{file.path}: has no {kind} features (it has {found}); take an annotation that has them")
