"""Contributions from gradients with respect to soft one-hot bases: saliency by tangermeme, integrated gradients by captum.

Legend: B rows of a batch, L bases, K outputs.

Source: Simonyan et al. 2014 (saliency); Majdandzic et al. 2023, Genome Biology 24:109 (less the mean over the four bases, which leaves the
part of a gradient along which a sequence can move); Sundararajan et al. 2017, ICML (integrated gradients).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dnabert.data.batch import plan_batches
from dnabert.device import Machine, autocast
from dnabert.dna.sequence import BASES, Codes
from dnabert.errors import DnabertError, requires_extra
from dnabert.infer.attribution.choices import AttributionMethod
from dnabert.infer.attribution.mutants import Score
from dnabert.model.heads import Dnabert
from dnabert.model.onehot import FIELD_ORDER, SoftOneHot

__all__ = ["ScoredBases", "check_installed", "gradient_contributions", "one_hot"]

_SEQUENCES_AT_ONCE = 256
"""Sequences that wait for a batch of like length."""

_CODE_OF_ROW = np.array([BASES.index(base) for base in FIELD_ORDER], dtype=np.uint8)


_PACKAGES = {"gradient": ("tangermeme", "attribution by gradients"), "ig": ("captum", "attribution by integrated gradients")}
"""The package that a method needs, and what for."""


def check_installed(method: AttributionMethod) -> None:
    """Stop before the work where the package of a method is missing.

    Raises:
        DnabertError: tangermeme or captum is not installed.
    """
    if method in _PACKAGES and find_spec(_PACKAGES[method][0]) is None:
        raise _missing(method)


def _missing(method: AttributionMethod) -> DnabertError:
    package, purpose = _PACKAGES[method]
    return requires_extra(package, "interpret", purpose)


class ScoredBases(nn.Module):
    """One number for each sequence of soft one-hot bases: a score of the model's logits, as methods that explain one output want it.

    Args:
        model: The model.
        score: What is made of the logits.
        machine: In which number type to compute.
    """

    def __init__(self, model: Dnabert, score: Score, machine: Machine) -> None:
        super().__init__()
        self.bridge = SoftOneHot(model)
        self._score = score
        self._machine = machine

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Scores (B, 1) of bases (B, 4, L); arguments as :meth:`SoftOneHot.forward`."""
        with autocast(self._machine):
            logits = self.bridge(x, lengths)  # (B, K)
        return self._score(logits.float())[:, None]


def one_hot(windows: list[Codes]) -> tuple[Tensor, Tensor]:
    """Bases as columns of zeros and a one, rows A, C, G, T, (B, 4, L), zeros for ambiguous bases and padding; and lengths, (B,)."""
    lengths = [len(codes) for codes in windows]
    padded = np.full((len(windows), max(lengths)), 255, dtype=np.uint8)
    for target, codes in zip(padded, windows, strict=True):
        target[: len(codes)] = codes
    return torch.from_numpy((padded[:, None] == _CODE_OF_ROW[:, None]).astype(np.float32)), torch.tensor(lengths)


def gradient_contributions(
    model: Dnabert,
    windows: Iterable[Codes],
    machine: Machine,
    score: Score,
    tokens_per_batch: int,
    method: AttributionMethod,
    steps: int,
) -> Iterator[npt.NDArray[np.float32]]:
    """Contributions of all four bases at each place, in the order of the sequences.

    Args:
        model: The model; it is left as it was.
        windows: Base codes, (L,) each.
        machine: Where to compute.
        score: What is made of the logits.
        tokens_per_batch: Tokens of a batch, padding included.
        method: ``gradient`` or ``ig``.
        steps: ig: points on the path.

    Yields:
        Contributions, rows A, C, G, T, each column with mean 0, (4, L); 0 where the base is ambiguous.

    Raises:
        DnabertError: tangermeme or captum is not installed.
    """
    scored = ScoredBases(model, score, machine)
    explain = _saliency(scored, machine) if method == "gradient" else _integrated(scored, steps, tokens_per_batch)
    rest = iter(windows)
    while group := list(islice(rest, _SEQUENCES_AT_ONCE)):
        found: list[npt.NDArray[np.float32]] = [np.empty(0, np.float32)] * len(group)
        lengths = np.array([len(codes) for codes in group])
        for indices in plan_batches(lengths, tokens_per_batch if method == "gradient" else max(1, tokens_per_batch // steps)):
            bases, sizes = one_hot([group[index] for index in indices])
            with _evaluation(scored):
                slopes = explain(bases.to(machine.device), sizes.to(machine.device)).detach().float().cpu()
            known = bases.sum(1, keepdim=True)  # (B, 1, L)
            centred = ((slopes - slopes.mean(1, keepdim=True)) * known).numpy()
            for index, values in zip(indices.tolist(), centred, strict=True):
                found[index] = values[:, : lengths[index]]
        yield from found


@contextmanager
def _evaluation(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode, its weights held constant; afterwards as it was, also when the block raises."""
    modes = [(part, part.training) for part in module.modules()]
    wanted = [(weight, weight.requires_grad) for weight in module.parameters()]
    try:
        module.eval().requires_grad_(False)
        with torch.enable_grad():
            yield
    finally:
        for part, was_training in modes:
            part.training = was_training
        for weight, was_wanted in wanted:
            weight.requires_grad_(was_wanted)


def _saliency(scored: ScoredBases, machine: Machine) -> Callable[[Tensor, Tensor], Tensor]:
    try:
        saliency: Any = import_module("tangermeme.saliency").saliency
    except ImportError:
        raise _missing("gradient") from None

    def explain(bases: Tensor, lengths: Tensor) -> Tensor:
        slopes: Tensor = saliency(
            scored, bases, args=(lengths,), batch_size=len(bases), hypothetical=True, dtype=torch.float32, device=machine.device
        )
        return slopes

    return explain


def _integrated(scored: ScoredBases, steps: int, tokens_per_batch: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean slopes on the straight way from even odds for every base to the sequence; ambiguous bases stay so on the whole way."""
    try:
        integrated: Any = import_module("captum.attr").IntegratedGradients(scored, multiply_by_inputs=False)
    except ImportError:
        raise _missing("ig") from None

    def explain(bases: Tensor, lengths: Tensor) -> Tensor:
        even = bases.sum(1, keepdim=True).expand_as(bases) / 4
        at_once = max(len(bases), tokens_per_batch // bases.shape[2])
        slopes: Tensor = integrated.attribute(
            bases, even, target=0, additional_forward_args=(lengths,), n_steps=steps, internal_batch_size=at_once
        )
        return slopes

    return explain
