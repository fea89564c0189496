"""The words between which a user of ``dnabert scan`` chooses; no imports of weight, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = ["ScanPreset", "ScanRule", "ScanStrand"]

ScanStrand = Literal["auto", "forward", "reverse", "both", "separate"]
"""both: the mean of both strands; separate: a track and calls of each; auto: both for models trained without regard to strand, else
separate."""

ScanRule = Literal["none", "max", "mean", "second"]
"""What is made of the scores of the windows within a longer one: none, the highest, their mean, or the second highest."""

ScanPreset = Literal["prom-scan"]
"""prom-scan: the promoter scan of 2021."""
