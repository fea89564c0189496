import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dnabert.errors import DnabertError
from dnabert.plot.bases.logo import Logo, logo_figure, logos_figure
from dnabert.plot.style import LETTER_COLOURS

HEIGHTS = np.array([[2.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0.5, 0.5]])


def test_a_logo_is_on_a_scale_of_two_bits_with_named_axes() -> None:
    (axes,) = logo_figure(Logo("motif1: ACK", HEIGHTS)).axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left")) == ("Position", "Bits", "motif1: ACK")
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 2.5), (0.0, 2.0))


def test_letters_have_their_colours_and_heights() -> None:
    (axes,) = logo_figure(Logo("m", HEIGHTS)).axes
    drawn = [
        (round(box.x0 + box.width / 2), round(box.height, 1), to_hex(patch.get_facecolor()))
        for patch in axes.patches
        if (box := patch.get_path().get_extents()).height > 0.1
    ]
    wanted = [(0, 2.0, "A"), (1, 1.0, "C"), (2, 0.5, "G"), (2, 0.5, "T")]
    assert sorted(drawn) == sorted((place, height, LETTER_COLOURS[letter]) for place, height, letter in wanted)


def test_a_match_stands_where_it_was_laid() -> None:
    first, second = logos_figure([Logo("motif1: ACK", HEIGHTS), Logo("GATA1 (MA0035.4)", HEIGHTS, -2)]).axes
    assert first.get_xlim() == second.get_xlim() == (-2.5, 2.5)
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["motif1: ACK", "GATA1 (MA0035.4)"]
    assert second.get_xlabel() == "Position in motif1"
    places = [round(patch.get_path().get_extents().x0 + 0.5) for patch in second.patches if patch.get_path().get_extents().height > 0.1]
    assert (min(places), max(places)) == (-2, 0)


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "logomaker", None)
    with pytest.raises(DnabertError, match=r"a sequence logo needs the package logomaker.*pip install 'dnabert\[interpret\]'"):
        logo_figure(Logo("m", HEIGHTS))
