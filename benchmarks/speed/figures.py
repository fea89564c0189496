"""How cost grows, drawn: times on the left with their floor, peak memory on the right."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.speed.results import Growth, Line
from benchmarks.speed.rounds import spread_of
from dnabert.plot.style import LINE_STYLES, PALETTE, styled

__all__ = ["draw", "names_of_times"]


@styled
def draw(growth: Growth) -> Figure:
    """Times and memory against what grows, both axes logarithmic; bars reach from the lowest to the highest round."""
    panels = 2 if growth.memory else 1
    figure = Figure(figsize=(4.0 * panels, 3.4), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    _panel(axes[0], growth, growth.times, growth.time_name)
    if growth.memory:
        _panel(axes[1], growth, growth.memory, "Peak memory (MB)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2 * panels)  # both panels have the same lines
    return figure


def names_of_times(growth: Growth) -> list[tuple[str, Line]]:
    """Heading of each line's column in a table, with the line."""
    return [(f"{line.name}, {growth.time_name}", line) for line in growth.times]


def _panel(axes: Axes, growth: Growth, lines: Sequence[Line], name: str) -> None:
    for number, line in enumerate(lines):
        colour, style = PALETTE[number], LINE_STYLES[number]
        spreads = [spread_of(values) for values in line.values]
        middle = [spread.median for spread in spreads]
        axes.plot(growth.x, middle, color=colour, linestyle=style, marker="o", markersize=3.5, label=line.name)
        axes.vlines(growth.x, [spread.low for spread in spreads], [spread.high for spread in spreads], color=colour, linewidth=1)
        if line.floor:
            axes.plot(growth.x, line.floor, color=colour, linewidth=1, linestyle=(0, (1, 2)), label=f"{line.name}: floor")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(growth.x)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.set_xlabel(growth.x_name)
    axes.set_ylabel(name)
