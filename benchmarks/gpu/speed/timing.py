"""Seconds of work on a device, and the memory that it took there."""

import time
from collections.abc import Callable

import torch

from benchmarks.speed.results import Figure

__all__ = ["device_seconds", "finish", "matmul_rounds", "peak_memory"]


def finish(device: torch.device) -> None:
    """Waits until all work given to the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def device_seconds(work: Callable[[], object], device: torch.device, count: int = 1) -> float:
    """Mean seconds of ``count`` calls, from an idle device to an idle device."""
    finish(device)
    start = time.perf_counter()
    for _ in range(count):
        work()
    finish(device)
    return (time.perf_counter() - start) / count


def matmul_rounds(size: int, dtype: torch.dtype, device: torch.device, count: int) -> Callable[[], float]:
    """A function that gives the seconds for one operation of a square product of random numbers: the inverse of the device's rate."""
    generator = torch.Generator(device).manual_seed(0)
    left, right = (torch.randn(size, size, generator=generator, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)

    def one() -> float:
        return device_seconds(lambda: torch.mm(left, right, out=out), device, count) / (2 * size**3)

    return one


def peak_memory(name: str, work: Callable[[], object], device: torch.device) -> tuple[Figure, ...]:
    """The most device memory that was in use while ``work`` ran, as a figure; none without a GPU."""
    if device.type != "cuda":
        return ()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    work()
    finish(device)
    return (
        Figure(what=f"{name}: peak memory", unit="GB", values=(torch.cuda.max_memory_allocated(device) / 1e9,), higher_is_better=False),
    )
