"""Turns, spreads and refusals."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed.rounds import MAX_SPREAD, MIN_ROUNDS, Spread, per_round, refusal, seconds, spread_of, take_turns

POSITIVE = st.floats(min_value=1e-6, max_value=1e6)


def test_quartiles_lie_between_neighbours() -> None:
    assert spread_of([1.0, 2.0, 3.0, 4.0, 5.0]) == Spread(median=3.0, q1=2.0, q3=4.0, low=1.0, high=5.0)
    assert spread_of([4.0, 1.0, 3.0, 2.0]) == Spread(median=2.5, q1=1.75, q3=3.25, low=1.0, high=4.0)


def test_one_value_is_its_own_spread() -> None:
    assert spread_of([2.0]) == Spread(2.0, 2.0, 2.0, 2.0, 2.0)


@given(st.lists(POSITIVE, min_size=1, max_size=20))
def test_a_spread_is_ordered_and_within_its_values(values: list[float]) -> None:
    spread = spread_of(values)
    ordered = [spread.low, spread.q1, spread.median, spread.q3, spread.high]
    assert all(left <= right or math.isclose(left, right) for left, right in pairwise(ordered))
    assert (spread.low, spread.high) == (min(values), max(values))


def test_the_ratio_of_a_round_is_reference_over_ours() -> None:
    assert per_round([6.0, 9.0], [2.0, 1.0]) == (3.0, 9.0)


def test_rounds_of_unequal_number_are_no_comparison() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        per_round([1.0, 2.0], [1.0])


def test_values_that_agree_are_not_refused() -> None:
    assert refusal([3.0, 3.1, 2.9, 3.0, 3.2]) is None


def test_a_wide_middle_half_is_refused_with_its_width() -> None:
    assert refusal([1.0, 2.0, 3.0, 4.0, 5.0]) == "spread too wide: the middle half of 5 rounds is 67 % of the median (limit 30 %)"


def test_one_outlier_does_not_make_a_ratio_meaningless() -> None:
    assert refusal([3.0, 3.0, 3.1, 3.0, 90.0]) is None


def test_too_few_rounds_are_refused_whatever_they_say() -> None:
    assert refusal([3.0] * (MIN_ROUNDS - 1)) == "too few rounds: 4 of 5"


def test_a_median_of_zero_is_refused_unless_all_are_zero() -> None:
    assert (
        refusal([-1.0, -1.0, 0.0, 1.0, 1.0]) == "spread too wide: the middle half of 5 rounds is more than all of the median (limit 30 %)"
    )
    assert refusal([0.0] * 5) is None


@given(st.lists(POSITIVE, min_size=MIN_ROUNDS, max_size=15), POSITIVE)
def test_whether_a_ratio_is_refused_does_not_depend_on_the_unit(values: list[float], unit: float) -> None:
    spread = spread_of(values)
    if not math.isclose(spread.q3 - spread.q1, MAX_SPREAD * spread.median, rel_tol=1e-6):  # not on the border
        assert (refusal(values) is None) == (refusal([unit * value for value in values]) is None)


def test_seconds_are_divided_by_the_units_of_the_work() -> None:
    ticks = iter([10.0, 16.0])
    assert seconds(lambda: None, 3, clock=lambda: next(ticks)) == 2.0


def test_cases_take_turns_and_each_round_begins_with_another() -> None:
    order: list[str] = []

    def case(name: str, value: float) -> float:
        order.append(name)
        return value + len(order) / 1000

    found = take_turns({"a": lambda: case("a", 1), "b": lambda: case("b", 2)}, rounds=2, warmups=1)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert found == {"a": (1.003, 1.006), "b": (2.004, 2.005)}  # the warm-up does not count


def test_each_round_is_reported_with_the_times_of_all_cases() -> None:
    lines: list[str] = []
    take_turns({"ours": lambda: 0.5, "theirs": lambda: 2.0}, rounds=2, report=lines.append)
    assert lines == ["warm-up: ours 0.5, theirs 2", "round 1 of 2: ours 0.5, theirs 2", "round 2 of 2: ours 0.5, theirs 2"]
