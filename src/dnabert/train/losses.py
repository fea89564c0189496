"""The loss of each fine-tuning task.

Legend: S sequences, K outputs, L bases or k-mers.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dnabert.choices import Task
from dnabert.data.targets import IGNORED, Targets

__all__ = ["class_weights", "target_weight", "task_loss"]


def task_loss(task: Task, logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Summed loss of a batch; divide by :func:`target_weight` for the mean.

    Args:
        task: classify, pair and token: cross-entropy; multilabel: binary cross-entropy; regress: squared error.
        logits: (S, K), token (S, L, K).
        targets: classify, pair (S,); multilabel, regress (S, K); token (S, L) with -100 where nothing counts.
        weights: Weight of each class, (K,), or None.
    """
    logits = logits.float()
    if task == "regress":
        return F.mse_loss(logits, targets, reduction="sum")
    if task == "multilabel":
        return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="sum")
    if task == "token":
        logits, targets = logits.reshape(-1, logits.shape[-1]), targets.flatten()
    return F.cross_entropy(logits, targets, weight=weights, reduction="sum", ignore_index=IGNORED)


def target_weight(task: Task, targets: Tensor, weights: Tensor | None = None) -> float:
    """What the summed loss is to be divided by: the number of targets, or their summed class weights."""
    if task in ("regress", "multilabel"):
        return float(targets.numel())
    real = targets[targets != IGNORED]
    return float(len(real)) if weights is None else float(weights.cpu()[real.cpu()].sum())


def class_weights(task: Task, targets: Targets, num_outputs: int) -> Tensor | None:
    """Weights in inverse proportion to the number of examples, 1 on average over examples; None for regress.

    For multilabel they are those of the positives: negatives over positives of each label, at most 100.
    """
    if task == "regress":
        return None
    if task == "multilabel":
        positives = targets.values.sum(axis=0)
        ratio = (len(targets.values) - positives) / np.maximum(positives, 1)
        return torch.from_numpy(np.clip(ratio, 1e-2, 100).astype(np.float32))
    counts = np.bincount(targets.values.astype(np.int64), minlength=num_outputs)
    return torch.from_numpy((counts.sum() / (num_outputs * np.maximum(counts, 1))).astype(np.float32))
