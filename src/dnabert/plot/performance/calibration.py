"""Reliability diagram: can the probabilities be taken at their word?"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from dnabert.plot.style import GREY, PALETTE, Floats, Integers, legend_above, styled

__all__ = ["Reliability", "calibration_figure"]

_FEW = 10
"""Bins with fewer examples are drawn pale: their share says little."""


@dataclass(frozen=True)
class Reliability:
    """Predicted against observed, in B bins of the predicted probability.

    Attributes:
        edges: Borders of the bins, rising from 0 to 1, (B+1,).
        predicted: Mean predicted probability in each bin, (B,); NaN where it is empty.
        observed: Share in each bin of those for which it came true, (B,); NaN where it is empty.
        low: Lower ends of the intervals of ``observed``, (B,).
        high: Upper ends, (B,).
        counts: Examples in each bin, (B,).
    """

    edges: Floats
    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    counts: Integers


@styled
def calibration_figure(
    table: Reliability, probability_name: str, observed_name: str, interval_name: str = "95% interval", unit: str = "sequences"
) -> Figure:
    """Observed share against predicted probability, over the number of examples in each bin.

    Args:
        table: The bins.
        probability_name: Label of the horizontal axis.
        observed_name: Label of the vertical axis.
        interval_name: What ``low`` and ``high`` are, for the legend.
        unit: What is counted, in the plural.
    """
    figure = Figure(figsize=(4.2, 4.3), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
    many = table.counts >= _FEW
    for chosen, strength, name in (
        (many, 1.0, f"model, {interval_name}"),
        (~many & (table.counts > 0), 0.35, f"fewer than {_FEW} {unit}"),
    ):
        if chosen.any():
            x, y = table.predicted[chosen], table.observed[chosen]
            reach = np.abs(np.stack([y - table.low[chosen], table.high[chosen] - y]))
            upper.errorbar(
                x, y, reach, color=PALETTE[0], alpha=strength, fmt="o", markersize=5, linewidth=1.4, capsize=2.5, label=name, clip_on=False
            )
    upper.set(xlim=(0, 1), ylim=(0, 1))
    upper.set_ylabel(observed_name)
    lower.stairs(table.counts, table.edges, fill=True, color=PALETTE[5])
    lower.set_ylabel(f"{unit.capitalize()}\n(count)")
    lower.set_xlabel(probability_name)
    lower.grid(visible=False, axis="x")
    figure.align_ylabels()
    legend_above(figure, upper)
    return figure
