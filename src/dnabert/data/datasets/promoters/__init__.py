"""Promoters and what is none, from the start sites of transcripts and a genome."""

from dnabert.data.datasets.promoters.build import build_promoters
from dnabert.data.datasets.promoters.config import PromoterConfig

__all__ = ["PromoterConfig", "build_promoters"]
