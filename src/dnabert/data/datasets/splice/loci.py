"""Where genes lie, strand by strand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntArray
from dnabert.data.datasets.splice.places import Places
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.annotation import Transcript

__all__ = ["Locus", "LocusNames", "find_loci", "merge_loci"]


@dataclass(frozen=True)
class Locus:
    """Bases of one strand that transcripts of a gene cover without a gap.

    Attributes:
        name: The gene's name, else its id, else that of a transcript.
        start: First base in the store.
        end: One past the last base.
        is_reverse: Whether it is read on the reverse strand.
    """

    name: str
    start: int
    end: int
    is_reverse: bool


def find_loci(
    store: GenomeStore, transcripts: Sequence[Transcript], contigs: Sequence[str], wanted: npt.NDArray[np.bool_]
) -> tuple[list[Locus], IntArray]:
    """The loci of the wanted transcripts, and the number of the locus of each transcript (-1: not wanted).

    Transcripts of one gene that do not overlap (a gene that occurs twice, under one id) are in loci of their own.

    Args:
        store: The genome.
        transcripts: All transcripts.
        contigs: The genome's name of the contig of each.
        wanted: Which of them count.
    """
    starts = {contig.name: contig.start for contig in store.contigs}
    rows = sorted(
        (contigs[number], transcript.strand, transcript.gene_id or transcript.id, transcript.start, number)
        for number, transcript in enumerate(transcripts)
        if wanted[number]
    )
    loci: list[Locus] = []
    locus_of = np.full(len(transcripts), -1, dtype=np.int64)
    gene = None
    for contig, strand, gene_id, first, number in rows:
        transcript = transcripts[number]
        start, end = starts[contig] + first, starts[contig] + transcript.end
        if gene == (contig, strand, gene_id) and start < loci[-1].end:
            last = loci[-1]
            loci[-1] = Locus(last.name, last.start, max(last.end, end), last.is_reverse)
        else:
            name = transcript.gene_name or transcript.gene_id or transcript.id
            loci.append(Locus(name, start, end, strand == "-"))
        gene = contig, strand, gene_id
        locus_of[number] = len(loci) - 1
    return loci, locus_of


def merge_loci(store: GenomeStore, loci: Iterable[Locus], is_reverse: bool, gap_bp: int) -> npt.NDArray[np.int64]:
    """Stretches of one strand with loci less than ``gap_bp`` bases apart, as rows of start and end in the store, shape (R, 2)."""
    rows: list[list[int]] = []
    contig = -1
    for locus in sorted((locus for locus in loci if locus.is_reverse == is_reverse), key=lambda locus: locus.start):
        own = int(np.searchsorted(store.contig_starts, locus.start, side="right"))
        if own == contig and locus.start - rows[-1][1] < gap_bp:
            rows[-1][1] = max(rows[-1][1], locus.end)
        else:
            rows.append([locus.start, locus.end])
        contig = own
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


class LocusNames:
    """Names of the genes at places.

    Args:
        loci: Where the genes lie.
    """

    def __init__(self, loci: Iterable[Locus]) -> None:
        self._strands = [_Strand([locus for locus in loci if locus.is_reverse == flag]) for flag in (False, True)]

    def at(self, places: Places) -> list[str]:
        """The gene on the strand of each place, else one on the other strand, else an empty text."""
        return [
            self._strands[flag].name(position) or self._strands[not flag].name(position)
            for position, flag in zip(places.positions.tolist(), places.is_reverse.tolist(), strict=True)
        ]


class _Strand:
    """The loci of one strand, ascending by start, and how far any of those before reaches."""

    def __init__(self, loci: Sequence[Locus]) -> None:
        self.loci = sorted(loci, key=lambda locus: locus.start)
        self.starts = np.array([locus.start for locus in self.loci], dtype=np.int64)
        self.reach = np.maximum.accumulate(np.array([locus.end for locus in self.loci], dtype=np.int64))

    def name(self, position: int) -> str:
        number = int(np.searchsorted(self.starts, position, side="right")) - 1
        while number >= 0 and position < self.reach[number]:
            if position < self.loci[number].end:
                return self.loci[number].name
            number -= 1
        return ""
