import numpy as np

from dnabert.plot.embedding_map import Panel, contexts_figure, embedding_map_figure, value_map_figure

POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_each_group_has_its_colour_and_marker() -> None:
    figure = embedding_map_figure(POINTS, np.array([0, 1, 0]), ["no (n = 2)", "yes (n = 1)"], ("PC 1", "PC 2"))
    (axes,) = figure.axes
    first, second = axes.collections
    assert first.get_offsets().tolist() == [[0.0, 1.0], [4.0, 5.0]]  # type: ignore[union-attr]
    assert second.get_offsets().tolist() == [[2.0, 3.0]]  # type: ignore[union-attr]
    assert first.get_facecolor().tolist() != second.get_facecolor().tolist()  # type: ignore[attr-defined]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("PC 1", "PC 2")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["no (n = 2)", "yes (n = 1)"]


def test_without_labels_the_points_are_counted() -> None:
    (legend,) = embedding_map_figure(POINTS, None, [], ("UMAP 1", "UMAP 2")).legends
    assert [text.get_text() for text in legend.get_texts()] == ["3 sequences"]


def test_a_panel_for_each_kmer() -> None:
    panel = Panel("TATAAA", POINTS, np.array([0, 1, 1]), ["cluster 0 (n = 1)", "cluster 1 (n = 2)"])
    figure = contexts_figure([panel] * 4, [("PC 1", "PC 2")] * 4)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title("left") for axes in shown] == ["TATAAA"] * 4
    assert all(len(axes.collections) == 2 for axes in shown)


def test_few_points_have_their_names_and_all_a_bar_of_values() -> None:
    axes, bar = value_map_figure(POINTS, np.array([0.0, 0.5, 1.0]), "Share of G and C", ["AAA", "AAG", "GGG"], ("PC 1", "PC 2")).axes
    assert [text.get_text() for text in axes.texts] == ["AAA", "AAG", "GGG"]
    assert bar.get_ylabel() == "Share of G and C"
    many = np.random.default_rng(0).normal(size=(80, 2))
    axes, _ = value_map_figure(many, many[:, 0], "value", [str(number) for number in range(80)], ("PC 1", "PC 2")).axes
    assert not axes.texts
