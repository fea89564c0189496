"""What a model is: its sizes, and what its head predicts."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.choices import ChunkPooling, Pooling, Task, TokenLevel

__all__ = ["HeadConfig", "ModelConfig", "base", "mini", "small"]


class ModelConfig(BaseModel):
    """Sizes of the encoder.

    Source: Ji et al. 2021, section 2.1; published ``config.json``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kmer: int = Field(default=6, ge=1, le=8)
    """Length of a k-mer."""
    num_layers: int = Field(default=12, ge=1)
    """Number of transformer blocks."""
    hidden_size: int = Field(default=768, ge=1)
    """Width of a token's vector."""
    num_heads: int = Field(default=12, ge=1)
    """Number of attention heads; must divide hidden_size."""
    intermediate_size: int = Field(default=3072, ge=1)
    """Width of the feed-forward layer."""
    max_positions: int = Field(default=512, ge=3)
    """Most tokens of one window, [CLS] and [SEP] included."""
    type_vocab_size: int = Field(default=2, ge=1)
    """Number of token types (2: first and second sequence)."""
    layer_norm_eps: float = Field(default=1e-12, gt=0)
    """Added to the variance in layer normalisation."""
    hidden_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability of dropping an activation."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability of dropping an attention weight."""
    initializer_range: float = Field(default=0.02, gt=0)
    """Standard deviation of fresh weights."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.hidden_size % self.num_heads:
            raise ValueError(f"num_heads {self.num_heads} does not divide hidden_size {self.hidden_size}")
        return self

    @property
    def vocab_size(self) -> int:
        """Number of token ids: 4**k k-mers and 5 special tokens."""
        return int(4**self.kmer) + 5


class HeadConfig(BaseModel):
    """What the head predicts, and from what."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: Task = "masked_lm"
    """classify, pair: one of several classes; multilabel: any of several; regress: real values; token: a class for every k-mer or base."""
    num_outputs: int = Field(default=2, ge=1)
    """Number of classes, labels or values. Unused by masked_lm."""
    pooling: Pooling = "cls"
    """Vector of a window: cls is tanh(Linear([CLS])) as published; mean and max are over its k-mers."""
    token_level: TokenLevel = "base"
    """token task: one prediction for every base (mean over the k-mers that cover it) or for every k-mer."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability of dropping a pooled feature before the last layer."""
    chunk_pooling: ChunkPooling | None = None
    """Not None: sequences longer than one window are cut into chunks, and the chunks' vectors are pooled this way."""
    rnn_layers: int = Field(default=1, ge=1)
    """Layers of the chunk LSTM."""

    @model_validator(mode="after")
    def _chunks_fit_task(self) -> Self:
        if self.chunk_pooling and self.task not in ("classify", "multilabel", "regress"):
            raise ValueError(f"chunk_pooling is for classify, multilabel and regress, not for {self.task}")
        return self


def mini(kmer: int = 6) -> ModelConfig:
    """4 layers of width 256 with 4 heads: trains on a laptop."""
    return ModelConfig(kmer=kmer, num_layers=4, hidden_size=256, num_heads=4, intermediate_size=1024)


def small(kmer: int = 6) -> ModelConfig:
    """6 layers of width 512 with 8 heads."""
    return ModelConfig(kmer=kmer, num_layers=6, hidden_size=512, num_heads=8, intermediate_size=2048)


def base(kmer: int = 6) -> ModelConfig:
    """12 layers of width 768 with 12 heads: the published size."""
    return ModelConfig(kmer=kmer)
