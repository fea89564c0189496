"""Random DNA as the files and sets that the benchmarks read."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.sequences import SequenceSet, pack

__all__ = ["LINE_BP", "genome_letters", "random_letters", "random_set", "write_fasta"]

LINE_BP = 60
"""Bases of a line."""

_REPEAT_BP = 300
_GAP_EVERY_BP, _GAP_START_BP, _GAP_BP = 100_000, 5_000, 1_000


def random_letters(num_bases: int, seed: int = 0) -> str:
    """Uniform A, C, G and T."""
    return _random_bytes(num_bases, np.random.default_rng(seed)).tobytes().decode()


def genome_letters(num_bases: int, seed: int = 0) -> str:
    """Random letters as they stand in files of genomes: half of them in lower case (repeats), in runs, and one in a hundred N, in gaps."""
    rng = np.random.default_rng(seed)
    letters = _random_bytes(num_bases, rng)
    runs = rng.exponential(_REPEAT_BP, 2 * num_bases // _REPEAT_BP + 20).astype(np.int64) + 1
    in_repeat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)[:num_bases]
    letters[in_repeat] += ord("a") - ord("A")
    for start in range(_GAP_START_BP, num_bases, _GAP_EVERY_BP):
        letters[start : start + _GAP_BP] = ord("N")
    return letters.tobytes().decode()


def _random_bytes(count: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, count, dtype=np.uint8)]


def random_set(count: int, length_bp: int, seed: int = 0) -> SequenceSet:
    """Sequences of one length, in memory."""
    codes = np.random.default_rng(seed).integers(0, 4, size=(count, length_bp), dtype=np.uint8)
    return SequenceSet(tuple(f"seq{number}" for number in range(count)), pack(list(codes)))


def write_fasta(path: Path, letters: str, record_bp: int | None = None) -> Path:
    """A FASTA file of letters, as one record or cut into records of ``record_bp`` (what is left at the end is not written)."""
    size = record_bp or len(letters)
    with path.open("w", encoding="ascii") as handle:
        for number, start in enumerate(range(0, len(letters) - size + 1, size)):
            record = letters[start : start + size]
            handle.write(f">seq{number}\n" + "".join(record[at : at + LINE_BP] + "\n" for at in range(0, size, LINE_BP)))
    return path
