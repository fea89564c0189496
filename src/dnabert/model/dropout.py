"""Dropout that does not cost more than the products around it on a CPU.

torch draws one Bernoulli number per element, serially; here eight elements share one 64-bit draw, so that the probability is a whole
number of 256ths, 1 to 255 (0.1 becomes 26/256). On a GPU torch's own is used.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Dropout", "dropout"]


class _DropElements(torch.autograd.Function):
    """Zero what is marked, also in the gradient; nothing but the marks is kept for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dropped: Tensor) -> Tensor:
        ctx.save_for_backward(dropped)
        return x.masked_fill(dropped, 0)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        (dropped,) = ctx.saved_tensors
        return grads[0].masked_fill(dropped, 0), None


def dropout(x: Tensor, probability: float, training: bool) -> Tensor:
    """``x`` with a share of its elements set to 0 and the others scaled so that the mean stays.

    Args:
        x: Any shape.
        probability: Share to drop; on a CPU rounded to a 256th, but never to none or all.
        training: Off returns ``x`` itself.
    """
    if not training or probability == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, probability, training)
    level = min(max(round(probability * 256), 1), 255)
    count = x.numel()
    draws = torch.empty(-(-count // 8), dtype=torch.int64).random_(-(2**63), None)
    dropped = draws.view(torch.uint8)[:count].view(x.shape) < level
    kept: Tensor = _DropElements.apply(x, dropped)  # type: ignore[no-untyped-call]
    return kept * (256 / (256 - level))


class Dropout(nn.Module):
    """:func:`dropout` as a module."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with dropout in training, ``x`` itself otherwise."""
        return dropout(x, self.probability, self.training)
