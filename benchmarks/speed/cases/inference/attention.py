"""Attention scores through the [CLS] row alone, beside two ways through whole maps: time and memory."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertForSequenceClassification

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE, check_close
from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, matmul_seconds
from benchmarks.speed.cases.common.reference import make_reference, spread_out
from benchmarks.speed.cases.common.sequences import random_set
from benchmarks.speed.child import Say
from benchmarks.speed.machine import peak_memory_mb
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.data.batch import EncodedSet, plan_batches
from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine, choose_machine, inference
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.attention.scores import all_base_scores
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = ["FULL", "QUICK", "Case", "measure"]

KMER = 6
OLD_BATCH = 8
"""Sequences of a batch of the way of 2021, the default of its script."""


@dataclass(frozen=True)
class Case:
    """Sequences of one length.

    Attributes:
        model: Sizes of the model.
        length_bp: Bases of a sequence.
        whole: Sequences of the run that the plan speaks of; its memory is measured.
        ours: Sequences of ours in every round.
        maps: Sequences of the ways through maps in every round.
        checked: Sequences whose scores are compared.
        rounds: Rounds that count.
        heads: Heads of the one-layer model by which the memory of the whole run is measured.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    model: ModelConfig
    length_bp: int
    whole: int
    ours: int
    maps: int
    checked: int
    rounds: int
    heads: int = 12
    matmul_size: int = MATMUL_SIZE

    @property
    def what(self) -> str:
        """What is timed."""
        return f"attention scores, {self.whole:,} x {self.length_bp} bases"


FULL = Case(mini(KMER), 512, 10_000, 64, 32, 8, 5)
QUICK = Case(mini(KMER), 64, 40, 4, 4, 2, 1, matmul_size=256)

Way = Callable[[SequenceSet], Any]
"""From sequences to their scores, (N, L)."""


def measure(case: Case, _folder: Path, say: Say) -> Findings:
    model = spread_out(Dnabert(case.model, HeadConfig(task="classify")))
    machine = choose_machine("cpu")
    number = str(machine.dtype).removeprefix("torch.")
    ours = {dtype: _ours(model, Machine(machine.device, dtype)) for dtype in {machine.dtype, torch.float32}}
    maps = _through_maps(model, machine)
    old = _way_of_2021(make_reference(BertForSequenceClassification, model, "eager", num_labels=2).eval().bert, case.model.kmer)
    agreements = _agree(case, ours, maps, old, machine)
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    many, few = random_set(case.ours, case.length_bp), random_set(case.maps, case.length_bp)
    unit = case.whole  # seconds are for so many sequences
    times = take_turns(
        {
            "ours": lambda: unit * seconds(lambda: ours[machine.dtype](many), case.ours),
            "maps": lambda: unit * seconds(lambda: maps(few), case.maps),
            "2021": lambda: unit * seconds(lambda: old(few), case.maps),
            "an operation": lambda: matmul_seconds(machine.dtype, case.matmul_size),
        },
        case.rounds,
        report=lambda text: say(f"{case.what}, {text}"),
    )
    memory = _memory(case, ours[machine.dtype], maps, old, say)
    return _summary(case, number, times, agreements, memory)


def _agree(case: Case, ours: dict[torch.dtype, Way], maps: Way, old: Way, machine: Machine) -> tuple[Agreement, ...]:
    sequences = random_set(case.checked, case.length_bp, seed=1)
    slow = old(sequences)
    against = "whole maps as in 2021, float32"
    number = str(machine.dtype).removeprefix("torch.")
    tolerance = FLOAT32_TOLERANCE if machine.dtype == torch.float32 else BFLOAT16_TOLERANCE
    return (
        check_close(f"{case.what}: float32", against, ours[torch.float32](sequences), slow, FLOAT32_TOLERANCE),
        check_close(f"{case.what}: {number}", against, ours[machine.dtype](sequences), slow, tolerance),
        # Nothing is won against a broken reference.
        check_close(f"{case.what}: whole maps of our model, {number}", against, maps(sequences), slow, tolerance),
    )


def _memory(case: Case, ours: Way, maps: Way, old: Way, say: Say) -> dict[str, tuple[float, ...]]:
    """Peak memory in MB, measured in every round; empty where the system does not tell."""
    # One layer reads the same number of weights out of the same number of sequences as twelve do, in a fraction of the time.
    sizes = ModelConfig(kmer=KMER, num_layers=1, hidden_size=8 * case.heads, num_heads=case.heads, intermediate_size=32)
    thin = _ours(spread_out(Dnabert(sizes, HeadConfig(task="classify"))), choose_machine("cpu"))
    whole, many, few = (random_set(count, case.length_bp) for count in (case.whole, case.ours, case.maps))
    works: dict[str, Callable[[], object]] = {
        f"{case.whole:,} x {case.length_bp} bases, one layer of {case.heads} heads": lambda: thin(whole),
        f"{case.ours:,} x {case.length_bp} bases, `mini`": lambda: ours(many),
        f"{case.maps:,} x {case.length_bp} bases, `mini`, whole maps, each batch let go": lambda: maps(few),
        f"{case.maps:,} x {case.length_bp} bases, `mini`, whole maps as in 2021, all kept": lambda: old(few),
    }
    found: dict[str, tuple[float, ...]] = {}
    for name, work in works.items():
        values = tuple(value for value in (peak_memory_mb(work) for _ in range(case.rounds)) if value is not None)
        if values:
            found[name] = values
            say(f"peak memory, {name}: {max(values):.0f} MB")
    return found


def _summary(
    case: Case,
    number: str,
    times: dict[str, tuple[float, ...]],
    agreements: tuple[Agreement, ...],
    memory: dict[str, tuple[float, ...]],
) -> Findings:
    unit, tokens = case.whole, case.length_bp - case.model.kmer + 3
    # The last layer is needed up to its keys only.
    before = case.model.model_copy(update={"num_layers": case.model.num_layers - 1})
    flops = encoder_flops(before, unit, tokens)
    floor = [flops * value for value in times["an operation"]]
    ways = (
        ("2021", "whole maps as in 2021: transformers, eager, float32, all maps kept in float64", 5.0),
        ("maps", f"whole maps of our own model, {number}, each batch let go", None),
    )
    return Findings(
        ratios=tuple(
            Ratio(
                key=f"attention.{case.length_bp}.{key}",
                what=case.what,
                against=against,
                unit=f"{unit:,} sequences",
                goal=goal,
                ours=times["ours"],
                reference=times[key],
            )
            for key, against, goal in ways
        ),
        figures=(
            Figure(what="scores: ours", unit="sequences/s", values=tuple(unit / value for value in times["ours"])),
            *(
                Figure(
                    what=f"best ratio that the floor allows, against {against}",
                    unit="times",
                    values=tuple(other / least for other, least in zip(times[key], floor, strict=True)),
                )
                for key, against, _ in ways
            ),
            *(
                Figure(
                    what=f"peak memory: {name}",
                    unit="MB",
                    values=values,
                    goal=None if "maps" in name else 2000.0,
                    higher_is_better=False,
                )
                for name, values in memory.items()
            ),
        ),
        agreements=agreements,
        notes=(
            "Model: `mini`, k = 6, random weights. Ours: `all_base_scores` of `dnabert.infer.attention`, the encoder up to its last layer,"
            " then the [CLS] row alone.",
            "Both ways through whole maps run the same encoder, and the floor of the ratio is that encoder.",
            f"To stay in the time, rounds are made on fewer sequences: {case.ours} (ours), {case.maps} (maps); times are in proportion. The"
            f" memory of {case.whole:,} sequences is measured with a model of one layer and {case.heads} heads: what grows with the number"
            " of sequences is the same for every model; what a batch of `mini` needs, and does not grow, stands beside it.",
            f"All maps of {case.whole:,} x {case.length_bp} bases with 12 heads in float64, as in 2021, would be"
            f" {case.whole * 12 * case.length_bp**2 * 8 / 1e9:,.0f} GB.",
        ),
    )


def _ours(model: Dnabert, machine: Machine) -> Way:
    tokenizer = KmerTokenizer(model.config.kmer)
    return lambda sequences: np.stack(all_base_scores(model, sequences, tokenizer, machine))


def _through_maps(model: Dnabert, machine: Machine) -> Way:
    """The maps of all layers from our own model, in the same batches; the last one's [CLS] row is used."""
    tokenizer = KmerTokenizer(model.config.kmer)

    def work(sequences: SequenceSet) -> Any:
        data = EncodedSet(sequences, tokenizer, model.head_config)
        scores: dict[int, Any] = {}
        with inference(model, machine):
            for indices in plan_batches(data.lengths, TOKENS_PER_BATCH["cpu"]):
                attentions = model(**data.batch(indices).inputs, return_attentions=True).encoder.attentions
                rows = attentions[-1][:, :, 0].float().sum(1).numpy()  # (B, T)
                scores |= {index: _from_kmers(row[1:-1], model.config.kmer) for index, row in zip(indices.tolist(), rows, strict=True)}
        return np.stack([scores[index] for index in range(len(sequences))])

    return work


def _way_of_2021(encoder: Any, kmer: int) -> Way:
    """All maps of the last layer in one float64 array (N, H, T, T), then the formula, sequence by sequence."""
    tokenizer = KmerTokenizer(kmer)

    def work(sequences: SequenceSet) -> Any:
        ids = torch.from_numpy(np.stack([tokenizer.encode(codes).ids for codes in sequences.first]).astype(np.int64))
        tokens = ids.shape[1]
        maps = np.zeros((len(ids), encoder.config.num_attention_heads, tokens, tokens))
        with torch.no_grad():
            for at in range(0, len(ids), OLD_BATCH):
                maps[at : at + OLD_BATCH] = encoder(ids[at : at + OLD_BATCH], output_attentions=True).attentions[-1].numpy()
        return np.stack([_from_kmers(attention[:, 0, 1:-1].sum(0), kmer) for attention in maps])

    return work


def _from_kmers(of_kmers: Any, kmer: int) -> Any:
    """Base by base the mean over the k-mers that cover it, divided by the length of all."""
    sums, counts = np.zeros(len(of_kmers) + kmer - 1), np.zeros(len(of_kmers) + kmer - 1)
    for at, value in enumerate(of_kmers):
        sums[at : at + kmer] += value
        counts[at : at + kmer] += 1
    scores = sums / counts
    return scores / np.linalg.norm(scores)
