"""Motifs out of 50,000 islands: all of the search, and the merging by itself, beside plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.speed.agreement import check_equal
from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.dna.sequence import Codes
from dnabert.motif.discover import discover_motifs
from dnabert.motif.settings import MotifSettings
from dnabert.motif.steps.candidates import pool_islands
from dnabert.motif.steps.islands import find_islands
from dnabert.motif.steps.merge import merge_strings

__all__ = ["FULL", "QUICK", "Sizes", "measure"]

_GOAL_S = 60.0
_NUM_WORDS = 40
_ISLAND_BP = (6, 17)


@dataclass(frozen=True)
class Sizes:
    """How much, and how often.

    Attributes:
        num_sequences: Positives, and as many negatives.
        sequence_bp: Bases of each.
        islands_each: Islands of a positive.
        few: Strings that plain Python merges too.
        rounds: Rounds that count.
    """

    num_sequences: int
    sequence_bp: int
    islands_each: int
    few: int
    rounds: int


FULL = Sizes(10_000, 100, 5, 600, 5)
QUICK = Sizes(60, 100, 5, 30, 1)


def measure(sizes: Sizes, _folder: Path, say: Say) -> Findings:
    scores, positives, negatives = _planted(sizes)
    found = find_islands(scores, positives)
    candidates = pool_islands(found.islands, positives, False)
    letters = list(candidates.letters)
    p = np.full(len(letters), 0.5)
    rng = np.random.default_rng(2)
    few = sorted(rng.choice(letters, min(sizes.few, len(letters)), replace=False).tolist())
    ours = [[few[member.string] for member in group.members] for group in merge_strings(few, p[: len(few)])]
    plain = _plain_merge(few)
    names = sorted(few)
    agreement = check_equal(
        f"groups of {len(few):,} strings", "plain Python, pair by pair", *(_group_numbers(part, names) for part in (ours, plain))
    )
    say(f"{len(found.islands):,} islands, {len(letters):,} distinct strings")
    times = take_turns(
        {
            "search": lambda: seconds(lambda: discover_motifs(scores, positives, negatives, MotifSettings(max_q=0.5))),
            "merge": lambda: seconds(lambda: merge_strings(letters, p)),
            "few": lambda: seconds(lambda: merge_strings(few, p[: len(few)])),
            "plain": lambda: seconds(lambda: _plain_merge(few)),
        },
        sizes.rounds,
        report=say,
    )
    what = f"{len(found.islands):,} islands"
    return Findings(
        ratios=(
            Ratio(
                key=f"motifs.merge.{len(few)}",
                what=f"merging {len(few):,} strings",
                against="plain Python, pair by pair",
                unit="merge",
                goal=None,
                ours=times["few"],
                reference=times["plain"],
            ),
        ),
        figures=(
            Figure(
                what=f"{what} merged: all of their {len(letters):,} strings",
                unit="s",
                values=times["merge"],
                goal=_GOAL_S,
                higher_is_better=False,
            ),
            Figure(
                what=f"{what} to motifs: all steps, {sizes.num_sequences:,} positives and as many negatives",
                unit="s",
                values=times["search"],
                goal=_GOAL_S,
                higher_is_better=False,
            ),
        ),
        agreements=(agreement,),
        notes=(
            f"Random sequences of {sizes.sequence_bp} bases with {sizes.islands_each} islands of {_ISLAND_BP[0]}-{_ISLAND_BP[1] - 1}"
            f" bases in each positive; an island holds one of {_NUM_WORDS} words, one base of it changed in half of the cases.",
        ),
    )


def _planted(sizes: Sizes) -> tuple[list[np.ndarray], list[Codes], list[Codes]]:
    """Scores of the positives; positives; negatives."""
    rng = np.random.default_rng(1)
    words = [rng.integers(0, 4, 8).astype(np.uint8) for _ in range(_NUM_WORDS)]
    positives, scores = [], []
    step = sizes.sequence_bp // sizes.islands_each
    for _ in range(sizes.num_sequences):
        codes = rng.integers(0, 4, sizes.sequence_bp).astype(np.uint8)
        row = np.full(sizes.sequence_bp, 0.1)
        for island in range(sizes.islands_each):
            length = int(rng.integers(*_ISLAND_BP))
            start = island * step + int(rng.integers(0, step - length))
            word = words[int(rng.integers(_NUM_WORDS))].copy()
            if rng.random() < 0.5:
                word[int(rng.integers(8))] = rng.integers(4)
            codes[start : start + min(length, 8)] = word[:length]
            row[start : start + length] = 5.0
        positives.append(codes)
        scores.append(row)
    negatives = [rng.integers(0, 4, sizes.sequence_bp).astype(np.uint8) for _ in range(sizes.num_sequences)]
    return scores, positives, negatives


def _plain_merge(letters: Sequence[str], min_len: int = 5, share: float = 0.5) -> list[list[str]]:
    """The same rule, pair by pair and base by base."""
    groups: list[list[str]] = []
    for text in sorted(letters, key=lambda one: (len(one), one)):
        best, chosen = -1, None
        for group in groups:
            founder = group[0]
            matches = max(
                sum(text[place + offset] == base for place, base in enumerate(founder) if 0 <= place + offset < len(text))
                for offset in range(1 - len(founder), len(text))
            )
            if matches >= max(min_len - 1, share * min(len(text), len(founder))) and matches > best:
                best, chosen = matches, group
        if chosen is None:
            groups.append([text])
        else:
            chosen.append(text)
    return groups


def _group_numbers(groups: Sequence[Sequence[str]], names: Sequence[str]) -> list[int]:
    number_of = {text: number for number, group in enumerate(groups) for text in group}
    return [number_of[name] for name in names]
