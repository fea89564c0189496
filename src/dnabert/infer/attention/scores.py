"""One attention score for each base: what [CLS] attends to, and what reaches it through the layers (rollout).

The score of 2021, for a sequence of T k-mers and the attention weights A[h, i, j] of a layer, [CLS] being token 0::

    s_i = sum over h of A[h, 0, i+1]                       i = 0 .. T-1, a score for each k-mer
    r_p = mean of s_i over the real k-mers that cover p    p = 0 .. L-1, a score for each base
    r   = r / |r|                                          Euclidean length

[CLS], [SEP] and padding have no part in it, and the divisor of ``r_p`` counts real k-mers only (1 at both ends), so that both edges are
right without padding. Only the [CLS] row is computed: memory O(L) for a sequence.

Legend: B rows, T tokens or k-mers, H heads, K layers asked for, L bases.

Source: Ji et al. 2021, section 2.6 and DNABERT-viz; recipe 1.8; rollout: Abnar & Zuidema 2020, section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.data.batch import Batch, EncodedSet, plan_batches
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine, inference
from dnabert.dna.sequence import Codes
from dnabert.errors import ConfigError, SequenceError
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = [
    "all_base_scores",
    "attention_maps",
    "base_scores",
    "check_heads",
    "check_layer",
    "head_scores",
    "in_order",
    "normalised",
    "rollout_scores",
    "spread_over_bases",
]

Floats = npt.NDArray[np.float32]
Progress = Callable[[int], None]

_BATCHES_HELD = 64
"""Batches whose scores are kept before they are handed out: between them the model, and torch, are as they were."""
_MAP_ELEMENTS = 1 << 24
"""Attention weights of a layer that rollout holds at once: 64 MB."""


def base_scores(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    layer: int = -1,
    heads: tuple[int, ...] | None = None,
    normalise: bool = True,
    reverse: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Floats]]:
    """The score of 2021 for each base of each sequence, in batches of like length.

    Args:
        model: The model; it is left as it was.
        sequences: The sequences, none longer than a window unless the model pools chunks.
        tokenizer: Its tokenizer.
        machine: Where to compute.
        layer: The layer, from 0; negative ones count from the last, -1.
        heads: The heads that are summed, from 0; None is all.
        normalise: Divide by the Euclidean length.
        reverse: Read the reverse complement; scores are in forward order all the same.
        progress: Called with the number of sequences done after each batch.

    Yields:
        Index of a sequence, and its scores, (L,), at least 0. Each sequence once, in whatever order.

    Raises:
        ConfigError: There is no such layer or head, or the model reads pairs.
        SequenceError: A sequence is longer than the model's window.
    """
    chosen = list(check_heads(model, heads))
    layers = (check_layer(model, layer),)
    for index, rows in head_scores(model, sequences, tokenizer, machine, layers=layers, reverse=reverse, progress=progress):
        scores = rows[0, chosen].sum(0)  # (L,)
        yield index, normalised(scores) if normalise else scores


def all_base_scores(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    layer: int = -1,
    heads: tuple[int, ...] | None = None,
    normalise: bool = True,
    reverse: bool = False,
    progress: Progress | None = None,
) -> list[Floats]:
    """The scores of :func:`base_scores` in input order."""
    scores = base_scores(
        model, sequences, tokenizer, machine, layer=layer, heads=heads, normalise=normalise, reverse=reverse, progress=progress
    )
    return in_order(scores, len(sequences))


def in_order(scores: Iterator[tuple[int, Floats]], count: int) -> list[Floats]:
    """Scores by their index."""
    found: list[Floats] = [np.empty(0, np.float32)] * count
    for index, row in scores:
        found[index] = row
    return found


def head_scores(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    layers: Sequence[int] = (-1,),
    reverse: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Floats]]:
    """Scores of each head of several layers by itself, in one pass; not normalised, so that heads can be added up.

    Args:
        model: The model; it is left as it was.
        sequences: As :func:`base_scores`.
        tokenizer: Its tokenizer.
        machine: Where to compute.
        layers: The layers, from 0; negative ones count from the last.
        reverse: As :func:`base_scores`.
        progress: As :func:`base_scores`.

    Yields:
        Index of a sequence, and its scores, (K, H, L).

    Raises:
        ConfigError: As :func:`base_scores`.
        SequenceError: As :func:`base_scores`.
    """
    wanted = [check_layer(model, layer) for layer in layers]
    data = _encoded(model, sequences, tokenizer)
    plan = plan_batches(data.lengths, TOKENS_PER_BATCH[machine.device.type])

    def read(batch: Batch) -> Tensor:
        return model.encoder.first_weights(batch.ids, batch.mask, layers=wanted)  # (B, K, H, T)

    return _read_all(model, data, machine, plan, read, reverse, progress)


def rollout_scores(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    *,
    layer: int = -1,
    heads: tuple[int, ...] | None = None,
    normalise: bool = True,
    reverse: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[int, Floats]]:
    """What reaches [CLS] from each base through all layers up to one: attention rollout.

    The [CLS] row of A'_l ... A'_1, where A' = (mean over heads of A + identity) / 2 takes the residual connection into account. Maps of
    one layer at a time are averaged over heads as soon as they are there.

    Args:
        model: The model; it is left as it was.
        sequences: As :func:`base_scores`.
        tokenizer: Its tokenizer.
        machine: Where to compute.
        layer: The last layer that counts, from 0; -1 is all.
        heads: The heads that are averaged; None is all.
        normalise: As :func:`base_scores`.
        reverse: As :func:`base_scores`.
        progress: As :func:`base_scores`.

    Yields:
        As :func:`base_scores`.

    Raises:
        ConfigError: As :func:`base_scores`.
        SequenceError: As :func:`base_scores`.

    Source: Abnar & Zuidema 2020, section 3 (attention rollout).
    """
    last = check_layer(model, layer)
    chosen = list(check_heads(model, heads))
    data = _encoded(model, sequences, tokenizer)
    window = np.minimum(data.lengths, tokenizer.max_tokens + 2)
    plan = plan_batches(data.lengths * window * model.config.num_heads, _MAP_ELEMENTS)

    def read(batch: Batch) -> Tensor:
        means = []
        for number, weights in enumerate(model.encoder.weights_by_layer(batch.ids, batch.mask)):
            means.append(weights[:, chosen].float().mean(1))  # (B, T, T)
            if number == last:
                break
        row = torch.zeros(batch.ids.shape, device=batch.ids.device)  # (B, T)
        row[:, 0] = 1
        with torch.autocast(row.device.type, enabled=False):
            for mean in reversed(means):
                row = 0.5 * (row + (row[:, None] @ mean)[:, 0])  # (B, T), adds up to 1
        return row[:, None, None]  # (B, 1, 1, T)

    for index, rows in _read_all(model, data, machine, plan, read, reverse, progress):
        yield index, normalised(rows[0, 0]) if normalise else rows[0, 0]


def attention_maps(
    model: Dnabert, codes: Codes, tokenizer: KmerTokenizer, machine: Machine, layer: int = -1, heads: tuple[int, ...] | None = None
) -> Floats:
    """The attention maps of one sequence in one layer, with [CLS] first and [SEP] last, (H, T, T): who attends (rows) to whom (columns).

    Args:
        model: The model; it is left as it was.
        codes: Base codes of the sequence.
        tokenizer: Its tokenizer.
        machine: Where to compute.
        layer: The layer, from 0; negative ones count from the last, -1.
        heads: The heads, from 0; None is all.

    Raises:
        ConfigError: There is no such layer or head, or the model reads pairs.
        SequenceError: The sequence is longer than a window.
    """
    wanted, chosen = check_layer(model, layer), list(check_heads(model, heads))
    data = _encoded(model, SequenceSet(("sequence",), pack([codes])), tokenizer)
    batch = data.batch(np.array([0])).to(machine.device)
    if len(batch.ids) > 1:
        limit = tokenizer.max_tokens + tokenizer.kmer - 1
        raise SequenceError(f"the sequence has {len(codes)} bases, and a map is of one window, {limit} at most: cut it")
    with inference(model, machine):
        weights = next(islice(model.encoder.weights_by_layer(batch.ids, batch.mask), wanted, None))  # (1, H, T, T)
        maps: Floats = weights[0, chosen].float().cpu().numpy()
    return maps


def check_layer(model: Dnabert, layer: int) -> int:
    """The layer counted from 0.

    Raises:
        ConfigError: There is no such layer.
    """
    count = model.config.num_layers
    if not -count <= layer < count:
        raise ConfigError(f"layer is {layer}: this model has layers 0 to {count - 1}, or -1 to {-count} from the last")
    return layer % count


def check_heads(model: Dnabert, heads: tuple[int, ...] | None) -> tuple[int, ...]:
    """The heads; all, if none are named.

    Raises:
        ConfigError: There is no such head, or one is named twice.
    """
    count = model.config.num_heads
    for head in heads or ():
        if not 0 <= head < count:
            raise ConfigError(f"heads has {head}: this model has heads 0 to {count - 1}")
    if heads and len(set(heads)) < len(heads):
        raise ConfigError(f"heads names one twice: {', '.join(map(str, heads))}; each can be summed once")
    return heads or tuple(range(count))


def spread_over_bases(scores: npt.NDArray[Any], kmer: int) -> Floats:
    """Scores of bases, (..., L), from those of overlapping k-mers, (..., T): means over the k-mers that cover a base, L = T+k-1.

    Examples:
        >>> spread_over_bases(np.array([3.0, 1.0]), 3).tolist()
        [3.0, 2.0, 2.0, 1.0]
    """
    kmers = scores.shape[-1]
    total = np.zeros((*scores.shape[:-1], kmers + kmer - 1))
    for offset in range(kmer):
        total[..., offset : offset + kmers] += scores
    place = np.arange(kmers + kmer - 1)
    covering = np.minimum(place, kmers - 1) - np.maximum(place - kmer + 1, 0) + 1
    means: Floats = (total / covering).astype(np.float32)
    return means


def normalised(scores: Floats) -> Floats:
    """Scores divided by their Euclidean length; zeros stay zeros."""
    length = float(np.linalg.norm(scores.astype(np.float64)))
    return scores if length == 0 else (scores / length).astype(np.float32)


def _encoded(model: Dnabert, sequences: SequenceSet, tokenizer: KmerTokenizer) -> EncodedSet:
    if sequences.second is not None or model.head_config.task == "pair":
        raise ConfigError(
            "a pair model reads two sequences at once, and attention scores are of one: give a model of another task,"
            " or read the pair with transformers (dnabert export)"
        )
    data = EncodedSet(sequences, tokenizer, model.head_config)
    if data.num_cut:
        limit = tokenizer.max_tokens + tokenizer.kmer - 1
        index = int(np.argmax(sequences.first.lengths > limit))
        raise SequenceError(
            f"{sequences.ids[index]}: {sequences.first.lengths[index]} bases are more than the {limit} that this model reads at once"
            f" (so are {data.num_cut - 1} others); cut the sequences, or fine-tune with head.chunk_pooling"
        )
    return data


def _read_all(
    model: Dnabert,
    data: EncodedSet,
    machine: Machine,
    plan: list[npt.NDArray[np.int64]],
    read: Callable[[Batch], Tensor],
    reverse: bool,
    progress: Progress | None,
) -> Iterator[tuple[int, Floats]]:
    """Index and base scores (K, H, L) of each sequence; ``read`` gives attention weights (B, K, H, T)."""
    for start in range(0, len(plan), _BATCHES_HELD):
        found: list[tuple[int, Floats]] = []
        with inference(model, machine):  # never over a yield: the caller's own work would run in it
            for indices in plan[start : start + _BATCHES_HELD]:
                batch = data.batch(indices, np.ones(len(indices), dtype=bool) if reverse else None)
                weights = read(batch.to(machine.device)).float().cpu().numpy()
                for index, kmers in zip(indices.tolist(), _by_sequence(weights, batch, data.tokenizer.max_tokens), strict=True):
                    bases = spread_over_bases(kmers, data.tokenizer.kmer)
                    found.append((index, np.ascontiguousarray(bases[..., ::-1]) if reverse else bases))
                if progress:
                    progress(len(indices))
        yield from found


def _by_sequence(weights: Floats, batch: Batch, window: int) -> Iterator[Floats]:
    """Weights of the k-mers of each sequence, (K, H, T), without [CLS], [SEP] and padding.

    Each chunk of a long sequence has a [CLS] of its own, whose attention adds up to 1 over the chunk: to be comparable, weights of a chunk
    are multiplied by its k-mers, as shares of a window.
    """
    tokens = np.full(len(weights), weights.shape[-1]) if batch.mask is None else batch.mask.sum(1).cpu().numpy()
    row = 0
    for count in batch.num_chunks or [1] * len(weights):
        pieces = [weights[at, ..., 1 : tokens[at] - 1] for at in range(row, row + count)]
        row += count
        yield pieces[0] if count == 1 else np.concatenate([piece * (piece.shape[-1] / window) for piece in pieces], axis=-1)
