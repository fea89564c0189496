"""How far windows of different splits lie apart on the genome; that none overlap is what all else rests on."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.splits import SPLITS
from dnabert.errors import RegionError

__all__ = ["split_distances"]

IntArray = npt.NDArray[np.int64]


def split_distances(examples: Sequence[Example]) -> dict[tuple[SplitName, SplitName], int | None]:
    """Smallest number of bases between a window of one split and a window of another, by pair of splits; None where no contig is shared.

    Strands do not count. Rows that were made from a window, such as shuffles, stand for it.

    Args:
        examples: Rows with their splits.

    Raises:
        RegionError: Two windows of different splits overlap.
    """
    contigs = {name: number for number, name in enumerate(dict.fromkeys(example.region.contig for example in examples))}
    longest = max((example.region.end for example in examples), default=0)
    # All contigs on one axis, so far apart that no distance within one is as large.
    step = 2 * longest + 1
    offsets = np.array([contigs[example.region.contig] * step for example in examples], dtype=np.int64)
    starts = offsets + np.array([example.region.start for example in examples], dtype=np.int64)
    ends = offsets + np.array([example.region.end for example in examples], dtype=np.int64)
    splits = np.array([example.split for example in examples], dtype=object)
    rows = {split: _by_start(np.flatnonzero(splits == split), starts) for split in SPLITS}
    found: dict[tuple[SplitName, SplitName], int | None] = {}
    for left, right in combinations(SPLITS, 2):
        gaps = [_smallest_gap(examples, rows[one], rows[other], starts, ends) for one, other in ((left, right), (right, left))]
        gap = min((gap for gap in gaps if gap is not None), default=None)
        found[left, right] = gap if gap is not None and gap <= longest else None
    return found


def _by_start(rows: IntArray, starts: IntArray) -> IntArray:
    return rows[np.argsort(starts[rows], kind="stable")]


def _smallest_gap(examples: Sequence[Example], rows: IntArray, others: IntArray, starts: IntArray, ends: IntArray) -> int | None:
    """Fewest bases between a row and one of the others that begins no later; None where there is none."""
    places = np.searchsorted(starts[others], starts[rows], side="right")
    rows, places = rows[places > 0], places[places > 0] - 1
    if not len(rows):
        return None
    reach = np.maximum.accumulate(ends[others])
    gaps = starts[rows] - reach[places]
    closest = int(np.argmin(gaps))
    if gaps[closest] < 0:
        other = others[np.argmax(ends[others] == reach[places[closest]])]
        raise RegionError(_overlap(examples[int(rows[closest])], examples[int(other)]))
    return int(gaps[closest])


def _overlap(left: Example, right: Example) -> str:
    names = [f"{example.region.name} ({example.split}, {example.region})" for example in (left, right)]
    return f"the windows {names[0]} and {names[1]} overlap; windows of different splits must not share a base: split by contig"
