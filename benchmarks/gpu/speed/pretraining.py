"""Steps of pre-training by the recipe of 2021: padded naively, in pieces of like length, without padding; beside transformers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import BertForMaskedLM

from benchmarks.gpu.machine import ROOT
from benchmarks.gpu.prefetch import PrefetchingJob, loop_seconds
from benchmarks.gpu.speed.batches import make_job, needed_flops, num_computed, num_tokens, pad_naively
from benchmarks.gpu.speed.timing import device_seconds, matmul_rounds, peak_memory
from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, relative_difference
from benchmarks.speed.cases.common.reference import make_reference, reference_optimizer
from benchmarks.speed.cases.training.training import step_seconds
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import take_turns
from dnabert.data.batch import Batch
from dnabert.device import Machine, autocast, choose_machine, inference
from dnabert.model.config import ModelConfig, base, mini
from dnabert.settings import merge_settings
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob

__all__ = ["BASE", "MINI", "QUICK", "RECIPE_STEPS", "Case", "measure", "recipe"]

RECIPE = ROOT / "recipes" / "pretrain-6mer.toml"
RECIPE_STEPS, RECIPE_WINDOWS = 120_000, 2000
LOOP_STEPS = (1, 3)
"""Steps of the loop before, and steps that count."""
IGNORED = -100
"""Label of a token that does not count, in transformers."""
FLOAT32_ACROSS = 1e-4
"""Largest relative difference of float32 outputs of two devices, whose sums have other orders."""


@dataclass(frozen=True)
class Case:
    """A model and what is timed of it.

    Attributes:
        name: What it is called.
        model: Its sizes.
        windows: Windows of a step where ways are compared.
        loop_windows: Windows of a step of the whole loop; the recipe has 2000.
        micro_tokens: Tokens of a piece.
        rounds: Rounds that count.
        goal: The ratio to transformers that is wanted, or None.
        max_tokens: k-mers of the longest windows.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    name: str
    model: ModelConfig
    windows: int
    loop_windows: int
    micro_tokens: int
    rounds: int
    goal: float | None
    max_tokens: int = 510
    matmul_size: int = 8192


BASE = Case("base", base(), 512, RECIPE_WINDOWS, 65_536, 5, 1.8)
MINI = Case("mini", mini(), 1024, RECIPE_WINDOWS, 131_072, 5, None)
QUICK = ModelConfig(kmer=3, num_layers=2, hidden_size=32, num_heads=4, intermediate_size=64)


def recipe(case: Case, windows: int, full_length: bool = False) -> PretrainConfig:
    """The recipe of 2021 with this model and this many windows a step."""
    flags = {
        "model": case.model.model_dump(),
        "batch_size": windows,
        "micro_tokens": case.micro_tokens,
        "corpus.max_tokens": case.max_tokens,
        "corpus.full_probability": 1.0 if full_length else None,
        "save_every": 1000,
    }
    return merge_settings(PretrainConfig(), RECIPE, (), flags)


def measure(case: Case, folder: Path, say: Say) -> Findings:
    machine = choose_machine()
    mixed, full = recipe(case, case.windows), recipe(case, case.windows, full_length=True)
    job = make_job(mixed, machine, folder)
    whole = make_job(full, machine, folder)
    whole.model = job.model
    width = case.max_tokens + 2
    rows = max(1, case.micro_tokens // width)
    ours, exact = job.batches(0), [piece for piece in whole.batches(0) if piece.mask is None]
    naive = pad_naively(ours, rows, width)
    theirs = make_reference(BertForMaskedLM, job.model).to(machine.device)
    agreements = _agree(job, theirs, ours, naive, machine)
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    steps = {
        "naive": lambda: step_seconds(job, naive, mixed, machine, 1, folder),
        "ours": lambda: step_seconds(job, ours, mixed, machine, 1, folder),
        "full": lambda: step_seconds(whole, exact, full, machine, 1, folder),
        "transformers": _reference_seconds(theirs, naive, mixed, machine),
        "transformers full": _reference_seconds(theirs, exact, full, machine),
        "an operation": matmul_rounds(case.matmul_size, torch.bfloat16, machine.device, 10 if case.matmul_size > 1000 else 1),
    }
    memory = [
        figure for name in ("naive", "ours", "transformers") for figure in peak_memory(f"{case.name}: {name}", steps[name], machine.device)
    ]
    times = take_turns(steps, case.rounds, report=lambda text: say(f"{case.name}, {text}"))
    del theirs
    loop = _loop(case, machine, folder, say)
    batches = {"naive": naive, "ours": ours, "full": exact, "transformers": naive, "transformers full": exact}
    return Findings(
        ratios=_ratios(case, times, loop),
        figures=(*_figures(case, job, batches, times), *_loop_figures(case, loop), *memory),
        agreements=agreements,
        notes=_notes(case, batches),
    )


def _loop(case: Case, machine: Machine, folder: Path, say: Say) -> dict[str, tuple[float, ...]]:
    """Seconds of a step of the whole loop, new batches in every step: made in between, and made ahead."""
    config = recipe(case, case.loop_windows)
    serial, ahead = make_job(config, machine, folder), make_job(config, machine, folder, PrefetchingJob)
    assert isinstance(ahead, PrefetchingJob)
    times = take_turns(
        {
            "loop": lambda: loop_seconds(serial, config, machine, LOOP_STEPS),
            "ahead": lambda: loop_seconds(ahead, config, machine, LOOP_STEPS),
            "host": lambda: device_seconds(lambda: serial.batches(1), torch.device("cpu")),
        },
        case.rounds,
        report=lambda text: say(f"{case.name}, {text}"),
    )
    ahead.close()
    return times


def _reference_seconds(model: Any, pieces: Sequence[Batch], config: PretrainConfig, machine: Machine) -> Callable[[], float]:
    """What the Trainer does in a step of several pieces: forward under autocast and backward of each, clip, fused AdamW."""
    optim = config.optim
    optimizer = reference_optimizer(model, optim.lr, optim.weight_decay, (optim.beta1, optim.beta2), optim.eps)

    def step() -> None:
        model.train()
        for piece in pieces:
            inputs = reference_inputs(piece, machine.device)
            with autocast(machine):
                loss = model(**inputs).loss / len(pieces)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), optim.clip_norm)
        optimizer.step()
        model.zero_grad()

    return lambda: device_seconds(step, machine.device)


def reference_inputs(piece: Batch, device: torch.device) -> dict[str, Tensor]:
    """A batch as transformers takes it."""
    assert piece.positions is not None
    assert piece.targets is not None
    labels = torch.full_like(piece.ids, IGNORED)
    labels.view(-1)[piece.positions] = piece.targets
    inputs = {"input_ids": piece.ids, "labels": labels}
    if piece.mask is not None:
        inputs["attention_mask"] = piece.mask.long()
    if device.type == "cuda":  # as the Trainer's data loader does
        inputs = {name: tensor.pin_memory() for name, tensor in inputs.items()}
    return {name: tensor.to(device, non_blocking=True) for name, tensor in inputs.items()}


def _agree(job: PretrainJob, theirs: Any, ours: Sequence[Batch], naive: Sequence[Batch], machine: Machine) -> tuple[Agreement, ...]:
    """Without dropout: the loss does not depend on the padding; logits equal those of transformers, and those of this machine's CPU."""
    cpu, plain = Machine(torch.device("cpu"), torch.float32), Machine(machine.device, torch.float32)
    few = naive[-1]
    few = pad_naively([few], 2, few.ids.shape[1])[0]
    with inference(theirs, plain):
        wanted = theirs(**reference_inputs(few, machine.device)).logits.float().flatten(0, 1)[few.positions].cpu()
    slow, precise, low = (_logits(job, few, kind) for kind in (cpu, plain, machine))
    number = str(machine.dtype).removeprefix("torch.")
    return (
        _agreement("logits, float32", "transformers, same device", precise, wanted, FLOAT32_ACROSS),
        _agreement("logits, float32", "the processor, float32", precise, slow, FLOAT32_ACROSS),
        _agreement(f"logits, {number}", "the processor, float32", low, slow, BFLOAT16_TOLERANCE),
        _agreement(
            "loss of a step in pieces of like length", "padded naively", [_loss(job, ours, machine)], [_loss(job, naive, machine)], 1e-3
        ),
    )


def _agreement(what: str, against: str, found: Any, slow: Any, tolerance: float) -> Agreement:
    """Recorded also where it is too large: the lease would be lost; the document gives no ratio then."""
    return Agreement(what=what, against=against, tolerance=tolerance, difference=relative_difference(found, slow))


def _logits(job: PretrainJob, batch: Batch, machine: Machine) -> Tensor:
    with inference(job.model, machine):
        logits: Tensor = job.model(**batch.to(machine.device).inputs).logits.float().cpu()
    return logits


def _loss(job: PretrainJob, pieces: Sequence[Batch], machine: Machine) -> float:
    total = 0.0
    with inference(job.model, machine):
        for piece in pieces:
            there = piece.to(machine.device)
            assert there.targets is not None
            total += float(F.cross_entropy(job.model(**there.inputs).logits.float(), there.targets, reduction="sum"))
    return total


def _ratios(case: Case, times: Mapping[str, tuple[float, ...]], loop: Mapping[str, tuple[float, ...]]) -> tuple[Ratio, ...]:
    step, key = f"step of {case.name}, {case.windows} windows", f"gpu.pretraining.{case.name}"
    against = "transformers BertForMaskedLM, sdpa, bfloat16, fused AdamW"

    def ratio(name: str, what: str, other: str, ours: tuple[float, ...], reference: tuple[float, ...], goal: float | None) -> Ratio:
        return Ratio(key=f"{key}.{name}", what=what, against=other, unit="a step", goal=goal, ours=ours, reference=reference)

    padding_goal = 1.25 if case.goal else None
    return (
        ratio("transformers", f"{step} of the recipe's lengths", f"{against}, padded", times["ours"], times["transformers"], case.goal),
        ratio("full", f"{step} of full length", f"{against}, same batch", times["full"], times["transformers full"], case.goal),
        ratio("padding", f"{step}, pieces of like length", "the same windows padded naively", times["ours"], times["naive"], padding_goal),
        ratio("ahead", f"loop of {case.name}, batches made ahead", "made in between", loop["ahead"], loop["loop"], None),
    )


def _figures(case: Case, job: PretrainJob, batches: Mapping[str, Sequence[Batch]], times: Mapping[str, tuple[float, ...]]) -> list[Figure]:
    unit = times["an operation"]
    figures = [Figure(what=f"bfloat16 product, {case.matmul_size} square", unit="TFLOP/s", values=tuple(1e-12 / value for value in unit))]
    for name, pieces in batches.items():
        tokens, flops = num_tokens(pieces), needed_flops(job.model, pieces)
        share = tuple(100 * flops * least / value for least, value in zip(unit, times[name], strict=True))
        goal = 50.0 if case.goal and name in ("ours", "full") else None
        figures += [
            Figure(what=f"{case.name}: {name}", unit="tokens/s", values=tuple(tokens / value for value in times[name])),
            Figure(what=f"{case.name}: {name}, use of that rate (MFU)", unit="%", values=share, goal=goal),
        ]
    return figures


def _loop_figures(case: Case, loop: Mapping[str, tuple[float, ...]]) -> list[Figure]:
    per_step = {"loop": "batches made in between", "ahead": "batches made ahead", "host": "making batches alone"}
    figures = [
        Figure(what=f"{case.name}: loop, {case.loop_windows} windows, {text}", unit="s a step", values=loop[name], higher_is_better=False)
        for name, text in per_step.items()
    ]
    scale = RECIPE_STEPS * RECIPE_WINDOWS / case.loop_windows / 3600
    what = f"{case.name}: full recipe of 2021 ({RECIPE_STEPS:,} steps of {RECIPE_WINDOWS} windows), extrapolated"
    for name in ("loop", "ahead"):
        hours = tuple(scale * value for value in loop[name])
        figures.append(Figure(what=f"{what}, {per_step[name]}", unit="h", values=hours, higher_is_better=False))
    return figures


def _notes(case: Case, batches: Mapping[str, Sequence[Batch]]) -> tuple[str, ...]:
    shares = ", ".join(f"{name} {100 * (1 - num_tokens(batches[name]) / num_computed(batches[name])):.1f} %" for name in ("naive", "ours"))
    return (
        f"{case.name}: {case.windows} windows of the recipe's law of lengths (half {case.max_tokens} k-mers, half uniform), pieces of"
        f" {case.micro_tokens:,} tokens at most; padding of all computed tokens: {shares}. `full` is a step of full-length windows only: no"
        " padding, no mask. Tokens are counted without padding.",
        "MFU: operations that the windows need (no padding; of the last layer and of the head what is read), backward twice forward, over"
        " the time, over the rate of the square product in the same round.",
        "Ours is timed in `dnabert.train.loop.train`. The reference has the same weights, windows, masks and dropout, adds up its"
        " gradients over pieces of as many rows, and computes logits of all tokens, as its users' does.",
    )
