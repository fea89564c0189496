"""One self-contained HTML page out of sections and blocks: nothing is loaded from anywhere, and equal content gives equal bytes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import ClassVar, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from dnabert import __version__
from dnabert.output import write_text
from dnabert.plot.export import prefix_ids, svg_text
from dnabert.plot.style import PALETTE

__all__ = [
    "Block",
    "Bullets",
    "Card",
    "Cards",
    "Cell",
    "Commands",
    "Details",
    "Facts",
    "Legend",
    "Letters",
    "Notice",
    "Page",
    "Paragraph",
    "Picture",
    "Pictures",
    "Section",
    "Table",
    "page_environment",
    "render_page",
    "write_page",
]


@dataclass(frozen=True)
class Paragraph:
    """Running text; ```code``` and ``**strong**`` are understood, HTML is not."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list, numbered or not; text as in :class:`Paragraph`."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Notice:
    """A boxed remark: something is missing, or to be minded."""

    kind: ClassVar[str] = "notice"
    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Card:
    """A key figure: what, how much, and a line beneath, such as its interval."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Cards:
    """Key figures in a row."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Letters:
    """A piece of a sequence.

    Attributes:
        text: Its letters.
        mark: Number of its colour in the palette; None for plain letters.
        title: What it is, shown on pointing at it.
        is_anchor: Whether it is the base that positions count from.
    """

    text: str
    mark: int | None = None
    title: str = ""
    is_anchor: bool = False


@dataclass(frozen=True)
class Cell:
    """A table's cell that is more than a word.

    Attributes:
        text: Its text.
        strong: Whether it stands out.
        bar: A bar of this share of the cell, 0-1; None for none.
        note: A smaller line beneath.
        letters: A sequence in place of the text.
        svg: A small figure beneath, from :func:`~dnabert.plot.export.svg_text`.
        svg_prefix: What its ids begin with, unlike those of any other figure of the page.
    """

    text: str = ""
    strong: bool = False
    bar: float | None = None
    note: str = ""
    letters: tuple[Letters, ...] = ()
    svg: str = ""
    svg_prefix: str = "cell-"

    @property
    def markup(self) -> Markup:
        """The SVG, its ids unlike those of every other figure of the page."""
        return Markup(prefix_ids(self.svg, self.svg_prefix))


@dataclass(frozen=True)
class Table:
    """Rows under column names.

    Attributes:
        columns: Names of the columns; one that begins with ``>`` holds numbers and is set flush right.
        rows: As many cells each.
        caption: Stands over the table.
        stacks: Whether a narrow screen shows a row's cells one under the other, which suits long ones.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    caption: str = ""
    stacks: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure with its title and caption; :meth:`of` makes one."""

    svg: str
    title: str
    caption: str
    is_wide: bool = False
    number: int = 0

    @classmethod
    def of(cls, figure: Figure, title: str, caption: str, *, is_wide: bool = False) -> "Picture":
        """The picture of a matplotlib figure.

        Args:
            figure: The figure.
            title: What it shows, without a full stop.
            caption: How to read it.
            is_wide: Whether it takes the whole row.
        """
        return cls(svg_text(figure, title), title, caption, is_wide)

    @property
    def markup(self) -> Markup:
        """The SVG, its ids unlike those of every other picture of the page."""
        return Markup(prefix_ids(self.svg, f"figure{self.number}-"))


@dataclass(frozen=True)
class Pictures:
    """Figures side by side where there is room."""

    kind: ClassVar[str] = "pictures"
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Commands:
    """Things to type, each under a line that says what it does."""

    kind: ClassVar[str] = "commands"
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, such as a provenance record; ``is_dense`` sets many short ones in columns."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]
    is_dense: bool = False


@dataclass(frozen=True)
class Legend:
    """What the colours of the letters in a table mean."""

    kind: ClassVar[str] = "legend"
    pieces: tuple[Letters, ...]


@dataclass(frozen=True)
class Details:
    """Blocks that unfold on a click; they are printed unfolded."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: "tuple[Block, ...]"


Block: TypeAlias = Paragraph | Bullets | Notice | Cards | Table | Pictures | Commands | Facts | Legend | Details


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        title: Its heading.
        lead: One or two sentences beneath.
        sections: What follows, in order.
        cards: Key figures at the top.
        command: The command that made it, for the last line.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
    cards: tuple[Card, ...] = ()
    command: str = ""


def page_environment() -> Environment:
    """The templates of pages; what they are given is escaped, and a name that they are not given is an error."""
    return Environment(
        loader=PackageLoader("dnabert.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_page(page: Page) -> str:
    """The HTML of a page."""
    environment = page_environment()
    environment.filters["prose"] = _prose
    sections = _number_pictures(page.sections)
    anchors = _anchors([section.title for section in sections])
    template = environment.get_template("page.html.j2")
    return template.render(page=page, sections=list(zip(anchors, sections, strict=True)), version=__version__, palette=PALETTE)


def write_page(path: Path, page: Page) -> None:
    """Write a page in one step, in place of what is there.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(path, render_page(page))


def _prose(text: str) -> Markup:
    safe = escape(text)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe))


def _anchors(titles: Sequence[str]) -> list[str]:
    found: list[str] = []
    for title in titles:
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        anchor = plain
        number = 2
        while anchor in found:
            anchor, number = f"{plain}-{number}", number + 1
        found.append(anchor)
    return found


def _number_pictures(sections: Sequence[Section]) -> list[Section]:
    """The sections with their pictures numbered from 1, down the page."""
    count = 0

    def number(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        nonlocal count
        numbered: list[Block] = []
        for block in blocks:
            if isinstance(block, Pictures):
                pictures = tuple(replace(picture, number=count + place) for place, picture in enumerate(block.pictures, start=1))
                count += len(pictures)
                numbered.append(Pictures(pictures))
            elif isinstance(block, Details):
                numbered.append(Details(block.summary, number(block.blocks)))
            else:
                numbered.append(block)
        return tuple(numbered)

    return [Section(section.title, number(section.blocks)) for section in sections]
