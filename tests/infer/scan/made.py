"""A toy genome, and scans of it with toy models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyBigWig

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.jobs.scan import ScanResult, run_scan
from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.sequence import Codes, decode_bases
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig
from dnabert.infer.shards import Engine
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

LENGTHS = {"one": 331, "short": 12, "two": 160}


def write_genome(folder: Path, unknown: range | None = range(100, 110), lengths: dict[str, int] | None = None) -> dict[str, Codes]:
    """genome.fa in ``folder``, with N in the first contig, and its codes by contig."""
    rng = np.random.default_rng(7)
    contigs = {name: rng.integers(0, 4, size=length).astype(np.uint8) for name, length in (lengths or LENGTHS).items()}
    if unknown is not None:
        contigs["one"][unknown.start : unknown.stop] = 4
    (folder / "genome.fa").write_text("".join(f">{name}\n{decode_bases(codes)}\n" for name, codes in contigs.items()))
    return contigs


def save_run(folder: Path, head: HeadConfig, kmer: int = 3, stranded: bool = True, max_positions: int = 512, **info: Any) -> Path:
    """A run directory with a toy model."""
    run = folder / f"{head.task}-{kmer}-{max_positions}"
    run.mkdir()
    labels = tuple(f"c{number}" for number in range(head.num_outputs))
    model = toy_model(head, toy_config(kmer, max_positions=max_positions), seed=kmer)
    save_model(run, model, ModelInfo(head=head, labels=labels, stranded=stranded, **info))
    return run


def scan(folder: Path, run: Path, name: str = "out", regions: Path | None = None, engine: Engine | None = None, **given: Any) -> ScanResult:
    """A scan of genome.fa in float32 on the CPU, without a background unless one is given."""
    flags = {key: given.pop(key) for key in ("resume", "force") if key in given}
    given.setdefault("background", BackgroundConfig(windows=0))
    config = ScanConfig(**given)
    return run_scan(
        folder / "genome.fa",
        str(run),
        folder / name,
        regions,
        config,
        device="cpu",
        dtype="float32",
        command="dnabert scan",
        quiet=True,
        engine=engine,
        **flags,
    )


def track_values(path: Path, contig: str, places: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """What a track says of places; NaN where there is nothing."""
    track = pyBigWig.open(str(path))
    values = np.array(track.values(contig, 0, track.chroms(contig)), dtype=np.float64)
    track.close()
    return values[np.asarray(places)]


def sequence_set(sequences: Sequence[Codes]) -> SequenceSet:
    """Sequences with numbers as names."""
    return SequenceSet(tuple(map(str, range(len(sequences)))), pack(list(sequences)))
