"""First weights of a head from a linear fit on the vectors of the untrained encoder: linear probing, then fine-tuning.

Legend: S sequences, D width, K outputs.

Source: Kumar et al. 2022 (arXiv 2202.10054), "LP-FT".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnabert.data.batch import EncodedSet, plan_batches
from dnabert.device import Machine, autocast
from dnabert.forward import predict_set
from dnabert.model.heads import Dnabert

__all__ = ["PENALTIES", "LinearFit", "fit_linear", "head_inputs", "noisy_head_inputs"]

PENALTIES = (10.0, 1.0, 0.1, 0.01, 0.001)
"""Strengths among which the validation set chooses, the strongest first."""
_ROUNDS = 200

MeanLoss = Callable[[Tensor, Tensor], Tensor]
"""The mean loss of logits (S, K) against targets."""


@dataclass(frozen=True)
class LinearFit:
    """A linear map from vectors to logits.

    Attributes:
        weight: (K, D).
        bias: (K,).
        penalty: The strength that was chosen.
        loss: Mean loss on the validation set.
    """

    weight: Tensor
    bias: Tensor
    penalty: float
    loss: float


@contextmanager
def _without_last_layer(model: Dnabert) -> Iterator[None]:
    """The model gives what its last layer would read."""
    classifier = model.classifier
    model.classifier = nn.Identity()  # type: ignore[assignment]
    try:
        yield
    finally:
        model.classifier = classifier


def head_inputs(model: Dnabert, data: EncodedSet, machine: Machine) -> Tensor:
    """What the last layer of a sequence head reads, (S, D), on the CPU.

    Args:
        model: A model with a sequence head; it is left as it was.
        data: The sequences.
        machine: Where to compute.
    """
    with _without_last_layer(model):
        return torch.from_numpy(predict_set(model, data, machine).values)


def noisy_head_inputs(model: Dnabert, data: EncodedSet, machine: Machine, tokens: int, flip: npt.NDArray[np.bool_], seed: int) -> Tensor:
    """What the last layer reads in training, (S, D), on the CPU: with all dropout.

    A fit to the vectors without dropout leans on places that hardly differ between sequences, and dropout makes noise of their means.

    Args:
        model: A model with a sequence head; it is moved to the machine, and left in training mode.
        data: The sequences.
        machine: Where to compute.
        tokens: Tokens of a batch, padding included.
        flip: Which sequences are read as their reverse complement, (S,).
        seed: Dropout comes from it.
    """
    found: list[Tensor] = [torch.empty(0)] * len(data)
    model.to(machine.device).train()
    torch.manual_seed(seed)
    with _without_last_layer(model), torch.no_grad(), autocast(machine):
        for indices in plan_batches(data.lengths, tokens):
            rows = model(**data.batch(indices, flip[indices]).to(machine.device).inputs).logits.float().cpu()
            for index, row in zip(indices.tolist(), rows, strict=True):
                found[index] = row
    return torch.stack(found)


def fit_linear(inputs: Tensor, targets: Tensor, held: Tensor, held_targets: Tensor, num_outputs: int, mean_loss: MeanLoss) -> LinearFit:
    """The fit of those with a ridge penalty, one for each of :data:`PENALTIES`, whose loss on the validation set is the smallest.

    The penalty is the strength / 2 x the sum of squared weights of standardised inputs, beside the mean loss; the bias has none.

    Args:
        inputs: Vectors of the training set, (S, D).
        targets: What the loss takes.
        held: Vectors of the validation set, (S, D).
        held_targets: What the loss takes.
        num_outputs: K.
        mean_loss: The loss.
    """
    mean, spread = inputs.mean(0), inputs.std(0, correction=0)
    scale = torch.where(spread > 0, spread, torch.ones_like(spread))
    standard = (inputs - mean) / scale
    fits = []
    for penalty in PENALTIES:
        weight, bias = _fit(standard, targets, num_outputs, penalty, mean_loss)
        weight = weight / scale
        bias = bias - weight @ mean
        fits.append(LinearFit(weight, bias, penalty, float(mean_loss(held @ weight.T + bias, held_targets))))
    return min(fits, key=lambda fit: fit.loss)


def _fit(standard: Tensor, targets: Tensor, num_outputs: int, penalty: float, mean_loss: MeanLoss) -> tuple[Tensor, Tensor]:
    weight = torch.zeros(num_outputs, standard.shape[1], requires_grad=True)
    bias = torch.zeros(num_outputs, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        solver.zero_grad()
        loss = mean_loss(standard @ weight.T + bias, targets) + penalty / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        solver.step(objective)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
