import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.motif.pwm import LETTERS
from dnabert.motif.steps import occurrences
from dnabert.motif.steps.occurrences import count_sequences_like, median_score
from tests.motif.recipe import turned

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])


def score(probs: np.ndarray, text: str) -> float:
    return sum(
        math.log2(row[LETTERS.index(letter)] / BACKGROUND[LETTERS.index(letter)]) if letter != "N" else -math.inf
        for row, letter in zip(probs, text, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.lists(st.text("ACGTN", max_size=14), max_size=6), st.booleans(), st.floats(-3, 6))
def test_a_sequence_counts_once_if_the_matrix_fits_anywhere_in_it(seed: int, texts: list[str], both: bool, least: float) -> None:
    probs = np.random.default_rng(seed).dirichlet([0.5] * 4, size=4) * 0.96 + 0.01
    strands = [[text, turned(text.replace("N", "A")) if "N" not in text else _turned_with_n(text)] for text in texts]
    places = [[strand[at : at + 4] for strand in pair[: 2 if both else 1] for at in range(len(strand) - 3)] for pair in strands]
    wanted = sum(any(score(probs, place) >= least for place in found) for found in places)
    assert count_sequences_like(probs, BACKGROUND, least, [encode_bases(text) for text in texts], both) == wanted


def _turned_with_n(text: str) -> str:
    return "N".join(turned(part) if part else "" for part in text.split("N")[::-1])


def test_many_sequences_are_scored_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    probs = np.full((4, 4), 0.01) + 0.96 * np.eye(4)
    sequences = [encode_bases("TTACGTTT" if number % 3 == 0 else "TTTTTTTT") for number in range(30)]
    for size in (1, 20, 10_000):
        monkeypatch.setattr(occurrences, "_BLOCK_BP", size)
        assert count_sequences_like(probs, BACKGROUND, 5.0, sequences, False) == 10


def test_the_measure_is_the_median_of_the_sites_of_which_unknown_bases_tell_nothing() -> None:
    probs = np.full((3, 4), 0.01) + 0.96 * np.eye(4)[:3]
    sites = np.stack([encode_bases(text) for text in ("ACG", "ACG", "ACT")])
    assert median_score(probs, BACKGROUND, sites) == pytest.approx(score(probs, "ACG"))
    unknown = np.stack([encode_bases("ACN")] * 3)
    assert median_score(probs, BACKGROUND, unknown) == pytest.approx(score(probs[:2], "AC"))
