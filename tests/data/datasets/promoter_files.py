"""Small genomes and lists of start sites for the tests of promoter sets, and what they should give, worked out on text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import GenomeStore, build_genome

_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


class Tss(NamedTuple):
    """A start site: its base, 0-based."""

    contig: str
    position: int
    strand: str
    name: str = "."


def random_bases(length_bp: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length_bp))


def opposite(bases: str) -> str:
    return bases.translate(_COMPLEMENT)[::-1]


def planted(bases: str, piece: str, start: int) -> str:
    return bases[:start] + piece + bases[start + len(piece) :]


def write_genome(folder: Path, contigs: Mapping[str, str]) -> GenomeStore:
    path = folder / "genome.fa"
    path.write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    return build_genome([path], folder / "cache")


def write_tss(folder: Path, sites: Sequence[Tss]) -> Path:
    path = folder / "tss.bed"
    path.write_text("".join(f"{tss.contig}\t{tss.position}\t{tss.position + 1}\t{tss.name}\t0\t{tss.strand}\n" for tss in sites))
    return path


def write_split(folder: Path, split_by_contig: Mapping[str, str]) -> SplitConfig:
    path = folder / "split.tsv"
    path.write_text("contig\tsplit\n" + "".join(f"{name}\t{split}\n" for name, split in split_by_contig.items()))
    return SplitConfig(file=path)


def window_text(bases: str, tss: Tss, upstream_bp: int, downstream_bp: int) -> str | None:
    """Bases TSS-upstream_bp to TSS+downstream_bp, base by base; None where one of them is not there."""
    step = 1 if tss.strand == "+" else -1
    places = [tss.position + step * offset for offset in range(-upstream_bp, downstream_bp + 1)]
    if min(places) < 0 or max(places) >= len(bases):
        return None
    text = "".join(bases[place] for place in places)
    return text if tss.strand == "+" else text.translate(_COMPLEMENT)
