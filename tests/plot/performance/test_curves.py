import numpy as np

from dnabert.plot.export import svg_text
from dnabert.plot.performance.curves import Curve, precision_recall_figure, roc_figure


def _curve(name: str, area: float | None) -> Curve:
    return Curve(name, np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.9, 1.0]), area)


def _legend(axes: object) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[attr-defined]


def test_roc_has_a_line_for_each_class_and_one_for_chance() -> None:
    (axes,) = roc_figure([_curve("SP1", 0.91), _curve("CTCF", 0.8125)]).axes
    assert len(axes.get_lines()) == 3
    assert _legend(axes) == ["chance", "SP1: AUROC 0.910", "CTCF: AUROC 0.812"]


def test_roc_axes_are_named_and_square() -> None:
    (axes,) = roc_figure([_curve("", 0.9)]).axes
    assert axes.get_xlabel() == "False positive rate (1 − specificity)"
    assert axes.get_ylabel() == "True positive rate (sensitivity)"
    assert axes.get_xlim() == axes.get_ylim() == (0, 1)
    assert axes.get_aspect() == 1


def test_roc_draws_the_points_it_is_given() -> None:
    (axes,) = roc_figure([_curve("", 0.9)]).axes
    assert axes.get_lines()[1].get_xydata().tolist() == [[0.0, 0.0], [0.5, 0.9], [1.0, 1.0]]  # type: ignore[union-attr]


def test_a_curve_without_name_and_area_is_called_model() -> None:
    (axes,) = roc_figure([_curve("", None)]).axes
    assert _legend(axes) == ["chance", "model"]


def test_precision_recall_shows_the_share_of_positives_as_chance() -> None:
    (axes,) = precision_recall_figure([_curve("", 0.75)], 0.25).axes
    assert _legend(axes) == ["chance (0.25)", "AUPRC 0.750"]
    assert axes.get_lines()[0].get_ydata() == [0.25, 0.25]
    assert axes.get_xlabel() == "Recall (share of positives found)"
    assert axes.get_ylabel() == "Precision (share of calls that are right)"


def test_precision_recall_without_a_share_has_no_line_of_chance() -> None:
    (axes,) = precision_recall_figure([_curve("a", 0.75), _curve("b", 0.5)]).axes
    assert _legend(axes) == ["a: AUPRC 0.750", "b: AUPRC 0.500"]


def test_precision_holds_from_the_recall_before_up_to_its_own() -> None:
    (axes,) = precision_recall_figure([_curve("", 0.75)]).axes
    assert axes.get_lines()[0].get_drawstyle() == "steps-pre"


def test_lines_of_many_classes_differ_in_colour_and_style() -> None:
    (axes,) = roc_figure([_curve(str(number), 0.5) for number in range(8)]).axes
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()[1:]}
    assert len(looks) == 8


def test_a_dollar_in_a_name_is_no_formula() -> None:
    assert "site$_1$: AUROC 0.900" in svg_text(roc_figure([_curve("site$_1$", 0.9)]))
