"""Receiver operating characteristic and precision-recall curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnabert.plot.style import GREY, LINE_STYLES, PALETTE, Floats, new_axes, styled

__all__ = ["Curve", "precision_recall_figure", "roc_figure"]


@dataclass(frozen=True)
class Curve:
    """One line of a figure.

    Attributes:
        name: Its entry in the legend; may be empty if there is one line only.
        x: Horizontal values, (P,).
        y: Vertical values, (P,).
        area: Area under it as the metrics give it, shown in the legend; None leaves it out.
    """

    name: str
    x: Floats
    y: Floats
    area: float | None = None


@styled
def roc_figure(curves: Sequence[Curve]) -> Figure:
    """Receiver operating characteristic, with the line of chance.

    Args:
        curves: x false positive rate, y true positive rate, both 0-1 and rising.
    """
    figure, axes = new_axes(4.2, 3.9)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="chance")
    _draw(axes, curves, "AUROC", steps=False)
    axes.set_xlabel("False positive rate (1 − specificity)")
    axes.set_ylabel("True positive rate (sensitivity)")
    _finish(axes, "lower right")
    return figure


@styled
def precision_recall_figure(curves: Sequence[Curve], positive_share: float | None = None) -> Figure:
    """Precision against recall.

    Args:
        curves: x recall, y precision, both 0-1.
        positive_share: Share of positives, 0-1, drawn as what guessing reaches; None leaves it out.
    """
    figure, axes = new_axes(4.2, 3.9)
    if positive_share is not None:
        axes.axhline(positive_share, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label=f"chance ({positive_share:.2f})")
    _draw(axes, curves, "AUPRC", steps=True)
    axes.set_xlabel("Recall (share of positives found)")
    axes.set_ylabel("Precision (share of calls that are right)")
    _finish(axes, "lower left")
    return figure


def _draw(axes: Axes, curves: Sequence[Curve], area_name: str, *, steps: bool) -> None:
    for number, curve in enumerate(curves):
        area = "" if curve.area is None else f"{area_name} {curve.area:.3f}"
        axes.plot(
            curve.x,
            curve.y,
            color=PALETTE[number % len(PALETTE)],
            linestyle=LINE_STYLES[number % len(LINE_STYLES)],
            label=": ".join(part for part in (curve.name, area) if part) or "model",
            drawstyle="steps-pre" if steps else "default",
            # At the corners of the square a good curve runs along its edge.
            clip_on=False,
            zorder=3,
        )


def _finish(axes: Axes, place: Literal["lower left", "lower right"]) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.0), aspect="equal")
    axes.legend(loc=place)
