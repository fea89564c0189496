"""Rows of made-up data sets."""

from collections.abc import Sequence

import numpy as np

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.negatives import Matching
from dnabert.data.datasets.splits import SplitPlan
from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import decode_bases, encode_bases

_PLACE_BP = 1000


def make_row(
    name: str, sequence: str, label: str = "1", split: str = "train", *, start: int | None = None, strand: Strand = "+"
) -> Example:
    """A row on the contig of its split; without a start, at a place of its own."""
    first = _PLACE_BP * (sum(name.encode()) + 7 * len(name)) if start is None else start
    region = Region(f"chr-{split}", first, first + len(sequence), name, strand)
    return Example(region, encode_bases(sequence), label, "made up", "", split)


def random_bases(length_bp: int, seed: int) -> str:
    return decode_bases(np.random.default_rng(seed).integers(0, 4, length_bp, dtype=np.uint8))


def other_strand(sequence: str) -> str:
    return sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))


def make_draft(rows: Sequence[Example], name: str = "made-up") -> Draft:
    contigs = {split: (f"chr-{split}",) for split in ("train", "valid", "test")}
    matching = {"train": Matching(4, 4, 0.0123456789, 0.25)}
    return Draft(name, list(rows), SplitPlan({}, contigs, "by hand"), {"windows read": len(rows)}, matching, {"share of GT": 0.5})


def many_rows(per_class: int = 60, length_bp: int = 60) -> list[Example]:
    """Random rows of two classes in three splits, of which nothing is to be said."""
    return [
        make_row(f"{split}{label}-{number}", random_bases(length_bp, seed), label, split, start=_PLACE_BP * seed)
        for base, split in enumerate(("train", "valid", "test"))
        for label in "10"
        for number in range(per_class)
        for seed in (base * 1_000_000 + int(label) * 500_000 + number,)
    ]
