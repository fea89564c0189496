"""A validation set taken from the training set."""

from dataclasses import replace

import numpy as np

from dnabert.data.labelled import LabelledSet
from dnabert.device import seed_of
from dnabert.errors import DataFileError

__all__ = ["hold_out"]


def hold_out(data: LabelledSet, fraction: float, seed: int) -> tuple[LabelledSet, LabelledSet]:
    """A training set without, and a validation set with, a share of the entries of every label; equal sequences stay on one side.

    The source of the second says that it is held out, so that a record holds the digests of both.

    Args:
        data: All entries.
        fraction: Share for validation; of every label at least one sequence where there are two, and never the only one.
        seed: Source of randomness.

    Raises:
        DataFileError: No label has two different sequences.
    """
    assert data.labels is not None
    groups: dict[bytes, list[int]] = {}
    for row in range(len(data)):
        groups.setdefault(data.sequences.first[row].tobytes(), []).append(row)
    strata: dict[str, list[list[int]]] = {}
    many = len(set(data.labels)) > max(20, len(data) // 10)  # values, not classes
    for rows in groups.values():
        strata.setdefault("" if many else data.labels[rows[0]], []).append(rows)
    rng = np.random.default_rng(seed_of(seed, "hold out"))
    held: list[int] = []
    for _, members in sorted(strata.items()):
        wanted = round(fraction * sum(map(len, members)))
        count = 0
        for place in rng.permutation(len(members))[:-1].tolist():
            if count and count + len(members[place]) > wanted:
                break
            held += members[place]
            count += len(members[place])
    if not held:
        raise DataFileError(f"{data.source}: no label has two different sequences, so nothing can be held out for validation; give --valid")
    kept = sorted(set(range(len(data))) - set(held))
    return data.take(kept), replace(data.take(sorted(held)), source=f"{data.source}, held out")
