"""Legend: B batch, T tokens, Q tokens that ask, D width, H heads."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from dnabert.model import attend as module
from dnabert.model.attend import attend

HEADS = 2


def some(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(len(shape) + shape[1])).requires_grad_()


def last_two_are_padding() -> Tensor:
    bias = torch.zeros(3, 1, 1, 7, dtype=torch.float64)
    bias[1, ..., 5:] = -torch.inf
    return bias


def by_the_formula(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    out = []
    for head in range(HEADS):
        part = slice(head * 4, head * 4 + 4)
        logits = q[..., part] @ k[..., part].transpose(1, 2) / 2
        if bias is not None:
            logits = logits + bias[:, 0]
        out.append(torch.softmax(logits, -1) @ v[..., part])
    return torch.cat(out, -1)


@pytest.mark.parametrize("piece", [1, 2 * HEADS * 49, 1 << 19], ids=["one sequence a piece", "two", "all"])
@pytest.mark.parametrize("bias", [None, last_two_are_padding()], ids=["all real", "padded"])
def test_values_and_gradients_are_those_of_the_formula_whatever_the_pieces(
    piece: int, bias: Tensor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PIECE_ELEMENTS", piece)
    qkv = some(3, 7, 24)
    wanted = by_the_formula(qkv[..., :8], qkv[..., 8:16], qkv[..., 16:], bias)
    weight = torch.arange(wanted.numel(), dtype=torch.float64).view_as(wanted).cos()
    (gradient,) = torch.autograd.grad((wanted * weight).sum(), qkv)
    found = attend(qkv, None, HEADS, bias, 0.0)
    assert_close(found, wanted)
    assert_close(torch.autograd.grad((found * weight).sum(), qkv)[0], gradient)


@pytest.mark.parametrize("bias", [None, last_two_are_padding()], ids=["all real", "padded"])
def test_fewer_queries_than_keys_get_the_answers_of_their_tokens(bias: Tensor | None) -> None:
    qkv = some(3, 7, 24).detach()
    all_answers = attend(qkv, None, HEADS, bias, 0.0)
    queries, keys_values = qkv[:, [0, 3], :8].clone().requires_grad_(), qkv[..., 8:].clone().requires_grad_()
    assert_close(attend(queries, keys_values, HEADS, bias, 0.0), all_answers[:, [0, 3]])
    assert torch.autograd.gradcheck(lambda q, kv: attend(q, kv, HEADS, bias, 0.0), (queries, keys_values))


def test_with_dropout_the_gradient_is_that_of_the_values_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE_ELEMENTS", 2 * HEADS * 49)

    def seeded(qkv: Tensor) -> Tensor:
        torch.manual_seed(3)
        return attend(qkv, None, HEADS, last_two_are_padding(), 0.3)

    qkv = some(3, 7, 24)
    assert not torch.allclose(seeded(qkv), attend(qkv, None, HEADS, last_two_are_padding(), 0.0))
    assert torch.autograd.gradcheck(seeded, (qkv,))


def test_dropout_keeps_the_mean() -> None:
    torch.manual_seed(0)
    values = torch.ones(1, 64, 3 * 16)
    found = torch.stack([attend(values, None, HEADS, None, 0.25) for _ in range(50)]).mean()
    assert abs(float(found) - 1) < 0.01


def test_second_derivatives_are_refused_and_not_taken_for_zero() -> None:
    qkv = some(3, 7, 24)
    with pytest.raises(RuntimeError, match="second derivatives of attention on a CPU need return_attentions=True"):
        torch.autograd.grad(attend(qkv, None, HEADS, None, 0.0).sum(), qkv, create_graph=True)
