"""A model over many sequences: batches of like length in, predictions in input order out. Training's validation and prediction share it.

A token model answers for every base (or k-mer) of a sequence of any length: what is longer than a window is read in windows that overlap
by half, and where several speak of a base its logits are their mean, weighted by the distance to the nearer end of each window, because a
base in the middle of a window is seen with its surroundings on both sides.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnabert.data.batch import EncodedSet, plan_batches
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import IGNORED
from dnabert.device import Machine, inference
from dnabert.metrics import Metrics, score_task, softmax
from dnabert.model.heads import Dnabert

__all__ = [
    "TOKENS_PER_BATCH",
    "Predictions",
    "aligned",
    "centre_weights",
    "predict_set",
    "predict_whole",
    "probabilities",
    "score_predictions",
    "stitch",
    "window_starts",
]

Floats = npt.NDArray[np.float32]
TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 16_384}
"""Tokens of a batch, padding included: few on a CPU, where more are no faster and need memory, as many as fill a GPU."""


@dataclass(frozen=True)
class Predictions:
    """What a model says of N sequences.

    Attributes:
        values: Logits (N, K); for the token task those of all sequences one after the other, (total, K).
        offsets: token task: where each sequence's rows begin, and the end of the last, (N+1,); else None.
    """

    values: Floats
    offsets: npt.NDArray[np.int64] | None = None

    def of(self, index: int) -> Floats:
        """Rows of one sequence, (K,) or (L, K)."""
        if self.offsets is None:
            row: Floats = self.values[index]
            return row
        return self.values[self.offsets[index] : self.offsets[index + 1]]


def predict_set(
    model: Dnabert,
    data: EncodedSet,
    machine: Machine,
    *,
    reverse: bool = False,
    progress: Callable[[int], None] | None = None,
    tokens_per_batch: int | None = None,
) -> Predictions:
    """Logits of every sequence, in input order.

    Args:
        model: The model; it is left as it was.
        data: The sequences.
        machine: Where to compute.
        reverse: Read every sequence as its reverse complement (per-base rows come back in forward order).
        progress: Called with the number of sequences done after each batch.
        tokens_per_batch: Tokens of a batch, padding included; None chooses by the device.
    """
    rows: list[Floats] = [np.empty(0, np.float32)] * len(data)
    per_token = model.head_config.task == "token"
    with inference(model, machine):
        for indices in plan_batches(data.lengths, tokens_per_batch or TOKENS_PER_BATCH[machine.device.type]):
            flip = np.ones(len(indices), dtype=bool) if reverse else None
            batch = data.batch(indices, flip).to(machine.device)
            logits = model(**batch.inputs).logits.float().cpu().numpy()
            for index, row in zip(indices.tolist(), logits, strict=True):
                rows[index] = _real_rows(row, data, index, reverse) if per_token else row
            if progress:
                progress(len(indices))
    if not per_token:
        return Predictions(np.stack(rows))
    return Predictions(np.concatenate(rows), np.concatenate(([0], np.cumsum([len(row) for row in rows]))))


def _real_rows(row: Floats, data: EncodedSet, index: int, reverse: bool) -> Floats:
    bases = len(data.sequences.first[index])
    count = bases if data.head.token_level == "base" else bases - data.tokenizer.kmer + 1
    kept: Floats = row[: min(count, len(row))]
    return np.ascontiguousarray(kept[::-1]) if reverse else kept


def predict_whole(
    model: Dnabert, data: EncodedSet, machine: Machine, *, reverse: bool = False, progress: Callable[[int], None] | None = None
) -> Predictions:
    """As :func:`predict_set`, but a token model answers for whole sequences, whatever their length, from overlapping windows.

    Args:
        model: The model; it is left as it was.
        data: The sequences.
        machine: Where to compute.
        reverse: Read every window as its reverse complement (rows come back in forward order).
        progress: Called with the number of sequences done since the last call; with stitched sequences about so many.
    """
    if model.head_config.task != "token" or not data.num_cut:
        return predict_set(model, data, machine, reverse=reverse, progress=progress)
    full, kmer = data.tokenizer.max_tokens, data.tokenizer.kmer
    places = [window_starts(length - kmer + 1, full, max(1, full // 2)) for length in data.sequences.first.lengths.tolist()]
    pieces = [
        codes[at : at + full + kmer - 1] for codes, starts in zip(data.sequences.first, places, strict=True) for at in starts.tolist()
    ]
    windows = EncodedSet(SequenceSet(tuple(map(str, range(len(pieces)))), pack(pieces)), data.tokenizer, data.head)
    found = predict_set(model, windows, machine, reverse=reverse, progress=_in_sequences(progress, len(pieces), len(data)))
    lost = 0 if data.head.token_level == "base" else kmer - 1
    rows, first = [], 0
    for length, starts in zip(data.sequences.first.lengths.tolist(), places, strict=True):
        rows.append(stitch(((at, found.of(first + number)) for number, at in enumerate(starts.tolist())), length - lost))
        first += len(starts)
    return Predictions(np.concatenate(rows), np.concatenate(([0], np.cumsum([len(row) for row in rows]))))


def _in_sequences(progress: Callable[[int], None] | None, windows: int, sequences: int) -> Callable[[int], None] | None:
    """What counts windows and reports sequences, as many in all as there are."""
    if progress is None:
        return None
    done = 0

    def count(more: int) -> None:
        nonlocal done
        before, done = done * sequences // windows, done + more
        progress(done * sequences // windows - before)

    return count


def window_starts(length: int, window: int, step: int) -> npt.NDArray[np.int64]:
    """Where windows begin that cover a sequence: every ``step``, and the last one flush with the end.

    Args:
        length: Tokens (or bases) of the sequence, at least 1.
        window: Those of a window.
        step: From the start of one window to that of the next, at most ``window``.

    Returns:
        Starts, ascending; 0 alone where the sequence fits into one window.

    Examples:
        >>> window_starts(10, 4, 2).tolist(), window_starts(11, 4, 2).tolist(), window_starts(3, 4, 2).tolist()
        ([0, 2, 4, 6], [0, 2, 4, 6, 7], [0])
    """
    if length <= window:
        return np.zeros(1, dtype=np.int64)
    return np.append(np.arange(0, length - window, step), length - window)


def centre_weights(count: int) -> npt.NDArray[np.float64]:
    """Weights of the rows of a window: 1 at its ends, more by 1 with every step to the middle, (count,).

    Examples:
        >>> centre_weights(5).tolist()
        [1.0, 2.0, 3.0, 2.0, 1.0]
    """
    rising = np.arange(1, count + 1, dtype=np.float64)
    return np.minimum(rising, rising[::-1])


def stitch(windows: Iterable[tuple[int, Floats]], count: int) -> Floats:
    """Rows of a sequence from those of windows: means with :func:`centre_weights`.

    Args:
        windows: First row, and logits (rows of the window, K), of each window.
        count: Rows of the sequence.

    Returns:
        Logits, (count, K); NaN in rows that no window covers. A row that one window alone covers is that window's, bit by bit.
    """
    total: npt.NDArray[np.float64] | None = None
    weight = np.zeros((count, 1))
    for start, rows in windows:
        if total is None:
            total = np.zeros((count, rows.shape[1]))
        weights = centre_weights(len(rows))[:, None]
        total[start : start + len(rows)] += weights * rows
        weight[start : start + len(rows)] += weights
    assert total is not None
    with np.errstate(invalid="ignore"):
        return (total / weight).astype(np.float32)


def probabilities(predictions: Predictions, model: Dnabert, scale: Any = None, mean: Any = None) -> Predictions:
    """Probabilities of classes, of labels, or values in their unit.

    Args:
        predictions: Logits.
        model: The model they are of.
        scale: regress: multiplied to the outputs, (K,).
        mean: regress: added to the outputs, (K,).
    """
    task = model.head_config.task
    values = predictions.values
    if task == "regress":
        if scale:
            values = values * np.asarray(scale, np.float32) + np.asarray(mean, np.float32)
    elif task == "multilabel":
        values = torch.sigmoid(torch.from_numpy(values)).numpy()
    else:
        values = softmax(values)
    return Predictions(values, predictions.offsets)


def score_predictions(model: Dnabert, data: EncodedSet, predictions: Predictions) -> Metrics:
    """The task's figures; bases that a long sequence lost by cutting do not count.

    Args:
        model: The model.
        data: The sequences with their targets.
        predictions: Probabilities or values.
    """
    return score_task(model.head_config.task, *aligned(data, predictions))


def aligned(data: EncodedSet, predictions: Predictions) -> tuple[npt.NDArray[Any], Floats]:
    """Targets and predictions, row by row."""
    assert data.targets is not None
    targets = data.targets
    if targets.offsets is None or predictions.offsets is None:
        return targets.values, predictions.values
    kept = np.concatenate(
        [targets.values[start : start + size] for start, size in zip(targets.offsets[:-1], np.diff(predictions.offsets), strict=True)]
    )
    real = kept != IGNORED
    return kept[real], predictions.values[real]
