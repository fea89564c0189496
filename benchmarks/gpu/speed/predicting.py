"""Predictions of windows of 300 bases, and from them the hours for a whole genome at stride 50."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.gpu.speed.timing import device_seconds, matmul_rounds, peak_memory
from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, relative_difference
from benchmarks.speed.cases.common.arithmetic import encoder_flops
from benchmarks.speed.cases.common.reference import spread_out
from benchmarks.speed.cases.common.sequences import random_set
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import take_turns
from dnabert.data.batch import EncodedSet, plan_batches
from dnabert.device import Machine, choose_machine, inference
from dnabert.forward import predict_set
from dnabert.metrics import softmax
from dnabert.model.config import HeadConfig, ModelConfig, base, mini
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = ["FULL", "QUICK", "Case", "measure"]

GENOME_BASES, STRIDE_BP, WINDOW_BP = 3.1e9, 50, 300


@dataclass(frozen=True)
class Case:
    """A model and its windows.

    Attributes:
        name: What it is called.
        model: Its sizes.
        windows: Windows of a round.
        large_tokens: Tokens of a batch where the batches are larger than the package's.
        rounds: Rounds that count.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    name: str
    model: ModelConfig
    windows: int
    large_tokens: int
    rounds: int
    matmul_size: int = 8192


FULL = (Case("mini", mini(), 40_000, 262_144, 5), Case("base", base(), 20_000, 131_072, 5))
QUICK = (Case("toy", ModelConfig(kmer=3, num_layers=1, hidden_size=16, num_heads=2, intermediate_size=32), 6, 2048, 1, 32),)


def measure(cases: tuple[Case, ...], _folder: Path, say: Say) -> Findings:
    return Findings.joined(
        [_measure(case, say) for case in cases],
        notes=(
            "`predict_set` from base codes in memory to logits on the host: tokens, batches, the model in bfloat16. `forward alone`: the"
            " same batches, made before and on the device. No file is read or written. Windows are random, so that no two are shared work.",
            f"Genome: {GENOME_BASES / 1e9:g} Gb, a window of {WINDOW_BP} bases every {STRIDE_BP}: {GENOME_BASES / STRIDE_BP / 1e6:.0f}"
            " million windows, one strand; extrapolated from the windows of a round.",
        ),
    )


def _measure(case: Case, say: Say) -> Findings:
    machine = choose_machine()
    model = spread_out(Dnabert(case.model, HeadConfig(task="classify"))).to(machine.device)
    tokenizer = KmerTokenizer(case.model.kmer, case.model.max_positions - 2)
    data = EncodedSet(random_set(case.windows, WINDOW_BP), tokenizer, model.head_config)
    few = EncodedSet(random_set(8, WINDOW_BP, seed=1), tokenizer, model.head_config)
    slow, own = (softmax(predict_set(model, few, kind).values) for kind in (Machine(torch.device("cpu"), torch.float32), machine))
    found = Agreement(
        what=f"{case.name}: probabilities of predict_set",
        against="the processor, float32",
        tolerance=BFLOAT16_TOLERANCE,
        difference=relative_difference(own, slow),
    )
    usual, large = (_whole(model, data, machine, tokens) for tokens in (None, case.large_tokens))
    times = take_turns(
        {
            "predict_set": usual,
            "larger batches": large,
            "forward alone": _alone(model, data, machine, case.large_tokens),
            "an operation": matmul_rounds(case.matmul_size, torch.bfloat16, machine.device, 10 if case.matmul_size > 1000 else 1),
        },
        case.rounds,
        report=lambda text: say(f"{case.name}, {text}"),
    )
    unit = times.pop("an operation")
    flops = encoder_flops(case.model, case.windows, WINDOW_BP - case.model.kmer + 3, read=case.windows)
    windows = GENOME_BASES / STRIDE_BP
    figures = []
    for name, values in times.items():
        hours = tuple(windows * value / case.windows / 3600 for value in values)
        share = tuple(100 * flops * least / value for least, value in zip(unit, values, strict=True))
        rate = tuple(case.windows * WINDOW_BP / value for value in values)
        figures += [
            Figure(what=f"{case.name}: {name}", unit="bases/s", values=rate),
            Figure(what=f"{case.name}: {name}, use of the bfloat16 rate", unit="%", values=share),
            Figure(what=f"{case.name}: {name}, a genome at stride {STRIDE_BP}", unit="h", values=hours, higher_is_better=False),
        ]
    ratio = Ratio(
        key=f"gpu.predict.{case.name}.larger",
        what=f"{case.name}: batches of {case.large_tokens:,} tokens",
        against="of the size that the package chooses",
        unit=f"{case.windows:,} windows",
        goal=None,
        ours=times["larger batches"],
        reference=times["predict_set"],
    )
    return Findings(
        ratios=(ratio,), figures=(*figures, *peak_memory(f"{case.name}: predict_set", usual, machine.device)), agreements=(found,)
    )


def _whole(model: Dnabert, data: EncodedSet, machine: Machine, tokens: int | None) -> Callable[[], float]:
    return lambda: device_seconds(lambda: predict_set(model, data, machine, tokens_per_batch=tokens), machine.device)


def _alone(model: Dnabert, data: EncodedSet, machine: Machine, tokens: int) -> Callable[[], float]:
    batches = [data.batch(rows).to(machine.device) for rows in plan_batches(data.lengths, tokens)]

    def work() -> None:
        with inference(model, machine):
            for batch in batches:
                model(**batch.inputs)

    return lambda: device_seconds(work, machine.device)
