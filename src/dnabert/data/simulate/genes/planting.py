"""Genes written into a contig: splice signals, a start and a stop codon, and an open reading frame between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dnabert.data.simulate.elements import PlantedElement, Strand, forward_interval, plant_elements, write_instance
from dnabert.data.simulate.genes.signals import (
    ACCEPTOR,
    ACCEPTOR_CONTEXT,
    ACCEPTOR_INTRON_BP,
    DONOR,
    DONOR_CONTEXT,
    DONOR_EXON_BP,
    draw_acceptor,
    draw_donor,
)
from dnabert.data.simulate.genes.structure import GeneStructure
from dnabert.dna.sequence import BASES, Codes, decode_bases, encode_bases, reverse_complement

__all__ = ["START_CODON", "STOP_CODONS", "Gene", "Intron", "Transcript", "plant_gene"]

START_CODON = "ATG"
STOP_CODONS = ("TAA", "TAG", "TGA")

_IN_PLACE_OF_T = ("A", "A", "A", "C", "G")
"""What the T of a stop codon within the frame may become; no codon that begins so is a stop, and G+C stays as it was."""

Interval = tuple[int, int]
"""Start and end, 0-based half-open, forward strand."""


@dataclass(frozen=True)
class Transcript:
    """One transcript of a gene; intervals are 0-based, half-open, forward strand, in reading direction."""

    id: str
    exons: tuple[Interval, ...]
    coding: tuple[Interval, ...]
    """The coding part of each exon that has one, without the stop codon."""
    start_codon: Interval
    stop_codon: Interval


@dataclass(frozen=True)
class Intron:
    """An intron between two neighbouring exons of a gene: 0-based, half-open, forward strand."""

    id: str
    start: int
    end: int
    donor_elements: tuple[PlantedElement, ...]
    """The donor and the enhancers beside it."""
    acceptor_elements: tuple[PlantedElement, ...]
    """The acceptor, its branch point and the enhancers beside it."""


@dataclass(frozen=True)
class Gene:
    """A gene: 0-based, half-open, forward-strand coordinates; read on ``strand``."""

    id: str
    contig: str
    start: int
    end: int
    strand: Strand
    promoter: str
    """Id of the promoter at whose transcription start site it begins."""
    transcripts: tuple[Transcript, ...]
    introns: tuple[Intron, ...]
    """In reading direction."""

    @property
    def tss(self) -> int:
        """The first transcribed base."""
        return self.start if self.strand == "+" else self.end - 1

    @property
    def elements(self) -> tuple[PlantedElement, ...]:
        """All that was planted, by position."""
        found = [element for intron in self.introns for element in (*intron.donor_elements, *intron.acceptor_elements)]
        return tuple(sorted(found, key=lambda element: element.start))


def plant_gene(codes: Codes, contig: str, tss: int, strand: Strand, structure: GeneStructure, rng: np.random.Generator) -> Gene:
    """The gene, written into ``codes``; ids of gene, transcripts, introns and promoter are still empty.

    The bases stay those of the background but for the splice signals, the start and the stop codon, and the stop codons that would
    end a transcript early.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        tss: Its first transcribed base on the forward strand.
        strand: Its reading direction.
        structure: Its exons and coding part.
        rng: Source of randomness.
    """
    start, end = forward_interval(tss, strand, 0, structure.length_bp)
    body = _read(codes, start, end, strand)  # in reading direction: offsets are indices
    body[structure.start_codon : structure.start_codon + 3] = encode_bases(START_CODON)
    body[structure.stop_codon : structure.stop_codon + 3] = encode_bases(STOP_CODONS[int(rng.integers(len(STOP_CODONS)))])
    signals = _plant_signals(body, structure, rng)
    _break_stops(body, structure, [element for pair in signals for side in pair for element in side], rng)
    _write(codes, body, start, end, strand)
    introns = [
        Intron(
            "",
            *forward_interval(tss, strand, *intron),
            donor_elements=_on_contig(codes, donor, tss, strand),
            acceptor_elements=_on_contig(codes, acceptor, tss, strand),
        )
        for intron, (donor, acceptor) in zip(structure.introns, signals, strict=True)
    ]
    transcripts = [_transcript(structure, index, tss, strand) for index in range(len(structure.skipped))]
    return Gene("", contig, start, end, strand, "", tuple(transcripts), tuple(introns))


def _plant_signals(
    body: Codes, structure: GeneStructure, rng: np.random.Generator
) -> list[tuple[list[PlantedElement], list[PlantedElement]]]:
    """What was planted at the beginning and the end of each intron, in coordinates of the gene's body."""
    codons = [PlantedElement("codon", first, first + 3, "+", "") for first in (structure.start_codon, structure.stop_codon)]
    found: list[tuple[list[PlantedElement], list[PlantedElement]]] = []
    for first, last in structure.introns:
        occupied = [*codons, *(element for pair in found for side in pair for element in side)]
        donor = write_instance(body, DONOR.name, draw_donor(rng), first - DONOR_EXON_BP, "+")
        acceptor = write_instance(body, ACCEPTOR.name, draw_acceptor(rng), last - ACCEPTOR_INTRON_BP, "+")
        occupied += [donor, acceptor]
        beside_donor = plant_elements(body, DONOR_CONTEXT, first, "+", rng, occupied=occupied)
        occupied += beside_donor
        beside_acceptor = plant_elements(body, ACCEPTOR_CONTEXT, last, "+", rng, occupied=occupied)
        found.append(([donor, *beside_donor], [acceptor, *beside_acceptor]))
    return found


def _break_stops(body: Codes, structure: GeneStructure, elements: Sequence[PlantedElement], rng: np.random.Generator) -> None:
    """Change one base of every stop codon in the frame of a transcript, outside the planted elements where there is such a base.

    All transcripts read an exon in the same frame. A codon that does not begin with T is no stop, and none has a C, so that no change
    makes another stop.
    """
    is_planted = np.zeros(len(body), dtype=np.bool_)
    for element in elements:
        is_planted[element.start : element.end] = True
    for transcript in range(len(structure.skipped)):
        places = np.concatenate([np.arange(*exon) for exon in structure.transcript_exons(transcript)])
        coding = places[(places >= structure.start_codon) & (places < structure.stop_codon)]
        for codon in coding.reshape(-1, 3):
            if decode_bases(body[codon]) not in STOP_CODONS:
                continue
            free = codon[~is_planted[codon]]
            if len(free) and free[0] != codon[0]:
                body[free[0]] = BASES.index("C")
            else:
                body[codon[0]] = BASES.index(_IN_PLACE_OF_T[int(rng.integers(len(_IN_PLACE_OF_T)))])


def _transcript(structure: GeneStructure, index: int, tss: int, strand: Strand) -> Transcript:
    exons = structure.transcript_exons(index)
    coding = [(max(first, structure.start_codon), min(last, structure.stop_codon)) for first, last in exons]
    return Transcript(
        id="",
        exons=tuple(forward_interval(tss, strand, *exon) for exon in exons),
        coding=tuple(forward_interval(tss, strand, first, last) for first, last in coding if first < last),
        start_codon=forward_interval(tss, strand, structure.start_codon, structure.start_codon + 3),
        stop_codon=forward_interval(tss, strand, structure.stop_codon, structure.stop_codon + 3),
    )


def _on_contig(codes: Codes, elements: Sequence[PlantedElement], tss: int, strand: Strand) -> tuple[PlantedElement, ...]:
    """The elements in coordinates of the contig, with the bases that stand there now."""
    found = []
    for element in elements:
        start, end = forward_interval(tss, strand, element.start, element.end)
        found.append(replace(element, start=start, end=end, strand=strand, sequence=decode_bases(_read(codes, start, end, strand))))
    return tuple(sorted(found, key=lambda element: element.start))


def _read(codes: Codes, start: int, end: int, strand: Strand) -> Codes:
    return codes[start:end].copy() if strand == "+" else reverse_complement(codes[start:end])


def _write(codes: Codes, body: Codes, start: int, end: int, strand: Strand) -> None:
    codes[start:end] = body if strand == "+" else reverse_complement(body)
