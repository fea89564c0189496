"""Readers of the written files, as plain as can be, and settings that the tests share."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate import GeneConfig, SimulatedGenome, SimulationConfig, TfbsConfig, VariantConfig
from dnabert.dna.sequence import encode_bases

SMALL = SimulationConfig(num_contigs=4, contig_bp=60_000, num_promoters=40)
"""Promoters only."""

RICH = SimulationConfig(
    num_contigs=4,
    contig_bp=160_000,
    num_promoters=80,
    tfbs=TfbsConfig(num_bound=(24, 24, 20, 24, 20)),
    genes=GeneConfig(num_genes=28),
    variants=VariantConfig(num_variants=240, indel_fraction=0.25),
)
"""Everything, small."""


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def read_fasta(path: Path) -> dict[str, str]:
    records = path.read_text().split(">")[1:]
    return {record.split("\n", 1)[0]: record.split("\n", 1)[1].replace("\n", "") for record in records}


def read_lines(path: Path) -> list[list[str]]:
    """Fields of all lines but comments."""
    return [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]


def reverse_complement_text(sequence: str) -> str:
    return sequence.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]


def read_on(contigs: dict[str, str], contig: str, start: int, end: int, strand: str) -> str:
    forward = contigs[contig][start:end]
    return forward if strand == "+" else reverse_complement_text(forward)


def stack_codes(genome: SimulatedGenome, windows: list[tuple[str, int, int, str]]) -> npt.NDArray[np.uint8]:
    """Base codes of windows given by contig, start, end and strand, shape (N, L)."""
    return np.stack([encode_bases(genome.sequence(contig, start, end, strand)) for contig, start, end, strand in windows])
