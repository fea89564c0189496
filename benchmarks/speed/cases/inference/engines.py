"""What a Ray cluster adds to each window of a scan, beside the same scan in one process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.speed.agreement import check_equal
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from benchmarks.speed.cases.inference.scan import save_run
from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.cli.jobs.scan import run_scan
from dnabert.cluster.choose import EngineConfig, open_engine
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig
from dnabert.infer.shards import Engine
from dnabert.model.config import ModelConfig, mini

__all__ = ["FULL", "QUICK", "Case", "measure"]


@dataclass(frozen=True)
class Case:
    """Two genomes, so that what a job costs once can be told from what a window costs.

    Attributes:
        model: Sizes of the model.
        window_bp: Bases of a window.
        stride_bp: Bases from one to the next.
        shard_windows: Windows of a piece.
        pieces: Pieces of the short genome and of the long one.
        rounds: Rounds that count.
        cores: Cores of the one worker; those of this process are as many.
    """

    model: ModelConfig
    window_bp: int
    stride_bp: int
    shard_windows: int
    pieces: tuple[int, int]
    rounds: int
    cores: int


FULL = Case(mini(6), 300, 50, 200, (1, 5), 5, 2)
QUICK = Case(mini(6), 60, 50, 20, (1, 3), 1, 1)


def measure(case: Case, folder: Path, say: Say) -> Findings:
    run = save_run(folder / "run", case.model)
    genomes = []
    for pieces in case.pieces:
        size = case.shard_windows * pieces * case.stride_bp + case.window_bp - case.stride_bp
        genomes.append(write_fasta(folder / f"genome-{pieces}.fa", random_letters(size)))
    config = ScanConfig(
        window_bp=case.window_bp,
        stride_bp=case.stride_bp,
        strand="forward",
        background=BackgroundConfig(windows=0),
        shard_windows=case.shard_windows,
    )

    def scan(genome: Path, name: str, engine: Engine) -> Callable[[], None]:
        out = folder / name
        return lambda: _scan(genome, run, out, config, engine)

    def begin() -> None:
        with open_engine("ray", "local", EngineConfig(workers=1, cores=case.cores), "cpu") as engine:
            scan(genomes[0], "begin", engine)()

    started = seconds(begin)
    say(f"a cluster of one worker, its start, one piece and its end: {started:.1f} s")
    with (
        open_engine("local") as local,
        open_engine("ray", "local", EngineConfig(workers=1, cores=case.cores), "cpu") as ray,
    ):
        works = {
            f"{name}, {which}": scan(genome, f"{name}-{which}", engine)
            for name, engine in (("one process", local), ("Ray", ray))
            for which, genome in zip(("short", "long"), genomes, strict=True)
        }
        for work in works.values():
            work()
        tracks = [(folder / f"{name}-long.bw").read_bytes() for name in ("one process", "Ray")]
        agreement = check_equal("track of a scan on Ray, bytes", "that of one process", *(np.frombuffer(one, np.uint8) for one in tracks))
        timed = {name: lambda work=work: seconds(work) for name, work in works.items()}
        times = take_turns(timed, case.rounds, report=lambda text: say(f"engines, {text}"))  # type: ignore[arg-type]
    more = case.shard_windows * (case.pieces[1] - case.pieces[0])
    per_window = {
        name: tuple(1e6 * (long - short) / more for short, long in zip(times[f"{name}, short"], times[f"{name}, long"], strict=True))
        for name in ("one process", "Ray")
    }
    added = tuple(ray - local for local, ray in zip(per_window["one process"], per_window["Ray"], strict=True))
    once = tuple(ray - local for local, ray in zip(times["one process, short"], times["Ray, short"], strict=True))
    return Findings(
        figures=(
            Figure(what="one process", unit="µs a window", values=per_window["one process"], higher_is_better=False),
            Figure(what="Ray, one worker", unit="µs a window", values=per_window["Ray"], higher_is_better=False),
            Figure(what="Ray adds to a window", unit="µs", values=added, higher_is_better=False),
            Figure(what="Ray adds to a job, the cluster being there", unit="s", values=once, higher_is_better=False),
            Figure(what="Ray on this machine: start, a job of one piece, end", unit="s", values=(started,), higher_is_better=False),
        ),
        agreements=(agreement,),
        notes=(
            f"Scans of {' and '.join(str(pieces) for pieces in case.pieces)} pieces of {case.shard_windows} windows of"
            f" {case.window_bp} bases, `mini`, k = 6, bfloat16 where the hardware has it; the worker has {case.cores} cores, as many as the"
            " one process. A window's time is the difference of the two scans, so that what a job costs once (the worker's start, the"
            " weights, the files) is apart. Pieces are small here; those of real scans have 20,000 windows.",
        ),
    )


def _scan(genome: Path, run: Path, out: Path, config: ScanConfig, engine: Engine) -> None:
    run_scan(genome, str(run), out, None, config, device="cpu", force=True, quiet=True, engine=engine)
