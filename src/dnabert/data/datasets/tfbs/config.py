"""Settings of a set of binding sites, and its random streams."""

from enum import IntEnum
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.choices import SummitRule, TfbsMode, TfbsNegatives
from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.rules import MAX_BP, MAX_PER_POSITIVE, MAX_ROWS, refuse_unused
from dnabert.data.datasets.splits import SPLITS, SplitConfig

__all__ = ["Stream", "TfbsConfig", "open_stream"]

_MERGE_BP = 50


class Stream(IntEnum):
    """What a stream of random numbers is for. Append only: the value is part of what a seed means."""

    MATCHED = 0
    STRANDS = 1
    SHUFFLES = 2


def open_stream(seed: int, purpose: Stream, split: SplitName) -> np.random.Generator:
    """A generator that depends on the seed, the purpose and the split, and on nothing else."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(purpose), SPLITS.index(split))))


class TfbsConfig(BaseModel):
    """How a set of binding sites is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window_bp: int = Field(default=101, ge=1, le=MAX_BP)
    """Length of the windows, in bases. The summit of the peak is at the 0-based index window_bp // 2."""
    summit: SummitRule = "required"
    """Where the summit of a peak is. required: in column 10 of narrowPeak; a peak without one is an error. center: in the middle of the
    peak, whatever column 10 says."""
    signal: Path | None = None
    """bigWig file; given, the summit of a peak is the highest base of the signal in it, whatever column 10 says, and a peak without signal
    is an error (``summit = required``) or takes its middle (``center``). With several peak files it is the signal for them all."""
    min_score: float | None = Field(default=None, allow_inf_nan=False)
    """Peaks with a lower score give no windows; negatives keep away from them all the same, and in a window of another peak they count as
    bound (multilabel). The score is column 7 of narrowPeak and broadPeak, else column 5."""
    top: int | None = Field(default=None, ge=1, le=MAX_ROWS)
    """As many peaks of each file, those with the highest scores, give windows; negatives keep away from all, and in a window of another
    peak all count as bound (multilabel). None: all peaks."""
    mode: TfbsMode = "auto"
    """What the labels are. binary: 1 and 0, for all files together. multilabel: the names of all factors that bind, joined by ``;``, or
    ``none``. separate: a set for each file with the labels 1 and 0, as the 690 sets are; each is built on its own. auto: binary for one
    file, multilabel for several."""
    merge_bp: int | None = Field(default=None, ge=1, le=MAX_BP)
    """Summits closer than this, of one factor or of several, give one window, on the strongest of them; 1 merges those on the same base
    only. None: 50, or half a window if that is less."""
    bound_by: Literal["peak", "summit"] = "peak"
    """multilabel: when a factor binds in a window. peak: when a peak of it covers the central base, or a summit of it lies in the window;
    that is DeepSEA's rule (half of the window under a peak), but holds for peaks narrower than that, too. summit: when a summit lies in
    the window."""
    negatives: TfbsNegatives = "matched"
    """matched: windows of the genome off all peaks, with the same share of G+C and of repeats. shuffle: the positives themselves, their
    dinucleotides in another order."""
    negatives_per_positive: int = Field(default=1, ge=0, le=MAX_PER_POSITIVE)
    """Negatives for each positive; 0 for multilabel only."""
    distance_bp: int = Field(default=0, ge=0, le=MAX_BP)
    """Bases between a matched negative and any peak."""
    avoid: tuple[Path, ...] = ()
    """More BED or narrowPeak files that matched negatives keep away from: peaks of other factors, a list of bad regions. Contigs that the
    genome lacks are passed over in them."""
    repeats: Path | None = None
    """BED file of repeats, for ``matched``; None takes the lower case of the genome, else its frequent 16-mers."""
    skip_unknown_contigs: bool = False
    """Whether a peak on a contig that the genome lacks is left out and counted; if not, it is an error."""
    splits: SplitConfig = SplitConfig()
    """How the genome is split."""

    @property
    def reach_bp(self) -> int:
        """Summits closer than this are merged, in bases."""
        return max(1, min(_MERGE_BP, self.window_bp // 2)) if self.merge_bp is None else self.merge_bp

    @model_validator(mode="after")
    def _settings_fit_each_other(self) -> Self:
        if self.reach_bp > max(1, self.window_bp // 2):
            raise ValueError(
                f"merge_bp = {self.reach_bp} is more than half of a window of {self.window_bp} bases: summits would lie outside"
            )
        if self.negatives == "shuffle":
            refuse_unused(self, ("distance_bp", "avoid", "repeats"), "negatives = shuffle")
        return self
