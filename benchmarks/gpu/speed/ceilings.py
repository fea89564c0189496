"""What the machine can do: the rates that all else is judged by."""

from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.gpu.speed.timing import device_seconds, matmul_rounds
from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings
from dnabert.device import choose_machine

__all__ = ["FULL", "QUICK", "Sizes", "measure"]


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        squares: Rows of square products.
        products: Rows, inner and outer size of products as the models make them.
        copy_bytes: Bytes that are read and written again.
        rounds: Rounds that count.
        count: Products of a round.
    """

    squares: tuple[int, ...]
    products: tuple[tuple[int, int, int], ...]
    copy_bytes: int
    rounds: int
    count: int


FULL = Sizes((4096, 8192, 16384), ((65536, 768, 3072), (65536, 768, 2304), (65536, 256, 1024), (65536, 512, 2048)), 1 << 33, 7, 20)
QUICK = Sizes((64,), ((64, 32, 128),), 1 << 16, 1, 1)


def measure(sizes: Sizes, _folder: Path, say: Say) -> Findings:
    machine = choose_machine()
    device = machine.device
    dtype = torch.bfloat16
    figures = []
    for size in sizes.squares:
        one = matmul_rounds(size, dtype, device, sizes.count)
        one()
        figures.append(_rate(f"bfloat16 product, {size} x {size} x {size}", tuple(1e-12 / one() for _ in range(sizes.rounds))))
        say(f"{size}: {figures[-1].spread.median:.4g} TFLOP/s")
    for rows, inner, outer in sizes.products:
        left, right = torch.randn(rows, inner, device=device).to(dtype), torch.randn(inner, outer, device=device).to(dtype)
        flops = 2e-12 * rows * inner * outer

        def product(left: torch.Tensor = left, right: torch.Tensor = right) -> torch.Tensor:
            return left @ right

        device_seconds(product, device, sizes.count)
        rates = tuple(flops / device_seconds(product, device, sizes.count) for _ in range(sizes.rounds))
        figures.append(_rate(f"bfloat16 product, {rows} x {inner} x {outer}", rates))
    source = torch.randint(0, 255, (sizes.copy_bytes,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    device_seconds(lambda: target.copy_(source), device)
    moved = tuple(2e-12 * sizes.copy_bytes / device_seconds(lambda: target.copy_(source), device) for _ in range(sizes.rounds))
    figures.append(Figure(what="copy within the device, read and written", unit="TB/s", values=moved))
    return Findings(figures=tuple(figures), notes=(f"Random numbers; {sizes.count} products a round, {sizes.rounds} rounds.",))


def _rate(what: str, values: tuple[float, ...]) -> Figure:
    return Figure(what=what, unit="TFLOP/s", values=values)
