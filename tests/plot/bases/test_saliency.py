import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dnabert.errors import DnabertError
from dnabert.plot.bases.saliency import attribution_figure, saliency_figure
from dnabert.plot.style import LETTER_COLOURS

SCORES = np.array([2.0, -1.0, 0.5, 0.3])


def test_letters_are_as_high_as_their_scores_and_below_zero_where_negative() -> None:
    (axes,) = saliency_figure(SCORES, "ACGN", "log-odds of class 1").axes
    for base, low, high, place in (("A", 0.0, 2.0, 0), ("C", -1.0, 0.0, 1), ("G", 0.0, 0.5, 2)):
        (letter,) = (patch for patch in axes.patches if to_hex(patch.get_facecolor()) == LETTER_COLOURS[base])
        box = letter.get_path().get_extents()
        assert (box.y0, box.y1) == pytest.approx((low, high), abs=0.02)
        assert place - 0.5 <= box.x0 < box.x1 <= place + 0.5
    assert axes.get_ylim()[0] < -1 < 2 < axes.get_ylim()[1]


def test_axes_say_what_is_contributed_to() -> None:
    (axes,) = saliency_figure(SCORES, "ACGT", "value of activity").axes
    assert axes.get_title("left") == "Contribution of each base to the value of activity"
    assert axes.get_ylabel() == "Contribution"
    assert axes.get_xlabel() == "Position in the sequence (bp, first base 0)"


def test_rows_share_one_scale() -> None:
    first, second = saliency_figure(np.tile(SCORES, 5), "ACGT" * 5, "value", bases_per_row=10).axes
    assert first.get_ylim() == second.get_ylim()
    assert (first.get_xlim(), second.get_xlim()) == ((-0.5, 9.5), (9.5, 19.5))


def test_letters_and_map_have_the_same_positions() -> None:
    changes = np.zeros((4, 4))
    letters, cells, bar = attribution_figure(changes, SCORES, "ACGT", "log-odds of class 1", first=7).axes
    assert letters.get_xlim() == cells.get_xlim() == (6.5, 10.5)
    assert bar.get_ylabel() == "Change of log-odds of class 1"


def test_without_logomaker_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "logomaker", None)
    with pytest.raises(DnabertError, match=r"a figure of letters needs the package logomaker.*dnabert\[interpret\]"):
        saliency_figure(SCORES, "ACGT", "value")
