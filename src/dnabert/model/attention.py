"""Multi-head self-attention.

Legend: B batch, T tokens, Q tokens that ask, M selected tokens, D width, H heads, C width of one head (D / H).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dnabert.model.attend import attend
from dnabert.model.config import ModelConfig
from dnabert.model.dropout import dropout
from dnabert.model.selection import Selection

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

    def forward(
        self, x: Tensor, mask: Tensor | None, return_weights: bool = False, selection: Selection | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Attended vectors.

        Args:
            x: Token vectors, (B, T, D).
            mask: Added to the logits, 0 where a token may be attended and -inf where not, (B, 1, 1, T).
            return_weights: Also return the attention weights (slower, T x T memory).
            selection: The tokens whose attended vectors are wanted; None is all. Not together with ``return_weights``.

        Returns:
            Vectors (B, T, D), or (M, D) of a selection; and weights (B, H, T, T) in [0, 1] before dropout, or None.
        """
        if selection is not None:
            weight, bias, width = self.qkv.weight, self.qkv.bias, x.shape[-1]
            asking = F.linear(selection.padded(x), weight[:width], bias[:width])  # (B, Q, D)
            asked = F.linear(x, weight[width:], bias[width:])  # (B, T, 2D)
            return self.output(selection.without_padding(self._attend(asking, asked, mask))), None
        qkv = self.qkv(x)  # (B, T, 3D)
        if not return_weights:
            return self.output(self._attend(qkv, None, mask)), None
        q, k, v = qkv.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)  # 3 x (B, H, T, C)
        logits = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)  # (B, H, T, T)
        if mask is not None:
            logits = logits + mask.to(logits.dtype)
        weights = torch.softmax(logits, dim=-1, dtype=logits.dtype)  # (B, H, T, T) in [0, 1]
        attended = dropout(weights, self.dropout, self.training) @ v  # (B, H, T, C)
        return self.output(attended.transpose(1, 2).flatten(2)), weights

    def first_weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention weights of the first token, [CLS], alone: no T x T matrix is made.

        Args:
            x: Token vectors, (B, T, D).
            mask: As :meth:`forward`.

        Returns:
            Its weights in float32, (B, H, T) in [0, 1], before dropout; each row adds up to 1.
        """
        weight, bias, width = self.qkv.weight, self.qkv.bias, x.shape[-1]
        asking = F.linear(x[:, :1], weight[:width], bias[:width])  # (B, 1, D)
        asked = F.linear(x, weight[width : 2 * width], bias[width : 2 * width])  # (B, T, D)
        with torch.autocast(x.device.type, enabled=False):
            parts = (part.float().view(*part.shape[:2], self.num_heads, -1) for part in (asking, asked))
            q, k = (part.transpose(1, 2) for part in parts)  # (B, H, 1, C), (B, H, T, C)
            logits = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)  # (B, H, 1, T)
            if mask is not None:
                logits = logits + mask
            return torch.softmax(logits, dim=-1).squeeze(2)  # (B, H, T) in [0, 1]

    def _attend(self, queries: Tensor, keys_values: Tensor | None, mask: Tensor | None) -> Tensor:
        """(B, Q, D) of queries (B, Q, D) and keys and values (B, T, 2D), or of the three side by side, (B, T, 3D)."""
        probability = self.dropout if self.training else 0.0
        if _own_is_faster(queries):
            return attend(queries, keys_values, self.num_heads, mask, probability)
        together = queries if keys_values is None else keys_values
        *first, keys, values = together.chunk(3 if keys_values is None else 2, dim=-1)
        parts = (*(first or [queries]), keys, values)  # (B, Q, D), 2 x (B, T, D)
        q, k, v = (part.view(*part.shape[:2], self.num_heads, -1).transpose(1, 2) for part in parts)  # (B, H, Q, C), 2 x (B, H, T, C)
        bias = None if mask is None else mask.to(q.dtype)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=probability)  # (B, H, Q, C)
        return attended.transpose(1, 2).flatten(2)


def _own_is_faster(queries: Tensor) -> bool:
    """On a CPU torch's fused kernel is the faster one in float32 without gradients only (``benchmarks/steps.md``)."""
    return queries.device.type == "cpu" and (torch.is_grad_enabled() or queries.dtype != torch.float32)
