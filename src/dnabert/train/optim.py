"""AdamW with the published groups, and the published course of the learning rate."""

import torch
from torch import nn

from dnabert.train.config import OptimConfig

__all__ = ["lr_at", "make_optimizer", "set_lr"]


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.AdamW:
    """AdamW over all weights; biases and normalisation scales are not decayed.

    Source: recipe 1.5.
    """
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    plain = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2), eps=config.eps, fused=True)


def lr_at(step: int, num_steps: int, config: OptimConfig) -> float:
    """Learning rate of a step (from 0): linear up over the warm-up, then linear down to 0 after the last step."""
    warmup = round(config.warmup * num_steps)
    if step < warmup:
        return config.lr * (step + 1) / warmup
    return config.lr * (num_steps - step) / max(num_steps - warmup, 1)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimizer.param_groups:
        group["lr"] = lr
