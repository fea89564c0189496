"""Small genomes in memory, and sets of bases worked out one by one, for the tests of what is built on a genome store."""

from itertools import accumulate, groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from dnabert.data.genome import Contig, GenomeStore
from dnabert.dna.sequence import encode_bases

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def store_of(*texts: str) -> GenomeStore:
    """A genome of the contigs ``c0``, ``c1``, ..."""
    names = [f"c{number}" for number in range(len(texts))]
    lengths = list(map(len, texts))
    contigs = tuple(map(Contig, names, accumulate(lengths, initial=0), lengths))
    whole = "".join(texts)
    return GenomeStore(encode_bases(whole), contigs, "key", {"file.fa": "sha"}, sum(letter not in "ACGT" for letter in whole))


def opposite(bases: str) -> str:
    return bases.translate(COMPLEMENT)[::-1]


def random_bases(length_bp: int, seed: int, gc: float = 0.5) -> str:
    shares = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length_bp, p=shares))


def genomes(letters: str = "ACGT", max_contigs: int = 4, max_bp: int = 12) -> st.SearchStrategy[GenomeStore]:
    return st.lists(st.text(letters, min_size=1, max_size=max_bp), min_size=1, max_size=max_contigs).map(lambda texts: store_of(*texts))


def write_bed(path: Path, *rows: tuple[str, int, int, str]) -> Path:
    path.write_text("".join(f"{contig}\t{start}\t{end}\t{name}\n" for contig, start, end, name in rows))
    return path


def contig_numbers(store: GenomeStore) -> list[int]:
    """The number of the contig of each base of the store."""
    return [number for number, contig in enumerate(store.contigs) for _ in range(contig.length)]


def runs_of(bases: set[int], store: GenomeStore | None = None) -> list[list[int]]:
    """Start and end of the longest runs of a set of bases; with a store, none reaches over the end of a contig."""
    owner = contig_numbers(store) if store else [0] * (max(bases, default=0) + 1)
    places = sorted(bases)
    groups = groupby(enumerate(places), key=lambda pair: (pair[1] - pair[0], owner[pair[1]]))
    runs = [[place for _, place in group] for _, group in groups]
    return [[run[0], run[-1] + 1] for run in runs]


def rows_of(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[list[int]]:
    return [list(pair) for pair in zip(starts.tolist(), ends.tolist(), strict=True)]
