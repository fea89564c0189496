import numpy as np
import pytest

from dnabert.plot.bases.shares import share_histogram_figure

EDGES = np.array([0.0, 0.5, 1.0])


def test_groups_of_unequal_size_are_shown_as_shares_of_their_own() -> None:
    figure = share_histogram_figure(EDGES, np.array([[1, 3], [500, 1500]]), ["few", "many"], "G+C", "Rows (share of the class)")
    (axes,) = figure.axes
    assert [patch.get_data().values.tolist() for patch in axes.patches] == [[25, 75]] * 4  # type: ignore[attr-defined]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["few (n = 4)", "many (n = 2,000)"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("G+C", "Rows (share of the class)")
    assert axes.yaxis.get_major_formatter()(25) == "25%"


def test_on_a_logarithmic_axis_the_floor_is_below_one_row() -> None:
    counts = np.array([[399, 1], [0, 0]])
    (axes,) = share_histogram_figure(EDGES, counts, ["a", "b"], "x", "y", is_logarithmic=True, marks=(0.5,)).axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] == pytest.approx(0.1)
    assert axes.patches[1].get_data().values.tolist() == pytest.approx([99.75, 0.25])  # type: ignore[attr-defined]
    assert axes.patches[3].get_data().values.tolist() == pytest.approx([0.1, 0.1])  # type: ignore[attr-defined]
    assert len(axes.get_lines()) == 1


def test_more_than_three_groups_are_lines_only() -> None:
    (axes,) = share_histogram_figure(EDGES, np.ones((4, 2), dtype=np.int64), list("abcd"), "x", "y").axes
    assert not any(patch.get_fill() for patch in axes.patches)
