"""Steps of masked-token pre-training, beside `BertForMaskedLM` of transformers."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import BertForMaskedLM

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE, check_close
from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, masked_head_flops, matmul_seconds, training_flops
from benchmarks.speed.cases.common.reference import gradients, make_reference, reference_optimizer, reference_step
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from benchmarks.speed.cases.training.training import step_seconds, time_steps
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import spread_of
from dnabert.data.batch import Batch
from dnabert.data.corpus import Corpus, CorpusConfig
from dnabert.data.genome import build_genome
from dnabert.device import Machine, autocast, choose_machine, seed_of
from dnabert.model.config import ModelConfig, base, mini
from dnabert.model.heads import Dnabert
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob

__all__ = ["FULL", "QUICK", "Case", "make_job", "measure"]

IGNORED = -100
"""Label of a token that does not count, in transformers."""


@dataclass(frozen=True)
class Case:
    """A model and its batch.

    Attributes:
        name: What it is called.
        model: Its sizes.
        rows: Windows of a batch.
        tokens: Tokens of a window, [CLS] and [SEP] included.
        rounds: Rounds that count.
        steps: Steps of a round.
        goal: The ratio that is wanted.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    name: str
    model: ModelConfig
    rows: int
    tokens: int
    rounds: int
    steps: int
    goal: float
    matmul_size: int = MATMUL_SIZE


FULL = (Case("mini", mini(), 8, 512, 7, 4, 6.0), Case("base", base(), 2, 512, 5, 2, 2.0))
QUICK = (Case("mini", mini(), 2, 64, 1, 1, 6.0, 256), Case("base", base(), 1, 32, 1, 1, 2.0, 256))


def measure(cases: tuple[Case, ...], folder: Path, say: Say) -> Findings:
    found = [_measure(case, folder, say) for case in cases]
    return Findings.joined(
        found,
        notes=(
            "Ours is a step of `dnabert.train.loop.train` with the job of `dnabert pretrain`, timed inside the loop: forward, loss,"
            " backward, clipping, optimiser, log.",
            "The reference is `BertForMaskedLM` with the same weights, sizes, dropout and batch (15 % masked, no padding; no mask given,"
            " which is its fastest way): forward with sdpa attention under the same autocast, backward, clipping, fused AdamW.",
            "The floor is the time that the matrix products alone would take at the machine's rate, measured in each round on a square"
            f" product of {cases[0].matmul_size} in the same number type. Operations: products of the encoder and of the head at the"
            " masked places, backward twice forward.",
        ),
    )


def make_job(case: Case, folder: Path, seed: int = 0) -> tuple[PretrainJob, PretrainConfig, list[Batch], Machine]:
    """The job of ``dnabert pretrain`` on a random genome, and the batch of its first step, all windows of full length."""
    genome = folder / f"genome-{case.name}-{case.rows}-{case.tokens}.fa"
    write_fasta(genome, random_letters(4 * case.rows * case.tokens + 10_000, seed))
    store = build_genome([genome], folder)
    kmers = case.tokens - 2
    config = PretrainConfig(
        model=case.model,
        corpus=CorpusConfig(max_tokens=kmers, min_tokens=min(5, kmers), full_probability=1.0),
        batch_size=case.rows,
        micro_tokens=case.rows * case.tokens,
    )
    torch.manual_seed(seed_of(seed, "weights"))
    machine = choose_machine("cpu")
    corpus = Corpus(store, store.contigs, case.model.kmer, config.corpus, seed)
    job = PretrainJob(Dnabert(case.model), corpus, None, config, machine)
    return job, config, job.batches(0), machine


def _measure(case: Case, folder: Path, say: Say) -> Findings:
    job, config, pieces, machine = make_job(case, folder)
    (batch,) = pieces
    assert batch.mask is None
    theirs = make_reference(BertForMaskedLM, job.model)
    inputs = {"input_ids": batch.ids, "labels": _labels(batch)}
    what = f"pre-training step, {case.name}, {case.rows} x {case.tokens} tokens"
    agreements = _check(job, theirs, batch, inputs, machine, what)
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    optim = config.optim
    optimizer = reference_optimizer(theirs, optim.lr, optim.weight_decay, (optim.beta1, optim.beta2), optim.eps)
    step = reference_step(theirs, optimizer, inputs, machine, optim.clip_norm)
    times = time_steps(
        lambda: step_seconds(job, pieces, config, machine, case.steps, folder),
        step,
        case.steps,
        case.rounds,
        lambda: matmul_seconds(machine.dtype, case.matmul_size),
        lambda text: say(f"{case.name}, {text}"),
    )
    assert batch.targets is not None
    masked = len(batch.targets)
    forward = encoder_flops(case.model, case.rows, case.tokens, read=masked) + masked_head_flops(case.model, masked)
    return _summary(case, machine, what, times, training_flops(forward), agreements)


def _summary(
    case: Case, machine: Machine, what: str, times: dict[str, tuple[float, ...]], flops: int, agreements: tuple[Agreement, ...]
) -> Findings:
    ours, theirs, operation = times["ours"], times["transformers"], times["an operation"]
    number = str(machine.dtype).removeprefix("torch.")
    tokens = case.rows * case.tokens
    against = f"transformers BertForMaskedLM, sdpa, {number}"
    ratio = Ratio(key=f"pretraining.{case.name}", what=what, against=against, unit="a step", goal=case.goal, ours=ours, reference=theirs)
    floor = [flops * value for value in operation]
    best = tuple(other / least for other, least in zip(theirs, floor, strict=True))
    figures = (
        Figure(what=f"{case.name}: ours", unit="tokens/s", values=tuple(tokens / value for value in ours)),
        Figure(what=f"{case.name}: transformers", unit="tokens/s", values=tuple(tokens / value for value in theirs)),
        Figure(what=f"{number} matrix product rate", unit="GFLOP/s", values=tuple(1e-9 / value for value in operation)),
        Figure(
            what=f"{case.name}: ours, share of that rate",
            unit="%",
            values=tuple(100 * least / value for least, value in zip(floor, ours, strict=True)),
        ),
        Figure(
            what=f"{case.name}: transformers, share of that rate",
            unit="%",
            values=tuple(100 * least / value for least, value in zip(floor, theirs, strict=True)),
        ),
        Figure(what=f"{case.name}: best ratio that the floor allows", unit="times", values=best),
    )
    note = f"{case.name}: {flops / 1e9:,.0f} GFLOP a step, floor {spread_of(floor).median:.3g} s."
    return Findings(ratios=(ratio,), figures=figures, agreements=agreements, notes=(note,))


def _labels(batch: Batch) -> Tensor:
    assert batch.positions is not None
    assert batch.targets is not None
    labels = torch.full_like(batch.ids, IGNORED)
    labels.view(-1)[batch.positions] = batch.targets
    return labels


def _check(
    job: PretrainJob, theirs: BertForMaskedLM, batch: Batch, inputs: dict[str, Tensor], machine: Machine, what: str
) -> tuple[Agreement, ...]:
    """Without dropout, against transformers in float32: logits and gradients in float32, and with the loss in the machine's number type."""
    slow = "transformers, float32"
    ours = job.model.eval()
    theirs.eval()
    wanted = theirs(**inputs)
    wanted.loss.backward()
    wanted_logits, wanted_gradients = wanted.logits.detach().flatten(0, 1)[batch.positions], gradients(theirs)
    float32 = _loss_and_gradients(job, batch)
    ours.eval()
    with torch.inference_mode(), autocast(machine):
        logits = ours(**batch.inputs).logits.float()
    with torch.inference_mode():
        plain = ours(**batch.inputs).logits
    low = _loss_and_gradients(job, batch, machine)
    number = str(machine.dtype).removeprefix("torch.")
    tolerance = FLOAT32_TOLERANCE if machine.dtype == torch.float32 else BFLOAT16_TOLERANCE
    return (
        check_close(f"{what}: logits, float32", slow, plain, wanted_logits, FLOAT32_TOLERANCE),
        check_close(f"{what}: gradients, float32", slow, float32[1], wanted_gradients, FLOAT32_TOLERANCE),
        check_close(f"{what}: logits, {number}", slow, logits, wanted_logits, tolerance),
        check_close(f"{what}: loss, {number}", slow, [low[0]], [float(wanted.loss.detach())], tolerance),
        check_close(f"{what}: gradients, {number}", slow, low[1], wanted_gradients, tolerance),
    )


def _loss_and_gradients(job: PretrainJob, batch: Batch, machine: Machine | None = None) -> tuple[float, Tensor]:
    with autocast(machine or Machine(torch.device("cpu"), torch.float32)):
        loss = job.loss(batch, [batch])
    loss.backward()
    return float(loss.detach()), gradients(job.model)
