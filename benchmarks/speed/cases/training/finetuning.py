"""Steps of fine-tuning a classifier, beside the step of transformers' Trainer."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import BertForSequenceClassification

from benchmarks.speed.agreement import BFLOAT16_GRADIENT_TOLERANCE, BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE, check_close
from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, matmul_seconds, training_flops
from benchmarks.speed.cases.common.reference import gradients, make_reference, reference_optimizer, reference_step, spread_out
from benchmarks.speed.cases.common.sequences import random_set
from benchmarks.speed.cases.training.training import step_seconds, time_steps
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from dnabert.checkpoint import ModelInfo
from dnabert.data.batch import Batch, EncodedSet
from dnabert.data.targets import Targets
from dnabert.device import Machine, autocast, choose_machine, seed_of
from dnabert.model.config import ModelConfig, base, mini
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer
from dnabert.train.config import FinetuneConfig, FinetuneOptimConfig
from dnabert.train.finetune import FinetuneJob

__all__ = ["FULL", "QUICK", "Case", "measure"]

TRAINER_LR, TRAINER_BETAS, TRAINER_EPS, CLIP_NORM = 5e-5, (0.9, 0.999), 1e-8, 1.0
"""Defaults of transformers' TrainingArguments; its weight decay is 0."""


@dataclass(frozen=True)
class Case:
    """A model and its batch.

    Attributes:
        name: What the model is called.
        model: Its sizes.
        rows: Sequences of a batch.
        length_bp: Bases of a sequence.
        rounds: Rounds that count.
        steps: Steps of a round.
        goal: The ratio that is wanted; None for a model that the plan does not name.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    name: str
    model: ModelConfig
    rows: int
    length_bp: int
    rounds: int
    steps: int
    goal: float | None = 4.0
    matmul_size: int = MATMUL_SIZE

    @property
    def what(self) -> str:
        """What is timed."""
        return f"fine-tuning step, {self.name}, {self.rows} x {self.length_bp} bases"


FULL = (
    Case("mini", mini(), 32, 100, 7, 4),
    Case("mini", mini(), 32, 300, 7, 2),
    Case("base", base(), 8, 100, 5, 2, None),
    Case("base", base(), 4, 300, 5, 1, None),
)
QUICK = (Case("mini", mini(), 4, 30, 1, 1, matmul_size=256),)


def measure(cases: tuple[Case, ...], folder: Path, say: Say) -> Findings:
    found = [_measure(case, folder, say) for case in cases]
    return Findings.joined(
        found,
        notes=(
            "Ours is a step of `dnabert.train.loop.train` with the job of `dnabert finetune`, timed inside the loop.",
            "The reference is the step that transformers' Trainer makes, written out (the Trainer itself wants `accelerate`, which is"
            " not installed here): `BertForSequenceClassification` with sdpa attention under the same autocast, backward, clipping, the"
            " fused AdamW and learning rate that are the Trainer's defaults. What the Trainer does besides (callbacks, log, moving the"
            " batch) is left out, in its favour.",
            "Both train on the same batch, with the same weights at the start and dropout 0.1; all sequences of a batch have one length.",
        ),
    )


def _measure(case: Case, folder: Path, say: Say) -> Findings:
    machine = choose_machine("cpu")
    config = FinetuneConfig(batch_size=case.rows, optim=FinetuneOptimConfig(lr=TRAINER_LR))
    torch.manual_seed(seed_of("weights"))
    model = Dnabert(case.model, config.head)
    job, pieces, batch = _job(case, model, config, machine)
    theirs = make_reference(BertForSequenceClassification, model, num_labels=config.head.num_outputs)
    agreements = _check(case, job, batch, machine)
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    assert batch.targets is not None
    optimizer = reference_optimizer(theirs, TRAINER_LR, 0.0, TRAINER_BETAS, TRAINER_EPS)
    step = reference_step(theirs, optimizer, {"input_ids": batch.ids, "labels": batch.targets}, machine, CLIP_NORM)
    times = time_steps(
        lambda: step_seconds(job, pieces, config, machine, case.steps, folder),
        step,
        case.steps,
        case.rounds,
        lambda: matmul_seconds(machine.dtype, case.matmul_size),
        lambda text: say(f"{case.what}, {text}"),
    )
    return _summary(case, machine, times, batch.ids.shape[1], agreements)


def _summary(case: Case, machine: Machine, times: dict[str, tuple[float, ...]], tokens: int, agreements: tuple[Agreement, ...]) -> Findings:
    ours, theirs = times["ours"], times["transformers"]
    number = str(machine.dtype).removeprefix("torch.")
    flops = training_flops(encoder_flops(case.model, case.rows, tokens, read=case.rows))
    floor = [flops * value for value in times["an operation"]]
    name = f"{case.name}, {case.length_bp} bases"
    ratio = Ratio(
        key=f"finetuning.{case.name}.{case.length_bp}",
        what=case.what,
        against=f"the step of transformers' Trainer, sdpa, {number}",
        unit="a step",
        goal=case.goal,
        ours=ours,
        reference=theirs,
    )
    figures = (
        Figure(what=f"{name}: ours", unit="sequences/s", values=tuple(case.rows / value for value in ours)),
        Figure(
            what=f"{name}: ours, share of the {number} matrix product rate",
            unit="%",
            values=tuple(100 * least / value for least, value in zip(floor, ours, strict=True)),
        ),
        Figure(
            what=f"{name}: best ratio that the floor allows",
            unit="times",
            values=tuple(other / least for other, least in zip(theirs, floor, strict=True)),
        ),
    )
    return Findings(ratios=(ratio,), figures=figures, agreements=agreements)


def _job(case: Case, model: Dnabert, config: FinetuneConfig, machine: Machine) -> tuple[FinetuneJob, Sequence[Batch], Batch]:
    """The job, a step of it in the pieces that it is computed in, and the same step as one batch."""
    targets = Targets(np.random.default_rng(1).integers(0, config.head.num_outputs, case.rows))
    tokenizer = KmerTokenizer(case.model.kmer, case.model.max_positions - 2)
    data = EncodedSet(random_set(case.rows, case.length_bp), tokenizer, config.head, targets)
    job = FinetuneJob(model, data, data, config, ModelInfo(head=config.head), machine)
    pieces = job.batches(0)
    in_one = config.model_copy(update={"micro_tokens": case.rows * case.model.max_positions})
    (batch,) = FinetuneJob(model, data, data, in_one, ModelInfo(head=config.head), machine).batches(0)
    assert batch.mask is None
    assert torch.equal(torch.cat([piece.ids for piece in pieces]), batch.ids)
    return job, pieces, batch


def _check(case: Case, job: FinetuneJob, batch: Batch, machine: Machine) -> tuple[Agreement, ...]:
    """Without dropout, in float32 and in the machine's number type, against transformers in float32.

    Vectors and probabilities are those of spread-out weights (fresh ones answer all sequences alike), gradients those of the job's model.
    """
    slow = "transformers, float32"
    spread = spread_out(copy.deepcopy(job.model))
    answers = _reference(spread)
    with torch.inference_mode():
        wanted = answers(input_ids=batch.ids, output_hidden_states=True)
    theirs = _reference(job.model.eval())
    float32 = Machine(machine.device, torch.float32)
    wanted_gradients = _reference_gradients(theirs, batch, float32)
    found = []
    for kind in (float32, machine):
        with autocast(kind):  # with gradients, as in training
            output, whole = spread(**batch.inputs), spread(**batch.inputs, return_hidden=True)
            loss = job.loss(batch, [batch])
        loss.backward()
        number = str(kind.dtype).removeprefix("torch.")
        exact = kind.dtype == torch.float32
        tolerance, of_gradients = (FLOAT32_TOLERANCE,) * 2 if exact else (BFLOAT16_TOLERANCE, BFLOAT16_GRADIENT_TOLERANCE)
        probs = [torch.softmax(logits.detach().float(), dim=1) for logits in (output.logits, wanted.logits)]
        vectors = whole.encoder.last_hidden.detach().float()
        found += [
            check_close(f"{case.what}: vectors of all tokens, {number}", slow, vectors, wanted.hidden_states[-1], tolerance),
            check_close(f"{case.what}: probabilities, {number}", slow, *probs, tolerance),
            check_close(f"{case.what}: gradients, {number}", slow, gradients(job.model), wanted_gradients, of_gradients),
        ]
        if not exact:
            own = _reference_gradients(theirs, batch, kind)
            found.append(check_close(f"{case.what}: gradients of transformers, {number}", slow, own, wanted_gradients, of_gradients))
    return tuple(found)


def _reference(model: Dnabert) -> BertForSequenceClassification:
    return make_reference(BertForSequenceClassification, model, num_labels=model.head_config.num_outputs).eval()


def _reference_gradients(model: BertForSequenceClassification, batch: Batch, machine: Machine) -> Tensor:
    with autocast(machine):
        loss = model(input_ids=batch.ids, labels=batch.targets).loss
    loss.backward()
    return gradients(model)
