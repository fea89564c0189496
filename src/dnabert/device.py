"""Facts about the machine, asked once and passed on: device, number type, seed."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from dnabert.choices import DeviceName, DtypeName
from dnabert.errors import ConfigError

__all__ = ["Machine", "autocast", "choose_machine", "inference", "seed_of", "seeded"]


@dataclass(frozen=True)
class Machine:
    """Where and in which number type to compute.

    Attributes:
        device: The torch device.
        dtype: float32, or bfloat16 for matrix products under autocast (weights stay in float32).
    """

    device: torch.device
    dtype: torch.dtype


def choose_machine(device: DeviceName = "auto", dtype: DtypeName = "auto") -> Machine:
    """The machine for a run.

    Args:
        device: ``auto`` takes the GPU when there is one.
        dtype: ``auto`` takes bfloat16 where the hardware multiplies it natively (AVX-512 BF16, AMX, CUDA 8.0 and later).

    Raises:
        ConfigError: CUDA is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is cuda, but this machine has no usable GPU: use --device cpu or auto")
    name = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    if dtype == "auto":
        number = torch.bfloat16 if _has_fast_bfloat16(name) else torch.float32
    else:
        number = torch.float32 if dtype == "float32" else torch.bfloat16
    return Machine(torch.device(name), number)


def _has_fast_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast(machine: Machine) -> contextlib.AbstractContextManager[object]:
    """Autocast to the machine's number type; nothing for float32."""
    if machine.dtype == torch.float32:
        return contextlib.nullcontext()
    return torch.autocast(machine.device.type, dtype=machine.dtype)


@contextlib.contextmanager
def inference(model: nn.Module, machine: Machine) -> Iterator[nn.Module]:
    """The model in evaluation mode on the machine, without gradients; afterwards as it was, also when the block raises."""
    modes = [(part, part.training) for part in model.modules()]
    home = next(model.parameters()).device
    try:
        model.eval().to(machine.device)
        with torch.inference_mode(), autocast(machine):
            yield model
    finally:
        for part, was_training in modes:
            part.training = was_training
        model.to(home)


def seed_of(*parts: int | str) -> int:
    """A 63-bit seed that depends on all parts: equal parts give equal seeds on every machine and Python version.

    Examples:
        >>> seed_of(1, "mask", 7) == seed_of(1, "mask", 7) != seed_of(1, "mask", 8)
        True
    """
    plain = tuple(part if isinstance(part, str) else int(part) for part in parts)  # numpy's integers print differently
    digest = hashlib.blake2b(repr(plain).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def seeded(*parts: int | str) -> torch.Generator:
    """A CPU generator started from :func:`seed_of`."""
    return torch.Generator().manual_seed(seed_of(*parts))
