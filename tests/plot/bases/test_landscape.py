import numpy as np
import pytest

from dnabert.plot.bases.landscape import MeanLine, mean_landscape_figure, sequence_landscape_figure
from dnabert.plot.export import svg_text


def _letters(axes: object) -> str:
    return "".join(text.get_text() for text in axes.texts)  # type: ignore[attr-defined]


def test_each_base_has_its_score_and_its_letter_beneath() -> None:
    figure = sequence_landscape_figure(np.array([0.1, 0.4, 0.2, 0.0]), "ACGN", "promoter1", "Attention score")
    (axes,) = figure.axes
    values = axes.patches[0].get_data()  # type: ignore[attr-defined]
    assert values.values.tolist() == [0.1, 0.4, 0.2, 0.0]
    assert values.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert _letters(axes) == "ACGN"
    assert [text.xy[0] for text in axes.texts] == [0, 1, 2, 3]  # type: ignore[attr-defined]
    assert axes.get_title(loc="left") == "promoter1"
    assert axes.get_xlabel() == "Position in the sequence (bp, first base 0)"
    assert len({text.get_color() for text in axes.texts}) == 4


def test_a_long_sequence_goes_over_lines_of_like_length_on_one_scale() -> None:
    letters = "ACGT" * 45
    figure = sequence_landscape_figure(np.linspace(0, 1, 180), letters, "long", "Score")
    assert [len(_letters(axes)) for axes in figure.axes] == [60, 60, 60]
    assert "".join(map(_letters, figure.axes)) == letters
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [axes.get_xticks().tolist()[0] for axes in figure.axes] == [0, 60, 120]


def test_positions_are_counted_from_the_anchor() -> None:
    (axes,) = sequence_landscape_figure(np.ones(40), "ACGT" * 10, "s", "Score", anchor=34).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["-30", "-20", "-10", "0"]
    assert axes.get_xticks().tolist() == [4, 14, 24, 34]
    assert axes.get_lines()[0].get_xdata() == [34, 34]
    assert axes.get_xlabel() == "Position relative to the anchor (bp)"
    (axes,) = sequence_landscape_figure(np.ones(40), "ACGT" * 10, "s", "Score", anchor=34, anchor_name="TSS").axes
    assert axes.get_xlabel() == "Position relative to the TSS (bp)"


@pytest.mark.parametrize("scores", [np.zeros(5), np.ones(5)])
def test_equal_scores_can_be_drawn(scores: np.ndarray) -> None:  # type: ignore[type-arg]
    figure = sequence_landscape_figure(scores, "ACGTA", "flat", "Score")
    assert figure.axes[0].get_ylim()[1] > 0
    assert "<svg" in svg_text(figure)


def test_a_mean_landscape_has_a_line_and_a_band_for_each_set() -> None:
    mean = np.array([0.1, 0.5, 0.2])
    lines = [MeanLine("label 0 (n = 9)", mean, mean - 0.05, mean + 0.05), MeanLine("label 1 (n = 8)", mean / 2, mean / 4, mean)]
    figure = mean_landscape_figure(lines, "Mean score", anchor=1)
    (axes,) = figure.axes
    assert axes.get_lines()[0].get_xydata().tolist() == [[-1, 0.1], [0, 0.5], [1, 0.2]]  # type: ignore[union-attr]
    assert len(axes.collections) == 3
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["label 0 (n = 9)", "label 1 (n = 8)", "95% interval of the mean", "anchor"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Position relative to the anchor (bp)", "Mean score")
    assert [axes.xaxis.get_major_formatter()(value) for value in (-30, 0, 10)] == ["-30", "0", "+10"]


def test_one_sequence_has_no_band() -> None:
    figure = mean_landscape_figure([MeanLine("1 sequence", np.array([0.1, 0.2]))], "Mean score")
    assert not figure.axes[0].collections
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1 sequence"]
    assert figure.axes[0].get_xlabel() == "Position in the sequence (bp, first base 0)"
