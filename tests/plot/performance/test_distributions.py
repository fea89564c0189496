import numpy as np

from dnabert.plot.performance.distributions import position_figure, score_histogram_figure

EDGES = np.array([0.0, 0.5, 1.0])


def test_each_class_is_outlined_and_counted() -> None:
    figure = score_histogram_figure(EDGES, np.array([[3, 1], [0, 4]]), ["no", "yes"], "Probability", threshold=0.5)
    (axes,) = figure.axes
    assert len(axes.patches) == 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no (n = 4)", "yes (n = 4)", "threshold 0.5"]
    assert axes.patches[1].get_data().values.tolist() == [3, 1]  # type: ignore[attr-defined]


def test_axes_are_named_with_units() -> None:
    (axes,) = score_histogram_figure(EDGES, np.array([[3, 1], [0, 4]]), ["no", "yes"], "Probability").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Probability", "Sequences (count)")
    assert not axes.get_lines()


def test_what_is_counted_is_named_on_the_axis() -> None:
    (axes,) = score_histogram_figure(EDGES, np.array([[3, 1], [0, 4]]), ["no", "yes"], "Probability", unit="bases").axes
    assert axes.get_ylabel() == "Bases (count)"


def test_more_than_three_classes_are_lines_only() -> None:
    (axes,) = score_histogram_figure(EDGES, np.ones((4, 2), dtype=np.int64), list("abcd"), "Probability").axes
    assert len(axes.patches) == 4
    assert not any(patch.get_fill() for patch in axes.patches)


def test_each_kind_of_position_has_its_row() -> None:
    figure = position_figure(
        np.array([-4.0, -2.0, 0.0]), np.array([[5, 0], [0, 7]]), ["TATA-box", "Inr"], "From the TSS (bp)", "Elements (count)"
    )
    upper, lower = figure.axes
    assert [axes.texts[0].get_text() for axes in (upper, lower)] == ["TATA-box\n(n = 5)", "Inr\n(n = 7)"]
    assert lower.get_xlabel() == "From the TSS (bp)"
    assert figure.get_supylabel() == "Elements (count)"
    assert upper.get_xlim() == lower.get_xlim() == (-4, 0)


def test_a_kind_without_positions_is_an_empty_row() -> None:
    (axes,) = position_figure(np.array([-4.0, -2.0, 0.0]), np.array([[0, 0]]), ["DPE"], "x", "y").axes
    assert axes.texts[0].get_text() == "DPE\n(n = 0)"
