import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from dnabert.errors import OutputError
from dnabert.plot.performance.curves import Curve, roc_figure
from dnabert.report.page import (
    Block,
    Bullets,
    Card,
    Cards,
    Cell,
    Commands,
    Details,
    Facts,
    Legend,
    Letters,
    Notice,
    Page,
    Paragraph,
    Picture,
    Pictures,
    Section,
    Table,
    render_page,
    write_page,
)

VOID = {"meta", "path", "use", "rect", "image"}
EVIL = '<img src="http://example.org/x" onerror=alert(1)>&"'


@cache
def _picture(title: str = "ROC curve") -> Picture:
    return Picture.of(roc_figure([Curve("", np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5)]), title, "How to read it.")


def _blocks(text: str = "plain") -> tuple[Block, ...]:
    return (
        Paragraph(text),
        Bullets((text,), numbered=True),
        Notice(text, is_warning=True),
        Cards((Card(text, text, text),)),
        Table(
            (text, f">{text}"),
            ((Cell(text, strong=True, note=text), Cell(text, bar=0.5)), (text, Cell(letters=(Letters(text, 0, text),)))),
            text,
        ),
        Pictures((_picture(text), _picture(text))),
        Commands(((text, text),)),
        Facts(((text, text),)),
        Legend((Letters(text, 1),)),
        Details(text, (Paragraph(text), Pictures((_picture(text),)))),
    )


def _page(text: str = "plain") -> Page:
    return Page(text, text, (Section(text, _blocks(text)),) * 4, (Card(text, text),), text)


class _Checker(HTMLParser):
    """Collects attributes, and checks that every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def _check(html: str) -> _Checker:
    checker = _Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open
    return checker


def test_every_tag_is_closed_and_every_id_is_unique() -> None:
    checker = _check(render_page(_page()))
    ids = [value for _, name, value in checker.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_anywhere() -> None:
    html = render_page(_page())
    for tag, name, value in _check(html).attributes:
        if name in ("src", "srcset", "data", "poster", "action", "background"):
            pytest.fail(f"{tag} loads {value}")
        if name in ("href", "xlink:href"):
            assert value.startswith("#") or (tag == "a" and value.startswith("https://doi.org/")), value
    assert not re.search(r"@import|url\((?!#)", html)
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_text_from_outside_is_escaped_everywhere() -> None:
    checker = _check(render_page(_page(EVIL)))
    assert not [tag for tag, name, _ in checker.attributes if tag == "img" or name == "onerror"]


def test_code_and_strong_are_the_only_mark_up_in_text() -> None:
    html = render_page(Page("t", "l", (Section("s", (Paragraph("run `a < b` **now** <b>never</b>"),)),)))
    assert "<p>run <code>a &lt; b</code> <strong>now</strong> &lt;b&gt;never&lt;/b&gt;</p>" in html


def test_equal_pages_are_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_page(tmp_path / name, _page())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_figures_are_numbered_down_the_page_also_in_details() -> None:
    html = render_page(Page("t", "l", (Section("one", _blocks()), Section("two", (Pictures((_picture(),)),)))))
    assert re.findall(r"<b>Figure (\d+)\.", html) == ["1", "2", "3", "4"]


def test_sections_of_one_name_have_anchors_of_their_own() -> None:
    html = render_page(Page("t", "l", (Section("How good?", ()),) * 3 + (Section("…", ()),)))
    assert re.findall(r'<section id="([^"]*)"', html) == ["how-good", "how-good-2", "how-good-3", "section"]
    assert re.findall(r'<li><a href="#([^"]*)"', html) == ["how-good", "how-good-2", "how-good-3", "section"]


def test_a_short_page_has_no_contents() -> None:
    assert "<nav" not in render_page(Page("t", "l", (Section("one", ()),) * 3))


def test_number_columns_are_flush_right_and_lose_their_mark() -> None:
    html = render_page(Page("t", "l", (Section("s", (Table(("name", ">value"), (("a", "1"),)),)),)))
    assert '<th scope="col">name</th><th scope="col" class="number">value</th>' in html
    assert '<td class="number">1</td>' in html


def test_letters_are_marked_and_the_anchor_stands_out() -> None:
    pieces = (Letters("AC"), Letters("TATA", 2, "TATA-box"), Letters("G", None, is_anchor=True))
    html = render_page(Page("t", "l", (Section("s", (Table(("x",), ((Cell(letters=pieces),),)),)),)))
    assert '<span class="letters">AC<span class="m2" title="TATA-box">TATA</span><span class=" anchor">G</span></span>' in html


def test_it_is_one_file_for_screens_of_any_width_and_for_print() -> None:
    html = render_page(_page())
    assert html.startswith("<!DOCTYPE html>")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert "@media print" in html
    assert "@media (max-width: 640px)" in html


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_page(tmp_path / "file" / "report.html", _page())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
