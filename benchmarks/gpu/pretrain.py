"""Weights that ship, from one file of codes: `python -m benchmarks.gpu.pretrain --recipe F.toml --corpus codes.npz --minutes 8 --out DIR`.

The package's own ``pretrain`` does the work; here is what a lent machine needs around it. It stops in time and saves; `--resume` goes on:
exactly, where the state is still there (a machine that was kept warm), else from the portable state that came home (``state.py``).
What is to come home is packed into ``--home`` (``$OUT`` if set): a portable state, or the finished model with its weights in bfloat16.
"""

import argparse
import json
import logging
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from benchmarks.gpu.corpus import CodeFile, read_code_file
from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.machine import check_place, describe, home_folder, is_rehearsal
from benchmarks.gpu.parcel import pack
from benchmarks.gpu.prefetch import PrefetchingJob, loop_seconds, prefetched
from benchmarks.gpu.state import PORTABLE, expand_state, shrink_state
from dnabert.checkpoint import load_model
from dnabert.data.corpus import Corpus
from dnabert.data.genome import build_genome
from dnabert.device import Machine, choose_machine, seed_of
from dnabert.errors import ConfigError, DnabertError, OutputError
from dnabert.model.heads import Dnabert
from dnabert.output import check_free, write_bytes, write_json
from dnabert.settings import merge_settings
from dnabert.train.config import PretrainConfig
from dnabert.train.loop import STATE_FILE
from dnabert.train.pretrain import pretrain, split_contigs

__all__ = ["TINY", "Outcome", "fit_steps", "run_pretraining", "tiny"]

log = logging.getLogger(__name__)
WEIGHTS = "model.safetensors"
RECORD = "gpu.json"
"""Of a run: the device and the time of each of its parts."""
RESERVE_S = 40
"""Kept for validation, saving and packing."""
CALIBRATION = (6, 14)
"""Steps that are timed, after so many that are not."""
TINY = (
    "model.num_layers=2",
    "model.hidden_size=32",
    "model.num_heads=4",
    "model.intermediate_size=64",
    "steps=6",
    "batch_size=4",
    "micro_tokens=1024",
    "valid_windows=4",
    "eval_every=3",
    "log_every=2",
)
"""What a rehearsal changes in every recipe."""


@dataclass(frozen=True)
class Outcome:
    """How far a run came.

    Attributes:
        run: The run directory.
        step: Steps done.
        steps: Steps of the whole run.
        figures: The last validation, if the run is finished.
        parcel: Files that are to travel.
    """

    run: Path
    step: int
    steps: int
    figures: dict[str, float | int | None] | None
    parcel: tuple[Path, ...]


def tiny(config: PretrainConfig) -> PretrainConfig:
    """The same recipe at the size of a rehearsal."""
    return merge_settings(config, None, TINY)


def run_pretraining(
    config: PretrainConfig,
    codes: CodeFile,
    out: Path,
    deadline: Deadline,
    machine: Machine,
    *,
    resume: bool = False,
    fit_minutes: float | None = None,
    home: Path | None = None,
    rehearsal: bool = False,
    command: str = "",
) -> Outcome:
    """Pre-train until the run is finished or the time is over.

    Args:
        config: The recipe.
        codes: The corpus.
        out: The run directory.
        deadline: When to stop.
        machine: Where to compute.
        resume: Go on from the state in ``out``, exact or portable, if there is one.
        fit_minutes: Choose the number of steps so that training takes so long; None keeps the recipe's. A resumed run keeps what was
            chosen.
        home: Where the parcel goes; None packs nothing.
        rehearsal: For the record.
        command: For the record.

    Raises:
        DnabertError: As :func:`dnabert.train.pretrain.pretrain`.
    """
    if not resume:
        check_free(out, force=False)  # before a minute is spent on anything else
    elif (out / "metrics.json").exists():
        raise OutputError(f"{out}: is finished, there is nothing to go on with; choose another --out")
    begin, device = time.monotonic(), describe()
    work = out.parent / f"genome-{codes.sha256[:12]}"
    genome = work / "genome.fa"
    if not genome.exists():
        codes.write_fasta(genome)
    plan = out.with_name(f"{out.name}.plan.json")
    config = _planned(config, plan, genome, codes, machine, fit_minutes, resume)
    sessions = _sessions(out)
    restart = _restore(out) if resume else None
    first = _last_step(out)
    figures = None
    with prefetched(deadline):
        try:
            result = pretrain([genome], out, config, machine, split=codes.split, resume=resume, command=command, cache=work, quiet=True)
            figures = result.figures
        except KeyboardInterrupt:
            if not deadline.is_over:
                raise
    (out / PORTABLE).unlink(missing_ok=True)
    step = config.steps if figures is not None else _last_step(out)
    part = {
        "from_step": first,
        "to_step": step,
        "minutes": round((time.monotonic() - begin) / 60, 2),
        "state": restart,
        "rehearsal": rehearsal,
        "device": device.model_dump(mode="json"),
    }
    facts = {"corpus_sha256": codes.sha256, "sources": codes.sources, "steps": config.steps, "sessions": [*sessions, part]}
    write_json(out / RECORD, facts)
    parcel = () if home is None else _parcel(out, plan, home, finished=figures is not None)
    return Outcome(out, step, config.steps, figures, parcel)


def _planned(
    config: PretrainConfig, plan: Path, genome: Path, codes: CodeFile, machine: Machine, minutes: float | None, resume: bool
) -> PretrainConfig:
    if resume and plan.exists():
        steps = int(json.loads(plan.read_text(encoding="utf-8"))["steps"])
        return config.model_copy(update={"steps": steps})
    if minutes is None:
        return config
    seconds = fit_steps(config, genome, codes.split, machine)
    steps = max(int(60 * minutes / seconds), 1)
    log.info("a step takes %.4g s: %d steps in %g minutes", seconds, steps, minutes)
    write_json(plan, {"steps": steps, "step_seconds": seconds, "minutes": minutes})
    return config.model_copy(update={"steps": steps})


def fit_steps(
    config: PretrainConfig, genome: Path, split: dict[str, str], machine: Machine, counts: tuple[int, int] = CALIBRATION
) -> float:
    """Mean seconds of a step of this recipe on this machine: some steps of a model that is thrown away, batches included.

    Args:
        config: The recipe.
        genome: The corpus as FASTA.
        split: train or valid by contig.
        machine: Where.
        counts: Steps before, and steps that count, of short windows and of whole ones, as the recipe has them.
    """
    store = build_genome([genome], genome.parent)
    contigs, _ = split_contigs(store, config.valid_fraction, split)
    model, share, mean = Dnabert(config.model), config.corpus.short_share, 0.0
    for kind, part in ((1.0, share), (0.0, 1 - share)):
        if part > 0:
            same = config.model_copy(update={"corpus": config.corpus.model_copy(update={"short_share": kind})})
            corpus = Corpus(store, contigs, config.model.kmer, same.corpus, seed_of(config.seed, "corpus"))
            job = PrefetchingJob(model, corpus, None, same, machine)
            mean += part * loop_seconds(job, same, machine, counts)
            job.close()
    return mean


def _restore(out: Path) -> str | None:
    """Makes the state ready to go on from; which form it had, None if there is none."""
    if (out / STATE_FILE).exists():
        return "exact"
    if not (out / PORTABLE).exists():
        return None
    return expand_state(out / PORTABLE, out / STATE_FILE)


def _last_step(out: Path) -> int:
    if not (out / STATE_FILE).exists():
        return 0
    with safe_open(out / STATE_FILE, framework="pt") as handle:
        return int(json.loads(handle.metadata()["progress"])["step"])


def _sessions(out: Path) -> list[dict[str, Any]]:
    path = out / RECORD
    return list(json.loads(path.read_text(encoding="utf-8"))["sessions"]) if path.exists() else []


def _parcel(out: Path, plan: Path, home: Path, finished: bool) -> tuple[Path, ...]:
    inside = f"{out.name}/"
    files = {inside + path.name: path for path in out.iterdir() if path.suffix in (".json", ".jsonl", ".txt")}
    if plan.exists():
        files[plan.name] = plan
    with TemporaryDirectory() as folder:
        large = Path(folder) / (WEIGHTS if finished else PORTABLE)
        if finished:
            _write_bfloat16(out, Path(folder) / "model")
            large = Path(folder) / "model" / WEIGHTS
        else:
            log.info("the state travels %s", shrink_state(out / STATE_FILE, large))
        return tuple(pack({**files, inside + large.name: large}, home, out.name))


def _write_bfloat16(out: Path, to: Path) -> None:
    """The weights as they ship, read back once."""
    to.mkdir()
    small = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(out / WEIGHTS).items()}
    shutil.copy(out / "config.json", to)
    write_bytes(to / WEIGHTS, save(small, metadata={"format": "pt"}))
    load_model(to)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.pretrain", description="Pre-train weights in steps of some minutes.")
    parser.add_argument("--recipe", type=Path, required=True, help="settings of the run, TOML")
    parser.add_argument("--corpus", type=Path, required=True, help="made by python -m benchmarks.gpu.corpus")
    parser.add_argument("--minutes", type=float, required=True, help="all of this command, from now")
    parser.add_argument("--out", type=Path, required=True, help="the run directory")
    parser.add_argument("--resume", action="store_true", help="go on, if the run is there")
    parser.add_argument("--fit-minutes", type=float, help="set the steps so that training takes so long in all")
    parser.add_argument("--home", type=Path, default=home_folder(), help="where the parcel goes (default: $OUT)")
    parser.add_argument("--quick", action="store_true", help="a rehearsal, as always without a GPU: a tiny model, six steps")
    options = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    deadline = Deadline(options.minutes, RESERVE_S if not is_rehearsal(options.quick) else 1)
    try:
        return _run(options, deadline)
    except DnabertError as error:
        print(f"pretrain: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace, deadline: Deadline) -> int:
    rehearsal = is_rehearsal(options.quick)
    for place in (options.out, options.home):
        if place is not None:
            check_place(place, rehearsal)
    if deadline.left_s <= 0:
        raise ConfigError(f"--minutes {options.minutes:g}: {RESERVE_S} s are kept for saving; give more")
    config = merge_settings(PretrainConfig(), options.recipe)
    outcome = run_pretraining(
        tiny(config) if rehearsal else config,
        read_code_file(options.corpus),
        options.out,
        deadline,
        choose_machine("cpu" if rehearsal and not torch.cuda.is_available() else "cuda"),
        resume=options.resume,
        fit_minutes=None if rehearsal else options.fit_minutes,
        home=options.home,
        rehearsal=rehearsal,
        command=f"python -m benchmarks.gpu.pretrain --recipe {options.recipe}",
    )
    name = "REHEARSAL, these weights are worth nothing: " if rehearsal else ""
    if outcome.figures is None:
        print(f"{name}{outcome.run}: step {outcome.step} of {outcome.steps}; go on with --resume")
    else:
        shown = ", ".join(f"{key} {value:.4f}" for key, value in outcome.figures.items() if isinstance(value, float))
        print(f"{name}{outcome.run}: all {outcome.steps} steps; validation: {shown or 'none'}")
    for path in outcome.parcel:
        print(f"  {path} {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
