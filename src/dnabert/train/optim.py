"""AdamW with the published groups, Muon for the matrices of the blocks on request, and the published course of the learning rate."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dnabert.model.bert import Block
from dnabert.train.config import OptimConfig

__all__ = ["Optimizers", "lr_at", "make_optimizer", "set_lr"]


class Optimizers:
    """Optimisers that each hold some of a model's weights and step together.

    Args:
        parts: The optimisers.
    """

    def __init__(self, parts: Sequence[torch.optim.Optimizer]) -> None:
        self.parts = tuple(parts)

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The groups of all parts, which may be written to."""
        return [group for part in self.parts for group in part.param_groups]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Change the weights by their gradients."""
        for part in self.parts:
            part.step()

    def state(self) -> dict[int, dict[str, Tensor]]:
        """Moments by number of the weight, counted through the parts."""
        found: dict[int, dict[str, Tensor]] = {}
        for first, part in self._numbered():
            found |= {first + number: moments for number, moments in part.state_dict()["state"].items()}
        return found

    def load(self, state: dict[int, dict[str, Tensor]]) -> None:
        """Take over the moments that :meth:`state` gave."""
        for first, part in self._numbered():
            own = range(first, first + _count(part))
            moments = {number - first: values for number, values in state.items() if number in own}
            part.load_state_dict({"state": moments, "param_groups": part.state_dict()["param_groups"]})

    def _numbered(self) -> list[tuple[int, torch.optim.Optimizer]]:
        """The parts, each with the number of its first weight."""
        firsts = [sum(_count(part) for part in self.parts[:place]) for place in range(len(self.parts))]
        return list(zip(firsts, self.parts, strict=True))


def _count(part: torch.optim.Optimizer) -> int:
    return sum(len(group["params"]) for group in part.param_groups)


def make_optimizer(model: nn.Module, config: OptimConfig) -> Optimizers:
    """AdamW over all weights that are not frozen; biases and normalisation scales are not decayed.

    With ``matrices="muon"`` the matrices of the blocks are Muon's, with steps as large as AdamW's (root mean square 0.2), so that one
    learning rate and decay serve both.

    Source: recipe 1.5; Muon: Jordan 2024, scale of the steps: Liu et al. 2025 (arXiv 2502.16982), 2.2.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    blocks = [part for part in model.modules() if isinstance(part, Block)] if config.matrices == "muon" else []
    turned = [weight for block in blocks for weight in block.parameters() if weight.ndim == 2 and weight.requires_grad]
    theirs = {id(weight) for weight in turned}
    decayed = [weight for weight in weights if weight.ndim > 1 and id(weight) not in theirs]
    plain = [weight for weight in weights if weight.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    parts: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2), eps=config.eps, fused=True)
    ]
    if turned:
        parts.append(torch.optim.Muon(turned, lr=config.lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"))
    return Optimizers(parts)


def lr_at(step: int, num_steps: int, config: OptimConfig) -> float:
    """Learning rate of a step (from 0): linear up over the warm-up, then linear down to 0 after the last step."""
    warmup = round(config.warmup * num_steps)
    if step < warmup:
        return config.lr * (step + 1) / warmup
    return config.lr * (num_steps - step) / max(num_steps - warmup, 1)


def set_lr(optimizer: Optimizers, lr: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimizer.groups:
        group["lr"] = lr
