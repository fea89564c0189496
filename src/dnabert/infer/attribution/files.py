"""Contributions as files: one line for each base, or arrays. Both are written as the sequences come.

Legend: N sequences, L bases.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.data.sequences import SequenceSet
from dnabert.dna.sequence import decode_bases
from dnabert.infer.attribution.scores import per_base
from dnabert.infer.npz_stream import open_npz
from dnabert.model.onehot import FIELD_ORDER
from dnabert.output import open_output

__all__ = ["write_contribution_arrays", "write_contribution_table"]

Found = Iterable[tuple[int, npt.NDArray[np.float32]]]


def write_contribution_table(path: Path, sequences: SequenceSet, found: Found, provenance: str, force: bool) -> None:
    """A TSV with a line for each base: id, position (0-based), base, score of that base, contributions of A, C, G and T.

    Args:
        path: Where to; ``-`` is stdout.
        sequences: The sequences.
        found: Number and contributions (4, L) of each, in order.
        provenance: ``#`` lines.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.
    """
    with open_output(path, force) as handle:
        handle.write(provenance)
        handle.write("\t".join(["id", "position", "base", "score", *FIELD_ORDER]) + "\n")
        for index, values in found:
            codes = sequences.first[index]
            rows = np.vstack([per_base(values, codes), values]).T.tolist()
            for position, (base, numbers) in enumerate(zip(decode_bases(codes), rows, strict=True)):
                line = "\t".join(f"{number:.6g}" for number in numbers)
                handle.write(f"{sequences.ids[index]}\t{position}\t{base}\t{line}\n")


def write_contribution_arrays(path: Path, sequences: SequenceSet, found: Found, facts: Mapping[str, Any], force: bool) -> None:
    """An ``.npz``: ``contributions``, ``ids``, ``sequences``, ``bases`` (ACGT), ``metadata``.

    ``contributions`` is (N, 4, L) where all sequences have the same length; else (total bases, 4), and ``offsets`` (N+1,) says where each
    sequence begins.

    Args:
        path: Where to.
        sequences: The sequences.
        found: Number and contributions (4, L) of each, in order.
        facts: What ``metadata``, a text in JSON, is to hold.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.
    """
    lengths = sequences.first.lengths
    equal = bool((lengths == lengths[0]).all())
    shape = (len(sequences), 4, int(lengths[0])) if equal else (int(lengths.sum()), 4)
    with open_npz(path, force) as archive:
        archive.add("ids", np.array(sequences.ids))
        archive.add("sequences", np.array([decode_bases(codes) for codes in sequences.first]))
        archive.add("bases", np.array(FIELD_ORDER))
        archive.add_facts(facts)
        if not equal:
            archive.add("offsets", sequences.first.offsets)
        with archive.rows("contributions", shape) as write:
            for values in _in_order(found):
                write(values if equal else values.T)


def _in_order(found: Found) -> Iterator[npt.NDArray[np.float32]]:
    for place, (index, values) in enumerate(found):
        assert place == index
        yield values
