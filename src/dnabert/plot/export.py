"""Figures as files, and as SVG text that can stand in an HTML page; the same figure gives the same bytes."""

import io
import re
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from dnabert.errors import OutputError
from dnabert.output import write_bytes
from dnabert.plot.style import drawing_style

__all__ = ["FIGURE_ENDINGS", "prefix_ids", "save_figure", "svg_text"]

# A date in the file would make every run's bytes different.
_METADATA: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}

FIGURE_ENDINGS = (".png", ".svg", ".pdf")
"""What a figure may be written as."""

_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
"""Fonts of a figure in a page. The layout is made for DejaVu Sans, which is wider than the others: nothing overlaps."""

_ID_USES = re.compile(r'(\bid="|\bhref="#|url\(#)')


def save_figure(fig: Figure, path: Path) -> None:
    """Write a figure in one step; the format is that of the file's ending.

    Args:
        fig: The figure.
        path: Ends in .svg, .png or .pdf.

    Raises:
        OutputError: Another ending, or the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in _METADATA:
        raise OutputError(f"{path}: a figure cannot be written as {kind or 'a file without ending'!r}; end the name in .svg, .png or .pdf")
    write_bytes(path, _render(fig, kind))


def _render(fig: Figure, kind: str) -> bytes:
    content = io.BytesIO()
    with drawing_style():
        layout = fig.get_layout_engine()
        if layout is not None:
            # Each drawing would lay the figure out anew, from where the last one left it: settle it, then leave it alone.
            layout.execute(fig)
            fig.set_layout_engine("none")
        fig.savefig(content, format=kind.removeprefix("."), metadata=_METADATA[kind])
    return content.getvalue()


def svg_text(fig: Figure, description: str = "") -> str:
    """One ``<svg>`` element for an HTML page: no prolog, no address of anywhere, text as text.

    Args:
        fig: The figure.
        description: What a screen reader says of it.

    Returns:
        The element; several of them on one page need :func:`prefix_ids`.
    """
    text = _render(fig, ".svg").decode("utf-8")
    text = text[text.index("<svg") :].strip()
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = text.replace("xlink:href=", "href=")
    # A style element would hold for the whole page; what it says is put on the element itself.
    text = re.sub(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>", "", text)
    text = re.sub(r"font-family: *'DejaVu Sans'", f"font-family: {_FONTS}", text)
    text = _drop_unused_ids(text)
    label = f' role="img" aria-label="{escape(description)}"' if description else ""
    return text.replace("<svg", f'<svg{label} style="stroke-linejoin:round;stroke-linecap:butt"', 1)


def _drop_unused_ids(text: str) -> str:
    used = set(re.findall(r'(?:\bhref="#|url\(#)([^")]+)', text))
    return re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in used else "", text)


def prefix_ids(svg: str, prefix: str) -> str:
    """The SVG with all its ids, and what refers to them, under a prefix: figures on one page share no id."""
    return _ID_USES.sub(lambda match: match[0] + prefix, svg)
