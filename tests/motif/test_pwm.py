import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.motif.pwm import (
    background_of,
    count_bases,
    information_bits,
    informative_span,
    letter_heights,
    probabilities,
    site_codes,
)


@settings(deadline=None)
@given(st.lists(st.text("ACGTN", min_size=5, max_size=5), min_size=1, max_size=10), st.floats(0.1, 5))
def test_probabilities_follow_from_counts_pseudocount_and_background(texts: list[str], pseudocount: float) -> None:
    background = np.array([0.3, 0.2, 0.2, 0.3])
    probs = probabilities(count_bases(np.stack([encode_bases(text) for text in texts])), background, pseudocount)
    for column in range(5):
        letters = [text[column] for text in texts if text[column] != "N"]
        for number, letter in enumerate("ACGT"):
            wanted = (letters.count(letter) + pseudocount * background[number]) / (len(letters) + pseudocount)
            assert probs[column, number] == pytest.approx(wanted)


def test_information_and_heights_of_columns_worked_by_hand() -> None:
    probs = np.array([[1.0, 0, 0, 0], [0.5, 0, 0.5, 0], [0.25] * 4])
    assert information_bits(probs) == pytest.approx([2.0, 1.0, 0.0])
    assert letter_heights(probs) == pytest.approx(np.array([[2.0, 0, 0, 0], [0.5, 0, 0.5, 0], [0.0] * 4]))


def test_a_site_on_the_reverse_strand_is_read_backwards() -> None:
    rows = site_codes([encode_bases("AAGATAAC"), encode_bases("GTTATC")], np.array([0, 1]), np.array([2, 1]), 5, np.array([False, True]))
    assert np.array_equal(rows, np.stack([encode_bases("GATAA"), encode_bases("GATAA")]))


def test_the_background_counts_every_base_and_one_more() -> None:
    sequences = [encode_bases("AAAN"), encode_bases("CG")]
    assert background_of(sequences, False) == pytest.approx(np.array([4, 2, 2, 1]) / 9)
    assert background_of(sequences, True) == pytest.approx(np.array([5, 4, 4, 5]) / 18)


def test_ends_without_information_are_cut_but_never_the_founder() -> None:
    counts = np.full((6, 4), 25.0)
    counts[2] = [100, 0, 0, 0]
    assert informative_span(counts, 0.25, (2, 3)) == (2, 3)
    assert informative_span(counts, 0.25, (1, 4)) == (1, 4)
    assert informative_span(counts, 0.0, (2, 3)) == (0, 6)


def test_what_few_sites_show_by_chance_is_no_information() -> None:
    # Two of three alike: 1.08 bits as they stand, of which chance gives 0.72.
    counts = np.tile([2.0, 1.0, 0, 0], (4, 1))
    assert informative_span(counts, 0.5, (1, 2)) == (1, 2)
    assert informative_span(counts * 100, 0.5, (1, 2)) == (0, 4)
