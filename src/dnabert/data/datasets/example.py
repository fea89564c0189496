"""One row of a data set that is built here."""

from dataclasses import dataclass

from dnabert.dna.regions import Region
from dnabert.dna.sequence import Codes

__all__ = ["Example", "SplitName"]

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
