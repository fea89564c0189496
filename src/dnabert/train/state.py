"""The state of a training run on disk: one safetensors file, replaced in one step, that holds all that is needed to go on.

Weights, the optimiser's moments, and small facts as JSON in the header. No random state: all randomness is drawn anew from seed and step.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from dnabert.errors import CheckpointError
from dnabert.output import write_bytes
from dnabert.train.optim import Optimizers

__all__ = ["Progress", "load_state", "save_state"]


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: Optimiser steps done.
        best: Best validation figure so far, or None.
        best_step: When it was reached.
        stale: Validations since then.
        stopped: Whether training ended early.
    """

    step: int = 0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    stopped: bool = False


def save_state(
    path: Path,
    model: nn.Module,
    optimizer: Optimizers,
    progress: Progress,
    fingerprint: str,
    best: dict[str, Tensor] | None,
) -> None:
    """Write the state.

    Args:
        path: The file.
        model: Its weights.
        optimizer: Its moments.
        progress: How far the run is.
        fingerprint: What the run is made of (settings and data); a run goes on only with the same.
        best: Weights of the best validation so far.

    Raises:
        OutputError: It cannot be written.
    """
    tensors = {f"model.{name}": tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state().items():
        tensors |= {f"optimizer.{index}.{name}": value.detach().cpu().contiguous() for name, value in state.items()}
    for name, tensor in (best or {}).items():
        tensors[f"best.{name}"] = tensor.contiguous()
    facts = {"progress": json.dumps(asdict(progress)), "fingerprint": fingerprint}
    write_bytes(path, save(tensors, metadata=facts))


def load_state(path: Path, model: nn.Module, optimizer: Optimizers, fingerprint: str) -> tuple[Progress, dict[str, Tensor] | None]:
    """Read a state into model and optimiser.

    Returns:
        How far the run is, and the weights of the best validation so far.

    Raises:
        CheckpointError: The file is damaged, or belongs to a run with other settings or data.
    """
    try:
        with safe_open(path, framework="pt") as handle:
            facts: dict[str, str] = handle.metadata()
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}; start anew with --force") from error
    if facts["fingerprint"] != fingerprint:
        raise CheckpointError(
            f"{path}: was made with other settings or data (see run.json beside it);"
            " give --resume the same command, or start anew with --force"
        )
    model.load_state_dict(_part(tensors, "model."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _part(tensors, "optimizer.").items():
        index, kind = name.split(".", 1)
        state.setdefault(int(index), {})[kind] = tensor
    optimizer.load(state)
    return Progress(**json.loads(facts["progress"])), _part(tensors, "best.") or None


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
