"""The folders that this package makes, how they are known again, and all that may lie in them."""

import json
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

__all__ = ["KINDS", "FolderKind", "first_foreign", "kind_of"]

_MODEL_FILES = ("config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_RUN_FILES = (
    *("run.json", *_MODEL_FILES, "state.safetensors", "metrics.json", "metrics.jsonl", "predictions.tsv"),
    "tensorboard/events.out.tfevents.*",
)
_CELL_FILES = (
    "result.json",
    "network.safetensors",
    *(f"{split}-{strand}.npy" for split in ("dev", "test") for strand in ("forward", "both")),
)
"""What benchmarks/quality and benchmarks/variants leave beside the files of a run."""
_SPLIT_TABLES = tuple(
    f"{folder}{split}.csv" for folder in ("", "tfbs/", "tfbs/*/", "splice/", "variants/") for split in ("train", "valid", "test")
)
_SIMULATION_FILES = (
    *("genome.fa", "genome.fa.fai", "contigs.tsv", "tss.bed", "elements.bed", "peaks/*.narrowPeak", "annotation.gtf", "variants.vcf"),
    *("truth.json", *_SPLIT_TABLES),
)
_STORE_FILES = ("index.json", "codes.bin", "soft_masked.npy")


@dataclass(frozen=True)
class FolderKind:
    """A kind of folder that this package makes, and that ``--force`` may replace.

    Attributes:
        name: What it is called in a message.
        marks: Files and folders that all of this kind hold.
        keys: What the first of the marks, JSON, holds at the top; nothing where its name says enough.
        files: All that may lie in it: patterns of paths. What else is there a user has put there, and it is never removed.
    """

    name: str
    marks: tuple[str, ...]
    keys: tuple[str, ...]
    files: tuple[str, ...]


KINDS = (
    FolderKind(
        "data set",
        ("dataset.json",),
        (),
        ("train.tsv", "valid.tsv", "test.tsv", "regions.bed", "leakage.json", "dataset.json", "report.html"),
    ),
    FolderKind(
        "motif search",
        ("diagnostics.json", "motifs.meme"),
        ("steps", "provenance"),
        ("motifs.meme", "motifs.tsv", "sites.bed", "logos/motif*.svg", "logos/motif*.png", "diagnostics.json", "report.html"),
    ),
    FolderKind(
        "ensemble", ("ensemble.json",), (), ("ensemble.json", *(f"member-*/{name}" for name in (*_MODEL_FILES, "pytorch_model.bin")))
    ),
    FolderKind(
        "demo",
        ("run.json", "simulation"),
        (),
        (
            *("run.json", "predictions.tsv", "report.html", "model-report.html"),
            *(f"simulation/{name}" for name in _SIMULATION_FILES),
            *(f"{run}/{name}" for run in ("pretrained", "finetuned", "finetuned-from-random") for name in _RUN_FILES),
            *(f"cache/genomes/*/{name}" for name in _STORE_FILES),
        ),
    ),
    FolderKind("benchmark's network", ("run.json", "network.safetensors"), (), (*_RUN_FILES, *_CELL_FILES)),
    FolderKind("benchmark's run", ("run.json", "result.json"), (), (*_RUN_FILES, *_CELL_FILES)),
    FolderKind("run", ("run.json",), (), _RUN_FILES),
    FolderKind("exported model", ("config.json",), ("dnabert",), (*_MODEL_FILES, "README.md", "curve.svg")),
)
"""The kinds of folders by which a result of this package is known; the first that fits counts."""
_LEFT_OVER = ".*.tmp"
"""What a write that was killed leaves, see :mod:`dnabert.output`."""


def kind_of(folder: Path) -> FolderKind | None:
    """The kind of a folder that is there; None where it is none of this package."""
    return next((kind for kind in KINDS if _is_of(folder, kind)), None)


def _is_of(folder: Path, kind: FolderKind) -> bool:
    if not all((folder / name).exists() for name in kind.marks):
        return False
    if not kind.keys:
        return True
    try:
        content = json.loads((folder / kind.marks[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and all(key in content for key in kind.keys)


def first_foreign(folder: Path, kind: FolderKind) -> str | None:
    """The first file or folder within ``folder``, as a path from it, that is none of this kind's; None without one.

    Raises:
        OSError: It cannot be read.
    """
    patterns = [tuple(pattern.split("/")) for pattern in kind.files]

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        above = Path(place).relative_to(folder).parts
        for name in sorted((*folders, *files)):
            parts = (*above, name)
            is_folder = name in folders and not Path(place, name).is_symlink()
            known = any(
                len(pattern) > len(parts) if is_folder else len(pattern) == len(parts)
                for pattern in patterns
                if all(map(fnmatchcase, parts, pattern))
            )
            if not known and not (not is_folder and fnmatchcase(name, _LEFT_OVER)):
                return "/".join(parts)
    return None
