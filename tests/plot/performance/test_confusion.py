import numpy as np

from dnabert.plot.performance.confusion import confusion_figure


def test_each_cell_holds_its_count_and_its_share_of_the_true_class() -> None:
    (axes,) = confusion_figure(np.array([[90, 10], [500, 1500]]), ["no", "yes"]).axes
    assert [text.get_text() for text in axes.texts] == ["90\n90%", "10\n10%", "500\n25%", "1,500\n75%"]
    assert [text.get_position() for text in axes.texts[:2]] == [(0.5, 0.5), (1.5, 0.5)]


def test_axes_and_classes_are_named() -> None:
    (axes,) = confusion_figure(np.eye(3, dtype=np.int64), ["a", "b", "c"]).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_the_first_class_is_the_top_row() -> None:
    (axes,) = confusion_figure(np.eye(2, dtype=np.int64), ["a", "b"]).axes
    assert axes.get_ylim() == (2, 0)


def test_a_class_without_examples_is_empty_not_undefined() -> None:
    (axes,) = confusion_figure(np.array([[0, 0], [1, 1]]), ["a", "b"]).axes
    assert [text.get_text() for text in axes.texts[:2]] == ["0\n0%", "0\n0%"]


def test_many_classes_have_a_colour_bar_in_place_of_numbers() -> None:
    axes, bar = confusion_figure(np.eye(11, dtype=np.int64), [f"factor {number}" for number in range(11)]).axes
    assert not axes.texts
    assert bar.get_ylabel() == "Share of the true class"
