"""One row of a data set that is built here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region
from dnabert.dna.sequence import Codes

__all__ = ["Example", "SplitName", "read_examples", "with_split"]

SplitName = str
"""``train``, ``valid`` or ``test``."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled sequence and where it comes from.

    Attributes:
        region: Where it lies; ``name`` is its id, unique in the data set. Where the bases are not those of the genome (a shuffle, a
            substitution), the region of the sequence that they were made from.
        codes: Its base codes, read on the region's strand, shape (L,).
        label: Its class, or one letter per base.
        source: What it was made from or by, such as ``tss:AGRN_1``, ``genomic-matched`` or ``dinucleotide-shuffle:peak_17``.
        category: A finer class that is no label, such as ``TATA``; may be empty.
        split: ``train``, ``valid`` or ``test``; empty until the splits are made.
    """

    region: Region
    codes: Codes
    label: str
    source: str
    category: str = ""
    split: SplitName = ""


def read_examples(
    store: GenomeStore, regions: Iterable[Region], label: str, source: str, splits: Sequence[SplitName], category: str = ""
) -> list[Example]:
    """Examples whose bases are those of the genome, one for each region.

    Args:
        store: The genome.
        regions: Where they lie; their names are the ids.
        label: The label of them all.
        source: The source of them all.
        splits: The split of each.
        category: The category of them all.

    Raises:
        RegionError: A region does not fit the genome.
    """
    return [Example(region, store.read(region), label, source, category, split) for region, split in zip(regions, splits, strict=True)]


def with_split(examples: Iterable[Example], splits: Iterable[SplitName]) -> list[Example]:
    """The examples with the splits given."""
    return [replace(example, split=split) for example, split in zip(examples, splits, strict=True)]
