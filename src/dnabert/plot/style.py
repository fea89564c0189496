"""One look for every figure, whatever matplotlibrc the user has: light, colour-blind safe, readable at print size."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "GREY",
    "INK",
    "LETTER_COLOURS",
    "LINE_STYLES",
    "PALETTE",
    "Floats",
    "Integers",
    "drawing_style",
    "legend_above",
    "new_axes",
    "styled",
]

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31")
"""Colours that stay apart for the colour-blind, in the order of use. Source: Wong 2011, Nature Methods 8:441 (yellow, too
pale on white, is replaced by a brown)."""
LETTER_COLOURS = {"A": PALETTE[2], "C": PALETTE[0], "G": PALETTE[4], "T": PALETTE[1]}
"""The customary green, blue, orange and red of bases, in shades that the colour-blind tell apart."""

LINE_STYLES = ("-", "--", "-.", ":")
"""Lines differ in style as well as colour: a print in black and white can be read too."""

_MAX_LABEL = 28
"""Letters of a label of which two stand side by side."""

INK = "#2b2f36"
GREY = "#8a9099"

_SETTINGS: dict[str, Any] = {
    # Bundled with matplotlib, so that every machine lays a figure out alike.
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    # A $ in the name of a class is a $.
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    # No border, but a ground: lines behind do not run through the letters.
    "legend.framealpha": 0.88,
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "dnabert",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}

# matplotlib's settings are global to the process: only one thread draws at a time, and finds them as they were.
_LOCK = threading.RLock()

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def drawing_style() -> Iterator[None]:
    """This package's settings inside, the caller's again afterwards."""
    with _LOCK, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast("Any", _SETTINGS))
        yield


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """The function, drawing in this package's style."""

    @wraps(function)
    def draw(*args: P.args, **kwargs: P.kwargs) -> R:
        with drawing_style():
            return function(*args, **kwargs)

    return draw


def legend_above(figure: Figure, axes: Axes, title: str | None = None) -> None:
    """Put the legend of the axes over them, where it hides no data."""
    handles, labels = axes.get_legend_handles_labels()
    columns = 1 if max(map(len, labels)) > _MAX_LABEL else 2
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, title=title, alignment="left")


def new_axes(width_in: float = 4.4, height_in: float = 3.3) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes.

    Args:
        width_in: Width in inches; at 4.4 the letters are still readable on a phone.
        height_in: Height in inches.
    """
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.add_subplot()
