"""What can be set of the search for motifs; the defaults are those of 2021.

Source: ``find_motifs.py`` of 2021, its command line: window 24, min_len 5, pval_cutoff 0.005, min_n_motif 3.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["MotifSettings"]


class MotifSettings(BaseModel):
    """Settings of the search for motifs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    smooth_bp: Annotated[int, Field(ge=1, le=101)] | None = None
    """Odd number of bases over which scores are averaged first; unset: 1 for attention, which its k-mers smooth, 5 for attribution."""
    mean_factor: Annotated[float, Field(ge=0)] = 1.0
    """An island's bases score more than this times the mean of their sequence."""
    min_factor: Annotated[float, Field(ge=0)] = 10.0
    """An island's bases score more than this times the lowest score of their sequence; 0 turns the rule off."""
    min_len_bp: Annotated[int, Field(ge=2)] = 5
    """Least length of an island; also the measure of how much of two strings must agree for them to be merged."""
    max_q: Annotated[float, Field(gt=0, le=1)] = 0.005
    """A string is kept when its q-value (Benjamini-Hochberg) is below this."""
    merge_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Two strings are merged when at least this share of the shorter one agrees, and at least min_len_bp - 1 bases."""
    window_bp: Annotated[int, Field(ge=4)] = 24
    """Bases about the middle of an island that go into the matrix."""
    min_sites: Annotated[int, Field(ge=1)] = 3
    """Least number of instances of a motif."""
    both_strands: bool | None = None
    """Whether a string and its reverse complement are the same; unset: yes for a model that was trained without regard to strand."""
    pseudocount: Annotated[float, Field(gt=0)] = 1.0
    """Instances that are added to each column of a matrix, shared out as the background."""
    trim_bits: Annotated[float, Field(ge=0, le=2)] = 0.25
    """Columns at the ends of a matrix below this information are cut off; 0 keeps the whole window, as in 2021."""
    layer: int = -1
    """From attention: the layer, counted from 0, or from the last one: -1."""
    attribution: Literal["ism", "gradient", "ig"] = "ism"
    """From attribution: how contributions are computed, as in dnabert attribute; gradient is hundreds of times faster than ism."""
    max_sequences: Annotated[int, Field(ge=1)] | None = None
    """Most positives, and most negatives, drawn at random; unset: all."""
    seed: Annotated[int, Field(ge=0)] = 42
    """Decides that draw, and the shuffles where negatives are shuffled positives."""

    @field_validator("smooth_bp")
    @classmethod
    def _check_odd(cls, value: int | None) -> int | None:
        if value is not None and value % 2 == 0:
            raise ValueError(f"smooth_bp is {value}: it must be odd, so that a base is in the middle of its neighbours")
        return value
