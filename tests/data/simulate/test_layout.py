from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.simulate.layout import Lot, lay_out
from dnabert.data.simulate.windows import GcMatcher, mark, window_sums

ARM = st.integers(1, 200)
ONE_KIND = ((1.0, 0.5),)


@given(st.lists(st.tuples(ARM, ARM), min_size=1, max_size=20), st.integers(0, 500), st.integers(0, 2**32))
def test_lots_keep_their_room_to_themselves(arms: list[tuple[int, int]], slack_bp: int, seed: int) -> None:
    lots = [Lot(upstream, downstream, upstream - 1, downstream - 1, ONE_KIND) for upstream, downstream in arms]
    contig_bp = 1300 + sum(map(sum, arms)) + slack_bp
    plans = lay_out(contig_bp, lots, np.random.default_rng(seed))
    rooms = []
    for lot, plan in zip(lots, plans, strict=True):
        left_bp, right_bp = (lot.upstream_bp, lot.downstream_bp) if plan.strand == "+" else (lot.downstream_bp, lot.upstream_bp)
        rooms.append((plan.anchor - left_bp, plan.anchor + right_bp))
        assert rooms[-1][0] < plan.kept[0] <= plan.anchor < plan.kept[1] <= rooms[-1][1]
    rooms.sort()
    assert rooms[0][0] >= 650
    assert rooms[-1][1] <= contig_bp - 650
    assert all(first[1] <= second[0] for first, second in pairwise(rooms))


@given(st.lists(st.integers(0, 9), min_size=5, max_size=60), st.lists(st.integers(0, 9), max_size=8), st.integers(1, 6), st.integers(0, 9))
def test_matched_windows_are_the_nearest_that_are_free(counts: list[int], wanted: list[int], distance_bp: int, seed: int) -> None:
    starts = np.random.default_rng(seed).permutation(len(counts))
    matcher = GcMatcher(np.array(counts), starts, distance_bp)
    left = starts.tolist()
    for count in wanted:
        expected = min(left, key=lambda start: abs(counts[start] - count), default=None)  # the first of equals
        assert matcher.take(count) == expected
        if expected is not None:
            left = [start for start in left if abs(start - expected) >= distance_bp]


def test_window_sums_by_hand() -> None:
    flags = mark(6, [(-3, 1), (4, 9)])
    assert flags.tolist() == [True, False, False, False, True, True]
    assert window_sums(flags, 3).tolist() == [1, 0, 1, 2]
