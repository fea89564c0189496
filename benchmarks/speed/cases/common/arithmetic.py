"""Floating-point operations that a model cannot do without, and how many the machine does in a second.

Legend: B rows, T tokens, D width, F width of the feed-forward layer, V vocabulary, M k-mers to predict.
"""

import time

import torch

from dnabert.model.config import ModelConfig

__all__ = ["MATMUL_SIZE", "encoder_flops", "masked_head_flops", "matmul_seconds", "training_flops"]

MATMUL_SIZE = 4096
"""Rows and columns of the square product by which the machine is judged."""


def encoder_flops(config: ModelConfig, rows: int, tokens: int, read: int | None = None) -> int:
    """Operations (a multiplication and its addition are two) of the encoder's matrix products, forward.

    For each layer: query, key, value and output 4 B T D^2, feed-forward 2 B T D F, scores and their use 2 B T^2 D, twice each. In the
    last layer only keys and values (2 B T D^2) are needed of all tokens, the rest of those that are read.

    Args:
        config: Sizes of the model.
        rows: B.
        tokens: T.
        read: Tokens of the whole batch that the head reads; None is all.
    """
    width, wide = config.hidden_size, config.intermediate_size
    all_tokens = rows * tokens
    read = all_tokens if read is None else read

    def of_readers(count: int) -> int:
        return count * (2 * width * width + 2 * width * wide) + 2 * count * tokens * width

    keys_values = config.num_layers * all_tokens * 2 * width * width
    return 2 * (keys_values + (config.num_layers - 1) * of_readers(all_tokens) + of_readers(read))


def masked_head_flops(config: ModelConfig, masked: int) -> int:
    """Operations of the masked-token head for the k-mers to predict alone, forward: 2 M D (D + V)."""
    return 2 * masked * config.hidden_size * (config.hidden_size + config.vocab_size)


def training_flops(forward: int) -> int:
    """Operations of forward and backward: each product forward is two backward, for its input and for its weights."""
    return 3 * forward


def matmul_seconds(dtype: torch.dtype, size: int = MATMUL_SIZE) -> float:
    """Seconds for one operation of a large square product in this number type: the inverse of the machine's rate."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.rand(size, size, generator=generator).to(dtype) for _ in range(2))
    start = time.perf_counter()
    left @ right
    return (time.perf_counter() - start) / (2 * size**3)
