"""A model over many sequences: batches of like length in, predictions in input order out. Training's validation and prediction share it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnabert.data.batch import EncodedSet, plan_batches
from dnabert.data.targets import IGNORED
from dnabert.device import Machine, inference
from dnabert.metrics import Metrics, score_task, softmax
from dnabert.model.heads import Dnabert

__all__ = ["TOKENS_PER_BATCH", "Predictions", "aligned", "predict_set", "probabilities", "score_predictions"]

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
