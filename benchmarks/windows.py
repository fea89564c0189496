"""How long a data set of 100,000 windows takes, and how much memory: `python benchmarks/windows.py`.

50,000 windows of 300 bases at random places of a genome are the positives, given as a BED file; as many negatives are drawn like them in
G+C and repeats. The genome is the mini genome of the data folder (46 Mb of hg38; DNABERT_DATA, else ../shared/data); where it is absent,
one is simulated. Measured is the whole process, `dnabert dataset tfbs`, from FASTA to written tables, on two cores, each round with an
empty cache.
"""

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.negatives import draw_windows
from dnabert.dna.fasta import read_contigs

NUM_POSITIVES = 50_000
WINDOW_BP = 300
ROUNDS = 3
NUM_CORES = 2
SIMULATED_CONTIGS, SIMULATED_BP = 24, 2_000_040
LINE_BP = 60
REPEAT_BP, REPEAT_EVERY_BP = 300, 3_000


@dataclass(frozen=True)
class Round:
    """What one build took: seconds of the clock and of the processor, megabytes at most, rows written, and SHA-256 of the tables."""

    seconds: float
    processor_s: float
    peak_mb: float
    num_rows: int
    digest: str


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:NUM_CORES]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        genome = Path(os.environ.get("DNABERT_DATA", "../shared/data"), "human", "lrg_hg38.fa.gz")
        if not genome.exists():
            genome = folder / "simulated.fa"
            write_genome(genome)
        write_peaks(folder / "peaks.bed", genome)
        print(f"{genome.name}, {2 * NUM_POSITIVES:,} windows of {WINDOW_BP} bases, {NUM_CORES} cores, Python {sys.version.split()[0]}")
        print("round   seconds   processor s   peak MB     rows")
        rounds = []
        for number in range(ROUNDS):
            rounds.append(build(folder / f"round{number}", genome, folder / "peaks.bed"))
            last = rounds[-1]
            print(f"{number + 1:>5}{last.seconds:>10.1f}{last.processor_s:>14.1f}{last.peak_mb:>10.0f}{last.num_rows:>9,}", flush=True)
    print(f"the tables of all rounds are {'the same' if len({one.digest for one in rounds}) == 1 else 'NOT the same'}, byte for byte")


def write_genome(path: Path) -> None:
    """Random bases, every 3 kb a copy of one of 20 repeats."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    repeats = letters[rng.integers(0, 4, (20, REPEAT_BP))]
    with path.open("wb") as handle:
        for number in range(SIMULATED_CONTIGS):
            bases = letters[rng.integers(0, 4, SIMULATED_BP)]
            for start in range(0, SIMULATED_BP - REPEAT_EVERY_BP, REPEAT_EVERY_BP):
                place = start + int(rng.integers(0, REPEAT_EVERY_BP - REPEAT_BP))
                bases[place : place + REPEAT_BP] = repeats[rng.integers(0, len(repeats))]
            lines = np.full((SIMULATED_BP // LINE_BP, LINE_BP + 1), ord("\n"), dtype=np.uint8)
            lines[:, :LINE_BP] = bases.reshape(-1, LINE_BP)
            handle.write(b">chr%d\n" % (number + 1) + lines.tobytes())


def write_peaks(path: Path, genome: Path) -> None:
    """Windows that do not overlap, at random places."""
    lengths = {record.name: len(record.letters) for record in read_contigs(genome)}
    ends = np.cumsum(list(lengths.values()))
    starts = ends - np.array(list(lengths.values()))
    drawn = draw_windows(IntervalSet(starts, ends), WINDOW_BP, NUM_POSITIVES, np.random.default_rng(0))
    owners = np.searchsorted(starts, drawn, side="right") - 1
    names = list(lengths)
    with path.open("w") as handle:
        for number, (owner, start) in enumerate(zip(owners.tolist(), (drawn - starts[owners]).tolist(), strict=True)):
            handle.write(f"{names[owner]}\t{start}\t{start + WINDOW_BP}\tpeak_{number + 1}\t0\t{'+-'[number % 2]}\n")


def build(folder: Path, genome: Path, peaks: Path) -> Round:
    out = folder / "set"
    words = ["dataset", "tfbs", peaks, "--genome", genome, "--out", out, "--summit", "center", "--set", f"window_bp={WINDOW_BP}", "--quiet"]
    environment = {**os.environ, "DNABERT_CACHE": str(folder / "cache")}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dnabert", *map(str, words)], check=False, env=environment, stderr=subprocess.PIPE, text=True
    )
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    per_mb = 1e6 if sys.platform == "darwin" else 1e6 / 1024  # the kernel tells bytes there, else kilobytes
    tables = [(out / f"{split}.tsv").read_bytes() for split in ("train", "valid", "test")]
    rows = [line for table in tables for line in table.splitlines() if not line.startswith(b"#")]
    content = b"\n".join(rows)
    return Round(seconds, processor_s, after.ru_maxrss / per_mb, len(rows) - len(tables), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
