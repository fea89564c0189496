"""Means, intervals, published rows and how they are written."""

from pathlib import Path

import pytest

from benchmarks.quality.cells.records import KeptRun, Record
from benchmarks.quality.cells.summary import mean_of, rows_of
from benchmarks.quality.markdown import difference
from benchmarks.quality.published import CNN, DNABERT_2, DNABERT_6, PUBLISHED, best_published


def test_the_interval_is_students_t_over_seeds() -> None:
    found = mean_of([70.0, 72.0, 74.0])
    assert (found.value, found.values) == (72.0, (70.0, 72.0, 74.0))
    assert found.half_width == pytest.approx(4.302653 * 2 / 3**0.5, rel=1e-6)  # t(0.975, 2) from a table


@pytest.mark.parametrize("values", [(70.0,), (70.0, 71.0)])
def test_fewer_than_three_seeds_have_no_interval(values: tuple[float, ...]) -> None:
    found = mean_of(values)
    assert (found.half_width, found.values) == (None, values)


@pytest.mark.parametrize(
    ("task", "best"),
    [
        ("tf/0", 71.99),
        ("tf/1", 76.06),
        ("tf/4", 77.43),
        ("prom_core_notata", 71.58),
        ("prom_core_tata", 78.15),
        ("prom_300_tata", 79.43),
        ("mouse/0", 64.23),
        ("mouse/4", 52.66),
        ("splice/worm", None),
    ],
)
def test_the_best_published_figure_is_the_goal_of_the_plan(task: str, best: float | None) -> None:
    assert best_published(task) == best


def test_published_rows_stand_under_their_tasks() -> None:
    assert PUBLISHED[CNN]["prom_core_tata"] == 69.33
    assert PUBLISHED[DNABERT_6]["mouse/0"] == 44.42
    assert PUBLISHED[DNABERT_2]["splice/reconstructed"] == 84.99
    assert "prom_core_tata" not in PUBLISHED["GROVER"]
    assert {len(row) for row in PUBLISHED.values()} == {17, 8}


def test_a_goal_that_is_reached_but_not_passed_is_a_miss() -> None:
    assert difference(70.0, 70.0) == "**0.00**"


def test_points_are_compared_by_their_lowest_seed_and_more_seeds_of_one_do_not_count() -> None:
    def kept(point: str, seed: int, dev: float) -> KeptRun:
        record = Record.model_construct(
            task="t", contestant="a", kind="scratch", recipe="tuned", share=1.0, point=point, seed=seed, dev={"forward": {"mcc": dev}}
        )
        return KeptRun(Path(), record)

    (row,) = rows_of([kept("lr1", 3, 0.1), kept("lr1", 1, 0.8), kept("lr2", 1, 0.7), kept("lr2", 2, 0.9), kept("lr3", 2, 1.0)])
    assert [(run.record.point, run.record.seed) for run in row.runs] == [("lr1", 1), ("lr1", 3)]
