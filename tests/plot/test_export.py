import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from dnabert.errors import OutputError
from dnabert.plot.export import prefix_ids, save_figure, svg_text
from dnabert.plot.performance.curves import Curve, roc_figure
from dnabert.plot.style import new_axes, styled


def _figure(name: str = "") -> Figure:
    return roc_figure([Curve(name, np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.7, 1.0]), 0.75)])


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")])
def test_the_ending_chooses_the_format_and_equal_figures_give_equal_bytes(tmp_path: Path, ending: str, start: bytes) -> None:
    paths = [tmp_path / f"{name}{ending}" for name in "ab"]
    for path in paths:
        save_figure(_figure(), path)
    first, second = (path.read_bytes() for path in paths)
    assert first.startswith(start)
    assert first == second


@pytest.mark.parametrize(("name", "kind"), [("figure.jpg", "'.jpg'"), ("figure", "'a file without ending'")])
def test_another_ending_is_an_error_that_names_those_there_are(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(OutputError, match=rf"{name}: a figure cannot be written as {kind}; end the name in \.svg, \.png or \.pdf"):
        save_figure(_figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_inline_svg_holds_no_address_no_date_and_no_style_of_the_page() -> None:
    text = svg_text(_figure())
    assert text.startswith("<svg ")
    assert text.endswith("</svg>")
    for unwanted in ("http", "<?xml", "DOCTYPE", "<style", "<metadata", "xmlns", "xlink"):
        assert unwanted not in text


def test_inline_svg_keeps_text_as_text_in_the_fonts_of_the_page() -> None:
    text = svg_text(_figure())
    assert "AUROC 0.750</text>" in text
    assert "system-ui" in text
    assert "font-family: 'DejaVu Sans'" not in text


def test_inline_svg_escapes_names_and_its_description() -> None:
    text = svg_text(_figure("<script>alert(1)</script>"), 'a "<b>" figure')
    assert "<script>" not in text
    assert 'aria-label="a &quot;&lt;b&gt;&quot; figure"' in text


def test_drawing_twice_gives_the_same_svg() -> None:
    figure = _figure()
    assert svg_text(figure) == svg_text(figure)


def test_prefixed_figures_share_no_id_and_all_references_hold() -> None:
    first, second = (prefix_ids(svg_text(_figure()), prefix) for prefix in ("a-", "b-"))
    ids = [set(re.findall(r' id="([^"]*)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, known in zip((first, second), ids, strict=True):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used == known


def test_a_figure_without_ids_stays_as_it_is() -> None:
    @styled
    def empty() -> Figure:
        figure, axes = new_axes()
        axes.set_axis_off()
        return figure

    assert "<svg" in prefix_ids(svg_text(empty()), "a-")
