"""The optimiser's groups and the course of the learning rate."""

import pytest
import torch
from torch import nn

from dnabert.model.config import ModelConfig
from dnabert.model.heads import Dnabert
from dnabert.train.config import OptimConfig, finetune_lr
from dnabert.train.optim import lr_at, make_optimizer


def test_learning_rate_rises_linearly_then_falls_linearly_to_zero() -> None:
    config = OptimConfig(lr=1.0, warmup=0.2)
    rates = [lr_at(step, 10, config) for step in range(11)]
    assert rates == pytest.approx([0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0])


def test_learning_rate_without_warm_up_starts_at_its_top() -> None:
    config = OptimConfig(lr=1.0, warmup=0.0)
    assert [lr_at(step, 4, config) for step in range(4)] == pytest.approx([1.0, 0.75, 0.5, 0.25])


def test_biases_and_norms_are_not_decayed() -> None:
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 3), nn.LayerNorm(3))
    decayed, plain = make_optimizer(model, OptimConfig(weight_decay=0.3)).groups
    assert [tuple(weight.shape) for weight in decayed["params"]] == [(4, 3), (3, 3)]
    assert decayed["weight_decay"] == 0.3
    assert len(plain["params"]) == 3
    assert plain["weight_decay"] == 0.0


def test_one_step_equals_adamw_by_hand() -> None:
    weight = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        weight.weight.fill_(2.0)
    config = OptimConfig(lr=0.1, beta1=0.9, beta2=0.98, eps=1e-6, weight_decay=0.01)
    optimizer = make_optimizer(weight, config)
    weight.weight.grad = torch.full((1, 1), 3.0)
    optimizer.step()
    # Bias-corrected first step: m / (sqrt(v) + eps) = 3 / (3 + 1e-6); decay is taken from the old weight.
    assert weight.weight.item() == pytest.approx(2.0 - 0.1 * 0.01 * 2.0 - 0.1 * 3.0 / (3.0 + 1e-6), abs=1e-6)


def _block_model() -> Dnabert:
    torch.manual_seed(0)
    return Dnabert(ModelConfig(kmer=3, num_layers=2, hidden_size=16, num_heads=2, intermediate_size=32))


def test_muon_holds_the_matrices_of_the_blocks_and_nothing_else() -> None:
    model = _block_model()
    adamw, muon = make_optimizer(model, OptimConfig(matrices="muon")).parts
    theirs = {id(weight) for group in muon.param_groups for weight in group["params"]}
    names = {name for name, weight in model.named_parameters() if id(weight) in theirs}
    assert names
    assert names == {name for name, weight in model.named_parameters() if weight.ndim == 2 and name.startswith("encoder.blocks.")}
    others = {id(weight) for group in adamw.param_groups for weight in group["params"]}
    assert not theirs & others
    assert len(theirs) + len(others) == len(list(model.parameters()))


def test_a_step_of_muon_is_an_orthogonal_matrix_of_the_size_of_a_step_of_adamw() -> None:
    model = _block_model()
    optimizer = make_optimizer(model, OptimConfig(lr=0.1, matrices="muon", weight_decay=0.0))
    weight = model.get_parameter("encoder.blocks.0.expand.weight")
    before = weight.detach().clone()
    for part in model.parameters():
        part.grad = torch.randn_like(part)
    optimizer.step()
    values = torch.linalg.svdvals((weight.detach() - before) / 0.1)
    # Singular values of the orthogonalised step lie within 0.7 to 1.2 (Jordan 2024), times 0.2 sqrt(longer side).
    assert 0.6 < float(values.min() / (0.2 * 32**0.5)) <= float(values.max() / (0.2 * 32**0.5)) < 1.3


def test_moments_of_both_parts_are_given_and_taken_over() -> None:
    models, optimizers = [], []
    for _ in range(2):
        models.append(_block_model())
        optimizers.append(make_optimizer(models[-1], OptimConfig(matrices="muon")))
    for part in models[0].parameters():
        part.grad = torch.ones_like(part)
    optimizers[0].step()
    optimizers[1].load(optimizers[0].state())
    assert set(optimizers[1].state()) == set(range(len(list(models[0].parameters()))))
    for number, moments in optimizers[0].state().items():
        for name, value in moments.items():
            assert torch.equal(value, optimizers[1].state()[number][name])


def test_published_width_has_the_published_rate() -> None:
    assert finetune_lr(768, pretrained=True) == pytest.approx(3e-5)
    assert finetune_lr(256, pretrained=True) > finetune_lr(512, pretrained=True) > 3e-5
