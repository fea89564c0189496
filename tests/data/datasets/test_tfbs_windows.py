from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.tfbs import windows
from dnabert.data.datasets.tfbs.windows import bound_windows, choose_centers, join_names, window_starts

SUMMITS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 4)), max_size=40).map(sorted)


def slowly_chosen(positions: list[int], strengths: list[int], reach_bp: int) -> list[int]:
    left = sorted(range(len(positions)), key=lambda index: (-strengths[index], index))
    chosen = []
    while left:
        best = left[0]
        chosen.append(best)
        left = [index for index in left if abs(positions[index] - positions[best]) >= reach_bp]
    return sorted(chosen)


@given(SUMMITS, st.integers(1, 60))
def test_the_strongest_summit_takes_all_that_are_near(summits: list[tuple[int, int]], reach_bp: int) -> None:
    positions, strengths = [summit[0] for summit in summits], [summit[1] for summit in summits]
    chosen = choose_centers(np.array(positions, dtype=np.int64), np.array(strengths, dtype=np.float64), reach_bp).tolist()
    assert chosen == slowly_chosen(positions, strengths, reach_bp)
    centers = [positions[index] for index in chosen]
    assert all(after - before >= reach_bp for before, after in pairwise(centers))
    assert all(min(abs(position - center) for center in centers) < reach_bp for position in positions)


def test_blocks_do_not_change_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    positions, strengths = np.sort(rng.integers(0, 5000, 400)), rng.random(400)
    whole = choose_centers(positions, strengths, 50)
    monkeypatch.setattr(windows, "_ROWS", 7)
    assert (choose_centers(positions, strengths, 50) == whole).all()


@given(st.integers(1, 30), st.booleans(), st.integers(50, 60))
def test_summit_has_index_half_the_window_on_the_strand_of_the_window(window_bp: int, is_reverse: bool, summit: int) -> None:
    start = int(window_starts(np.array([summit]), np.array([is_reverse]), window_bp)[0])
    bases = list(range(start, start + window_bp))
    assert (bases[::-1] if is_reverse else bases)[window_bp // 2] == summit


@settings(deadline=None)  # bioframe is imported by the first example
@given(SUMMITS, st.lists(st.tuples(st.integers(0, 300), st.integers(1, 50)), max_size=8), st.integers(1, 40), st.booleans())
def test_factor_binds_where_a_summit_is_in_the_window_or_a_peak_over_its_middle(
    summits: list[tuple[int, int]], peaks: list[tuple[int, int]], window_bp: int, by_peak: bool
) -> None:
    centers = np.arange(0, 320, 7)
    starts = centers - window_bp // 2
    own = np.array([summit[0] for summit in summits], dtype=np.int64)
    intervals = np.array([(start, start + length) for start, length in peaks], dtype=np.int64).reshape(-1, 2)
    found = bound_windows(starts, centers, window_bp, own, IntervalSet.merged(intervals) if by_peak else None)
    expected = [
        row
        for row, (start, center) in enumerate(zip(starts.tolist(), centers.tolist(), strict=True))
        if any(start <= summit < start + window_bp for summit in own.tolist())
        or (by_peak and any(first <= center < end for first, end in intervals.tolist()))
    ]
    assert found.tolist() == expected


@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=12))
def test_names_are_joined_in_their_order(factors_of_window: list[set[int]]) -> None:
    names = ["A", "B", "C1", "C10", "D", "E"]
    bound = [np.array([row for row, found in enumerate(factors_of_window) if number in found], dtype=np.int64) for number in range(6)]
    labels = join_names(names, bound, len(factors_of_window))
    assert labels == [";".join(names[number] for number in sorted(found)) for found in factors_of_window]
