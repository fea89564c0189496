"""The optimiser's groups and the course of the learning rate."""

import pytest
import torch
from torch import nn

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
    decayed, plain = make_optimizer(model, OptimConfig(weight_decay=0.3)).param_groups
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


def test_published_width_has_the_published_rate() -> None:
    assert finetune_lr(768, pretrained=True) == pytest.approx(3e-5)
    assert finetune_lr(256, pretrained=True) > finetune_lr(512, pretrained=True) > 3e-5
