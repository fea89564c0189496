"""Rows that were made from another row, such as shuffles and substitutions: they go where that one goes.

A shuffle of a sequence that is only in the test is half a copy of it, and must not be learnt; nor has it a positive to be told from.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.splits import SPLITS

__all__ = ["remove_made_from_absent"]


def remove_made_from_absent(every: Sequence[Example], kept: Sequence[Example]) -> tuple[list[Example], Mapping[SplitName, int]]:
    """The rows that were not made from a row that was left out, in order, and the number of the others by split.

    What a row was made from stands behind the first colon of its source: ``dinucleotide-shuffle:peak_17``.

    Args:
        every: All rows, before any was left out.
        kept: Those that are left.
    """
    absent = {example.region.name for example in every} - {example.region.name for example in kept}
    counts: Counter[SplitName] = Counter()
    found = []
    for example in kept:
        if example.source.partition(":")[2] in absent:
            counts[example.split] += 1
        else:
            found.append(example)
    return found, {split: counts[split] for split in SPLITS if counts[split]}
