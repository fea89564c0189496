"""What a builder hands over: rows in their splits, not yet freed of duplicates, and the count of all that was left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.negatives import Matching
from dnabert.data.datasets.splits import SplitPlan

__all__ = ["Draft"]


@dataclass(frozen=True)
class Draft:
    """A data set in the making.

    Attributes:
        name: What it is, such as ``promoters``; one word.
        examples: Its rows, each with a split and an id of its own; positives first, each group by contig and position.
        splits: The parts of the genome.
        counts: What became of the input, by words that a reader understands, in the order of the work: ``TSS read``, ``windows beyond the
            end of a contig`` ...
        matching: How well the negatives match, by split, where they are matched.
        facts: More that belongs into the record: definitions of classes, offsets, shares that were checked.
    """

    name: str
    examples: list[Example]
    splits: SplitPlan
    counts: Mapping[str, int]
    matching: Mapping[SplitName, Matching] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
