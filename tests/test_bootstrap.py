"""Weighted figures equal scikit-learn's on the resampled rows."""

import numpy as np
import numpy.typing as npt
import pytest

from dnabert.bootstrap import _prepare, bootstrap_difference, bootstrap_intervals
from dnabert.choices import Task
from dnabert.metrics import score_task


def _example(task: Task, num_outputs: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float64]]:
    scores = np.round(rng.random((60, num_outputs)), 1)  # coarse, so that there are ties
    if task == "multilabel":
        return (rng.random((60, num_outputs)) < 0.4).astype(np.float32), scores
    if task == "regress":
        return rng.normal(size=(60, num_outputs)), scores
    targets = rng.integers(0, num_outputs, size=60)
    scores[np.arange(60), targets] += 0.4
    return targets, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("task", "num_outputs"), [("classify", 2), ("classify", 3), ("token", 5), ("multilabel", 3), ("regress", 2)])
def test_figures_of_every_resampling_equal_those_of_its_rows(task: Task, num_outputs: int) -> None:
    rng = np.random.default_rng(0)
    targets, predictions = _example(task, num_outputs, rng)
    figures = _prepare(task, targets, predictions)
    for _ in range(25):
        pick = rng.integers(0, 60, size=60)
        found = figures.score(np.bincount(pick, minlength=60).astype(np.float64))
        expected = score_task(task, targets[pick], predictions[pick])
        for name, value in found.items():
            assert value == (None if expected[name] is None else pytest.approx(expected[name], abs=1e-9)), name


def test_figures_of_few_classes_equal_those_of_the_rows() -> None:
    targets = np.array([0, 0, 1, 1, 2])
    probs = np.random.default_rng(1).dirichlet(np.ones(3), size=5)
    figures = _prepare("classify", targets, probs)
    for weights in ([1, 1, 1, 1, 0], [2, 0, 0, 0, 0], [1, 0, 0, 2, 1], [0, 0, 1, 0, 3]):
        rows = np.repeat(np.arange(5), weights)
        found, expected = figures.score(np.array(weights, dtype=float)), score_task("classify", targets[rows], probs[rows])
        assert found == {name: None if value is None else pytest.approx(value) for name, value in expected.items() if name != "n"}


def test_sequences_are_resampled_whole() -> None:
    rng = np.random.default_rng(2)
    right = np.repeat(rng.random(40) < 0.5, 50)  # whole sequences are right or wrong
    targets = np.zeros(2000, dtype=np.int64)
    targets[::7] = 1
    probs = np.zeros((2000, 2))
    probs[np.arange(2000), np.where(right, targets, 1 - targets)] = 1
    rows = bootstrap_intervals("token", targets, probs, rounds=100)["accuracy"]
    whole = bootstrap_intervals("token", targets, probs, rounds=100, offsets=np.arange(0, 2001, 50))["accuracy"]
    assert rows is not None
    assert whole is not None
    assert whole[1] - whole[0] > 4 * (rows[1] - rows[0])


def test_the_interval_of_a_difference_is_that_of_resampled_pairs() -> None:
    rng = np.random.default_rng(2)
    targets, first = _example("classify", 2, rng)
    _, second = _example("classify", 2, rng)
    other = rng.dirichlet(np.ones(2), size=60)
    found = bootstrap_difference("classify", targets, [(first, second), (first, other)], "mcc", rounds=200, seed=3)
    again = np.random.default_rng(3)
    drawn = []
    for _ in range(200):
        pick = again.integers(0, 60, size=60)
        values = [score_task("classify", targets[pick], predictions[pick])["mcc"] for predictions in (first, second, other)]
        assert None not in values
        drawn.append(values[0] - (values[1] + values[2]) / 2)  # type: ignore[operator]
    assert found == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=1e-9)


def test_predictions_differ_from_themselves_by_nothing() -> None:
    targets, predictions = _example("classify", 2, np.random.default_rng(4))
    assert bootstrap_difference("classify", targets, [(predictions, predictions)], "mcc", rounds=20) == (0.0, 0.0)
    assert bootstrap_difference("classify", np.ones(60, np.int64), [(predictions, predictions)], "mcc", rounds=20) is None
