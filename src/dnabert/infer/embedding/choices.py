"""The words between which a user of ``dnabert embed`` chooses; no imports of weight, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = ["EmbeddingMap", "EmbeddingPool"]

EmbeddingPool = Literal["mean", "cls", "max", "token", "base"]
"""mean, max: over the k-mers of a sequence; cls: the vector of [CLS]; token: one vector for each k-mer; base: for each base the mean of the
k-mers that cover it."""

EmbeddingMap = Literal["umap", "tsne", "pca"]
"""How many dimensions become two."""
