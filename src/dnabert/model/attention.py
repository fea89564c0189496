"""Multi-head self-attention.

Legend: B batch, T tokens, D width, H heads, C width of one head (D / H).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dnabert.model.config import ModelConfig
from dnabert.model.dropout import dropout

__all__ = ["SelfAttention"]


class SelfAttention(nn.Module):
    """softmax(q k' / sqrt(C)) v over H heads; query, key and value come from one product.

    Source: Vaswani et al. 2017, eq. 1; Ji et al. 2021, eq. 1.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.dropout = config.attention_dropout
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, mask: Tensor | None, return_weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Attended vectors.

        Args:
            x: Token vectors, (B, T, D).
            mask: Added to the logits, 0 where a token may be attended and -inf where not, (B, 1, 1, T).
            return_weights: Also return the attention weights (slower, T x T memory).

        Returns:
            Vectors (B, T, D), and weights (B, H, T, T) in [0, 1] before dropout, or None.
        """
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (B, H, T, C)
        weights = None
        if return_weights or _explicit_is_faster(q):
            logits = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)  # (B, H, T, T)
            if mask is not None:
                logits = logits + mask.to(logits.dtype)
            weights = torch.softmax(logits, dim=-1, dtype=logits.dtype)  # (B, H, T, T) in [0, 1]
            attended = dropout(weights, self.dropout, self.training) @ v  # (B, H, T, C)
        else:
            bias = None if mask is None else mask.to(q.dtype)
            attended = F.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
            )  # (B, H, T, C)
        merged = attended.transpose(1, 2).flatten(2)  # (B, T, D)
        return self.output(merged), weights if return_weights else None


def _explicit_is_faster(q: Tensor) -> bool:
    """On a CPU the fused kernel's backward is slower than plain products, and it has no dropout of its own."""
    return q.device.type == "cpu" and torch.is_grad_enabled()
