"""`dnabert scan` along a genome, beside `dnabert predict` on the same windows, cut out and written to a FASTA file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, check_close
from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, matmul_seconds
from benchmarks.speed.cases.common.reference import spread_out
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from benchmarks.speed.cases.inference.predicting import read_probabilities
from benchmarks.speed.child import Say
from benchmarks.speed.machine import peak_memory_mb
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.checkpoint import ModelInfo, save_model
from dnabert.choices import DtypeName
from dnabert.cli.jobs.scan import run_scan
from dnabert.cli.predict import predict
from dnabert.device import choose_machine
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.heads import Dnabert

__all__ = ["FULL", "QUICK", "Case", "measure", "save_run"]

KMER = 6


@dataclass(frozen=True)
class Case:
    """A scan.

    Attributes:
        model: Sizes of the model.
        window_bp: Bases of a window.
        stride_bp: Bases from one to the next.
        whole_bp: Bases of the genome that the plan speaks of; seconds are for so many.
        round_bp: Bases of the genome of every round.
        checked_bp: Bases of the genome whose answers are compared.
        memory_bp: Bases of genomes whose scan's memory is measured, with a model of one thin layer.
        rounds: Rounds that count.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    model: ModelConfig
    window_bp: int
    stride_bp: int
    whole_bp: int
    round_bp: int
    checked_bp: int
    memory_bp: tuple[int, ...]
    rounds: int
    matmul_size: int = MATMUL_SIZE

    @property
    def what(self) -> str:
        """What is timed."""
        return f"scan, {self.whole_bp / 1e6:g} Mb, windows of {self.window_bp} bases every {self.stride_bp}"

    def num_windows(self, num_bases: int) -> int:
        """Windows in so many bases."""
        return (num_bases - self.window_bp) // self.stride_bp + 1


FULL = Case(mini(KMER), 300, 50, 5_000_000, 20_000, 5_000, (1_000_000, 5_000_000), 5)
QUICK = Case(mini(KMER), 70, 35, 5_000_000, 600, 400, (2_000, 4_000), 1, 256)


def measure(case: Case, folder: Path, say: Say) -> Findings:
    machine = choose_machine("cpu")
    number = str(machine.dtype).removeprefix("torch.")
    run = save_run(folder / "run", case.model)
    genomes = {size: _write_genome(folder, size, case) for size in {case.round_bp, case.checked_bp}}

    def ours(size: int, dtype: DtypeName = "auto") -> None:
        _scan(genomes[size][0], run, folder / "scan", case, dtype)

    def theirs(size: int, dtype: DtypeName = "auto") -> None:
        predict(str(genomes[size][1]), model=str(run), out=folder / "out.tsv", strand="forward", dtype=dtype, force=True, quiet=True)

    agreements = tuple(
        _agree(case, folder, dtype, lambda dtype=dtype: ours(case.checked_bp, dtype), lambda dtype=dtype: theirs(case.checked_bp, dtype))
        for dtype in ("float32", number)
    )
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    share = case.num_windows(case.whole_bp) / case.num_windows(case.round_bp)
    times = take_turns(
        {
            "scan": lambda: share * seconds(lambda: ours(case.round_bp)),
            "predict": lambda: share * seconds(lambda: theirs(case.round_bp)),
            "an operation": lambda: matmul_seconds(machine.dtype, case.matmul_size),
        },
        case.rounds,
        report=lambda text: say(f"{case.what}, {text}"),
    )
    return _summary(case, number, times, agreements, _memory(case, folder, say))


def save_run(run: Path, sizes: ModelConfig) -> Path:
    """A run directory of a model of two classes with random weights."""
    model = spread_out(Dnabert(sizes, HeadConfig(task="classify")))
    run.mkdir()
    save_model(run, model, ModelInfo(head=model.head_config, labels=("0", "1")))
    return run


def _write_genome(folder: Path, size: int, case: Case) -> tuple[Path, Path]:
    """A genome of one contig, and its windows."""
    letters = random_letters(size)
    windows = "".join(letters[case.stride_bp * at :][: case.window_bp] for at in range(case.num_windows(size)))
    return write_fasta(folder / f"genome-{size}.fa", letters), write_fasta(folder / f"windows-{size}.fa", windows, case.window_bp)


def _scan(genome: Path, run: Path, out: Path, case: Case, dtype: DtypeName) -> None:
    config = ScanConfig(
        window_bp=case.window_bp, stride_bp=case.stride_bp, strand="forward", background=BackgroundConfig(windows=0), threshold=0.5
    )
    run_scan(genome, str(run), out, None, config, device="cpu", dtype=dtype, force=True, quiet=True)


def _agree(case: Case, folder: Path, dtype: str, ours: Any, theirs: Any) -> Agreement:
    ours()
    theirs()
    slow = read_probabilities(folder / "out.tsv")[:, 1]
    track = pyBigWig.open(str(folder / "scan.bw"))
    found = np.array(track.values("seq0", 0, track.chroms("seq0")))
    track.close()
    places = case.stride_bp * np.arange(len(slow)) + (case.window_bp - case.stride_bp) // 2
    # The table of predict has six digits.
    tolerance = 1e-5 if dtype == "float32" else BFLOAT16_TOLERANCE
    return check_close(f"{case.what}: probabilities, {dtype}", f"predict on extracted windows, {dtype}", found[places], slow, tolerance)


def _memory(case: Case, folder: Path, say: Say) -> dict[str, float]:
    """Peak memory in MB, by what was scanned; empty where the system does not tell."""
    # What grows with a genome would do so whatever the model: with a thin one there is time for a long genome.
    thin = ModelConfig(kmer=KMER, num_layers=1, hidden_size=8, num_heads=1, intermediate_size=8)
    run = save_run(folder / "thin", thin)
    found = {}
    for size in case.memory_bp:
        genome = write_fasta(folder / f"memory-{size}.fa", random_letters(size))
        peak = peak_memory_mb(lambda genome=genome: _scan(genome, run, folder / "memory", case, "float32"))  # type: ignore[misc]
        if peak is not None:
            found[f"{size / 1e6:g} Mb, one thin layer"] = peak
            say(f"peak memory, {size:,} bases: {peak:.0f} MB")
    return found


def _summary(
    case: Case, number: str, times: dict[str, tuple[float, ...]], agreements: tuple[Agreement, ...], memory: dict[str, float]
) -> Findings:
    windows = case.num_windows(case.whole_bp)
    flops = encoder_flops(case.model, windows, case.window_bp - case.model.kmer + 3, read=windows)
    floor = [flops * value for value in times["an operation"]]
    return Findings(
        ratios=(
            Ratio(
                key=f"scan.{case.window_bp}.{case.stride_bp}",
                what=case.what,
                against="dnabert predict on a FASTA file of the windows",
                unit=f"{case.whole_bp / 1e6:g} Mb",
                goal=2.0,
                ours=times["scan"],
                reference=times["predict"],
            ),
        ),
        figures=(
            Figure(what="scan", unit="Mb/s", values=tuple(case.whole_bp / 1e6 / value for value in times["scan"])),
            Figure(what="scan", unit="windows/s", values=tuple(windows / value for value in times["scan"])),
            Figure(
                what=f"scan, share of the {number} matrix product rate",
                unit="%",
                values=tuple(100 * least / value for least, value in zip(floor, times["scan"], strict=True)),
            ),
            Figure(
                what="best ratio that the floor allows, against predict",
                unit="times",
                values=tuple(other / least for other, least in zip(times["predict"], floor, strict=True)),
            ),
            *(
                Figure(what=f"peak memory: {name}", unit="MB", values=(value,), goal=2000.0, higher_is_better=False)
                for name, value in memory.items()
            ),
        ),
        agreements=agreements,
        notes=(
            "Model: `mini`, k = 6, two classes, random weights. Both are timed as the functions behind the verbs, from the weights to"
            f" finished files, on {case.round_bp:,} bases; seconds are in proportion to windows. Cutting the windows out and writing them"
            " (predict's input) is not counted, in favour of predict.",
            "Windows that overlap have no activations in common: positions are counted from the start of each, so every window passes the"
            " whole encoder. What a scan saves is reading, tokenizing and writing.",
        ),
    )
