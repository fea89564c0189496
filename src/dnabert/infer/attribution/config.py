"""Settings of attributions and their figures."""

from pydantic import BaseModel, ConfigDict, Field

from dnabert.choices import StrandMode
from dnabert.infer.attribution.choices import AttributionMethod, AttributionPlot

__all__ = ["AttributionConfig", "AttributionPlotConfig"]


class AttributionPlotConfig(BaseModel):
    """What ``--plot`` shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: AttributionPlot = "both"
    """map, logo, or both."""
    id: str = ""
    """The sequence to show; empty takes the first."""
    start: int = Field(default=0, ge=0)
    """First base to show, 0-based."""
    end: int | None = Field(default=None, ge=1)
    """Base before which to stop; None goes to the end."""
    bases_per_row: int = Field(default=80, ge=10, le=200)
    """Bases in one row of the figure; longer sequences take several rows."""


class AttributionConfig(BaseModel):
    """How contributions are computed, and what is drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    method: AttributionMethod = "ism"
    """ism: every base is changed; gradient: slope at the sequence; ig: mean slope on the way to it."""
    strand: StrandMode = "auto"
    """both is the mean of both strands; auto takes both for models trained without regard to strand."""
    ig_steps: int = Field(default=50, ge=2)
    """ig: points on the path at which the gradient is taken (Gauss-Legendre)."""
    plot: AttributionPlotConfig = AttributionPlotConfig()
    """What ``--plot`` shows."""
