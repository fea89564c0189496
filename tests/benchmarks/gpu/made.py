"""Genomes, tasks and devices as the scripts for a GPU would meet them."""

import gzip
from pathlib import Path

import numpy as np

from benchmarks.gpu.machine import Device
from dnabert.dna.sequence import decode_bases

RECIPE = """
steps = 1
[model]
kmer = 3
num_layers = 2
hidden_size = 32
num_heads = 4
intermediate_size = 64
[corpus]
max_tokens = 60
"""
"""A pre-training that is tiny before it is rehearsed."""


def random_bases(count: int, seed: int) -> str:
    return decode_bases(np.random.default_rng(seed).integers(0, 4, count, dtype=np.uint8))


def write_genome(folder: Path, contigs: dict[str, str], name: str = "genome.fa") -> Path:
    path = folder / name
    path.write_text("".join(f">{contig}\n{letters}\n" for contig, letters in contigs.items()))
    return path


def write_table(folder: Path, split: dict[str, str]) -> Path:
    path = folder / "split.tsv"
    path.write_text("contig\tsplit\n" + "".join(f"{contig}\t{kind}\n" for contig, kind in split.items()))
    return path


def write_task(folder: Path, rows: int = 12) -> Path:
    """Two classes that differ in their bases."""
    folder.mkdir(parents=True)
    for seed, part in enumerate(("train", "dev", "test")):
        lines = [f"{random_bases(20, 100 * seed + row)}{'AT'[row % 2] * 20},{row % 2}" for row in range(rows)]
        (folder / f"{part}.csv.gz").write_bytes(gzip.compress("\n".join(["sequence,label", *lines, ""]).encode()))
    return folder


def make_device(kind: str = "cuda", name: str = "Test GPU", commit: str = "abc1234") -> Device:
    return Device(
        kind="cuda" if kind == "cuda" else "cpu",
        name=name,
        memory_gb=1,
        capability="9.0",
        driver="1",
        host_cores=2,
        system="Linux 6",
        versions={"torch": "2"},
        commit=commit,
        source_sha256="0" * 64,
        date="2026-01-02T03:04+00:00",
    )
