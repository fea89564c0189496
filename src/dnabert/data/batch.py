"""What a model eats: token ids of several sequences, padded to the longest, and what goes with them.

Legend: B rows, T tokens, S sequences (S < B where long sequences are cut into chunks).
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.data.sequences import SequenceSet
from dnabert.data.targets import IGNORED, Targets
from dnabert.dna.kmers import CLS_ID, PAD_ID, SEP_ID, reverse_complement_ids
from dnabert.dna.sequence import reverse_complement
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer

__all__ = ["Batch", "EncodedSet", "pad_rows", "plan_batches"]


@dataclass(frozen=True)
class Batch:
    """A padded batch.

    Attributes:
        ids: Token ids with [CLS] and [SEP], int64 (B, T).
        mask: True for tokens, False for padding, (B, T); None when nothing is padded.
        token_types: 0 or 1, int64 (B, T); None when all are 0.
        num_chunks: Rows of each sequence, S numbers; None where each row is a sequence.
        positions: masked_lm: indices of the k-mers to predict in the flattened ids, (M,). They stay on the host, where the
            model plans by them.
        targets: What is to be predicted, or None.
        first_position: Position of the first token of all rows.
    """

    ids: Tensor
    mask: Tensor | None = None
    token_types: Tensor | None = None
    num_chunks: list[int] | None = None
    positions: Tensor | None = None
    targets: Tensor | None = None
    first_position: int = 0

    def to(self, device: torch.device) -> Self:
        """The batch on a device."""
        if device.type == "cpu":
            return self
        tensors = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "positions"}
        # Only from pinned memory does a copy run beside the computation.
        moved: dict[str, Any] = {
            name: value.pin_memory().to(device, non_blocking=True) for name, value in tensors.items() if isinstance(value, Tensor)
        }
        return replace(self, **moved)

    @property
    def num_tokens(self) -> int:
        """Tokens without padding."""
        return int(self.ids.numel() if self.mask is None else self.mask.sum())

    @property
    def inputs(self) -> dict[str, Any]:
        """The arguments of the model's ``forward``."""
        return {
            "ids": self.ids,
            "mask": self.mask,
            "token_types": self.token_types,
            "positions": self.positions,
            "num_chunks": self.num_chunks,
            "first_position": self.first_position,
        }


def pad_rows(rows: list[npt.NDArray[Any]]) -> tuple[Tensor, Tensor | None]:
    """Rows of ids as one tensor (B, T), and its mask, or None when all rows have the same length."""
    lengths = np.array([len(row) for row in rows])
    longest = int(lengths.max())
    padded = np.full((len(rows), longest), PAD_ID, dtype=np.int64)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    mask = None if (lengths == longest).all() else torch.from_numpy(np.arange(longest) < lengths[:, None])
    return torch.from_numpy(padded), mask


def plan_batches(lengths: npt.NDArray[np.int64], max_tokens: int, max_rows: int | None = None) -> list[npt.NDArray[np.int64]]:
    """Groups of rows of like length whose padded size stays within a budget.

    Args:
        lengths: Tokens of each row, shape (N,).
        max_tokens: Rows times longest row of one batch; a single longer row stands alone.
        max_rows: Most rows of one batch; None is no limit.

    Returns:
        Indices of the rows of each batch, longest first; each row occurs once.
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        count = max(1, int(max_tokens // max(lengths[order[start]], 1)))
        count = min(count, max_rows or count)
        batches.append(order[start : start + count])
        start += count
    return batches


class EncodedSet:
    """Labelled or unlabelled sequences that give batches.

    Args:
        sequences: The sequences.
        tokenizer: The tokenizer of the model; its ``max_tokens`` is the length of a window.
        head: The head of the model: with chunk pooling long sequences are cut into windows, else cut off.
        targets: Numbers to be predicted, or None.
    """

    def __init__(self, sequences: SequenceSet, tokenizer: KmerTokenizer, head: HeadConfig, targets: Targets | None = None) -> None:
        self.sequences = sequences
        self.tokenizer = tokenizer
        self.head = head
        self.targets = targets
        kmers = self._pair_kmers(sequences.first.lengths - tokenizer.kmer + 1)
        full = tokenizer.max_tokens
        chunks = -(-kmers // full) if head.chunk_pooling else np.ones_like(kmers)
        self.num_cut = int((kmers > chunks * full).sum())
        """Sequences that are too long for the model and are cut on the right."""
        self.lengths: npt.NDArray[np.int64] = chunks * (np.minimum(kmers, full) + 2)
        """Room that each sequence takes in a batch, in tokens: special tokens and the padding of a last chunk included, shape (N,)."""

    def _pair_kmers(self, kmers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self.sequences.second is None:
            return kmers
        return kmers + self.sequences.second.lengths - self.tokenizer.kmer + 1 + 1

    def __len__(self) -> int:
        return len(self.sequences)

    def batch(self, indices: npt.NDArray[np.int64], flip: npt.NDArray[np.bool_] | None = None) -> Batch:
        """The sequences at ``indices`` as one batch.

        Args:
            indices: Which sequences, shape (S,).
            flip: Whether to read each as its reverse complement, shape (S,); None reads all as they are. What is cut off is the same for
                both strands.
        """
        flips = [False] * len(indices) if flip is None else flip.tolist()
        rows: list[npt.NDArray[Any]] = []
        types: list[npt.NDArray[np.uint8]] = []
        chunks: list[int] = []
        for index, reverse in zip(indices.tolist(), flips, strict=True):
            first = self.sequences.first[index]
            if self.head.chunk_pooling is not None:
                pieces = self._windows(reverse_complement(first) if reverse else first)
                rows += pieces
                chunks.append(len(pieces))
                continue
            second = None if self.sequences.second is None else self.sequences.second[index]
            encoded = self.tokenizer.encode(first, second)
            rows.append(_flipped(encoded.ids, self.tokenizer.kmer) if reverse else encoded.ids)
            if second is not None:
                types.append(encoded.token_types)
        ids, mask = pad_rows(rows)
        return Batch(
            ids,
            mask,
            pad_rows(types)[0] if types else None,
            chunks if self.head.chunk_pooling is not None else None,
            targets=self._targets(indices, flips, ids.shape[1]),
        )

    def _windows(self, codes: npt.NDArray[np.uint8]) -> list[npt.NDArray[Any]]:
        ids = self.tokenizer.kmer_ids(codes)
        full = self.tokenizer.max_tokens
        return [np.concatenate(([CLS_ID], ids[at : at + full], [SEP_ID])) for at in range(0, len(ids), full)]

    def _targets(self, indices: npt.NDArray[np.int64], flips: list[bool], num_tokens: int) -> Tensor | None:
        if self.targets is None:
            return None
        if self.targets.offsets is None:
            return torch.from_numpy(self.targets.values[indices])
        width = num_tokens - 2 + (self.tokenizer.kmer - 1 if self.head.token_level == "base" else 0)
        padded = np.full((len(indices), width), IGNORED, dtype=np.int64)
        for row, (index, reverse) in enumerate(zip(indices.tolist(), flips, strict=True)):
            values = self.targets.values[self.targets.offsets[index] : self.targets.offsets[index + 1]]
            longest = self.tokenizer.max_tokens + width - (num_tokens - 2)
            values = values[:longest]
            padded[row, : len(values)] = values[::-1] if reverse else values
        return torch.from_numpy(padded)


def _flipped(ids: npt.NDArray[Any], kmer: int) -> npt.NDArray[Any]:
    """Ids of one encoding with each of its sequences read as its reverse complement, in its place."""
    flipped = ids.copy()
    start = 1
    for end in np.flatnonzero(ids == SEP_ID).tolist():
        flipped[start:end] = reverse_complement_ids(ids[start:end], kmer)
        start = end + 1
    return flipped
