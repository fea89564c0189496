import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.datasets.promoters.substitution import part_edges, substitute_parts


def kept_parts(before: np.ndarray, after: np.ndarray) -> list[bool]:
    edges = part_edges(len(before))
    return [(before[start:end] == after[start:end]).all() for start, end in itertools.pairwise(edges)]


@given(st.integers(20, 400))
def test_twenty_parts_tile_the_sequence_and_differ_by_one_base_at_most(length_bp: int) -> None:
    edges = part_edges(length_bp)
    lengths = np.diff(edges)
    assert (len(lengths), edges[0], edges[-1]) == (20, 0, length_bp)
    assert set(lengths) <= {length_bp // 20, length_bp // 20 + 1}


def test_seventy_bases_make_ten_parts_of_four_and_ten_of_three() -> None:
    assert np.diff(part_edges(70)).tolist() == [4] * 10 + [3] * 10


@given(st.integers(20, 120), st.integers(1, 8), st.integers(0, 2**32))
def test_exactly_eight_parts_stay_in_place(length_bp: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 4, (count, length_bp), dtype=np.uint8)
    after = substitute_parts(before, rng)
    assert after.shape == before.shape
    assert after.max() <= 3
    assert [sum(kept_parts(old, new)) for old, new in zip(before, after, strict=True)] == [8] * count


def test_every_part_stays_alike_often_and_is_filled_with_all_four_bases() -> None:
    before = np.zeros((5000, 300), dtype=np.uint8)
    after = substitute_parts(before, np.random.default_rng(1))
    stays = np.array([kept_parts(old, new) for old, new in zip(before, after, strict=True)]).mean(axis=0)
    # 8 of 20 are 0.4, and the standard error of 5000 draws is 0.007.
    assert np.abs(stays - 0.4).max() < 0.03
    # 12 of 20 parts are filled, a quarter of their bases with each letter.
    shares = np.bincount(after.ravel(), minlength=4) / after.size
    assert np.abs(shares - [0.4 + 0.15, 0.15, 0.15, 0.15]).max() < 0.005


def test_the_sequences_that_came_in_are_left_alone() -> None:
    before = np.zeros((3, 40), dtype=np.uint8)
    substitute_parts(before, np.random.default_rng(2))
    assert not before.any()
