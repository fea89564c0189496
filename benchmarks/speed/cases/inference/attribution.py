"""In-silico mutagenesis in batches, beside the same mutants predicted one by one; gradients and integrated gradients for comparison."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.speed.agreement import FLOAT32_TOLERANCE, check_close
from benchmarks.speed.cases.common.reference import spread_out
from benchmarks.speed.cases.common.sequences import random_set
from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.data.batch import EncodedSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.dna.sequence import Codes
from dnabert.forward import predict_set
from dnabert.infer.attribution.choices import AttributionMethod
from dnabert.infer.attribution.mutants import mutant_ids
from dnabert.infer.attribution.scores import attribute
from dnabert.model.config import HeadConfig, ModelConfig, mini
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = ["FULL", "QUICK", "Case", "measure"]


@dataclass(frozen=True)
class Case:
    """Sequences of one length.

    Attributes:
        model: Sizes of the model.
        length_bp: Bases of a sequence.
        whole: Sequences that the plan speaks of; times are in proportion.
        ours: Sequences whose mutants ours predicts in every round.
        one_by_one: Mutants that are predicted one by one in every round.
        checked: Mutants whose answers are compared.
        rounds: Rounds that count.
    """

    model: ModelConfig
    length_bp: int
    whole: int
    ours: int
    one_by_one: int
    checked: int
    rounds: int


FULL = (Case(mini(6), 300, 100, 1, 150, 60, 5),)
QUICK = (Case(mini(6), 40, 4, 1, 12, 12, 1),)


def measure(cases: tuple[Case, ...], _folder: Path, say: Say) -> Findings:
    found = [_measure(case, say) for case in cases]
    return Findings.joined(
        found,
        notes=(
            "Model: `mini`, k = 6, two classes, random weights, float32 (differences of log-odds are small). Every sequence is predicted"
            " with each base changed to the other three, 3L + 1 predictions. One by one: each mutant is a set of one sequence that goes"
            " through tokenizer and `predict_set`.",
            "On a CPU a sequence of 300 bases nearly fills the cores by itself, so that a batch gains what one sequence loses to calls and"
            " threads; every mutant is still a pass of its own, for after the first block every token depends on the changed base.",
            "To stay in the time, rounds are made on fewer: "
            + "; ".join(f"{case.ours} sequences of {case.length_bp} bases (ours), {case.one_by_one} mutants one by one" for case in cases)
            + ". Times are in proportion.",
        ),
    )


def _measure(case: Case, say: Say) -> Findings:
    model = spread_out(Dnabert(case.model, HeadConfig(task="classify")))
    machine = choose_machine("cpu", "float32")
    tokenizer = KmerTokenizer(case.model.kmer)
    data = random_set(case.ours, case.length_bp)
    mutants = _mutants(data.first[0], case.model.kmer, max(case.checked, case.one_by_one))

    def log_odds(codes: Codes) -> float:
        one = SequenceSet(("mutant",), pack([codes]))
        logits = predict_set(model, EncodedSet(one, tokenizer, model.head_config), machine).values[0]
        return float(logits[1] - logits[0])

    def ours(method: AttributionMethod = "ism") -> list[npt.NDArray[np.float32]]:
        return [values for _, values in attribute(model, data, tokenizer, machine, method=method, output=1)]

    what = f"in-silico mutagenesis, {case.whole:,} x {case.length_bp} bases"
    slow = np.array([log_odds(mutant) - log_odds(data.first[0]) for mutant, _, _ in mutants[: case.checked]])
    fast = _changes(ours()[0], data.first[0], mutants[: case.checked])
    agreement = check_close(f"{what}: changes of log-odds", "predictions one by one", fast, slow, 10 * FLOAT32_TOLERANCE)
    say(f"{what}: differs from {agreement.against} by {agreement.difference:.1e}")
    passes = 3 * case.length_bp + 1
    share = case.whole / case.ours

    def in_proportion(work: Callable[[], Any]) -> Callable[[], float]:
        return lambda: share * seconds(work)

    times = take_turns(
        {
            "ours": in_proportion(ours),
            "one by one": lambda: (
                case.whole * passes * seconds(lambda: [log_odds(mutant) for mutant, _, _ in mutants[: case.one_by_one]], case.one_by_one)
            ),
            "gradient": in_proportion(lambda: ours("gradient")),
            "ig": in_proportion(lambda: ours("ig")),
        },
        case.rounds,
        report=lambda text: say(f"{what}, {text}"),
    )
    unit = f"{case.whole:,} sequences"
    return Findings(
        ratios=(
            Ratio(
                key=f"attribution.{case.length_bp}.ism",
                what=what,
                against="the same mutants predicted one by one, float32",
                unit=unit,
                goal=3.0,
                ours=times["ours"],
                reference=times["one by one"],
            ),
        ),
        figures=(
            Figure(
                what=f"{case.length_bp} bases: ours", unit="predictions/s", values=tuple(passes * case.whole / t for t in times["ours"])
            ),
            Figure(what=f"{case.length_bp} bases: gradient", unit=f"s for {unit}", values=times["gradient"], higher_is_better=False),
            Figure(
                what=f"{case.length_bp} bases: integrated gradients, 50 steps",
                unit=f"s for {unit}",
                values=times["ig"],
                higher_is_better=False,
            ),
        ),
        agreements=(agreement,),
    )


def _mutants(codes: Codes, kmer: int, count: int) -> list[tuple[Codes, int, int]]:
    """Some mutants, spread over the sequence: base codes, place, new base code."""
    _, places, bases = mutant_ids(codes, kmer)
    step = max(1, len(places) // count)
    found = []
    for place, base in islice(zip(places[::step].tolist(), bases[::step].tolist(), strict=True), count):
        changed = codes.copy()
        changed[place] = base
        found.append((changed, place, base))
    return found


def _changes(values: npt.NDArray[np.float32], codes: Codes, mutants: list[tuple[Codes, int, int]]) -> npt.NDArray[np.float64]:
    row = ["ACGT".index(base) for base in "ATCG"]
    return np.array([values[row[base], place] - values[row[codes[place]], place] for _, place, base in mutants], np.float64)
