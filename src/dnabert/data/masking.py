"""Which k-mers are hidden in pre-training, and what stands in their place.

``legacy`` is the published procedure, kept for exact comparison. Because k neighbouring k-mers share a base, it hides one base for each
isolated span, and because its 80/10/10 draw is made for every k-mer by itself, a k-mer left unchanged shows that base in almost half of
the cases.

``span`` makes one draw for each span, never leaves a k-mer unchanged, lets no spans overlap, and hides ``width`` neighbouring bases with
k-1+width k-mers.

Source: Ji et al. 2021, section 2.2; recipe 1.4; widening spans: arXiv 2310.07644.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from dnabert.choices import MaskingKind
from dnabert.dna.kmers import MASK_ID, NUM_SPECIAL, vocabulary_size

__all__ = ["LEGACY_OFFSETS", "Masked", "MaskingConfig", "hidden_bases", "mask_legacy", "mask_spans", "mask_tokens"]

LEGACY_OFFSETS = {kmer: (-((kmer - 1) // 2), kmer // 2) for kmer in range(1, 9)}
"""First and last k-mer of a legacy span, counted from its centre: (-1, 1), (-1, 2), (-2, 2), (-2, 3) for k = 3..6."""


class MaskingConfig(BaseModel):
    """How k-mers are hidden."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: MaskingKind = "span"
    """span: leak-free; legacy: exactly as published."""
    rate: float = Field(default=0.15, gt=0, lt=1)
    """Share of k-mers to hide. legacy draws span centres with probability rate / k (the published 0.025 for k = 6)."""
    final_rate: float | None = Field(default=None, gt=0, lt=1)
    """Share of k-mers to hide in the last part of training; None: span keeps ``rate``, legacy takes 4/3 of it, as published."""
    final_part: float = Field(default=1 / 6, ge=0, le=1)
    """Length of the last part, as a share of all steps (paper: 20k of 120k)."""
    width: int = Field(default=1, ge=1)
    """span: bases hidden by one span."""
    replace_probability: float = Field(default=0.1, ge=0, le=1)
    """span: share of spans whose k-mers are replaced by random others, not by [MASK]."""

    def rate_at(self, step: int, num_steps: int) -> float:
        """The rate at a step (from 0)."""
        if step < num_steps * (1 - self.final_part):
            return self.rate
        if self.final_rate is not None:
            return self.final_rate
        return self.rate * 4 / 3 if self.kind == "legacy" else self.rate


@dataclass(frozen=True)
class Masked:
    """A masked batch of k-mers without [CLS] and [SEP].

    Attributes:
        inputs: What the model sees, shape (B, T).
        targets: Whether a k-mer is to be predicted, shape (B, T).
    """

    inputs: npt.NDArray[Any]
    targets: npt.NDArray[np.bool_]


def mask_tokens(
    ids: npt.NDArray[Any],
    lengths: npt.NDArray[np.int64],
    kmer: int,
    config: MaskingConfig,
    rate: float,
    rng: np.random.Generator,
) -> Masked:
    """Mask a batch as ``config`` says.

    Args:
        ids: k-mer ids, padded on the right, shape (B, T).
        lengths: k-mers of each row, shape (B,).
        kmer: Length of a k-mer.
        config: The kind of masking.
        rate: Share of k-mers to hide.
        rng: Source of randomness.
    """
    if config.kind == "legacy":
        return mask_legacy(ids, lengths, kmer, rate / kmer, rng)
    return mask_spans(ids, lengths, kmer, rate, config.width, config.replace_probability, rng)


def mask_legacy(
    ids: npt.NDArray[Any],
    lengths: npt.NDArray[np.int64],
    kmer: int,
    center_probability: float,
    rng: np.random.Generator,
) -> Masked:
    """The published masking: Bernoulli centres, spans of k, and 80 % [MASK], 10 % any id of the vocabulary, 10 % unchanged for every k-mer.

    Args:
        ids: k-mer ids, padded on the right, shape (B, T).
        lengths: k-mers of each row, shape (B,).
        kmer: Length of a k-mer.
        center_probability: Probability that a k-mer is the centre of a span (published: 0.025 for k = 6).
        rng: Source of randomness.

    Source: recipe 1.4.
    """
    real = np.arange(ids.shape[1]) < lengths[:, None]
    centers = (rng.random(ids.shape) < center_probability) & real
    targets = np.zeros_like(centers)
    first, last = LEGACY_OFFSETS[kmer]
    for offset in range(first, last + 1):
        if offset < 0:
            targets[:, :offset] |= centers[:, -offset:]
        elif offset == 0:
            targets |= centers
        else:
            targets[:, offset:] |= centers[:, :-offset]
    targets &= real
    draw = rng.random(ids.shape)
    random_ids = rng.integers(0, vocabulary_size(kmer), size=ids.shape).astype(ids.dtype)
    inputs = np.where(targets & (draw < 0.8), np.asarray(MASK_ID, ids.dtype), ids)
    inputs = np.where(targets & (draw >= 0.8) & (draw < 0.9), random_ids, inputs)
    return Masked(inputs, targets)


def mask_spans(
    ids: npt.NDArray[Any],
    lengths: npt.NDArray[np.int64],
    kmer: int,
    rate: float,
    width: int,
    replace_probability: float,
    rng: np.random.Generator,
) -> Masked:
    """Leak-free masking: spans of k-1+width k-mers that do not overlap, each wholly [MASK] or wholly replaced by other k-mers.

    A row too short for one span is left as it is.

    Args:
        ids: k-mer ids, padded on the right, shape (B, T).
        lengths: k-mers of each row, shape (B,).
        kmer: Length of a k-mer.
        rate: Expected share of k-mers hidden.
        width: Bases hidden by one span.
        replace_probability: Share of spans that are replaced, not masked.
        rng: Source of randomness.
    """
    size = kmer - 1 + width
    expected = rate * lengths / size
    count = np.floor(expected + rng.random(len(lengths))).astype(np.int64)  # (B,)
    count = np.minimum(count, lengths // size)
    most = int(count.max(initial=0))
    inputs, targets = ids.copy(), np.zeros(ids.shape, dtype=bool)
    if not most:
        return Masked(inputs, targets)
    exists = np.arange(most) < count[:, None]  # (B, most)
    places = np.sort(np.where(exists, rng.random(exists.shape), 2.0), axis=1)
    free = lengths - count * size
    starts = np.floor(np.minimum(places, 1 - 1e-12) * (free + 1)[:, None]).astype(np.int64) + np.arange(most) * size
    replaced = rng.random(exists.shape) < replace_probability
    rows, spans = np.nonzero(exists)
    columns = starts[rows, spans][:, None] + np.arange(size)  # (spans, size)
    rows_wide = np.broadcast_to(rows[:, None], columns.shape)
    targets[rows_wide, columns] = True
    truth = ids[rows_wide, columns].astype(np.int64)
    others = rng.integers(NUM_SPECIAL, vocabulary_size(kmer) - 1, size=columns.shape)
    others += others >= truth
    inputs[rows_wide, columns] = np.where(replaced[rows, spans][:, None], others, MASK_ID).astype(ids.dtype)
    return Masked(inputs, targets)


def hidden_bases(targets: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64], kmer: int) -> npt.NDArray[np.bool_]:
    """Which bases are fully hidden: every k-mer that covers them is to be predicted.

    Args:
        targets: Whether a k-mer is to be predicted, shape (B, T).
        lengths: k-mers of each row, shape (B,).
        kmer: Length of a k-mer.

    Returns:
        Shape (B, T+k-1); False beyond the end of a row.
    """
    rows, tokens = targets.shape
    real = np.arange(tokens) < lengths[:, None]
    shown = np.zeros((rows, tokens + kmer - 1), dtype=bool)
    for offset in range(kmer):
        shown[:, offset : offset + tokens] |= real & ~targets
    inside = np.arange(tokens + kmer - 1) < (lengths + kmer - 1)[:, None]
    return inside & ~shown
