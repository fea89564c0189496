"""Settings of embeddings, their maps and tables."""

from pydantic import BaseModel, ConfigDict, Field

from dnabert.infer.embedding.choices import EmbeddingMap, EmbeddingPool

__all__ = ["EmbedConfig"]


class EmbedConfig(BaseModel):
    """Which vectors, and what is made of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    pool: EmbeddingPool = "mean"
    """mean, cls, max: one vector for each sequence; token, base: one for each k-mer or base."""
    layer: int = -1
    """0 is what goes into the first block, 1 what comes out of it; -1 is the last."""
    map: EmbeddingMap | None = None
    """umap, tsne or pca: two coordinates for each sequence."""
    neighbours: int = Field(default=0, ge=0)
    """Nearest neighbours of each sequence that are listed (cosine); 0 for no table."""
    kmer_contexts: tuple[str, ...] = ()
    """k-mers whose vectors in their contexts are clustered."""
    kmer_map: bool = False
    """Whether the table of k-mer vectors, without contexts, is mapped too."""
    max_contexts: int = Field(default=2000, ge=10)
    """Occurrences of a k-mer that are looked at; a random choice where there are more."""
    max_clusters: int = Field(default=8, ge=2)
    """Most clusters that are tried."""
    context_bp: int = Field(default=10, ge=0)
    """Bases on each side that the table of contexts shows."""
    shard_sequences: int = Field(default=256, ge=1)
    """Sequences of a shard, rounded down to whole 256s; below 256 batches are other ones, and so may be the last bits."""
    seed: int = Field(default=42, ge=0)
    """Randomness of maps, clusters and choices."""
