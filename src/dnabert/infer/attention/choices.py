"""The words between which a user of ``dnabert attention`` chooses; no imports of weight, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = ["AttentionMethod", "AttentionPlot", "ReadStrand"]

AttentionMethod = Literal["cls", "rollout"]
"""cls: what [CLS] attends to in one layer, the score of 2021; rollout: what reaches [CLS] through all layers up to it."""

ReadStrand = Literal["forward", "both"]
"""forward: as given; both: the mean of the sequence and its reverse complement."""

AttentionPlot = Literal["auto", "maps", "heads", "landscape", "mean"]
"""maps: k-mer by k-mer, a map for each head; heads: head by base; landscape: along one sequence; mean: along a set of equal length."""
