"""Attention scores as a table or arrays, written as they come.

Legend: N sequences, H heads, L bases.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet
from dnabert.dna.regions import Region, read_bed
from dnabert.dna.sequence import decode_bases
from dnabert.infer.attention.sets import Scored
from dnabert.infer.npz_stream import open_npz
from dnabert.output import open_output

__all__ = ["regions_of", "spool_folder", "write_archive", "write_table"]

_SPOOL_BYTES = 1 << 22
"""Bytes of head scores that are held at once while they are copied."""


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
    path: Path,
    sequences: SequenceSet,
    scored: Iterable[Scored],
    num_heads: int | None,
    extra: Mapping[str, npt.NDArray[Any]],
    facts: Mapping[str, Any],
    force: bool = False,
) -> None:
    """An ``.npz``: ``scores`` of all sequences one after the other, ``offsets`` where each begins, ``ids``, ``bases``, ``metadata``.

    Args:
        path: Where to.
        sequences: The sequences.
        scored: Their scores, in order; they are written as they come.
        num_heads: H, where ``head_scores`` (total bases, H) is written too; they wait in a temporary file for their place. None for none.
        extra: More arrays.
        facts: What ``metadata``, a text in JSON, is to hold.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.
    """
    offsets = sequences.first.offsets
    total = int(offsets[-1])
    with open_npz(path, force) as archive, tempfile.TemporaryFile(dir=spool_folder(path)) as spool:
        with archive.rows("scores", (total,)) as write:
            for found in scored:
                write(found.scores)
                if num_heads is not None:
                    assert found.heads is not None
                    spool.write(np.ascontiguousarray(found.heads.T, dtype="<f4").tobytes())
        archive.add("offsets", offsets)
        archive.add("ids", np.array(sequences.ids))
        archive.add("bases", np.frombuffer(decode_bases(sequences.first.codes).encode(), dtype="S1"))
        if num_heads is not None:
            spool.seek(0)
            with archive.rows("head_scores", (total, num_heads)) as write:
                while piece := spool.read(_SPOOL_BYTES):
                    write(np.frombuffer(piece, dtype="<f4"))
        for name, array in extra.items():
            archive.add(name, array)
        archive.add_facts(facts)


def regions_of(data: LabelledSet) -> list[Region]:
    """The regions of a BED input that were read, in order."""
    by_place = {region.where: region for region in read_bed(Path(data.source))}
    return [by_place[where] for where in data.where]


def spool_folder(path: Path) -> Path | None:
    """Where to put what waits for its place in ``path``: beside it, where there is room; None, the system's own, for a pipe."""
    is_result = not path.exists() or path.is_file()
    return path.parent if is_result and os.access(path.parent, os.W_OK) else None
