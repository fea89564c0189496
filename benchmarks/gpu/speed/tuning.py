"""What might make a step faster: torch.compile, larger pieces; and where the time of a step goes."""

import copy
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from benchmarks.gpu.speed.batches import make_job, num_computed, num_tokens
from benchmarks.gpu.speed.pretraining import Case, recipe
from benchmarks.gpu.speed.timing import finish, peak_memory
from benchmarks.speed.cases.training.training import step_seconds
from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings, Ratio
from benchmarks.speed.rounds import take_turns
from dnabert.device import choose_machine
from dnabert.train.pretrain import PretrainJob

__all__ = ["compile_blocks", "measure_compile", "measure_pieces", "measure_profile"]

_KERNELS = 15
_SMALLER = 4
"""Windows of a step are so many times fewer where pieces of several sizes are tried."""


def compile_blocks(model: nn.Module, backend: str) -> None:
    """Every block compiled in place, for any length; names of weights stay as they are."""
    for block in model.encoder.blocks:  # type: ignore[union-attr]
        block.compile(backend=backend, dynamic=True)


def measure_compile(case: Case, folder: Path, say: Say) -> Findings:
    """Steps with and without torch.compile; that it fails is told by the process that ends."""
    machine = choose_machine()
    config = recipe(case, case.windows)
    plain = make_job(config, machine, folder)
    compiled = PretrainJob(copy.deepcopy(plain.model), plain.corpus, None, config, machine)
    backend = "inductor" if machine.device.type == "cuda" else "eager"
    compile_blocks(compiled.model, backend)
    pieces = plain.batches(0)
    first = step_seconds(compiled, pieces, config, machine, 1, folder)
    say(f"{case.name}: compiled")
    times = take_turns(
        {
            "compiled": lambda: step_seconds(compiled, pieces, config, machine, 1, folder),
            "plain": lambda: step_seconds(plain, pieces, config, machine, 1, folder),
        },
        case.rounds,
        report=lambda text: say(f"{case.name}, {text}"),
    )
    tokens = num_tokens(pieces)
    ratio = Ratio(
        key=f"gpu.compile.{case.name}",
        what=f"step of {case.name}, blocks compiled",
        against="the same without torch.compile",
        unit="a step",
        goal=None,
        ours=times["compiled"],
        reference=times["plain"],
    )
    rates = tuple(Figure(what=f"{case.name}: {name}", unit="tokens/s", values=tuple(tokens / s for s in times[name])) for name in times)
    memory = peak_memory(f"{case.name}: compiled", lambda: step_seconds(compiled, pieces, config, machine, 1, folder), machine.device)
    return Findings(
        ratios=(ratio,), figures=(*rates, *memory), notes=(f"backend {backend}, dynamic lengths; a step after compiling {first:.3g} s.",)
    )


def measure_pieces(case: Case, folder: Path, say: Say, sizes: tuple[int, ...] = (16_384, 32_768, 65_536, 131_072, 262_144)) -> Findings:
    """Steps with pieces of several sizes: larger ones fill the device, and are padded more."""
    machine = choose_machine()
    jobs = {}
    for size in sizes:
        config = recipe(replace(case, micro_tokens=size), max(case.windows // _SMALLER, 1))
        jobs[size] = (make_job(config, machine, folder), config)
    batches = {size: job.batches(0) for size, (job, _) in jobs.items()}
    times = take_turns(
        {f"{size}": lambda size=size: step_seconds(jobs[size][0], batches[size], jobs[size][1], machine, 1, folder) for size in sizes},  # type: ignore[misc]
        case.rounds,
        report=lambda text: say(f"{case.name}, {text}"),
    )
    figures = []
    for size in sizes:
        tokens, padding = num_tokens(batches[size]), 1 - num_tokens(batches[size]) / num_computed(batches[size])
        what = f"{case.name}: pieces of {size:,} tokens ({100 * padding:.1f} % padding)"
        figures.append(Figure(what=what, unit="tokens/s", values=tuple(tokens / value for value in times[f"{size}"])))
    return Findings(figures=tuple(figures))


def measure_profile(case: Case, folder: Path, say: Say) -> Findings:
    """The kernels that take most of a step."""
    machine = choose_machine()
    config = recipe(case, max(case.windows // _SMALLER, 1))
    job = make_job(config, machine, folder)
    pieces = job.batches(0)
    step_seconds(job, pieces, config, machine, 1, folder)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if machine.device.type == "cuda":
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as profile:
        step_seconds(job, pieces, config, machine, 1, folder)
        finish(machine.device)
    field = "self_device_time_total" if machine.device.type == "cuda" else "self_cpu_time_total"
    spent = {entry.key: float(getattr(entry, field)) for entry in profile.key_averages()}
    if machine.device.type == "cuda":  # operators carry the time of their kernels once more
        spent = {
            name: time for name, time in spent.items() if not name.startswith(("aten::", "autograd::", "cuda", "Optimizer", "ProfilerStep"))
        }
    total = sum(spent.values())
    top = sorted(spent.items(), key=lambda item: -item[1])[:_KERNELS]
    say(f"{case.name}: {total / 1e6:.3g} s")
    figures = tuple(
        Figure(what=f"{case.name}: {name[:100]}".replace("|", "/"), unit="%", values=(100 * time / total,)) for name, time in top
    )
    return Findings(
        figures=figures, notes=(f"{case.name}: shares of {total / 1e6:.3g} s in two steps of {len(pieces)} pieces, kernels of the GPU.",)
    )
