import numpy as np

from dnabert.plot.performance.calibration import Reliability, calibration_figure


def _bins(counts: list[int]) -> Reliability:
    full = np.array(counts) > 0
    B = len(counts)
    middle = np.where(full, (np.arange(B) + 0.5) / B, np.nan)
    return Reliability(np.linspace(0, 1, B + 1), middle, middle, np.zeros(B), np.ones(B), np.array(counts))


def test_points_stand_over_the_counts_of_their_bins() -> None:
    upper, lower = calibration_figure(_bins([30, 20]), "Predicted probability", "Share that is so").axes
    assert [container.get_label() for container in upper.containers] == ["model, 95% interval"]
    assert upper.containers[0].lines[0].get_xydata().tolist() == [[0.25, 0.25], [0.75, 0.75]]  # type: ignore[attr-defined]
    assert lower.patches[0].get_data().values.tolist() == [30, 20]  # type: ignore[attr-defined]


def test_axes_are_named() -> None:
    upper, lower = calibration_figure(_bins([30, 20]), "Predicted probability", "Share that is so").axes
    assert upper.get_ylabel() == "Share that is so"
    assert lower.get_xlabel() == "Predicted probability"
    assert lower.get_ylabel() == "Sequences\n(count)"


def test_bins_with_few_examples_are_pale_and_named_so() -> None:
    figure = calibration_figure(_bins([9, 10, 0, 1]), "x", "y")
    upper = figure.axes[0]
    assert [len(container.lines[0].get_xdata()) for container in upper.containers] == [1, 2]  # type: ignore[attr-defined]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["perfect", "model, 95% interval", "fewer than 10 sequences"]


def test_what_is_counted_is_named_on_the_axis_and_in_the_legend() -> None:
    figure = calibration_figure(_bins([9, 10]), "x", "y", unit="k-mers")
    assert figure.axes[1].get_ylabel() == "K-mers\n(count)"
    assert figure.legends[0].get_texts()[-1].get_text() == "fewer than 10 k-mers"


def test_an_empty_bin_has_no_point() -> None:
    upper = calibration_figure(_bins([30, 0, 20, 0]), "x", "y").axes[0]
    assert len(upper.containers[0].lines[0].get_xdata()) == 2  # type: ignore[attr-defined]
