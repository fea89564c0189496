"""Settings of a promoter data set.

Offsets count from the TSS, the first base that is transcribed, which is 0: a window of ``upstream_bp`` and ``downstream_bp`` has the
bases TSS - upstream_bp to TSS + downstream_bp, and the TSS has the index ``upstream_bp`` in it.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.choices import PromoterKind, PromoterNegatives
from dnabert.data.datasets.promoters.sites import Reach
from dnabert.data.datasets.promoters.substitution import NUM_PARTS
from dnabert.data.datasets.rules import MAX_BP, MAX_PER_POSITIVE, refuse_unused
from dnabert.data.datasets.splits import SplitConfig

__all__ = ["PromoterConfig"]

_REACH: dict[PromoterKind, Reach] = {"300": Reach(249, 50), "core": Reach(33, 36), "scan": Reach(5000, 4999)}
"""Bases before and after the TSS.

Source: 300: Ji et al. 2021 and EPDnew, -249..+50. core: Ji et al. 2021 write -34..+35, but the files of GUE have one base less before
the TSS and one more after it: of the 1,262 TSS of our mini genome all are found there with -33..+36, none with -34..+35
(``benchmarks/promoter_agreement.py``). scan: Ji et al. 2021, 10,000 bases."""


class PromoterConfig(BaseModel):
    """What the rows of a promoter data set are."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: PromoterKind = "300"
    """Which windows: ``300``, ``core`` or ``scan``."""
    upstream_bp: int | None = Field(default=None, ge=0, le=MAX_BP)
    """Bases before the TSS; None takes those of ``kind``: 249, 33 or, for the whole that is scanned, 5000."""
    downstream_bp: int | None = Field(default=None, ge=0, le=MAX_BP)
    """Bases after the TSS; None takes those of ``kind``: 50, 36 or 4999."""
    scan_window_bp: int = Field(default=1001, ge=1, le=MAX_BP)
    """Length of a window of ``scan``, in bases."""
    scan_stride_bp: int = Field(default=1001, ge=1, le=MAX_BP)
    """Bases from the start of a window of ``scan`` to that of the next; the default lays them side by side."""
    scan_margin_bp: int = Field(default=0, ge=0, le=MAX_BP)
    """A window of ``scan`` is a promoter if a TSS lies in it with at least so many bases on either side. One with a TSS nearer to its end
    is neither a promoter nor none, and is left out."""
    scan_negatives_per_positive: float | None = Field(default=None, gt=0, le=MAX_PER_POSITIVE)
    """Most windows of ``scan`` without a TSS, in each split, for each window with one, drawn at random; None: all."""
    negatives: PromoterNegatives = "matched"
    """What the negatives of ``300`` and ``core`` are. Those of ``scan`` are always the windows without a TSS."""
    negatives_per_positive: int = Field(default=1, ge=1, le=MAX_PER_POSITIVE)
    """Negatives for each positive; not for ``scan``."""
    min_distance_bp: int = Field(default=1000, ge=1, le=MAX_BP)
    """Bases that a window of the genome keeps from every TSS of the files, of either strand, to be a negative; not for ``scan``."""
    also_avoid: tuple[Path, ...] = ()
    """More files of TSS (BED, GTF or GFF3), which negatives keep away from, too; a window of ``scan`` with one of them is none of the
    negatives. Contigs that the genome lacks are passed over in them."""
    merge_bp: int = Field(default=1, ge=1, le=MAX_BP)
    """Of TSS of one strand that are closer than this, in bases, the first of the file gives a window; negatives keep away from the others.
    1 merges those on the same base only, as the published sets do. Not for ``scan``."""
    repeats: Path | None = None
    """BED file of repeats, for ``matched``; None takes the lower case of the genome, else its frequent 16-mers."""
    skip_unknown_contigs: bool = False
    """Whether a TSS of a contig that the genome lacks is left out and counted; if not, it is an error."""
    splits: SplitConfig = SplitConfig()
    """How the genome is split."""

    @property
    def reach(self) -> Reach:
        """How far the window, or what is scanned, goes from the TSS."""
        usual = _REACH[self.kind]
        return Reach(
            usual.upstream_bp if self.upstream_bp is None else self.upstream_bp,
            usual.downstream_bp if self.downstream_bp is None else self.downstream_bp,
        )

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> Self:
        of_scan = ("scan_window_bp", "scan_stride_bp", "scan_margin_bp", "scan_negatives_per_positive")
        of_others = ("negatives", "negatives_per_positive", "min_distance_bp", "merge_bp", "repeats")
        refuse_unused(self, of_others if self.kind == "scan" else of_scan, f"kind = {self.kind}")
        if self.negatives == "substitution":
            refuse_unused(self, ("also_avoid",), "negatives = substitution")
        if self.negatives != "matched":
            refuse_unused(self, ("repeats",), f"negatives = {self.negatives}")
        return self

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        total_bp = self.reach.window_bp
        if self.kind == "scan" and self.scan_window_bp > total_bp:
            raise ValueError(f"scan_window_bp = {self.scan_window_bp} is more than the {total_bp} bases that are scanned around a TSS")
        if self.kind == "scan" and 2 * self.scan_margin_bp >= self.scan_window_bp:
            raise ValueError(f"scan_margin_bp = {self.scan_margin_bp} must be less than half of scan_window_bp = {self.scan_window_bp}")
        if self.negatives in ("substitution", "paper") and total_bp < NUM_PARTS:
            raise ValueError(f"a window of {total_bp} bases cannot be cut into {NUM_PARTS} parts; negatives must be matched or tata")
        return self
