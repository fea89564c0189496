"""Training curves: figures against the optimiser step."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from dnabert.plot.performance.curves import Curve
from dnabert.plot.style import GREY, LINE_STYLES, PALETTE, legend_above, new_axes, styled

__all__ = ["step_figure"]

_MAX_MARKED = 40
"""Longer series are drawn without a marker at each point."""
_LINE_IN = 0.22
"""Height of a line of the legend."""
_MOST_INSIDE = 4
"""A legend of more curves would lie on some of them, and stands above."""


@styled
def step_figure(
    curves: Sequence[Curve],
    value_name: str,
    *,
    references: Sequence[tuple[str, float]] = (),
    kept_step: int | None = None,
) -> Figure:
    """Figures of a training run against the step.

    Args:
        curves: x steps, y values.
        value_name: Label of the vertical axis.
        references: Names and values of horizontal lines, such as what chance reaches.
        kept_step: The step whose weights were kept, drawn as a vertical line; None leaves it out.
    """
    lines_above = len(curves) if len(curves) > _MOST_INSIDE else 0
    figure, axes = new_axes(height_in=3.3 + _LINE_IN * lines_above)
    for number, curve in enumerate(curves):
        marker = "o" if len(curve.x) <= _MAX_MARKED else ""
        colour, style = PALETTE[number % len(PALETTE)], LINE_STYLES[number % len(LINE_STYLES)]
        axes.plot(curve.x, curve.y, color=colour, linestyle=style, marker=marker, markersize=3.5, label=curve.name)
    for number, (name, value) in enumerate(references):
        axes.axhline(value, color=GREY, linewidth=1.2, linestyle=((0, (4, 3)), (0, (1, 2)))[number % 2], label=name)
    if kept_step is not None:
        axes.axvline(kept_step, color=PALETTE[2], linewidth=1, linestyle=":", label=f"weights kept (step {kept_step:,})")
    axes.set_xlabel("Optimiser step")
    axes.set_ylabel(value_name)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.margins(y=0.12)
    last = max(float(curve.x.max()) for curve in curves)
    if last == min(float(curve.x.min()) for curve in curves):
        # One point alone would get an axis of no width, with one number at every tick.
        axes.set_xlim(0, 2 * last or 1)
    if lines_above:
        legend_above(figure, axes)
    else:
        axes.legend(loc="best")
    return figure
