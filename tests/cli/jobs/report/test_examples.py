import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnabert.cli.jobs.report.examples import best_stretch, choose_examples


def test_typical_ones_of_each_class_come_first_then_the_most_confident_errors() -> None:
    targets = np.array([0, 0, 0, 1, 1, 1])
    positive = np.array([0.1, 0.2, 0.9, 0.8, 0.7, 0.2])
    found = choose_examples("classify", ["no", "yes"], targets, np.stack([1 - positive, positive], axis=1), np.arange(6), 4)
    assert [(one.row, one.why) for one in found] == [
        (4, "typical of yes"),
        (1, "typical of no"),
        (2, "worst miss of no"),
        (5, "worst miss of yes"),
    ]
    assert found[2].answer == "Labelled no; the model says yes with probability 0.900: wrong"


def test_of_many_classes_one_place_is_left_for_an_error() -> None:
    targets, probs = np.arange(5), np.full((5, 5), 0.1)
    probs[:, 0] = 0.6
    found = choose_examples("classify", list("abcde"), targets, probs, np.arange(5), 4)
    assert [one.row for one in found] == [4, 3, 2, 1]
    assert found[-1].why == "worst miss of b"


def test_values_are_shown_at_their_ends_and_where_they_are_most_wrong() -> None:
    measured, predicted = np.array([[0.0], [1.0], [9.0], [3.0]]), np.array([[0.1], [1.0], [2.0], [3.0]])
    found = choose_examples("regress", ["x"], measured, predicted, np.arange(4), 4)
    assert [(one.row, one.why) for one in found] == [(3, "highest predicted x"), (0, "lowest predicted x"), (2, "worst error of x")]
    assert found[2].answer == "Measured 9, predicted 2"


def test_every_label_has_its_typical_sequence_each_shown_once() -> None:
    hot = np.array([[1, 1], [1, 0], [1, 0]], np.float32)
    found = choose_examples("multilabel", ["a", "b"], hot, np.array([[0.9, 0.9], [0.8, 0.1], [0.7, 0.1]]), np.arange(3), 4)
    assert [(one.row, one.why) for one in found] == [(1, "typical of a"), (0, "typical of b")]
    assert found[1].answer == "Labelled a, b; the model says a 0.900, b 0.900"
    assert choose_examples("classify", ["a", "b"], np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0, np.int64), 4) == []


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 50))
def test_the_best_stretch_has_the_highest_sum_of_all(scores: list[int], most_bp: int) -> None:
    start, end = best_stretch(np.array(scores, float), most_bp)
    assert end - start == min(most_bp, len(scores))
    assert sum(scores[start:end]) == max(sum(scores[first : first + most_bp]) for first in range(max(1, len(scores) - most_bp + 1)))
