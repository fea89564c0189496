"""Attention scores as files: one line for each base, arrays, or a track along the genome.

Legend: N sequences, H heads, L bases.
"""

import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyBigWig

from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet
from dnabert.dna.regions import Genome, Region, read_bed, source_of
from dnabert.dna.sequence import decode_bases
from dnabert.infer.attention.sets import Scored
from dnabert.output import open_output, write_bytes

__all__ = ["Run", "merge_runs", "regions_of", "write_archive", "write_bedgraph", "write_bigwig", "write_table"]

Run = tuple[str, int, npt.NDArray[np.float64]]
"""Contig, first base (0-based), and scores of the bases from there on."""


def write_table(
    path: Path, sequences: SequenceSet, scored: Iterable[Scored], heads: tuple[int, ...] | None, provenance: str, force: bool
) -> None:
    """A TSV with a line for each base: id, position (0-based), base, score, and a column for each head asked for.

    Args:
        path: Where to; ``-`` is stdout.
        sequences: The sequences.
        scored: Their scores, in order; they are written as they come.
        heads: Numbers of the heads that have columns; None for none.
        provenance: ``#`` lines.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.
    """
    with open_output(path, force) as handle:
        handle.write(provenance)
        handle.write("\t".join(["id", "position", "base", "score", *(f"head{head}" for head in heads or ())]) + "\n")
        for name, codes, found in zip(sequences.ids, sequences.first, scored, strict=True):
            columns = found.scores[None] if found.heads is None else np.vstack([found.scores, found.heads])
            letters = decode_bases(codes)
            for position, values in enumerate(columns.T.tolist()):
                numbers = "\t".join(f"{value:.6g}" for value in values)
                handle.write(f"{name}\t{position}\t{letters[position]}\t{numbers}\n")


def write_archive(
    path: Path, sequences: SequenceSet, scored: Iterable[Scored], extra: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, Any]
) -> None:
    """An ``.npz``: ``scores`` of all sequences one after the other, ``offsets`` where each begins, ``ids``, ``bases``, ``metadata``.

    Args:
        path: Where to.
        sequences: The sequences.
        scored: Their scores, in order. With heads, ``head_scores`` (total bases, H) is written too.
        extra: More arrays.
        facts: What ``metadata``, a text in JSON, is to hold.

    Raises:
        OutputError: It cannot be written.
    """
    offsets = sequences.first.offsets
    scores = np.empty(int(offsets[-1]), np.float32)
    heads: npt.NDArray[np.float32] | None = None
    for number, found in enumerate(scored):
        place = slice(int(offsets[number]), int(offsets[number + 1]))
        scores[place] = found.scores
        if found.heads is not None:
            heads = np.empty((len(scores), len(found.heads)), np.float32) if heads is None else heads
            heads[place] = found.heads.T
    arrays: dict[str, npt.NDArray[Any]] = {
        "scores": scores,
        "offsets": offsets,
        "ids": np.array(sequences.ids),
        "bases": np.frombuffer(decode_bases(sequences.first.codes).encode(), dtype="S1"),
        **({} if heads is None else {"head_scores": heads}),
        **extra,
        "metadata": np.array(json.dumps(facts)),
    }
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    write_bytes(path, content.getvalue())


def regions_of(data: LabelledSet) -> list[Region]:
    """The regions of a BED input that were read, in order."""
    by_place = {region.where: region for region in read_bed(Path(data.source))}
    return [by_place[where] for where in data.where]


def merge_runs(regions: Iterable[Region], scored: Iterable[Scored], genome: Genome) -> Iterator[Run]:
    """Scores along the genome, contigs in its order; where regions overlap, their mean.

    Args:
        regions: The regions; scores of one on the - strand are turned round.
        scored: Their scores, in order.
        genome: Gives names, order and lengths of the contigs.
    """
    by_contig: dict[str, list[tuple[int, npt.NDArray[np.float32]]]] = {contig: [] for contig in genome.lengths}
    for region, found in zip(regions, scored, strict=True):
        contig = genome.names.find(region.contig, region.where, source_of(region.where))
        by_contig[contig].append((region.start, found.scores[::-1] if region.strand == "-" else found.scores))
    for contig, pieces in by_contig.items():
        pieces.sort(key=lambda piece: piece[0])
        for group in _overlapping(pieces):
            start = group[0][0]
            total = np.zeros(max(at + len(scores) for at, scores in group) - start)
            count = np.zeros(len(total))
            for at, scores in group:
                total[at - start : at - start + len(scores)] += scores
                count[at - start : at - start + len(scores)] += 1
            yield contig, start, total / count


def _overlapping(pieces: list[tuple[int, npt.NDArray[np.float32]]]) -> Iterator[list[tuple[int, npt.NDArray[np.float32]]]]:
    """Pieces, sorted by start, in groups that share bases."""
    group: list[tuple[int, npt.NDArray[np.float32]]] = []
    end = 0
    for start, scores in pieces:
        if group and start >= end:
            yield group
            group, end = [], 0
        group.append((start, scores))
        end = max(end, start + len(scores))
    if group:
        yield group


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


def write_bigwig(path: Path, runs: Iterable[Run], lengths: Mapping[str, int]) -> None:
    """A bigWig with a value for each base that was read.

    Args:
        path: Where to.
        runs: Scores, contigs in the order of ``lengths``.
        lengths: Bases by contig.

    Raises:
        OutputError: It cannot be written.

    Source: Kent et al. 2010 (bigWig and bigBed); written by libBigWig.
    """
    with tempfile.TemporaryDirectory(prefix="dnabert-") as folder:
        temporary = Path(folder) / "track.bw"
        track = pyBigWig.open(str(temporary), "w")
        track.addHeader(list(lengths.items()))
        for contig, start, scores in runs:
            track.addEntries(contig, start, values=scores.tolist(), span=1, step=1)
        track.close()
        write_bytes(path, temporary.read_bytes())
