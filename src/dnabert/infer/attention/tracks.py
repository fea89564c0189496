"""Attention scores as a track along a genome, emitted as soon as no later region can change them.

Legend: L bases.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.dna.regions import Genome, Region, source_of
from dnabert.infer.attention.sets import Scored
from dnabert.infer.scan.tracks import open_track
from dnabert.output import check_free, open_output

__all__ = ["Run", "genome_order", "merge_runs", "write_bedgraph", "write_bigwig"]

Run = tuple[str, int, npt.NDArray[np.float64]]
"""Contig, first base (0-based), and scores of the bases from there on."""

_Piece = tuple[int, npt.NDArray[np.float32]]


def genome_order(regions: list[Region], genome: Genome) -> list[int]:
    """Numbers of the regions along the genome: contigs in its order, rising starts; of equal ones the first comes first.

    Raises:
        RegionError: The genome has no such contig.
    """
    rank = {contig: number for number, contig in enumerate(genome.lengths)}
    return sorted(range(len(regions)), key=lambda number: (rank[_contig(regions[number], genome)], regions[number].start))


def _contig(region: Region, genome: Genome) -> str:
    """The genome's own name of the contig."""
    return genome.names.find(region.contig, region.where, source_of(region.where))


def merge_runs(regions: Iterable[Region], scored: Iterable[Scored], genome: Genome) -> Iterator[Run]:
    """Scores along the genome; where regions overlap, their mean. Only regions that overlap are held at once.

    Args:
        regions: The regions in the order of :func:`genome_order`; scores of one on the - strand are turned round.
        scored: Their scores, in the same order.
        genome: Gives the names of the contigs.
    """
    group: list[_Piece] = []
    contig, end = "", 0
    for region, found in zip(regions, scored, strict=True):
        own = _contig(region, genome)
        if group and (own != contig or region.start >= end):
            yield _mean(contig, group)
            group, end = [], 0
        assert not group or region.start >= group[-1][0], f"{region}: regions are out of order"
        contig, end = own, max(end, region.start + len(found.scores))
        group.append((region.start, found.scores[::-1] if region.strand == "-" else found.scores))
    if group:
        yield _mean(contig, group)


def _mean(contig: str, group: list[_Piece]) -> Run:
    """Pieces that share bases, as one run."""
    start = group[0][0]
    total = np.zeros(max(at + len(scores) for at, scores in group) - start)
    count = np.zeros(len(total))
    for at, scores in group:
        total[at - start : at - start + len(scores)] += scores
        count[at - start : at - start + len(scores)] += 1
    return contig, start, total / count


def write_bedgraph(path: Path, runs: Iterable[Run], provenance: str, force: bool) -> None:
    """A bedGraph: contig, start, end, score; neighbouring bases of equal score share a line.

    Raises:
        OutputError: It cannot be written.

    Source: UCSC bedGraph format (0-based, half-open).
    """
    with open_output(path, force) as handle:
        handle.write(provenance)
        for contig, start, scores in runs:
            bounds = [0, *(np.flatnonzero(np.diff(scores)) + 1).tolist(), len(scores)]
            for left, right in pairwise(bounds):
                handle.write(f"{contig}\t{start + left}\t{start + right}\t{scores[left]:.6g}\n")


def write_bigwig(path: Path, runs: Iterable[Run], lengths: Mapping[str, int], num_bases: int, force: bool = False) -> None:
    """A bigWig with a value for each base that was read.

    Args:
        path: Where to.
        runs: Scores, contigs in the order of ``lengths``, places rising.
        lengths: Bases by contig.
        num_bases: Bases of all regions: beyond 50 million the track has no summaries, which would take memory.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.

    Source: Kent et al. 2010 (bigWig and bigBed); written by libBigWig.
    """
    check_free(path, force)
    with open_track(path, lengths, 1, 1, num_bases) as writer:
        for contig, start, scores in runs:
            writer.add(contig, start, scores.astype(np.float32))
