import numpy as np

from dnabert.plot.performance.comparison import scatter_figure, share_figure


def test_each_name_is_a_row_in_the_colour_of_its_group() -> None:
    shares = np.array([0.9, 0.8, 0.1])
    figure = share_figure(["a", "b", "c"], shares, shares - 0.05, shares + 0.05, np.array([0, 0, 1]), ["yes", "no"], "Share called")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["yes", "no"]
    first, second = (container.lines[0].get_xydata().tolist() for container in axes.containers)  # type: ignore[attr-defined]
    assert (first, second) == ([[0.9, 0.0], [0.8, 1.0]], [[0.1, 2.0]])
    assert axes.get_xlabel() == "Share called"


def test_the_first_name_is_the_top_row() -> None:
    one = np.array([0.5])
    (axes,) = share_figure(["a"], one, one, one, np.array([0]), ["yes"], "Share").axes
    assert axes.get_ylim() == (0.5, -0.5)


def test_scatter_names_its_axes_and_draws_the_line_of_agreement() -> None:
    (axes,) = scatter_figure(np.array([1.0, 2.0]), np.array([1.5, 3.0]), "expression (log TPM)").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("expression (log TPM), measured", "expression (log TPM), predicted")
    assert axes.get_lines()[0].get_xydata().tolist() == [[1.0, 1.0], [3.0, 3.0]]  # type: ignore[union-attr]
    assert axes.collections[0].get_offsets().tolist() == [[1.0, 1.5], [2.0, 3.0]]  # type: ignore[union-attr]


def test_many_points_are_drawn_as_an_image() -> None:
    many = np.arange(2001.0)
    assert scatter_figure(many, many, "x").axes[0].collections[0].get_rasterized()
