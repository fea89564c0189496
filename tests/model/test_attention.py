"""Legend: B batch, T tokens, D width, H heads."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from dnabert.model.attention import SelfAttention
from dnabert.model.bert import initialise
from dnabert.model.config import ModelConfig
from tests.toy import toy_config


@pytest.fixture
def attention(device: torch.device) -> SelfAttention:
    torch.manual_seed(0)
    layer = SelfAttention(toy_config())
    initialise(layer, 0.3)
    return layer.eval().to(device)


def some_vectors(device: torch.device) -> tuple[Tensor, Tensor]:
    """Vectors (2, 9, 32), and the additive mask of a second row of 5 tokens."""
    x = torch.randn(2, 9, 32, generator=torch.Generator().manual_seed(1)).to(device)
    mask = torch.zeros(2, 1, 1, 9, device=device)
    mask[1, ..., 5:] = -torch.inf
    return x, mask


def test_attention_equals_the_formula_head_by_head(attention: SelfAttention, device: torch.device) -> None:
    x, _ = some_vectors(device)
    with torch.no_grad():
        found, weights = attention(x, None, True)
        q, k, v = (part.reshape(2, 9, 4, 8) for part in attention.qkv(x).split(32, dim=-1))
        rows = []
        for row in range(2):
            heads = []
            for head in range(4):
                share = torch.softmax(q[row, :, head] @ k[row, :, head].T / 8**0.5, dim=-1)
                assert weights is not None
                assert_close(weights[row, head], share)
                heads.append(share @ v[row, :, head])
            rows.append(attention.output(torch.cat(heads, dim=-1)))
    assert_close(found, torch.stack(rows), rtol=0, atol=1e-5)


def test_weights_of_a_token_add_up_to_one_and_padding_gets_none(attention: SelfAttention, device: torch.device) -> None:
    x, mask = some_vectors(device)
    with torch.no_grad():
        _, weights = attention(x, mask, True)
    assert weights is not None
    assert weights.shape == (2, 4, 9, 9)
    assert_close(weights.sum(-1), torch.ones(2, 4, 9, device=device))
    assert (weights[1, ..., 5:] == 0).all()
    assert (weights[0] > 0).all()


@pytest.mark.parametrize("masked", [False, True])
def test_the_fused_and_the_explicit_path_agree(attention: SelfAttention, masked: bool, device: torch.device) -> None:
    x, mask = some_vectors(device)
    bias = mask if masked else None
    with torch.no_grad():
        fused, none = attention(x, bias)
        explicit, weights = attention(x, bias, True)
    differentiable, also_none = attention(x, bias)
    assert none is None
    assert also_none is None
    assert weights is not None
    assert_close(fused, explicit, rtol=0, atol=1e-5)
    assert_close(differentiable.detach(), explicit, rtol=0, atol=1e-5)
    assert differentiable.requires_grad


def test_attention_dropout_acts_in_training_only() -> None:
    layer = SelfAttention(ModelConfig(kmer=3, hidden_size=32, num_heads=4, attention_dropout=0.5))
    x, _ = some_vectors(torch.device("cpu"))
    assert not layer.train()(x, None)[0].equal(layer(x, None)[0])
    assert layer.eval()(x, None)[0].equal(layer(x, None)[0])
