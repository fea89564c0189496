"""Dropout that does not cost more than the products around it on a CPU.

torch draws one Bernoulli number per element, serially, and its masks of truth values are applied one element at a time. Here eight
elements share one 64-bit draw, and a mask is a byte of all ones or all zeros that is made and applied by integer operations, which the
processor does on whole registers (``benchmarks/training.py``). So the probability is a whole number of 256ths, 1 to 255 (0.1 becomes
26/256). On a GPU torch's own is used.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Dropout", "draw_keep_mask", "dropout", "kept", "share_kept"]

_INTEGER_OF = {torch.bfloat16: torch.int16, torch.float16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}


def _level(probability: float) -> int:
    return min(max(round(probability * 256), 1), 255)


def share_kept(probability: float) -> float:
    """Share of elements that :func:`draw_keep_mask` keeps, 0-1, exactly; all of them if the probability to drop is 0."""
    return 1.0 if probability == 0 else (256 - _level(probability)) / 256


def draw_keep_mask(shape: tuple[int, ...], probability: float) -> Tensor:
    """A random mask, int8, -1 (all bits set) where an element is kept and 0 where it is dropped.

    Args:
        shape: Its shape.
        probability: Share to drop, 0-1, rounded to a 256th, but never to none or all.
    """
    count = math.prod(shape)
    draws = torch.empty(-(-count // 8), dtype=torch.int64).random_(-(2**63), None)
    # A byte, -128 to 127, is below the border with the probability to drop; held to the border and the number before it, less the border,
    # it is -1 there, and 0 where the element is kept.
    border = _level(probability) - 128
    mask = draws.view(torch.int8)[:count].clamp_(border - 1, border).sub_(border).bitwise_not_()
    return mask.view(shape)


def kept(x: Tensor, mask: Tensor) -> Tensor:
    """``x`` with zeros where the mask of :func:`draw_keep_mask` is 0; a new tensor of the same shape, without gradient."""
    integer = _INTEGER_OF[x.dtype]
    return x.view(integer).bitwise_and(mask.to(integer)).view(x.dtype)


class _KeepElements(torch.autograd.Function):
    """Zero what is not kept, scale the rest, also in the gradient; nothing but the mask is saved for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(mask)
        ctx.scale = scale
        return kept(x.contiguous(), mask).mul_(scale)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None, None]:
        (mask,) = ctx.saved_tensors
        gradient: Tensor = _KeepElements.apply(grads[0], mask, ctx.scale)  # type: ignore[no-untyped-call]
        return gradient, None, None


def dropout(x: Tensor, probability: float, training: bool) -> Tensor:
    """``x`` with a share of its elements set to 0 and the others scaled so that the mean stays.

    Args:
        x: Any shape.
        probability: Share to drop, 0-1; on a CPU rounded to a 256th, but never to none or all.
        training: Off returns ``x`` itself.
    """
    if not training or probability == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, probability, training)
    mask = draw_keep_mask(tuple(x.shape), probability)
    dropped: Tensor = _KeepElements.apply(x, mask, 1 / share_kept(probability))  # type: ignore[no-untyped-call]
    return dropped


class Dropout(nn.Module):
    """:func:`dropout` as a module."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with dropout in training, ``x`` itself otherwise."""
        return dropout(x, self.probability, self.training)
