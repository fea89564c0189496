"""Vectors of sequences, k-mers and bases, from any layer of any model.

The pooler of a pre-trained model (tanh(Linear([CLS]))) was never trained and is never used: ``cls`` is the vector of [CLS] itself.

Legend: B rows of a batch, T tokens, D width, L bases, N k-mers (L-k+1).
"""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.data.batch import pad_rows, plan_batches
from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine, inference
from dnabert.errors import ConfigError
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.embedding.choices import EmbeddingPool
from dnabert.model.heads import Dnabert, average_over_bases, pool_tokens
from dnabert.tokenizer import KmerTokenizer

__all__ = ["SEQUENCES_AT_ONCE", "check_layer", "embed", "rows_of_sequences"]

Floats = npt.NDArray[np.float32]
SEQUENCES_AT_ONCE = 256
"""Sequences that wait for a batch of like length; batches never reach over such a group."""


def embed(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    pool: EmbeddingPool,
    layer: int = -1,
    tokens_per_batch: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Floats]]:
    """Vectors of each sequence, in input order.

    Args:
        model: Any model; it is left as it was.
        sequences: The sequences.
        tokenizer: The model's; what is beyond its window is not read.
        machine: Where to compute.
        pool: What there is one vector for.
        layer: 0 is what goes into the first block, 1 what comes out of it; negative numbers count from the last, -1.
        tokens_per_batch: Tokens of a batch, padding included; None chooses by the device.
        progress: Called with the number of sequences done after each batch.

    Yields:
        Number of the sequence; its vector (D,), or one for each of its k-mers (N, D) or bases (L, D), as far as the window reaches.

    Raises:
        ConfigError: There is no such layer, or the sequences are pairs.
    """
    depth = check_layer(model, layer)
    if sequences.second is not None:
        raise ConfigError("embeddings are of single sequences, and these are pairs; give the sequences one by one")
    budget = tokens_per_batch or TOKENS_PER_BATCH[machine.device.type]
    home = next(model.parameters()).device
    numbers = iter(range(len(sequences)))
    try:
        model.to(machine.device)  # once, not for each batch
        while group := list(islice(numbers, SEQUENCES_AT_ONCE)):
            found: list[Floats] = [np.empty(0, np.float32)] * len(group)
            rows = [tokenizer.encode(sequences.first[index]).ids for index in group]
            for indices in plan_batches(np.array([len(row) for row in rows]), budget):
                ids, mask = pad_rows([rows[index] for index in indices])
                with inference(model, machine):
                    hidden = _hidden(model, ids.to(machine.device), None if mask is None else mask.to(machine.device), depth)
                    vectors = _pooled(hidden, None if mask is None else mask.to(machine.device), pool, tokenizer.kmer).cpu().numpy()
                for index, values in zip(indices.tolist(), vectors, strict=True):
                    padding = ids.shape[1] - len(rows[index])
                    found[index] = values if values.ndim == 1 else values[: len(values) - padding]
                if progress:
                    progress(len(indices))
            yield from zip(group, found, strict=True)
    finally:
        model.to(home)


def rows_of_sequences(lengths: npt.NDArray[np.int64], tokenizer: KmerTokenizer, pool: EmbeddingPool) -> npt.NDArray[np.int64]:
    """How many vectors sequences of these lengths have, (N,)."""
    if pool not in ("token", "base"):
        return np.ones_like(lengths)
    kmers = np.minimum(lengths - tokenizer.kmer + 1, tokenizer.max_tokens)
    return kmers if pool == "token" else kmers + tokenizer.kmer - 1


def check_layer(model: Dnabert, layer: int) -> int:
    """Number of the layer from 0 (what goes into the first block) on.

    Raises:
        ConfigError: There is no such layer.
    """
    count = model.config.num_layers + 1
    if not -count <= layer < count:
        raise ConfigError(f"layer {layer}: the model has the layers 0 (before the first block) to {count - 1}, or -1 (last) to {-count}")
    return layer % count


def _hidden(model: Dnabert, ids: Tensor, mask: Tensor | None, depth: int) -> Tensor:
    """Vectors (B, T, D) of one layer, in float32."""
    if depth == model.config.num_layers:
        last: Tensor = model.encoder(ids, mask).last_hidden
        return last.float()
    states: tuple[Tensor, ...] = model.encoder(ids, mask, return_hidden=True).hidden_states
    return states[depth].float()


def _pooled(hidden: Tensor, mask: Tensor | None, pool: EmbeddingPool, kmer: int) -> Tensor:
    """(B, D), or (B, T-2, D) or (B, L, D)."""
    with torch.autocast(hidden.device.type, enabled=False):
        if pool == "token":
            return hidden[:, 1:-1]
        if pool == "base":
            each = hidden[:, 1:-1, None].expand(-1, -1, kmer, -1)  # (B, T-2, k, D)
            return average_over_bases(each, None if mask is None else mask[:, 2:])
        return pool_tokens(hidden, mask, pool)
