"""The state of a run, small enough to travel.

A state is weights and two moments in float32, 12 bytes for each weight: 258 MB for `small`, where 64 MiB may travel. Three forms, the
first that fits:

whole    all as it is: the run goes on exactly.
halved   moments in bfloat16, 8 bytes: steps differ by under 0.4 %.
compact  matrices in bfloat16, 2 bytes; of their squared gradients the means of rows and columns, whose product stands for them; the mean
         gradients begin at 0 and have their size again after some ten steps, in which the steps are smaller: no learning rate is warmed
         up, none is too large.

Source of the product of means: Shazeer and Stern 2018, Adafactor, section 3.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from dnabert.errors import CheckpointError, OutputError
from dnabert.output import write_bytes

__all__ = ["BUDGET_BYTES", "PORTABLE", "Form", "expand_state", "shrink_state"]

Form = Literal["whole", "halved", "compact"]
PORTABLE = "portable.npz"
BUDGET_BYTES = 46_000_000
"""Of a portable state before it is compressed: what the corpus and the wheels leave of 64 MiB."""
_MEAN, _SQUARE = ".exp_avg", ".exp_avg_sq"
_ROWS, _COLUMNS = "~rows", "~columns"
_NUMBERS: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int64": torch.int64}


def shrink_state(state: Path, portable: Path, budget_bytes: int = BUDGET_BYTES) -> Form:
    """Writes the state in the first form that stays within the budget, and returns which.

    Args:
        state: ``state.safetensors`` of a run.
        portable: Where to.
        budget_bytes: Most bytes, before compression.

    Raises:
        CheckpointError: The state holds the weights of a best moment: fine-tuning is not carried on.
        OutputError: No form is small enough.
    """
    with safe_open(state, framework="pt") as handle:
        facts: dict[str, str] = handle.metadata()
        tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - no mapping
    if any(name.startswith("best.") for name in tensors):
        raise CheckpointError(f"{state}: holds weights of a best moment; only the state of pre-training travels")
    forms: dict[Form, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {"whole": dict, "halved": _halved, "compact": _compact}
    for form, made in forms.items():
        small = made(tensors)
        if sum(tensor.nbytes for tensor in small.values()) <= budget_bytes:
            _write(portable, small, {**facts, "form": form})
            return form
    raise OutputError(f"{state}: more than {budget_bytes:,} bytes even in its smallest form; this model is too large to be carried on")


def expand_state(portable: Path, state: Path) -> Form:
    """Writes ``state.safetensors`` from a portable state, and returns the form that it had.

    Raises:
        CheckpointError: The file is damaged.
    """
    small, facts = _read(portable)
    whole = {name: tensor for name, tensor in small.items() if not name.endswith((_ROWS, _COLUMNS))}
    for name in [name.removesuffix(_ROWS) for name in small if name.endswith(_ROWS)]:
        rows, columns = small[name + _ROWS], small[name + _COLUMNS]
        whole[name] = torch.outer(rows, columns) / rows.mean().clamp(min=1e-30)
        whole[name.removesuffix(_SQUARE) + _MEAN] = torch.zeros(len(rows), len(columns))
    form: Form = facts.pop("form")  # type: ignore[assignment]
    full = {name: tensor.float() if tensor.dtype == torch.bfloat16 else tensor for name, tensor in whole.items()}
    write_bytes(state, save({name: tensor.contiguous() for name, tensor in full.items()}, metadata=facts))
    return form


def _halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.bfloat16() if name.endswith((_MEAN, _SQUARE)) else tensor for name, tensor in tensors.items()}


def _compact(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    small: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2:
            small[name] = tensor
        elif name.endswith(_SQUARE):
            small[name + _ROWS], small[name + _COLUMNS] = tensor.mean(1), tensor.mean(0)
        elif not name.endswith(_MEAN):
            small[name] = tensor.bfloat16()
    return small


def _write(path: Path, tensors: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Numbers byte by byte: first bytes of all, then second bytes, ... Sign and exponent are much alike, so these shrink by half."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    kinds = {}
    for place, (name, tensor) in enumerate(tensors.items()):
        kinds[name] = [str(tensor.dtype).removeprefix("torch."), list(tensor.shape)]
        raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        arrays[str(place)] = np.ascontiguousarray(raw.reshape(-1, tensor.element_size()).T)
    header = json.dumps({"facts": facts, "kinds": kinds}).encode()
    with path.open("wb") as handle:
        np.savez_compressed(handle, header=np.frombuffer(header, np.uint8), **arrays)  # type: ignore[arg-type]


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors = {}
    try:
        with path.open("rb") as handle, np.load(handle) as stored:
            header = json.loads(stored["header"].tobytes())
            for place, (name, (kind, shape)) in enumerate(header["kinds"].items()):
                raw = torch.from_numpy(np.ascontiguousarray(stored[str(place)].T).reshape(-1))
                tensors[name] = raw.view(_NUMBERS[kind]).reshape(shape)
            facts: dict[str, str] = header["facts"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: is no portable state, or is damaged: {error}; fetch it again") from error
    return tensors, facts
