"""Sequence logos: letters as high as what they tell, drawn by logomaker, without any service."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from dnabert.errors import requires_extra
from dnabert.plot.style import LETTER_COLOURS, Floats, styled

__all__ = ["Logo", "logo_figure", "logos_figure"]

_COLUMN_IN = 0.2
_SMALLEST_BITS = 0.005
"""Lower letters are thinner than a line, and are not drawn."""


@dataclass(frozen=True)
class Logo:
    """A row of letters.

    Attributes:
        name: What it is, its title.
        heights: Heights of A, C, G, T at each of W places in bits, (W, 4).
        offset: Where its first place stands, counted from that of the first logo.
    """

    name: str
    heights: Floats
    offset: int = 0


@styled
def logo_figure(logo: Logo) -> Figure:
    """One logo with its axes: bits, 0 to 2, over positions counted from 1.

    Raises:
        DnabertError: logomaker is not installed.
    """
    figure, (axes,) = _rows([logo], 1.7)
    axes.set_ylabel("Bits")
    axes.set_xlabel("Position")
    return figure


@styled
def logos_figure(logos: Sequence[Logo]) -> Figure:
    """Logos one above the other, each place over the place it was laid on; positions count from the first place of the first one.

    Args:
        logos: The first is that of the found motif, others stand below.

    Raises:
        DnabertError: logomaker is not installed.
    """
    figure, places = _rows(logos, 0.35 + 1.15 * len(logos))
    figure.supylabel("Bits", fontsize=9)
    places[-1].set_xlabel(f"Position in {logos[0].name.partition(':')[0]}" if len(logos) > 1 else "Position")
    return figure


def _rows(logos: Sequence[Logo], height_in: float) -> tuple[Figure, list[Axes]]:
    first = min(logo.offset for logo in logos)
    last = max(logo.offset + len(logo.heights) for logo in logos)
    figure = Figure(figsize=(0.75 + max(_COLUMN_IN * (last - first), 2.2), height_in), layout="constrained")
    places = figure.subplots(len(logos), 1, sharex=True, squeeze=False)[:, 0].tolist()
    for axes, logo in zip(places, logos, strict=True):
        _draw(axes, logo)
        axes.set(xlim=(first - 0.5, last - 0.5), ylim=(0, 2))
        axes.yaxis.set_major_locator(MultipleLocator(1))
        axes.xaxis.set_major_locator(MultipleLocator(5, offset=-1))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"{round(place) + 1}"))
        axes.grid(visible=False)
        axes.set_title(logo.name, loc="left", fontsize=8.5)
    return figure, places


def _draw(axes: Axes, logo: Logo) -> None:
    try:
        import logomaker
    except ImportError:
        raise requires_extra("logomaker", "interpret", "a sequence logo") from None
    import pandas as pd

    heights = np.where(logo.heights < _SMALLEST_BITS, 0.0, logo.heights)
    frame = pd.DataFrame(heights, columns=list("ACGT"), index=np.arange(len(heights)) + logo.offset)
    # Bold strokes and no room between letters, as in the logos of papers.
    logomaker.Logo(frame, ax=axes, color_scheme=LETTER_COLOURS, font_name="DejaVu Sans", font_weight="bold", baseline_width=0.0, vpad=0.01)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
