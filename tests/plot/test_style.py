import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from dnabert.plot.export import svg_text
from dnabert.plot.performance.curves import Curve, roc_figure
from dnabert.plot.style import PALETTE, drawing_style, new_axes, styled


def test_the_callers_settings_are_back_after_drawing() -> None:
    with mpl.rc_context({"font.size": 33.0}):
        before = dict(mpl.rcParams)
        with drawing_style():
            assert mpl.rcParams["font.size"] == 9
        assert dict(mpl.rcParams) == before


def test_the_callers_settings_are_back_after_an_error() -> None:
    @styled
    def fail() -> Figure:
        raise ValueError("stop")

    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="stop"):
        fail()
    assert dict(mpl.rcParams) == before


def test_the_callers_settings_do_not_change_a_figure() -> None:
    curve = Curve("", np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5)
    plain = svg_text(roc_figure([curve]))
    with mpl.rc_context({"lines.linewidth": 9.0, "axes.grid": False, "svg.fonttype": "path", "svg.hashsalt": "other"}):
        assert svg_text(roc_figure([curve])) == plain


def test_colours_differ_and_none_is_white() -> None:
    assert len(set(PALETTE)) == len(PALETTE) == 8
    assert "#ffffff" not in PALETTE


def test_new_axes_have_the_asked_size() -> None:
    figure, axes = new_axes(3.0, 2.0)
    assert figure.get_size_inches().tolist() == [3.0, 2.0]
    assert figure.axes == [axes]
