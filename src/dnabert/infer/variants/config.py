"""Settings of ``dnabert variants``."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["AnchorKind", "CandidateConfig", "ReadDirection", "VariantConfig"]

AnchorKind = Literal["none", "splice", "tss"]
"""What windows are placed by: the variant itself, splice junctions, or transcription start sites."""

ReadDirection = Literal["auto", "forward", "reverse", "both", "strongest"]
"""Which strand is read; see :class:`VariantConfig`."""


class CandidateConfig(BaseModel):
    """When a variant is a candidate: it lies in a high-attention region, and changes the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    min_change: float = Field(default=1.0, ge=0)
    """Least change of the answer: bits of log2 odds (1: the odds double or halve), of a value its unit."""
    layer: int = -1
    """Layer of the attention score, from 0; -1 is the last."""
    mean_factor: float = Field(default=1.0, ge=0)
    """A base of a high-attention region scores above so many times the mean of its window."""
    min_factor: float = Field(default=10.0, ge=0)
    """And above so many times the lowest score of its window."""


class VariantConfig(BaseModel):
    """Where windows lie, how they are read, and what is computed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window_bp: int | None = Field(default=None, ge=1)
    """Bases of a window; None takes the length that the model was trained with (zero-shot: the longest that it reads)."""
    shifts: tuple[int, ...] = (0,)
    """Windows moved to the right by so many bases; the one in which the answer changes most counts. 0 is centred on the variant."""
    grid_bp: int = Field(default=1, ge=1)
    """Centred windows begin at multiples of this, so that neighbouring variants share one; 1 is exactly centred."""
    anchor: AnchorKind = "none"
    """none: centred on the variant; splice, tss: at the sites of the annotation, as in training."""
    site_index: int | None = Field(default=None, ge=0)
    """Anchored: index of the site in its window (splice: first base of the intron or of the exon; TSS: first transcribed base), read on
    its strand. None: splice: the middle, window_bp // 2; tss: 249 of 300, 33 of 70."""
    strand: ReadDirection = "auto"
    """both: the mean of a window and its reverse complement; strongest: the one in which the answer changes most; auto: both for models
    trained without regard to strand; for others the site's strand where windows are anchored, strongest where they are not."""
    zero_shot: bool = False
    """Score by the hidden k-mers of a pre-trained model."""
    max_allele_bp: int | None = Field(default=None, ge=1)
    """Longest allele that is scored; None: as long as the window."""
    epsilon: float = Field(default=1e-6, gt=0, lt=0.5)
    """Probabilities count as between this and 1 minus this in log-odds, which are finite so."""
    block_records: int = Field(default=1000, ge=1)
    """Records that are scored together, and kept together for --resume."""
    tokens_per_batch: int | None = Field(default=None, ge=1)
    """Tokens of a batch; None chooses by the device."""
    show_class: str = ""
    """Mutagenesis: the class, label or value that the figure shows; empty takes the only one."""
    bases_per_row: int = Field(default=80, ge=10)
    """Mutagenesis: bases side by side in the figure."""
    candidates: CandidateConfig = CandidateConfig()
    """What makes a candidate."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.shifts:
            raise ValueError("shifts is empty; 0 is the window centred on the variant")
        if len(set(self.shifts)) < len(self.shifts):
            raise ValueError("shifts names one twice")
        if self.anchor != "none" and (self.shifts != (0,) or self.grid_bp != 1):
            raise ValueError("shifts and grid_bp move centred windows, and anchor places them by sites: give one or the other")
        if self.anchor != "none" and self.strand not in ("auto", "both"):
            raise ValueError(
                f"strand {self.strand} is for centred windows, and anchored ones are read on the strand of their site: leave it out"
            )
        return self
