import pytest
import torch

from dnabert.model.dropout import Dropout, dropout


@pytest.mark.parametrize("probability", [0.05, 0.1, 0.5, 0.9])
def test_the_asked_share_is_dropped_and_the_mean_stays(probability: float) -> None:
    torch.manual_seed(0)
    y = dropout(torch.ones(1_000_003), probability, training=True)
    share = round(probability * 256) / 256
    assert (y == 0).float().mean().item() == pytest.approx(share, abs=3e-3)
    assert share == pytest.approx(probability, abs=2e-3)
    assert y.mean().item() == pytest.approx(1, abs=5 * (share / (1 - share) / 1e6) ** 0.5)
    assert y[y != 0].unique().tolist() == pytest.approx([1 / (1 - share)])


@pytest.mark.parametrize("probability", [0.0001, 0.999])
def test_a_probability_near_an_end_neither_drops_nothing_nor_everything(probability: float) -> None:
    torch.manual_seed(0)
    y = dropout(torch.ones(100_000), probability, training=True)
    assert 0 < (y == 0).sum() < 100_000
    assert y.isfinite().all()


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    gone = (dropout(torch.ones(2**20), 0.5, training=True) == 0).float()
    for distance in (1, 2, 7, 8, 64):
        both = (gone[:-distance] * gone[distance:]).mean().item()
        assert both == pytest.approx(0.25, abs=5e-3)


def test_the_gradient_is_zero_where_dropped_and_scaled_elsewhere() -> None:
    torch.manual_seed(0)
    x = torch.randn(7, 11, requires_grad=True)
    y = dropout(x, 0.5, training=True)
    y.backward(torch.ones_like(y))
    assert x.grad is not None
    dropped = y == 0
    assert dropped.any()
    assert not dropped.all()
    assert (x.grad[dropped] == 0).all()
    assert (x.grad[~dropped] == 2).all()


def test_equal_seeds_drop_the_same_elements() -> None:
    x = torch.ones(5, 1001)
    torch.manual_seed(3)
    first, second = dropout(x, 0.1, training=True), dropout(x, 0.1, training=True)
    torch.manual_seed(3)
    assert dropout(x, 0.1, training=True).equal(first)
    assert not first.equal(second)


def test_evaluation_and_probability_zero_return_the_input_itself() -> None:
    x = torch.ones(3)
    assert dropout(x, 0.5, training=False) is x
    assert dropout(x, 0.0, training=True) is x
    module = Dropout(0.5)
    assert module(x) is not x
    assert module.eval()(x) is x


@pytest.mark.parametrize("shape", [(0,), (1,), (3, 5), (2, 0, 4)])
def test_any_shape_works_and_stays(shape: tuple[int, ...]) -> None:
    assert dropout(torch.ones(shape), 0.5, training=True).shape == shape


def test_number_type_and_strides_do_not_matter() -> None:
    x = torch.ones(64, 32, dtype=torch.bfloat16).t()
    torch.manual_seed(0)
    y = dropout(x, 0.5, training=True)
    assert y.dtype == torch.bfloat16
    torch.manual_seed(0)
    assert y.equal(dropout(x.contiguous(), 0.5, training=True))


def test_second_derivatives_pass_through_what_is_kept() -> None:
    x = torch.randn(6, dtype=torch.float64, requires_grad=True)

    def seeded(values: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        return dropout(values**3, 0.5, training=True)

    assert torch.autograd.gradgradcheck(seeded, (x,))
