import numpy as np

from dnabert.plot.performance.curves import Curve
from dnabert.plot.performance.training import step_figure

STEPS = np.array([20.0, 40.0, 60.0])


def test_curves_references_and_the_kept_step_are_lines_in_the_legend() -> None:
    curves = [Curve("training", STEPS, STEPS / 100), Curve("validation", STEPS[1:], STEPS[1:] / 90)]
    (axes,) = step_figure(curves, "Loss (nats)", references=[("chance", 0.69)], kept_step=40).axes
    assert len(axes.get_lines()) == 4
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation", "chance", "weights kept (step 40)"]  # type: ignore[union-attr]


def test_axes_are_named() -> None:
    (axes,) = step_figure([Curve("training", STEPS, STEPS)], "Loss (nats)").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Optimiser step", "Loss (nats)")


def test_a_single_evaluation_is_a_visible_point() -> None:
    (axes,) = step_figure([Curve("validation", np.array([5.0]), np.array([0.3]))], "MCC").axes
    assert axes.get_lines()[0].get_marker() == "o"
    assert axes.get_xlim() == (0, 10)


def test_a_long_series_has_no_markers() -> None:
    many = np.arange(41.0)
    (axes,) = step_figure([Curve("training", many, many)], "Loss").axes
    assert axes.get_lines()[0].get_marker() == ""
