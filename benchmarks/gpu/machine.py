"""Where a script ran: device, versions, commit, digest of the source; and whether that was real or a rehearsal."""

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict

import dnabert
from dnabert.errors import OutputError

__all__ = ["ROOT", "Device", "check_place", "describe", "home_folder", "is_rehearsal", "source_digest"]

ROOT = Path(__file__).parents[2]
_PACKAGES = ("torch", "triton", "transformers", "numpy", "pydantic")
_MAY_LACK = ("triton",)
_SOURCES = ("src/dnabert", "benchmarks/gpu", "benchmarks/speed", "recipes")


class Device(BaseModel):
    """Where and when a script ran."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["cuda", "cpu"]
    """cpu is a rehearsal, always."""
    name: str
    """Name of the GPU, or of the processor."""
    memory_gb: float
    """Memory of the GPU; 0 without one."""
    capability: str
    """Compute capability of the GPU; empty without one."""
    driver: str
    """Version of its driver; empty without one."""
    host_cores: int
    """Processor cores of the machine."""
    system: str
    """Operating system."""
    versions: dict[str, str]
    """Versions by package, and Python's and CUDA's."""
    commit: str
    """Commit of the repository, with a + where files differ from it; from DNABERT_COMMIT where git is not at hand."""
    source_sha256: str
    """Digest of the source that ran (:func:`source_digest`)."""
    date: str
    """When it began, UTC."""


def describe() -> Device:
    """This machine, now."""
    cuda = torch.cuda.is_available()
    facts = torch.cuda.get_device_properties(0) if cuda else None
    return Device(
        kind="cuda" if cuda else "cpu",
        name=facts.name if facts else platform.processor() or platform.machine(),
        memory_gb=round(facts.total_memory / 2**30, 1) if facts else 0.0,
        capability=f"{facts.major}.{facts.minor}" if facts else "",
        driver=_first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader") if cuda else "",
        host_cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        versions=_versions(),
        commit=_commit(),
        source_sha256=source_digest(),
        date=datetime.now(UTC).isoformat(timespec="minutes"),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "dnabert": dnabert.__version__, "cuda": torch.version.cuda or "none"}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            if name not in _MAY_LACK:
                raise
    return found


def _first_line(*command: str) -> str:
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip().splitlines()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return lines[0] if lines else ""


def _commit() -> str:
    commit = _first_line("git", "rev-parse", "--short", "HEAD")
    if commit:
        return commit + ("+" if _first_line("git", "status", "--porcelain", "--", *_SOURCES) else "")
    return os.environ.get("DNABERT_COMMIT") or "unknown"


def source_digest(root: Path = ROOT) -> str:
    """SHA-256 over names and bytes of the package's, the benchmarks' and the recipes' source: equal source, equal digest, git or not."""
    digest = hashlib.sha256()
    files = (path for folder in _SOURCES for kind in ("*.py", "*.toml") for path in (root / folder).rglob(kind))
    for path in sorted(files):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_rehearsal(quick: bool) -> bool:
    """Whether a run is a rehearsal: asked for, or because there is no GPU."""
    return quick or not torch.cuda.is_available()


def check_place(out: Path, rehearsal: bool) -> None:
    """Nothing, if results may be written to ``out``.

    Raises:
        OutputError: A rehearsal would write into the repository, and not into ``runs/``.
    """
    place = out.resolve()
    if rehearsal and place.is_relative_to(ROOT) and not place.is_relative_to(ROOT / "runs"):
        raise OutputError(f"{out}: this is a rehearsal (tiny, or no GPU), which writes to runs/ only; choose another --out")


def home_folder() -> Path | None:
    """``$OUT``: the folder whose files come home from a lent machine; None elsewhere."""
    place = os.environ.get("OUT")
    return Path(place) if place else None
