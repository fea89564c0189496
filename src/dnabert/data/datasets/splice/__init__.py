"""Splice sites and what looks like them, from an annotation and a genome."""

from dnabert.data.datasets.splice.build import build_splice
from dnabert.data.datasets.splice.config import HardNegativeConfig, SpliceConfig
from dnabert.data.datasets.splice.hard_negatives import Scorer

__all__ = ["HardNegativeConfig", "Scorer", "SpliceConfig", "build_splice"]
