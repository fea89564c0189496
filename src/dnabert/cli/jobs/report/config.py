"""What can be set of a report."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dnabert.choices import StrandMode
from dnabert.infer.embedding.choices import EmbeddingMap
from dnabert.motif.choices import ScoreSource
from dnabert.motif.settings import MotifSettings

__all__ = ["Part", "ReportConfig"]

Part = Literal["attention", "motifs", "map"]
"""A part of the page that can be left out."""


class ReportConfig(BaseModel):
    """Settings of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strand: StrandMode = "auto"
    """Strands that predictions are read on: both averages them, auto does so for models trained without regard to strand."""
    rounds: int = Field(default=1000, ge=0)
    """Bootstrap resamplings; 0 leaves the intervals out."""
    class_names: tuple[str, ...] = ()
    """Names to show in the place of those of the model's classes, in their order."""
    max_sequences: int = Field(default=2000, ge=3)
    """Most sequences of each label whose attention, motifs and vectors are read, drawn at random. Figures are of all."""
    seed: int = Field(default=42, ge=0)
    """Decides that draw, and the map."""
    anchor: int | None = Field(default=None, ge=0)
    """The base (0-based) that positions are counted from, such as the TSS; unset: the first."""
    anchor_name: str = "anchor"
    """What is there."""
    layer: int = -1
    """Layer whose attention is shown, counted from 0; -1 is the last, as in 2021."""
    examples: int = Field(default=4, ge=0)
    """Most example sequences."""
    example_bp: int = Field(default=240, ge=10)
    """Most bases of an example; of longer ones the stretch with the highest scores is shown."""
    motifs: MotifSettings = MotifSettings()
    """The search for motifs, as for dnabert motifs."""
    motifs_in: str = ""
    """Labelled sequences in which motifs are looked for, such as the larger training set; empty: those of the report."""
    motifs_from: ScoreSource = "attention"
    """What scores the bases for it."""
    map: EmbeddingMap = "pca"
    """How the map is made; umap and tsne need the extra embed."""
    leave_out: tuple[Part, ...] = ()
    """Parts that are left out: attention, motifs, map."""
