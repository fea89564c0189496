"""Windows where transcription factors bind, and where they do not, from peaks of ChIP-seq and a genome."""

from dnabert.data.datasets.tfbs.build import build_tfbs
from dnabert.data.datasets.tfbs.config import TfbsConfig
from dnabert.data.datasets.tfbs.factors import factor_names

__all__ = ["TfbsConfig", "build_tfbs", "factor_names"]
