import numpy as np

from dnabert.plot.bases.mutation_map import mutation_map_figure, rows_of, symmetric_limit

CHANGES = np.array([[0.0, -2.0, 0.5], [1.0, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.0]])


def test_the_base_that_is_there_is_lettered_in_its_row() -> None:
    axes, _ = mutation_map_figure(CHANGES, "ACN", "log-odds of class 1", first=10).axes
    assert [(text.get_text(), text.get_position()) for text in axes.texts] == [("A", (10, 0.5)), ("C", (11, 1.5))]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "C", "G", "T"]
    assert axes.get_ylim() == (4, 0)


def test_colours_have_zero_in_the_middle_and_a_bar_with_the_unit() -> None:
    axes, bar = mutation_map_figure(CHANGES, "ACG", "log-odds of class 1").axes
    (mesh,) = axes.collections
    assert mesh.get_clim() == (-2.0, 2.0)
    assert mesh.get_array().tolist() == CHANGES.tolist()  # type: ignore[union-attr]
    assert tuple(mesh.cmap(0.5)[:3]) > (0.99, 0.99, 0.99)
    assert bar.get_ylabel() == "Change"
    assert axes.get_title("left") == "Change of the log-odds of class 1 if another base is put in"
    assert axes.get_xlabel() == "Position in the sequence (bp, first base 0)"


def test_a_long_sequence_stands_in_several_rows_of_one_scale() -> None:
    figure = mutation_map_figure(np.tile(CHANGES, 9)[:, :25], "ACG" * 8 + "A", "value", bases_per_row=10)
    *panels, _bar = figure.axes
    assert [panel.get_xlim() for panel in panels] == [(-0.5, 9.5), (9.5, 19.5), (19.5, 29.5)]
    assert {panel.collections[0].get_clim() for panel in panels} == {(-2.0, 2.0)}


def test_rows_and_scales_of_nothing() -> None:
    assert rows_of(0, 80) == []
    assert symmetric_limit(np.zeros((4, 3))) == 1.0
