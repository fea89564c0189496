"""The landscape of TATA promoters finds the peak that is there."""

import numpy as np

from benchmarks.tata_landscape import Landscape, draw, peak, peaks

ANCHOR = 40


def _made(place: int) -> Landscape:
    rng = np.random.default_rng(2)
    promoters, others = rng.random((30, 60)), rng.random((20, 60))
    promoters[:, 0] += 9
    others[:, 0] += 9  # the edge, in both
    promoters[:, ANCHOR + place] += 3
    return Landscape("made", promoters, others)


def test_a_peak_is_counted_from_the_start_site() -> None:
    assert peak(np.array([0.0, 2.0, 1.0]), 2) == -1


def test_what_both_kinds_share_is_no_peak_of_the_difference() -> None:
    own, above = peaks(_made(-30), ANCHOR, np.random.default_rng(0))
    assert (own.place, own.inside) == (-ANCHOR, 0.0)
    assert (above.place, above.low, above.high, above.inside) == (-30, -30, -30, 1.0)


def test_a_peak_elsewhere_is_outside_the_goal() -> None:
    assert peaks(_made(+5), ANCHOR, np.random.default_rng(0))[1].inside == 0


def test_the_figure_has_a_panel_for_each_score_on_one_axis_of_positions() -> None:
    figure = draw([_made(-30), _made(5)], ANCHOR)
    assert len(figure.axes) == 2
    lowest, highest = figure.axes[0].get_lines()[1].get_xdata()[[0, -1]]  # type: ignore[index, call-overload]
    assert (lowest, highest) == (-ANCHOR, 19)
