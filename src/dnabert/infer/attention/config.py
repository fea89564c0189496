"""Settings of attention scores and their figures."""

from pydantic import BaseModel, ConfigDict, Field

from dnabert.infer.attention.choices import AttentionMethod, AttentionPlot, ReadStrand

__all__ = ["AttentionConfig", "AttentionPlotConfig"]


class AttentionPlotConfig(BaseModel):
    """What ``--plot`` shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: AttentionPlot = "auto"
    """maps, heads, landscape or mean; auto: maps for one sequence (rollout: landscape), mean for several. Not for .html, which shows
    landscapes."""
    id: str = ""
    """The sequence to show; empty takes the only one."""
    anchor: int | None = Field(default=None, ge=0)
    """mean, landscape, .html: the base (0-based) that positions are counted from, such as the TSS; None counts from the first."""
    by_label: bool = False
    """mean: a curve for each label of the input."""
    max_sequences: int = Field(default=20, ge=1)
    """.html: most sequences, the first ones."""


class AttentionConfig(BaseModel):
    """Which attention is read, and what is written of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    layer: int = -1
    """The layer, counted from 0; -1 is the last, as in 2021."""
    heads: tuple[int, ...] = ()
    """The heads whose attention is summed, counted from 0; none named are all, as in 2021."""
    method: AttentionMethod = "cls"
    """cls: [CLS] row of the layer, as in 2021; rollout: through all layers up to it."""
    strand: ReadStrand = "forward"
    """forward, or the mean of both strands."""
    normalise: bool = True
    """Scores of a sequence are divided by their Euclidean length, as in 2021."""
    per_head: bool = False
    """Also each head by itself; the heads add up to the score."""
    probabilities: bool = False
    """.npz: also what the model predicts for each sequence."""
    plot: AttentionPlotConfig = AttentionPlotConfig()
    """What ``--plot`` shows."""
