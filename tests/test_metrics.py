from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from sklearn import metrics as sk

from dnabert.bootstrap import bootstrap_intervals
from dnabert.choices import Task
from dnabert.metrics import SELECTION, calibration_table, score_task, softmax

Floats = npt.NDArray[np.float64]


def made_up(num: int, classes: int, seed: int = 0) -> tuple[npt.NDArray[np.int64], Floats]:
    """Class numbers, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, size=num)
    logits = rng.normal(size=(num, classes))
    logits[np.arange(num), targets] += 1
    return targets, softmax(logits)


def test_softmax_is_the_textbook_one_and_bears_large_logits() -> None:
    assert softmax(np.log([[1.0, 3.0]])).tolist() == [[pytest.approx(0.25), pytest.approx(0.75)]]
    assert softmax(np.array([[1000.0, 1000.0]])).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("task", ["classify", "pair", "token"])
def test_two_classes_have_the_figures_of_the_second_one(task: Task) -> None:
    targets, probs = made_up(300, 2)
    predicted = (probs[:, 1] > 0.5).astype(int)
    assert score_task(task, targets, probs) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(targets, predicted),
            "f1": sk.f1_score(targets, predicted),
            "mcc": sk.matthews_corrcoef(targets, predicted),
            "auroc": sk.roc_auc_score(targets, probs[:, 1]),
            "auprc": sk.average_precision_score(targets, probs[:, 1]),
            "precision": sk.precision_score(targets, predicted),
            "recall": sk.recall_score(targets, predicted),
            "n": 300,
        }
    )


def test_two_classes_by_hand() -> None:
    targets = np.array([1, 1, 1, 0, 0])
    positive = np.array([0.9, 0.8, 0.3, 0.6, 0.1])  # 2 true positives, 1 false negative, 1 false positive, 1 true negative
    figures = score_task("classify", targets, np.stack([1 - positive, positive], axis=1))
    assert figures == pytest.approx(
        {
            "accuracy": 3 / 5,
            "f1": 2 / 3,
            "mcc": (2 * 1 - 1 * 1) / (3 * 3 * 2 * 2) ** 0.5,
            "auroc": 5 / 6,  # of 6 pairs of a positive and a negative only (0.3, 0.6) is in the wrong order
            "auprc": (1 + 1 + 3 / 4) / 3,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "n": 5,
        }
    )


def test_several_classes_have_macro_averages_and_the_auroc_of_pairs() -> None:
    targets, probs = made_up(300, 3)
    predicted = probs.argmax(1)
    assert score_task("classify", targets, probs) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(targets, predicted),
            "f1": sk.f1_score(targets, predicted, average="macro"),
            "mcc": sk.matthews_corrcoef(targets, predicted),
            "auroc": sk.roc_auc_score(targets, probs, multi_class="ovo", average="macro"),
            "auprc": np.mean([sk.average_precision_score(targets == label, probs[:, label]) for label in range(3)]),
            "precision": sk.precision_score(targets, predicted, average="macro"),
            "recall": sk.recall_score(targets, predicted, average="macro"),
            "n": 300,
        }
    )


def test_a_class_without_examples_does_not_enter_an_average() -> None:
    targets = np.array([0, 0, 1, 1])
    probs = np.array([[0.8, 0.1, 0.1], [0.2, 0.1, 0.7], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]])
    figures = score_task("classify", targets, probs)
    assert figures["recall"] == pytest.approx((1 / 2 + 1) / 2)
    assert figures["precision"] == 1
    assert figures["auroc"] is None
    assert figures["auprc"] == 1


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("label", [0, 1])
def test_figures_that_one_class_cannot_define_are_none_and_nothing_warns(classes: int, label: int) -> None:
    _, probs = made_up(20, classes)
    for right in (True, False):
        sure = np.zeros_like(probs)
        sure[:, label if right else 1 - label] = 1
        for predictions in (probs, sure):
            figures = score_task("classify", np.full(20, label), predictions)
            assert [figures[name] for name in ("auroc", "auprc", "mcc")] == [None] * 3
            assert figures["accuracy"] == pytest.approx((predictions.argmax(1) == label).mean())
            assert figures["n"] == 20


def test_a_model_that_says_the_same_of_all_has_no_mcc_to_speak_of() -> None:
    figures = score_task("classify", np.array([0, 1] * 10), np.tile([0.7, 0.3], (20, 1)))
    assert (figures["mcc"], figures["f1"], figures["auroc"], figures["accuracy"]) == (0, 0, 0.5, 0.5)


def test_multilabel_figures_are_means_over_labels() -> None:
    rng = np.random.default_rng(0)
    hot = (rng.random((200, 3)) < [0.5, 0.2, 0.8]).astype(np.float32)
    probs = np.clip(hot * 0.4 + rng.random((200, 3)) * 0.6, 0, 1)
    predicted = probs >= 0.5
    assert score_task("multilabel", hot, probs) == pytest.approx(
        {
            "accuracy": (hot == predicted).mean(),
            "exact_match": sk.accuracy_score(hot, predicted),
            "f1": sk.f1_score(hot, predicted, average="macro"),
            "mcc": np.mean([sk.matthews_corrcoef(hot[:, column], predicted[:, column]) for column in range(3)]),
            "auroc": sk.roc_auc_score(hot, probs, average="macro"),
            "auprc": sk.average_precision_score(hot, probs, average="macro"),
            "precision": sk.precision_score(hot, predicted, average="macro"),
            "recall": sk.recall_score(hot, predicted, average="macro"),
            "n": 200,
        }
    )


def test_a_single_label_has_its_own_figures_not_those_of_its_absence() -> None:
    targets, probs = made_up(200, 2)
    binary = score_task("classify", targets, probs)
    single = score_task("multilabel", targets[:, None].astype(np.float32), probs[:, 1:])
    names = ("accuracy", "f1", "mcc", "auroc", "auprc", "precision", "recall")
    assert [single[name] for name in names] == pytest.approx([binary[name] for name in names])


def test_a_label_that_all_have_does_not_enter_the_figures_it_cannot_define() -> None:
    hot = np.array([[1, 1], [1, 0], [1, 1], [1, 0]], dtype=np.float32)
    probs = np.array([[0.9, 0.8], [0.9, 0.1], [0.9, 0.7], [0.9, 0.6]])
    figures = score_task("multilabel", hot, probs)
    assert figures["auroc"] == figures["auprc"] == 1
    assert figures["mcc"] == pytest.approx(sk.matthews_corrcoef([1, 0, 1, 0], [1, 0, 1, 1]))
    figures = score_task("multilabel", hot[:, :1], probs[:, :1])
    assert [figures[name] for name in ("auroc", "auprc", "mcc")] == [None] * 3


def test_regression_figures_are_means_over_values() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(100, 2))
    values = targets + rng.normal(size=(100, 2)) * [0.3, 2]
    assert score_task("regress", targets, values) == pytest.approx(
        {
            "mse": sk.mean_squared_error(targets, values),
            "mae": sk.mean_absolute_error(targets, values),
            "r2": sk.r2_score(targets, values),
            "pearson": np.mean([stats.pearsonr(targets[:, column], values[:, column]).statistic for column in (0, 1)]),
            "spearman": np.mean([stats.spearmanr(targets[:, column], values[:, column]).statistic for column in (0, 1)]),
            "n": 100,
        }
    )


def test_regression_by_hand() -> None:
    figures = score_task("regress", np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [6.0]]))
    assert figures == pytest.approx({"mse": 3, "mae": 1, "r2": 1 - 9 / 2, "pearson": 5 / 28**0.5, "spearman": 1, "n": 3})


def test_a_constant_prediction_or_target_has_no_correlation() -> None:
    targets, flat = np.arange(5.0)[:, None], np.ones((5, 1))
    figures = score_task("regress", targets, flat)
    assert figures["pearson"] is None
    assert figures["spearman"] is None
    assert figures["r2"] == pytest.approx(1 - np.mean((targets - 1) ** 2) / 2)
    figures = score_task("regress", flat, targets)
    assert [figures[name] for name in ("r2", "pearson", "spearman")] == [None] * 3
    almost = flat.copy()
    almost[0] += 1e-15
    assert score_task("regress", targets, almost)["n"] == 5  # scipy's warning of a nearly constant input does not come through


def test_one_example_defines_little_but_is_scored() -> None:
    assert score_task("regress", np.ones((1, 1)), np.zeros((1, 1)))["r2"] is None
    assert score_task("classify", np.array([1]), np.array([[0.2, 0.8]]))["accuracy"] == 1


def example(task: Task, num: int) -> tuple[npt.NDArray[Any], Floats]:
    targets, probs = made_up(num, 2)
    if task == "multilabel":
        return np.stack([targets, 1 - targets], axis=1), probs[:, ::-1]
    if task == "regress":
        return targets[:, None].astype(float), probs[:, 1:]
    return targets, probs


TASKS: list[Task] = ["classify", "multilabel", "regress"]


@pytest.mark.parametrize("task", TASKS)
def test_intervals_contain_the_point_estimate_and_shrink_with_the_number_of_examples(task: Task) -> None:
    widths = []
    for num in (60, 1500):
        targets, predictions = example(task, num)
        point = score_task(task, targets, predictions)
        intervals = bootstrap_intervals(task, targets, predictions, rounds=40, seed=1)
        assert set(intervals) == set(point) - {"n"}
        spans = []
        for name, interval in intervals.items():
            value = point[name]
            assert interval is not None
            assert value is not None
            assert interval[0] <= value <= interval[1], name
            spans.append(interval[1] - interval[0])
        widths.append(float(np.mean(spans)))
    assert widths[1] < 0.4 * widths[0]  # about one over root 25


def test_the_interval_of_the_accuracy_is_that_of_a_binomial() -> None:
    targets, probs = made_up(400, 2)
    accuracy = (probs.argmax(1) == targets).mean()
    interval = bootstrap_intervals("classify", targets, probs, rounds=200)["accuracy"]
    assert interval is not None
    half = 1.96 * (accuracy * (1 - accuracy) / 400) ** 0.5
    assert interval == pytest.approx((accuracy - half, accuracy + half), abs=0.25 * half)


def test_intervals_are_the_same_for_the_same_seed() -> None:
    targets, probs = made_up(50, 2)
    first, again, other = (bootstrap_intervals("classify", targets, probs, rounds=20, seed=seed) for seed in (3, 3, 4))
    assert first == again != other


def test_a_figure_that_most_resamplings_cannot_define_has_no_interval() -> None:
    targets = np.array([1] + [0] * 200)  # the only positive is left out of 37 % of the resamplings
    probs = np.tile([0.6, 0.4], (201, 1))
    assert bootstrap_intervals("classify", targets, probs, rounds=50)["auroc"] is not None
    intervals = bootstrap_intervals("classify", np.zeros(20, dtype=int), probs[:20], rounds=10)
    assert intervals["auroc"] is None
    assert intervals["accuracy"] == (1, 1)


def test_calibration_by_hand() -> None:
    probs = np.array([[0.05, 0.95], [0.95, 0.05], [0.65, 0.35], [0.0, 1.0]])
    table = calibration_table(np.array([1, 1, 0, 1]), probs)
    assert table["bins"] == [
        {"confidence": pytest.approx(0.65), "accuracy": 1, "n": 1},
        {"confidence": pytest.approx(2.9 / 3), "accuracy": pytest.approx(2 / 3), "n": 3},
    ]
    assert table["ece"] == pytest.approx((1 * 0.35 + 3 * 0.3) / 4)


def test_calibrated_probabilities_have_next_to_no_error_and_boasting_ones_do() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(20_000)
    targets = (rng.random(20_000) < positive).astype(int)
    assert calibration_table(targets, np.stack([1 - positive, positive], axis=1))["ece"] < 0.02
    sure = np.round(positive)
    assert calibration_table(targets, np.stack([1 - sure, sure], axis=1))["ece"] == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("task", TASKS)
def test_the_figure_that_selects_is_one_of_the_tasks_figures(task: Task) -> None:
    assert SELECTION[task] in score_task(task, *example(task, 30))
