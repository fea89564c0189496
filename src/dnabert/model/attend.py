"""Attention on a CPU: the same sums as ever, a few sequences at a time, so that Q x T matrices stay in the cache.

torch's fused kernel is slow on a CPU, its backward pass most of all, and knows no dropout there; plain products write and read Q x T
matrices through main memory many times. Here the probabilities and the dropout mask of a few sequences are all that is kept for the
backward pass, in which the derivative of the softmax needs one number for each row, the sum of gradient times output.

Legend: B batch, T tokens, Q tokens that ask (all T, or those whose answer is wanted), D width, H heads, C width of one head (D / H),
R sequences of a piece, N = R x H.

Source: Vaswani et al. 2017, eq. 1; the row sums: Dao et al. 2022, FlashAttention, appendix B.2.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from dnabert.model.dropout import draw_keep_mask, kept, share_kept

__all__ = ["attend"]

_PIECE_ELEMENTS = 1 << 19
"""Attention weights of a piece: a megabyte in bfloat16, the second-level cache of a core (``benchmarks/steps.md``)."""


def attend(queries: Tensor, keys_values: Tensor | None, num_heads: int, bias: Tensor | None, probability: float) -> Tensor:
    """softmax(q k' / sqrt(C)) v, with dropout of the weights.

    Args:
        queries: Queries (B, Q, D), or queries, keys and values side by side, (B, T, 3D).
        keys_values: Keys and values side by side, (B, T, 2D); None if ``queries`` holds them.
        num_heads: Number of heads H.
        bias: Added to the logits, 0 where a token may be attended and -inf where not, (B, 1, 1, T); None allows all.
        probability: Share of the weights to drop, 0-1; 0 drops none.

    Returns:
        Attended vectors, (B, Q, D).

    Raises:
        RuntimeError: In the backward pass, if second derivatives are asked for.
    """
    if not torch.is_grad_enabled():
        return _forward(queries, keys_values, num_heads, bias, probability, None)
    attended: Tensor = _Attend.apply(queries, keys_values, num_heads, bias, probability)  # type: ignore[no-untyped-call]
    return attended


@dataclass
class _Kept:
    """What the backward pass needs of each piece.

    Attributes:
        weights: Attention weights before dropout, (N, Q, T).
        masks: Masks of dropout, (N, Q, T); empty without dropout.
    """

    weights: list[Tensor] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)


def _forward(
    queries: Tensor, keys_values: Tensor | None, num_heads: int, bias: Tensor | None, probability: float, keep: _Kept | None
) -> Tensor:
    asking, asked = _apart(queries, keys_values)
    batch, num_queries, width = asking.shape
    tokens = asked.shape[1]
    out = torch.empty(batch, num_queries, width, dtype=queries.dtype)
    scale = 1 / math.sqrt(width // num_heads)
    with torch.autocast("cpu", enabled=False):
        for rows in _pieces(batch, num_queries * tokens * num_heads):
            q, k, v = _heads_of(asking[rows], asked[rows], num_heads)  # (N, Q, C), 2 x (N, T, C)
            logits = (q * scale) @ k.transpose(1, 2)  # (N, Q, T)
            if bias is not None:
                logits.view(-1, num_heads, num_queries, tokens).add_(bias[rows].to(logits.dtype))
            prob = torch.softmax(logits, -1)  # (N, Q, T) in [0, 1]
            if keep is not None:
                keep.weights.append(prob)
            if probability:
                mask = draw_keep_mask(tuple(prob.shape), probability)
                prob = kept(prob, mask)
                if keep is not None:
                    keep.masks.append(mask)
            _put(out[rows], prob @ v, num_heads, 1 / share_kept(probability))
    return out


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys_values: Tensor | None, num_heads: int, bias: Tensor | None, probability: float) -> Tensor:
        keep = _Kept()
        out = _forward(queries, keys_values, num_heads, bias, probability, keep)
        ctx.save_for_backward(queries, keys_values, out, *keep.weights, *keep.masks)
        ctx.facts = num_heads, probability, len(keep.weights)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor | None, None, None, None]:
        if torch.is_grad_enabled():  # create_graph: what follows would be taken for constants
            raise RuntimeError("second derivatives of attention on a CPU need return_attentions=True")
        queries, keys_values, out, *saved = ctx.saved_tensors
        num_heads, probability, count = ctx.facts
        grad = grads[0].contiguous()
        batch, num_queries, width = grad.shape
        scale, share = 1 / math.sqrt(width // num_heads), share_kept(probability)
        asking, asked = _apart(queries, keys_values)
        grad_queries = torch.empty_like(queries)
        grad_keys_values = None if keys_values is None else torch.empty_like(keys_values)
        grad_asking, grad_asked = _apart(grad_queries, grad_keys_values)
        precise = torch.promote_types(grad.dtype, torch.float32)
        row_sums = (grad * out).view(batch, num_queries, num_heads, -1).sum(-1, dtype=precise).transpose(1, 2)  # (B, H, Q)
        for number, rows in enumerate(_pieces(batch, num_queries * asked.shape[1] * num_heads)):
            prob, mask = saved[number], saved[count + number] if len(saved) > count else None  # (N, Q, T)
            q, k, v = _heads_of(asking[rows], asked[rows], num_heads)  # (N, Q, C), 2 x (N, T, C)
            grad_out = _heads(grad[rows], num_heads).flatten(0, 1) * (1 / share)  # (N, Q, C)
            grad_v = (prob if mask is None else kept(prob, mask)).transpose(1, 2) @ grad_out  # (N, T, C)
            grad_logits = grad_out @ v.transpose(1, 2)  # (N, Q, T), of the weights as yet
            if mask is not None:
                grad_logits = kept(grad_logits, mask)
            grad_logits.sub_(row_sums[rows].flatten(0, 1)[..., None].to(prob.dtype)).mul_(prob)
            _put(grad_asking[rows], grad_logits @ k, num_heads, scale)
            _put(grad_asked[rows, :, :width], grad_logits.transpose(1, 2) @ q, num_heads, scale)
            _put(grad_asked[rows, :, width:], grad_v, num_heads, 1.0)
        return grad_queries, grad_keys_values, None, None, None


def _apart(queries: Tensor, keys_values: Tensor | None) -> tuple[Tensor, Tensor]:
    """Views of the queries (B, Q, D) and of keys and values (B, T, 2D)."""
    if keys_values is not None:
        return queries, keys_values
    width = queries.shape[2] // 3
    return queries[..., :width], queries[..., width:]


def _pieces(batch: int, weights_of_a_row: int) -> list[slice]:
    size = max(1, _PIECE_ELEMENTS // weights_of_a_row)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def _heads_of(asking: Tensor, asked: Tensor, num_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    both = _heads(asked, 2 * num_heads)  # (R, 2H, T, C)
    k, v = both[:, :num_heads], both[:, num_heads:]
    return _heads(asking, num_heads).flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1)


def _heads(x: Tensor, num_heads: int) -> Tensor:
    """(R, T, H*C) as (R, H, T, C), contiguous."""
    return _apart_heads(x, num_heads).contiguous()


def _apart_heads(x: Tensor, num_heads: int) -> Tensor:
    """A view (R, H, T, C) of (R, T, H*C)."""
    return x.view(*x.shape[:2], num_heads, -1).transpose(1, 2)


def _put(target: Tensor, x: Tensor, num_heads: int, scale: float) -> None:
    """Write ``x`` (N, T, C) times ``scale`` into ``target`` (R, T, D)."""
    torch.mul(x.view(-1, num_heads, *x.shape[1:]), scale, out=_apart_heads(target, num_heads))
