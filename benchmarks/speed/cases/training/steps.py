"""Each step of optimisation beside what it replaced, or beside what was tried and dropped: the evidence of `benchmarks/steps.md`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.speed.cases.common.alternatives import HIDDEN_SHARE, agree, fused_attention, plain_attention, shifted_ids, translated
from benchmarks.speed.cases.common.sequences import random_letters
from benchmarks.speed.child import Say
from benchmarks.speed.results import Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.device import choose_machine
from dnabert.dna.kmers import NUM_SPECIAL, kmer_ids
from dnabert.dna.sequence import encode_bases
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.model.attend import attend
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.dropout import dropout
from dnabert.model.heads import Dnabert
from dnabert.train.config import FinetuneConfig, tokens_at_once

__all__ = ["FULL", "QUICK", "Sizes", "measure"]

DROPOUT = 0.1


@dataclass(frozen=True)
class Sizes:
    """How much, and how often.

    Attributes:
        model: Sizes of the model.
        shapes: Rows and tokens of the batches.
        tokens: Tokens of the sequences whose batches are made smaller.
        together: Tokens of a batch before they were made smaller.
        bases: Letters that are made into ids.
        rounds: Rounds that count.
    """

    model: ModelConfig
    shapes: tuple[tuple[int, int], ...]
    tokens: tuple[int, ...]
    together: int
    bases: int
    rounds: int


FULL = Sizes(mini(), ((32, 97), (8, 512)), (98, 297), 16_384, 8_000_000, 9)
QUICK = Sizes(ModelConfig(num_layers=2, hidden_size=32, num_heads=2, intermediate_size=64), ((2, 17),), (17,), 8_192, 10_000, 1)


@dataclass(frozen=True)
class _Step:
    """A comparison.

    Attributes:
        key: Its name.
        what: What was done.
        against: What stood there before, or what was tried instead.
        ours: The work as it is now.
        other: The work as it was or might be.
    """

    key: str
    what: str
    against: str
    ours: Callable[[], object]
    other: Callable[[], object]


def measure(sizes: Sizes, _folder: Path, say: Say) -> Findings:
    steps = [step for rows, tokens in sizes.shapes for step in _attention(sizes.model, rows, tokens)]
    steps += [step for rows, tokens in sizes.shapes for step in _models(sizes.model, rows, tokens)]
    steps += [step for tokens in sizes.tokens for step in _batches(sizes, tokens)]
    steps += _letters(sizes.bases)
    rows, tokens = sizes.shapes[0]
    agreements = agree(sizes.model, rows, tokens, random_letters(min(sizes.bases, 200_000)).encode())
    ratios = []
    for step in steps:
        work = {"ours": step.ours, "other": step.other}
        cases = {name: lambda call=call: seconds(call, clock=time.process_time) for name, call in work.items()}
        times = take_turns(cases, sizes.rounds, warmups=2, report=lambda text, step=step: say(f"{step.key}, {text}"))
        ratios.append(
            Ratio(
                key=f"steps.{step.key}",
                what=step.what,
                against=step.against,
                unit="a call",
                goal=None,
                ours=times["ours"],
                reference=times["other"],
            )
        )
    return Findings(
        ratios=tuple(ratios),
        agreements=agreements,
        notes=("Processor time of one core; bfloat16 unless said. What each step is, and what was expected of it, is told at the end.",),
    )


def _attention(model: ModelConfig, rows: int, tokens: int) -> list[_Step]:
    width, heads = model.hidden_size, model.num_heads
    qkv = torch.randn(rows, tokens, 3 * width, generator=torch.Generator().manual_seed(0)).bfloat16()
    grad = torch.ones(rows, tokens, width, dtype=torch.bfloat16)
    weights = torch.softmax(torch.randn(rows, heads, tokens, tokens), -1).bfloat16()
    shape = f"{rows} x {tokens} tokens"

    def trained(function: Callable[[Tensor], Tensor]) -> Callable[[], None]:
        def call() -> None:
            leaf = qkv.clone().requires_grad_()
            function(leaf).backward(grad)  # type: ignore[no-untyped-call]

        return call

    def alone(function: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
        def call() -> None:
            with torch.inference_mode():
                function(x)

        return call

    ours = trained(lambda x: attend(x, None, heads, None, DROPOUT))
    whole = qkv.float()
    return [
        _Step(
            f"attention.{tokens}.fused",
            f"attention in pieces, with gradients and dropout, {shape}",
            "torch's scaled_dot_product_attention",
            ours,
            trained(lambda x: fused_attention(x, heads, DROPOUT)),
        ),
        _Step(
            f"attention.{tokens}.plain",
            f"attention in pieces, with gradients and dropout, {shape}",
            "plain products over the whole batch, torch's dropout",
            ours,
            trained(lambda x: plain_attention(x, heads, DROPOUT)),
        ),
        _Step(
            f"attention.{tokens}.inference",
            f"attention in pieces, without gradients, {shape}",
            "torch's scaled_dot_product_attention",
            alone(lambda x: attend(x, None, heads, None, 0.0), qkv),
            alone(lambda x: fused_attention(x, heads, 0.0), qkv),
        ),
        _Step(
            f"attention.{tokens}.float32",
            f"torch's fused attention in float32, without gradients, {shape}",
            "attention in pieces (dropped there)",
            alone(lambda x: fused_attention(x, heads, 0.0), whole),
            alone(lambda x: attend(x, None, heads, None, 0.0), whole),
        ),
        _Step(
            f"dropout.{tokens}",
            f"dropout of attention weights by integers, {shape}",
            "torch's dropout",
            lambda: dropout(weights, DROPOUT, True),
            lambda: F.dropout(weights, DROPOUT, True),
        ),
    ]


def _models(config: ModelConfig, rows: int, tokens: int) -> list[_Step]:
    torch.manual_seed(0)
    masked, classifier = Dnabert(config).train(), Dnabert(config, HeadConfig(task="classify"))
    held = Dnabert(config, HeadConfig(task="classify"))
    held.load_state_dict(classifier.state_dict())
    held.eval().bfloat16()
    ids = torch.randint(NUM_SPECIAL, config.vocab_size, (rows, tokens))
    positions = torch.randperm(rows * tokens)[: max(1, int(HIDDEN_SHARE * rows * tokens))].sort().values
    labels = ids.flatten()[positions]
    shape = f"{rows} x {tokens} tokens"

    def step(whole: bool) -> Callable[[], None]:
        def call() -> None:
            masked.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                logits = masked(ids, positions=positions, return_hidden=whole).logits
            F.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]

        return call

    def answer(model: Dnabert, whole: bool, cast: bool) -> Callable[[], None]:
        def call() -> None:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=cast):
                model.eval()(ids, return_hidden=whole)

        return call

    return [
        _Step(
            f"selection.{tokens}.masked",
            f"pre-training, the last block for hidden k-mers only, {shape}",
            "the whole last block",
            step(False),
            step(True),
        ),
        _Step(
            f"selection.{tokens}.cls",
            f"prediction, the last block for [CLS] only, {shape}",
            "the whole last block",
            answer(classifier, False, True),
            answer(classifier, True, True),
        ),
        _Step(
            f"cast.{tokens}",
            f"prediction with autocast, {shape}",
            "all weights held in bfloat16 (dropped: little is won, answers differ)",
            answer(classifier, False, True),
            answer(held, False, False),
        ),
    ]


def _batches(sizes: Sizes, tokens: int) -> list[_Step]:
    """The tokens of one large batch, in pieces or at once."""
    torch.manual_seed(0)
    model = Dnabert(sizes.model, HeadConfig(task="classify"))
    ids = torch.randint(NUM_SPECIAL, sizes.model.vocab_size, (max(2, sizes.together // tokens), tokens))
    labels = torch.randint(2, (len(ids),))

    def predicted(tokens_at_once: int) -> Callable[[], None]:
        def call() -> None:
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                for piece in ids.split(max(1, tokens_at_once // tokens)):
                    model.eval()(piece)

        return call

    def trained(tokens_at_once: int) -> Callable[[], None]:
        def call() -> None:
            model.train().zero_grad()
            rows = max(1, tokens_at_once // tokens)
            for piece, wanted in zip(ids.split(rows), labels.split(rows), strict=True):
                with torch.autocast("cpu", torch.bfloat16):
                    logits = model(piece).logits
                (F.cross_entropy(logits.float(), wanted, reduction="sum") / len(ids)).backward()  # type: ignore[no-untyped-call]

        return call

    together, small, large = sizes.together, TOKENS_PER_BATCH["cpu"], tokens_at_once(FinetuneConfig(), choose_machine("cpu"))
    return [
        _Step(
            f"batches.{tokens}.predict",
            f"prediction of {together:,} tokens in batches of {small:,}, sequences of {tokens}",
            "one batch",
            predicted(small),
            predicted(together),
        ),
        _Step(
            f"batches.{tokens}.train",
            f"training on {together:,} tokens in pieces of {large:,}, sequences of {tokens}",
            "one batch",
            trained(large),
            trained(together),
        ),
    ]


def _letters(bases: int) -> list[_Step]:
    letters = random_letters(bases).encode()
    codes = encode_bases(letters)
    size = f"{bases / 1e6:g} Mb"
    return [
        _Step(
            "codes", f"base codes, letters in pairs, {size}", "bytes.translate", lambda: encode_bases(letters), lambda: translated(letters)
        ),
        _Step("ids", f"ids of 6-mers by products, {size}", "by shifts", lambda: kmer_ids(codes, 6), lambda: shifted_ids(codes)),
    ]
