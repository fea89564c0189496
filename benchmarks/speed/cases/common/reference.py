"""The same models in `transformers`, with the same weights, and the training step that its users make."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig

from dnabert.device import Machine, autocast
from dnabert.model.heads import Dnabert
from dnabert.model.weights import to_published

__all__ = ["gradients", "make_reference", "reference_optimizer", "reference_step", "spread_out"]

_SPREAD_STD, _SPREAD_WIDTH = 0.05, 256
"""Standard deviation of weights that are spread out, for models of this width; that of fresh ones is 0.02."""

_TIED = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}


def make_reference(kind: Any, ours: Dnabert, attention: str = "sdpa", **settings: Any) -> Any:
    """A model class of ``transformers`` with the sizes and the weights of ours, in training mode.

    Args:
        kind: The class.
        ours: Gives sizes and weights.
        attention: ``sdpa`` or ``eager``.
        settings: More of its configuration.
    """
    sizes = ours.config
    config = BertConfig(
        vocab_size=sizes.vocab_size,
        hidden_size=sizes.hidden_size,
        num_hidden_layers=sizes.num_layers,
        num_attention_heads=sizes.num_heads,
        intermediate_size=sizes.intermediate_size,
        max_position_embeddings=sizes.max_positions,
        layer_norm_eps=sizes.layer_norm_eps,
        hidden_dropout_prob=sizes.hidden_dropout,
        attention_probs_dropout_prob=sizes.attention_dropout,
        **settings,
    )
    model = kind._from_config(config, attn_implementation=attention)
    missing, unexpected = model.load_state_dict(to_published(ours), strict=False)
    assert set(missing) <= _TIED, missing
    assert not unexpected, unexpected
    return model.train()


def spread_out(model: Dnabert) -> Dnabert:
    """The model in evaluation mode, with weights larger than fresh ones, so that different sequences get different answers.

    In wide models weights are smaller by the root of the width, so that sums over it stay as large.
    """
    std = _SPREAD_STD * min(1.0, math.sqrt(_SPREAD_WIDTH / model.config.hidden_size))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, nn.Linear | nn.Embedding):
                part.weight.normal_(std=std, generator=generator)
    return model.eval()


def reference_optimizer(model: nn.Module, lr: float, weight_decay: float, betas: tuple[float, float], eps: float) -> torch.optim.AdamW:
    """torch's fused AdamW, which is the Trainer's default, with its two groups of weights."""
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    plain = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps, fused=True)


def reference_step(
    model: Any, optimizer: torch.optim.Optimizer, inputs: Mapping[str, Tensor], machine: Machine, clip_norm: float
) -> Callable[[], None]:
    """What the Trainer does in one step: forward under autocast, backward, clip, optimiser, gradients away."""

    def step() -> None:
        model.train()
        with autocast(machine):
            loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        model.zero_grad()

    return step


def gradients(model: nn.Module) -> Tensor:
    """All gradients of one of our models or of ``transformers``, as one vector in one order; the model has none afterwards."""
    if isinstance(model, Dnabert):
        holder = Dnabert(model.config, model.head_config)
        with torch.no_grad():
            for target, source in zip(holder.parameters(), model.parameters(), strict=True):
                assert source.grad is not None
                target.copy_(source.grad)
        named = to_published(holder)
    else:
        named = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    vector = torch.cat([named[name].flatten() for name in sorted(named)])
    model.zero_grad(set_to_none=True)
    return vector
