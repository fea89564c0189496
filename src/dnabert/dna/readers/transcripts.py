"""Transcripts, and how they are put together from lines with their exons and coding parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from dnabert.dna.readers.features import Feature
from dnabert.dna.readers.genes import Entry, find_gene

__all__ = ["LeftOut", "Transcript", "TranscriptDraft"]


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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a transcript that cannot be used lies on one strand of one contig; there are real splice sites in it all the same.

    Attributes:
        id: Id of the transcript, as its exons state it.
        contig: Name of the contig.
        strand: ``+`` or ``-``.
        exons: Start and end of each, ascending; they may overlap. Of an entry without exons the coding parts.
        is_coding_only: Whether it is an entry with CDS, but without exons.
        is_whole: Whether no part of the transcript is elsewhere.
        where: ``file:line`` of the first of these exons.
    """

    id: str
    contig: str
    strand: Literal["+", "-"]
    exons: tuple[tuple[int, int], ...]
    is_coding_only: bool
    is_whole: bool
    where: str

    @property
    def span(self) -> tuple[int, int]:
        """First base, and one past the last."""
        return self.exons[0][0], max(end for _, end in self.exons)

    @property
    def tss(self) -> int:
        """Position of the first base of these that is transcribed, 0-based."""
        return self.span[0] if self.strand == "+" else self.span[1] - 1

    @property
    def intron_ends(self) -> tuple[list[int], list[int]]:
        """Exon ends, where an intron may begin, and exon starts, where one may end (forward strand); outermost ones of a whole one not."""
        first, last = self.span if self.is_whole else (-1, -1)
        return sorted({end for _, end in self.exons} - {last}), sorted({start for start, _ in self.exons} - {first})


@dataclass(slots=True)
class TranscriptDraft:
    """A transcript while its lines are being read; it begins where its first line is.

    Attributes:
        id: Its id.
        gene_id: Id of its gene, as that line states it.
        gene_name: Name of its gene, as that line states it.
        contig: The contig of that line.
        strand: The strand of that line.
        source: Column 2 of that line.
        where: ``file:line`` of it.
        exons: Start and end of each on that strand of that contig.
        cds: Start and end of each coding part there.
        strays: Exons and coding parts on other contigs, or on the other strand.
    """

    id: str
    gene_id: str
    gene_name: str
    contig: str
    strand: Literal["+", "-"]
    source: str
    where: str
    exons: list[tuple[int, int]] = field(default_factory=list)
    cds: list[tuple[int, int]] = field(default_factory=list)
    strays: list[Feature] = field(default_factory=list)

    def add(self, part: Feature) -> None:
        """Take an exon or coding part of it.

        Raises:
            RegionError: It has no strand.
        """
        if (part.contig, part.require_strand()) != (self.contig, self.strand):
            self.strays.append(part)
        else:
            (self.exons if part.kind == "exon" else self.cds).append((part.start, part.end))

    @property
    def has_exons(self) -> bool:
        """Whether there is an exon among its lines."""
        return bool(self.exons) or any(part.kind == "exon" for part in self.strays)

    def problem(self) -> str:
        """Why the exons do not make a transcript; an empty string where they do."""
        if self.strays:
            stray = self.strays[0]
            return f"{stray.where}: is on {stray.contig} ({stray.strand}), but begins on {self.contig} ({self.strand})"
        self.exons.sort()
        for before, after in pairwise(self.exons):
            if after[0] < before[1]:
                return f"{self.where}: exons {before[0] + 1}-{before[1]} and {after[0] + 1}-{after[1]} overlap"
        return ""

    def parts(self) -> list[LeftOut]:
        """What lies on each strand of each contig: exons, and coding parts where there are none at all."""
        kind = "exon" if self.has_exons else "CDS"
        places: dict[tuple[str, Literal["+", "-"]], list[tuple[int, int]]] = {}
        wheres = {(self.contig, self.strand): self.where}
        own = self.exons if self.has_exons else self.cds
        if own:
            places[self.contig, self.strand] = list(own)
        for part in self.strays:
            if part.kind == kind:
                place = part.contig, part.require_strand()
                places.setdefault(place, []).append((part.start, part.end))
                wheres.setdefault(place, part.where)
        # A stray of the other kind is elsewhere, too, but has no ends of introns that the exons have not.
        return [
            LeftOut(self.id, contig, strand, tuple(sorted(exons)), not self.has_exons, len(places) == 1, wheres[contig, strand])
            for (contig, strand), exons in places.items()
        ]

    def finish(self, entries: Mapping[str, Entry]) -> Transcript:
        """The transcript, if there is no problem; its gene is looked up among the entries by their ``ID``."""
        entry = entries.get(self.id)
        gene_id, gene_name = find_gene(entry, entries) if entry else (self.gene_id, self.gene_name)
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
