"""What `dnabert predict` does, FASTA file in and TSV file out, beside two ways of doing it with transformers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertForSequenceClassification, BertTokenizer
from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE, check_close
from benchmarks.speed.cases.common.arithmetic import MATMUL_SIZE, encoder_flops, matmul_seconds
from benchmarks.speed.cases.common.reference import make_reference, spread_out
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.checkpoint import ModelInfo, save_model
from dnabert.choices import DtypeName
from dnabert.cli.predict import predict
from dnabert.device import choose_machine
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.heads import Dnabert

__all__ = ["FULL", "QUICK", "Case", "measure"]

KMER = 6
OLD_BATCH = 32
NEW_TOKENS = 2048
"""Tokens of a batch of the batched way, as many as ours has: larger ones are slower on a CPU."""


@dataclass(frozen=True)
class Case:
    """Sequences of one length.

    Attributes:
        model: Sizes of the model.
        length_bp: Bases of a sequence.
        whole: Sequences of the run that the plan speaks of; timed once, ours alone.
        ours: Sequences of ours and of the batched way in every round.
        old: Sequences of the way of 2021 in every round.
        checked: Sequences whose answers are compared.
        rounds: Rounds that count.
        matmul_size: Rows of the square product by which the machine is judged.
    """

    model: ModelConfig
    length_bp: int
    whole: int
    ours: int
    old: int
    checked: int
    rounds: int
    matmul_size: int = MATMUL_SIZE


FULL = (Case(mini(KMER), 101, 10_000, 1_000, 200, 200, 5), Case(mini(KMER), 300, 10_000, 500, 100, 100, 5))
QUICK = (Case(mini(KMER), 101, 40, 20, 8, 8, 1, 256),)

Way = Callable[[Path, Path], None]
"""From a FASTA file to a TSV file."""


def measure(cases: tuple[Case, ...], folder: Path, say: Say) -> Findings:
    found = [_measure(case, folder, say) for case in cases]
    return Findings.joined(
        found,
        notes=(
            "Model: `mini`, k = 6, two classes, random weights. Ours is the function of `dnabert predict`, from reading the weights to"
            " the finished TSV file; the references begin with a loaded model, in their favour.",
            "The way of 2021: each sequence as k-mer text, tokenized by itself with transformers' Python `BertTokenizerLegacy`, batches"
            f" of {OLD_BATCH} padded to what the data needs (so that nothing is wasted), eager attention, float32.",
            f"The batched way: k-mer text through transformers' `BertTokenizer` (Rust) {NEW_TOKENS:,} tokens at a time, as ours,"
            " sdpa attention, weights in the number type named.",
            "To stay in the time, rounds are made on fewer sequences: "
            + "; ".join(f"{case.length_bp} bases: {case.ours:,} (ours, batched), {case.old:,} (2021)" for case in cases)
            + ". Times are in proportion. Ours reads its model in each round, which in proportion counts more than in a whole run; one is"
            " timed besides.",
        ),
    )


def _measure(case: Case, folder: Path, say: Say) -> Findings:
    model = spread_out(Dnabert(case.model, HeadConfig(task="classify")))
    run = folder / f"run-{case.length_bp}"
    save_model(run, model, ModelInfo(head=model.head_config, labels=("0", "1")))
    machine = choose_machine("cpu")
    number = str(machine.dtype).removeprefix("torch.")
    tokens = case.length_bp - case.model.kmer + 3
    eager = make_reference(BertForSequenceClassification, model, "eager", num_labels=2).eval()
    sdpa = make_reference(BertForSequenceClassification, model, "sdpa", num_labels=2).eval().to(machine.dtype)
    old = _way_of_2021(eager, BertTokenizerLegacy(str(run / "vocab.txt"), do_lower_case=False), case.model.kmer, tokens)
    new = _batched_way(sdpa, BertTokenizer(vocab=str(run / "vocab.txt"), do_lower_case=False), case.model.kmer)
    files = {
        count: write_fasta(folder / f"{case.length_bp}-{count}.fa", random_letters(count * case.length_bp), case.length_bp)
        for count in {case.whole, case.ours, case.old, case.checked}
    }
    out = folder / "out.tsv"

    def ours(count: int, dtype: DtypeName = "auto") -> None:
        predict(str(files[count]), model=str(run), out=out, dtype=dtype, force=True, quiet=True)

    def answers(work: Callable[[], None]) -> Any:
        work()
        return read_probabilities(out)

    what = f"predict, {case.whole:,} x {case.length_bp} bases"
    slow = answers(lambda: old(files[case.checked], out))
    tolerance = FLOAT32_TOLERANCE if machine.dtype == torch.float32 else BFLOAT16_TOLERANCE
    against, batched = "the way of 2021, float32", f"{what}: probabilities of the batched way, {number}"
    agreements: tuple[Agreement, ...] = (
        check_close(f"{what}: probabilities, float32", against, answers(lambda: ours(case.checked, "float32")), slow, FLOAT32_TOLERANCE),
        check_close(f"{what}: probabilities, {number}", against, answers(lambda: ours(case.checked)), slow, tolerance),
        # Nothing is won against a broken reference.
        check_close(batched, against, answers(lambda: new(files[case.checked], out)), slow, tolerance),
    )
    for found in agreements:
        say(f"{found.what}: differs from {found.against} by {found.difference:.1e}")
    whole = seconds(lambda: ours(case.whole))
    say(f"{what}: {whole:.3g} s")
    unit = case.whole  # seconds are for so many sequences
    times = take_turns(
        {
            "ours": lambda: unit * seconds(lambda: ours(case.ours), case.ours),
            "batched": lambda: unit * seconds(lambda: new(files[case.ours], out), case.ours),
            "2021": lambda: unit * seconds(lambda: old(files[case.old], out), case.old),
            "an operation": lambda: matmul_seconds(machine.dtype, case.matmul_size),
        },
        case.rounds,
        report=lambda text: say(f"{what}, {text}"),
    )
    note = f"{what}, all of them, one run: {whole:.3g} s. Probabilities compared: {slow[:, 1].min():.2g} to {slow[:, 1].max():.2g}."
    return _summary(case, what, number, times, agreements, note)


def _summary(
    case: Case, what: str, number: str, times: dict[str, tuple[float, ...]], agreements: tuple[Agreement, ...], note: str
) -> Findings:
    ours, unit, name = times["ours"], case.whole, f"{case.length_bp} bases"
    flops = encoder_flops(case.model, unit, case.length_bp - case.model.kmer + 3, read=unit)
    floor = [flops * value for value in times["an operation"]]
    ways = (
        ("2021", "transformers as in 2021: eager, float32", 10.0),
        ("batched", f"transformers, batched: sdpa, {number}", 1.5),
    )
    return Findings(
        ratios=tuple(
            Ratio(
                key=f"predict.{case.length_bp}.{key}",
                what=what,
                against=against,
                unit=f"{unit:,} sequences",
                goal=goal,
                ours=ours,
                reference=times[key],
            )
            for key, against, goal in ways
        ),
        figures=(
            Figure(what=f"{name}: ours", unit="sequences/s", values=tuple(unit / value for value in ours)),
            Figure(what=f"{name}: ours", unit="Mb/s", values=tuple(unit * case.length_bp / 1e6 / value for value in ours)),
            Figure(
                what=f"{name}: ours, share of the {number} matrix product rate",
                unit="%",
                values=tuple(100 * least / value for least, value in zip(floor, ours, strict=True)),
            ),
            *(
                Figure(
                    what=f"{name}: best ratio that the floor allows, against {against}",
                    unit="times",
                    values=tuple(other / least for other, least in zip(times[key], floor, strict=True)),
                )
                for key, against, _ in ways
            ),
        ),
        agreements=agreements,
        notes=(note,),
    )


def _read_fasta(path: Path) -> Iterator[tuple[str, str]]:
    """Names and letters in plain Python, a line at a time."""
    name, pieces = "", list[str]()
    with path.open() as handle:
        for line in handle:
            if line.startswith(">"):
                if pieces:
                    yield name, "".join(pieces)
                name, pieces = line[1:].split()[0], []
            else:
                pieces.append(line.strip())
    yield name, "".join(pieces)


def _kmer_text(letters: str, kmer: int) -> str:
    return " ".join(letters[at : at + kmer] for at in range(len(letters) - kmer + 1))


def _way_of_2021(model: nn.Module, tokenizer: Any, kmer: int, tokens: int) -> Way:
    def work(fasta: Path, out: Path) -> None:
        records = list(_read_fasta(fasta))
        encoded = [tokenizer(_kmer_text(letters, kmer), max_length=tokens, padding="max_length", truncation=True) for _, letters in records]
        names = [name for name, _ in records]
        batches = [encoded[at : at + OLD_BATCH] for at in range(0, len(encoded), OLD_BATCH)]
        with torch.no_grad():
            probs = [_probs(model, {key: torch.tensor([entry[key] for entry in batch]) for key in batch[0]}) for batch in batches]
        _write(out, names, torch.cat(probs))

    return work


def _batched_way(model: nn.Module, tokenizer: Any, kmer: int) -> Way:
    def work(fasta: Path, out: Path) -> None:
        records = list(_read_fasta(fasta))
        probs = []
        with torch.inference_mode():
            rows = max(1, NEW_TOKENS // (len(records[0][1]) - kmer + 3))
            for at in range(0, len(records), rows):
                texts = [_kmer_text(letters, kmer) for _, letters in records[at : at + rows]]
                probs.append(_probs(model, tokenizer(texts, padding=True, return_tensors="pt")))
        _write(out, [name for name, _ in records], torch.cat(probs))

    return work


def _probs(model: nn.Module, inputs: Any) -> Tensor:
    return torch.softmax(model(**inputs).logits.float(), dim=1)


def _write(out: Path, names: list[str], probs: Tensor) -> None:
    lines = ["\t".join([name, *(f"{value:.6g}" for value in row)]) for name, row in zip(names, probs.tolist(), strict=True)]
    out.write_text("\n".join(["id\tprob_0\tprob_1", *lines]) + "\n")


def read_probabilities(table: Path) -> Any:
    """Probabilities of a TSV of predictions, a row for each sequence."""
    rows = [line.split("\t") for line in table.read_text().splitlines() if not line.startswith(("#", "id\t"))]
    return np.array([row[1:] for row in rows], dtype=np.float64)
