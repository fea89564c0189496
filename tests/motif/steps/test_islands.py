import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.errors import SequenceError
from dnabert.motif.steps.islands import find_islands, high_bases, smoothed
from tests.motif.recipe import regions

ROWS = st.lists(
    st.lists(st.integers(0, 40), min_size=1, max_size=40).flatmap(
        lambda row: st.tuples(st.just(row), st.text("ACGTN", min_size=len(row), max_size=len(row)))
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(ROWS, st.sampled_from([0.5, 1.0, 1.5]), st.sampled_from([0.0, 2.0, 10.0]), st.integers(2, 6))
def test_islands_are_the_regions_of_the_recipe(
    rows: list[tuple[list[int], str]], mean_factor: float, min_factor: float, min_len: int
) -> None:
    scores = [np.array(row, np.float32) for row, _ in rows]
    found = find_islands(scores, [encode_bases(text) for _, text in rows], mean_factor, min_factor, min_len).islands
    wanted = [
        (number, start, end)
        for number, (row, text) in enumerate(rows)
        for start, end in regions([float(value) for value in row], text, mean_factor, min_factor, min_len)
    ]
    assert list(zip(found.sequences.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)) == wanted


def test_the_score_of_an_island_is_the_mean_of_its_bases() -> None:
    found = find_islands([np.array([0.0, 4, 6, 8, 0, 0])], [encode_bases("ACGTAC")], min_len_bp=2)
    assert (found.islands.starts.tolist(), found.islands.ends.tolist(), found.islands.scores.tolist()) == ([1], [4], [6.0])


def test_equal_scores_have_no_island_whatever_the_rounding_of_their_mean() -> None:
    scores = np.full(70, 0.1, np.float32)
    assert not high_bases(scores, 1.0, 0.0).any()
    assert find_islands([scores], [encode_bases("A" * 70)]).num_constant == 1


def test_a_lowest_score_of_zero_leaves_only_the_mean_rule() -> None:
    assert high_bases(np.array([0.0, 1.0, 9.0, 9.0])).tolist() == [False, False, True, True]


def test_what_stops_the_islands_is_counted() -> None:
    sequences = [encode_bases("ACGTACGT")] * 2
    scores = [np.array([1.0, 1, 9, 9, 9, 9, 9, 1]), np.array([1.0, 1, 30, 30, 30, 1, 1, 1])]
    found = find_islands(scores, sequences)
    assert (found.num_stopped_by_min, found.num_runs, found.longest_bp, found.largest_ratio) == (1, 1, 3, 30.0)
    assert not len(found.islands)


def test_scores_may_end_before_a_sequence_that_was_cut() -> None:
    found = find_islands([np.array([0.0, 9, 9, 9])], [encode_bases("ACGTACGT")], min_len_bp=3)
    assert found.islands.ends.tolist() == [4]


@pytest.mark.parametrize("value", [-0.5, float("nan")])
def test_scores_below_zero_and_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(SequenceError, match=r"sequence 1: a score is (-0\.5|nan); scores must be numbers of 0 or more"):
        find_islands([np.array([1.0, value])], [encode_bases("AC")])


def test_more_scores_than_bases_are_refused() -> None:
    with pytest.raises(SequenceError, match=r"sequence 1: \(3,\) scores for 2 bases; there must be one for each base"):
        find_islands([np.ones(3)], [encode_bases("AC")])


@settings(deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30), st.sampled_from([1, 3, 5, 9]))
def test_smoothed_scores_are_means_of_neighbours(values: list[int], width: int) -> None:
    half = width // 2
    parts = [values[max(place - half, 0) : place + half + 1] for place in range(len(values))]
    assert smoothed(np.array(values, np.float64), width) == pytest.approx(np.array([sum(part) / len(part) for part in parts]))
