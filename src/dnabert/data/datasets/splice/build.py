"""From an annotation to a set of splice sites."""

from collections.abc import Sequence
from pathlib import Path

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.splice.config import SpliceConfig
from dnabert.data.datasets.splice.hard_negatives import Scorer
from dnabert.data.datasets.splice.sites import read_annotation
from dnabert.data.datasets.splice.token_set import build_tokens
from dnabert.data.datasets.splice.window_set import build_windows
from dnabert.data.genome import GenomeStore
from dnabert.errors import ConfigError

__all__ = ["build_splice"]


def build_splice(store: GenomeStore, annotation_path: Path, config: SpliceConfig, seed: int, scorers: Sequence[Scorer] = ()) -> Draft:
    """A set of splice sites, labelled as whole windows or base by base.

    Args:
        store: The genome.
        annotation_path: GTF or GFF3 file with exons.
        config: What the set is to be.
        seed: All randomness comes from it.
        scorers: Trained models, one for each round of hard negatives; those of the first rounds are the same whatever rounds follow.

    Raises:
        DataFileError: The annotation cannot be read, or gives no window.
        RegionError: A line of it is malformed or does not fit the genome.
        ConfigError: Settings contradict each other.
        CheckpointError: A model's answers are no probabilities.
    """
    if scorers and config.level == "token":
        raise ConfigError(
            "hard negatives are windows with one label, and --level is token; leave --hard-negatives out, or make it sequence"
        )
    annotation = read_annotation(store, annotation_path, config)
    if config.level == "token":
        return build_tokens(store, annotation, config, seed, annotation_path)
    return build_windows(store, annotation, config, seed, scorers, annotation_path)
