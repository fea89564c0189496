"""Where a benchmark runs: processor, versions, commit; memory and copy rate. Never imports torch."""

import ctypes
import gc
import os
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from benchmarks.speed.results import Machine

__all__ = [
    "copy_seconds",
    "describe",
    "hold_to_cores",
    "load_now",
    "peak_memory_mb",
    "usable_cores",
]

_PACKAGES = ("dnabert", "torch", "transformers", "tokenizers", "numpy")
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")
_CPU_INFO, _STATUS, _CLEAR = (Path("/proc") / name for name in ("cpuinfo", "self/status", "self/clear_refs"))
_RESET_PEAK = "5"
"""Written to clear_refs it sets the peak memory of the process back. Source: proc(5)."""


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def hold_to_cores(count: int) -> None:
    """Keep this process, and the threads and processes that it will start, on ``count`` cores; nothing where the system cannot."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


def load_now() -> float:
    """Mean number of running processes over the last minute."""
    return round(os.getloadavg()[0], 2)


def describe(threads: int, load: float) -> Machine:
    """This machine, now.

    Args:
        threads: Cores that the benchmark is held to.
        load: Load before the run began.
    """
    facts = _cpu_facts()
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    return Machine(
        cpu=facts.get("model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        threads=threads,
        flags=tuple(flag for flag in _FLAGS if flag in flags),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        versions={"python": platform.python_version(), **{name: metadata.version(name) for name in _PACKAGES}},
        commit=_commit(),
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        load=load,
    )


def _cpu_facts() -> dict[str, str]:
    if not _CPU_INFO.exists():
        return {}
    lines = _CPU_INFO.read_text().split("\n\n")[0].splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "src") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def peak_memory_mb(work: Callable[[], object]) -> float | None:
    """Memory that ``work`` needed on top of what was there before, in MB; None where the system does not tell."""
    if not _CLEAR.exists():
        return None
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)  # freed memory that is still held would hide what is taken anew
    _CLEAR.write_text(_RESET_PEAK)
    before = _status_kb("VmRSS")
    work()
    return (_status_kb("VmHWM") - before) / 1024


def _status_kb(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def copy_seconds(num_bytes: int) -> float:
    """Seconds in which memory of ``num_bytes`` is copied; as many bytes are read as are written."""
    source, target = np.ones(num_bytes, np.uint8), np.ones(num_bytes, np.uint8)  # written to before, so that all pages are there
    start = time.perf_counter()
    np.copyto(target, source)
    return time.perf_counter() - start
