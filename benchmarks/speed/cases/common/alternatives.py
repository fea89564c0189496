"""What stood there before each step of optimisation, or was tried instead, and whether both answer alike."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE, check_close, check_equal
from benchmarks.speed.cases.common.reference import gradients
from benchmarks.speed.results import Agreement
from dnabert.dna.kmers import NUM_SPECIAL, kmer_ids
from dnabert.dna.sequence import encode_bases
from dnabert.model.attend import attend
from dnabert.model.config import ModelConfig
from dnabert.model.heads import Dnabert

__all__ = ["HIDDEN_SHARE", "agree", "fused_attention", "plain_attention", "shifted_ids", "translated"]

HIDDEN_SHARE = 0.15
"""Share of the tokens that a step of pre-training predicts."""


def agree(config: ModelConfig, rows: int, tokens: int, letters: bytes) -> tuple[Agreement, ...]:
    """Whether what is timed answers as what stood there before.

    Args:
        config: Sizes of the model.
        rows: Sequences of a batch.
        tokens: Their tokens.
        letters: Bases.

    Raises:
        MismatchError: It does not.
    """
    heads = config.num_heads
    qkv = torch.randn(rows, tokens, 3 * config.hidden_size, generator=torch.Generator().manual_seed(1))
    plain = plain_attention(qkv, heads, 0.0)
    codes = encode_bases(letters)
    return (
        check_close("attention in pieces, float32", "plain products", attend(qkv, None, heads, None, 0.0), plain, FLOAT32_TOLERANCE),
        check_close("torch's fused attention, float32", "plain products", fused_attention(qkv, heads, 0.0), plain, FLOAT32_TOLERANCE),
        check_close(
            "attention in pieces, bfloat16",
            "plain products, float32",
            attend(qkv.bfloat16(), None, heads, None, 0.0).float(),
            plain,
            BFLOAT16_TOLERANCE,
        ),
        *_agree_on_gradients(qkv, heads),
        *_agree_on_selection(config, rows, tokens),
        check_equal("base codes, letters in pairs", "bytes.translate", codes, translated(letters)),
        check_equal("ids of 6-mers by products", "by shifts", kmer_ids(codes, 6), shifted_ids(codes)),
    )


def _agree_on_gradients(qkv: Tensor, heads: int) -> tuple[Agreement, ...]:
    """Derivatives of a weighted sum of attention's outputs."""
    weights = torch.randn(*qkv.shape[:2], qkv.shape[2] // 3, generator=torch.Generator().manual_seed(2))

    def slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        leaf = x.clone().requires_grad_()
        function(leaf).backward(weights.to(x.dtype))  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        return leaf.grad.float()

    def ours(x: Tensor) -> Tensor:
        return attend(x, None, heads, None, 0.0)

    plain = slope(lambda x: plain_attention(x, heads, 0.0), qkv)
    what, against = "attention in pieces, gradients", "plain products, float32"
    return (
        check_close(f"{what}, float32", against, slope(ours, qkv), plain, FLOAT32_TOLERANCE),
        check_close(f"{what}, bfloat16", against, slope(ours, qkv.bfloat16()), plain, BFLOAT16_TOLERANCE),
    )


def _agree_on_selection(config: ModelConfig, rows: int, tokens: int) -> tuple[Agreement, ...]:
    """Logits of hidden k-mers and all gradients, without dropout, in float32: tokens that are read against the whole last block."""
    torch.manual_seed(1)
    model = Dnabert(config).eval()
    ids = torch.randint(NUM_SPECIAL, config.vocab_size, (rows, tokens))
    positions = torch.randperm(rows * tokens)[: max(1, int(HIDDEN_SHARE * rows * tokens))].sort().values

    def answer(whole: bool) -> tuple[Tensor, Tensor]:
        logits = model(ids, positions=positions, return_hidden=whole).logits
        F.cross_entropy(logits, ids.flatten()[positions]).backward()  # type: ignore[no-untyped-call]
        return logits.detach(), gradients(model)

    (found, slopes), (wanted, wanted_slopes) = answer(False), answer(True)
    what, against = "the last block for hidden k-mers only", "the whole last block"
    return (
        check_close(f"{what}: logits, float32", against, found, wanted, FLOAT32_TOLERANCE),
        check_close(f"{what}: gradients, float32", against, slopes, wanted_slopes, FLOAT32_TOLERANCE),
    )


def _heads(qkv: Tensor, heads: int) -> tuple[Tensor, ...]:
    return qkv.view(*qkv.shape[:2], 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)  # 3 x (B, H, T, C)


def fused_attention(qkv: Tensor, heads: int, probability: float) -> Tensor:
    """What torch does."""
    return F.scaled_dot_product_attention(*_heads(qkv, heads), dropout_p=probability).transpose(1, 2).flatten(2)


def plain_attention(qkv: Tensor, heads: int, probability: float) -> Tensor:
    """The formula, over the whole batch at once."""
    q, k, v = _heads(qkv, heads)
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
    return (F.dropout(weights, probability, probability > 0) @ v).transpose(1, 2).flatten(2)


_TABLE = bytes({"A": 0, "T": 1, "C": 2, "G": 3}.get(chr(letter), 255) for letter in range(256))


def translated(letters: bytes) -> Any:
    """Base codes of A, C, G and T by Python's own translation."""
    codes = np.frombuffer(bytearray(letters.translate(_TABLE)), dtype=np.uint8)
    assert codes.max() < 4
    return codes


def shifted_ids(codes: Any) -> Any:
    """Ids of 6-mers by doubling, with shifts, in blocks that fit the cache, as they were made before."""
    out = np.empty(len(codes) - 5, dtype=np.uint16)
    block = 1 << 16
    for start in range(0, len(out), block):
        one = codes[start : start + block + 5]
        two = np.left_shift(one[:-1], 2, dtype=np.uint8)
        two |= one[1:]
        three = np.left_shift(one[:-2], 4, dtype=np.uint8)
        three |= two[1:]
        six = np.left_shift(three[:-3], 6, dtype=np.uint16)
        six |= three[3:]
        np.add(six, NUM_SPECIAL, out=out[start : start + block])
        assert one.max() < 4
    return out
