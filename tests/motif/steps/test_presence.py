import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.motif.steps import presence
from dnabert.motif.steps.candidates import canonical, pool_islands
from dnabert.motif.steps.islands import find_islands
from dnabert.motif.steps.presence import count_sequences_with
from tests.motif.recipe import num_with, turned

TEXTS = st.text("ACGTN", max_size=60)
STRINGS = st.lists(st.text("AC", min_size=1, max_size=6) | st.text("ACGT", min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


@settings(deadline=None)
@given(STRINGS, st.lists(TEXTS, max_size=6), st.booleans())
def test_strings_are_found_where_python_finds_them(strings: list[str], texts: list[str], both: bool) -> None:
    if both:
        strings = sorted({canonical(text) for text in strings})
    found = count_sequences_with(strings, range(len(strings)), len(strings), [encode_bases(text) for text in texts], both)
    assert found.tolist() == [num_with([text], texts, both) for text in strings]


@settings(deadline=None)
@given(st.lists(st.text("AC", min_size=40, max_size=80), min_size=1, max_size=4), st.data())
def test_strings_of_more_than_31_bases_are_found(texts: list[str], data: st.DataObject) -> None:
    strings = []
    for text in texts:
        start = data.draw(st.integers(0, len(text) - 35))
        strings.append(text[start : start + data.draw(st.integers(32, 35))])
    strings = sorted({*strings, strings[0][:31] + "GGGG"})
    found = count_sequences_with(strings, range(len(strings)), len(strings), [encode_bases(text) for text in texts], False)
    assert found.tolist() == [num_with([text], texts, False) for text in strings]


@settings(deadline=None)
@given(STRINGS, st.lists(TEXTS, min_size=1, max_size=6), st.data())
def test_a_sequence_counts_once_for_a_group(strings: list[str], texts: list[str], data: st.DataObject) -> None:
    groups = [data.draw(st.integers(0, 2)) for _ in strings]
    found = count_sequences_with(strings, groups, 3, [encode_bases(text) for text in texts], False)
    assert found.tolist() == [
        num_with([text for text, own in zip(strings, groups, strict=True) if own == group], texts, False) for group in range(3)
    ]


def test_blocks_of_sequences_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["ACGTACGT", "TTTT", "CCACGCC", "ACG"] * 5
    sequences = [encode_bases(text) for text in texts]
    whole = count_sequences_with(["ACG", "TTT"], [0, 1], 2, sequences, False)
    monkeypatch.setattr(presence, "_BLOCK_BP", 9)
    assert count_sequences_with(["ACG", "TTT"], [0, 1], 2, sequences, False).tolist() == whole.tolist() == [15, 5]


def test_no_string_is_found_nowhere() -> None:
    assert count_sequences_with([], [], 2, [encode_bases("ACGT")], True).tolist() == [0, 0]


def test_islands_that_spell_the_same_are_pooled_on_either_strand() -> None:
    sequences = [encode_bases(text) for text in ("AAGATAAGCC", "CCCTTATCAA", "AAGATAAGAA")]
    scores = [
        np.array([0.0, 0, 9, 9, 9, 9, 9, 0, 0, 0]),
        np.array([0.0, 0, 0, 9, 9, 9, 9, 9, 0, 0]),
        np.array([0.0] * 2 + [9] * 5 + [0] * 3),
    ]
    islands = find_islands(scores, sequences).islands
    both, one = pool_islands(islands, sequences, True), pool_islands(islands, sequences, False)
    assert both.letters == ("GATAA",)
    assert (both.of_island.tolist(), both.is_reverse.tolist()) == ([0, 0, 0], [False, True, False])
    assert (one.letters, one.of_island.tolist(), one.is_reverse.tolist()) == (("GATAA", "TTATC"), [0, 1, 0], [False] * 3)
    assert turned("TTATC") == "GATAA"
