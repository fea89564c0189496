"""Settings of pre-training and fine-tuning."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.choices import FrozenPart, HeadStart, InitialEmbeddings, MatrixOptimizer, PresetName
from dnabert.data.corpus import CorpusConfig
from dnabert.data.masking import MaskingConfig
from dnabert.device import Machine
from dnabert.dna.kmers import check_kmer
from dnabert.model.config import HeadConfig, ModelConfig, base, mini, small

__all__ = ["FinetuneConfig", "FinetuneOptimConfig", "OptimConfig", "PretrainConfig", "finetune_lr", "preset", "tokens_at_once"]


def preset(name: PresetName, kmer: int = 6) -> ModelConfig:
    """The sizes of a named model.

    Raises:
        TokenizerError: ``kmer`` is out of range.
    """
    check_kmer(kmer)
    return {"mini": mini, "small": small, "base": base}[name](kmer)


class OptimConfig(BaseModel):
    """AdamW, and the course of its learning rate: linear up, then linear down to 0.

    Source: Ji et al. 2021, section 2.2; recipe 1.5.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    lr: float = Field(default=4e-4, gt=0)
    """Highest learning rate."""
    matrices: MatrixOptimizer = "adamw"
    """Optimiser of the matrices of the blocks: adamw, as published, or muon, whose steps are orthogonal matrices of the same size; all
    other weights are AdamW's."""
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps in which the learning rate rises (paper: 10k of 120k)."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decay of matrices; biases and normalisation scales have none."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(default=0.98, ge=0, lt=1)
    """Decay of the mean of squared gradients."""
    eps: float = Field(default=1e-8, gt=0)
    """Added to the root of the mean square. Published: 1e-6, in ``recipes/``; on the first plateau of small models the gradients of
    attention are so small that it slows their steps."""
    clip_norm: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient of a step."""


class FinetuneOptimConfig(OptimConfig):
    """AdamW as for pre-training, with the usual values of fine-tuning."""

    lr: float | None = Field(default=None, gt=0)  # type: ignore[assignment]
    """Highest learning rate; None chooses by the width of the model (:func:`finetune_lr`)."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the mean of squared gradients."""
    eps: float = Field(default=1e-8, gt=0)
    """Added to the root of the mean square."""


class PretrainConfig(BaseModel):
    """A pre-training run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: ModelConfig = mini()
    """Sizes of the model."""
    corpus: CorpusConfig = CorpusConfig()
    """The law of the windows."""
    masking: MaskingConfig = MaskingConfig()
    """How k-mers are hidden."""
    optim: OptimConfig = OptimConfig()
    """Optimiser and learning rate."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Dropout of this run, in the place of the model's, which stays for fine-tuning. 0 learns more where few windows are read twice
    (Geiping & Goldstein 2023, Cramming); None: the model's."""
    steps: int = Field(default=10_000, ge=1)
    """Optimiser steps."""
    batch_size: int = Field(default=64, ge=1)
    """Windows of one step (paper: 2000)."""
    micro_tokens: int | None = Field(default=None, ge=1)
    """Tokens, padding included, that are computed at a time; a step is accumulated over as many pieces as it needs. None: 4,096 on a CPU,
    to spare memory, and 16,384 on a GPU."""
    initial_embeddings: InitialEmbeddings = "composed"
    """Of a model that starts from nothing. composed: the vector of a k-mer is a sum over its bases, positions are sinusoids, which spares
    the first thousand steps; random: as published."""
    seed: int = 42
    """All randomness comes from it."""
    valid_fraction: float = Field(default=0.05, ge=0, lt=1)
    """Share of the contigs that is held out, by a hash of the name, when no split is given."""
    valid_windows: int = Field(default=256, ge=1)
    """Most windows of one validation."""
    eval_every: int = Field(default=500, ge=1)
    """Steps between validations; one more is made at the end."""
    log_every: int = Field(default=20, ge=1)
    """Steps between lines of metrics.jsonl."""
    save_every: int = Field(default=500, ge=1)
    """Steps between saved states."""

    @model_validator(mode="after")
    def _windows_fit_positions(self) -> Self:
        if self.corpus.max_tokens + 2 > self.model.max_positions:
            raise ValueError(
                f"corpus.max_tokens {self.corpus.max_tokens} and two special tokens exceed model.max_positions {self.model.max_positions}"
            )
        return self


class FinetuneConfig(BaseModel):
    """A fine-tuning run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    head: HeadConfig = HeadConfig(task="classify")
    """What to predict; num_outputs is set from the data."""
    optim: FinetuneOptimConfig = FinetuneOptimConfig()
    """Optimiser and learning rate."""
    epochs: int = Field(default=10, ge=1)
    """Passes over the training set, at most; more where ``min_steps`` asks for them."""
    min_steps: int = Field(default=0, ge=0)
    """Steps at least: few sequences are read more often than ``epochs`` says, validations are so far apart that there are about as many of
    them in all, and ``patience`` ends nothing before."""
    frozen: FrozenPart = "none"
    """What stays as it was. embeddings: with few labels the vectors of those k-mers alone that stand in them would be trained; encoder:
    all but the head."""
    head_start: HeadStart = "random"
    """probe: the last layer begins as a linear fit on the vectors of the encoder as it is (under the dropout of training, with the ridge
    penalty that validates best), so that the first steps do not spoil what was pre-trained (Kumar et al. 2022, LP-FT). The fit is itself
    a moment that may be kept. Not for token tasks."""
    batch_size: int = Field(default=32, ge=1)
    """Sequences of one step."""
    micro_tokens: int | None = Field(default=None, ge=1)
    """Tokens, padding included, that are computed at a time; None: 4,096 on a CPU, 16,384 on a GPU."""
    initial_embeddings: InitialEmbeddings = "composed"
    """Of a model that starts from nothing. composed: the vector of a k-mer is a sum over its bases, positions are sinusoids, which spares
    the first thousand steps; random: as published."""
    seed: int = 42
    """All randomness comes from it."""
    stranded: bool = True
    """Whether the strand carries meaning, as for promoters and splice sites; if not, half of the sequences are read as their reverse
    complement, and predictions average both strands."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: rare classes count more, in inverse proportion to their number."""
    evaluations_per_epoch: int = Field(default=1, ge=1)
    """Validations in one epoch."""
    patience: int = Field(default=3, ge=0)
    """Stop after so many validations without a better figure; 0 never stops early."""
    select_by: str | None = None
    """Validation figure that chooses the best moment; None takes the task's usual one. ``loss`` is allowed: smaller is better."""
    valid_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training set that is held out when no validation set is given."""
    log_every: int = Field(default=20, ge=1)
    """Steps between lines of metrics.jsonl."""
    save_every: int = Field(default=500, ge=1)
    """Steps between saved states."""

    @model_validator(mode="after")
    def _probe_fits_task(self) -> Self:
        if self.head_start == "probe" and self.head.task == "token":
            raise ValueError("head_start=probe is for classify, pair, multilabel and regress, not for token")
        return self


def finetune_lr(width: int, pretrained: bool) -> float:
    """Learning rate for a model of this width: 3e-5 at 768, the published one; more for narrow models and for random weights.

    Args:
        width: ``hidden_size`` of the model; below 154 the rate rises no more.
        pretrained: Whether the encoder was pre-trained.

    Source: recipe 1.6 (3e-5 at width 768); at width 256 it gives 2e-4, near the 3e-4 of first trials from random weights.
    """
    return float(min(3e-5 * (768 / width) ** 1.75, 5e-4) * (1.0 if pretrained else 1.5))


def tokens_at_once(config: PretrainConfig | FinetuneConfig, machine: Machine) -> int:
    """Tokens of a piece of a step, padding included, as the settings say or as the device likes."""
    return config.micro_tokens or {"cpu": 4096, "cuda": 16_384}[machine.device.type]
