"""What is fine-tuned: every model on every task with every seed, with the settings of the task's group."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast, get_args

from benchmarks.gpu.machine import ROOT
from dnabert.checkpoint import weights_file
from dnabert.choices import PresetName
from dnabert.errors import ConfigError, DataFileError
from dnabert.model.config import ModelConfig
from dnabert.output import sha256_of_file
from dnabert.settings import merge_settings
from dnabert.train.config import FinetuneConfig, preset

__all__ = ["PARTS", "Item", "find_tasks", "items_of", "sizes_of"]

log = logging.getLogger(__name__)
PARTS = ("train", "dev", "test")
GROUPS = {
    "prom_core": (True, "prom-core.toml"),
    "prom_300": (True, "prom-300.toml"),
    "splice": (True, "splice.toml"),
    "tf": (False, "tf-690.toml"),
    "mouse": (False, "mouse.toml"),
}
"""Whether the strand carries meaning, and the published recipe, by the beginning of a task's name. Source: recipe 1.6."""


@dataclass(frozen=True)
class Item:
    """One fine-tuning.

    Attributes:
        model: Its name: of the folder, or ``scratch-PRESET-K``.
        start_from: Its folder; None from random weights.
        task: Name of the task: its folder below that of all tasks.
        folder: Its folder.
        seed: Of head, order and dropout.
        config: The settings, the seed among them.
    """

    model: str
    start_from: Path | None
    task: str
    folder: Path
    seed: int
    config: FinetuneConfig

    def key(self) -> str:
        """Equal for equal weights, data, settings and code path, whatever the folders are called."""
        weights = self.model if self.start_from is None else _sha256(weights_file(self.start_from))
        data = [_sha256(self.folder / f"{part}.csv.gz") for part in PARTS]
        return hashlib.sha256(json.dumps([weights, self.task, data, self.config.model_dump(mode="json")]).encode()).hexdigest()[:16]


@cache
def _sha256(path: Path) -> str:
    return sha256_of_file(path)


def find_tasks(folder: Path) -> dict[str, Path]:
    """Folders with all three parts, by their name below ``folder``; those that lack one are named in the log.

    Raises:
        DataFileError: There is none.
    """
    tasks = {}
    for place in sorted({path.parent for part in PARTS for path in folder.rglob(f"{part}.csv.gz")}):
        missing = [part for part in PARTS if not (place / f"{part}.csv.gz").exists()]
        name = place.relative_to(folder).as_posix()
        if missing:
            log.warning("%s: has no %s; left out", name, ", ".join(missing))
        else:
            tasks[name] = place
    if not tasks:
        raise DataFileError(f"{folder}: holds no folder with {', '.join(f'{part}.csv.gz' for part in PARTS)}")
    return tasks


def items_of(
    models: Sequence[Path],
    scratch: Sequence[str],
    tasks: dict[str, Path],
    seeds: Sequence[int],
    published: bool,
    assignments: Sequence[str],
) -> list[Item]:
    """All items: first one seed of everything, then the next, so that what is lacking at the end are repetitions.

    Args:
        models: Folders of models.
        scratch: ``PRESET-K`` of models from random weights.
        tasks: Folders by name.
        seeds: Seeds.
        published: Whether to take the published recipe of the task's group; else the package's defaults.
        assignments: More settings, ``a.b=value``.

    Raises:
        DataFileError: A task is of no known group.
    """
    named: list[tuple[str, Path | None]] = [(path.name, path) for path in models]
    named += [(f"scratch-{name}", None) for name in scratch]
    found = []
    for seed in seeds:
        for task, folder in tasks.items():
            group = next((name for name in GROUPS if task.startswith(name)), None)
            if group is None:
                raise DataFileError(
                    f"{folder}: task {task} is of no known group ({', '.join(GROUPS)}): whether it has a strand is not known"
                )
            stranded, recipe = GROUPS[group]
            file = ROOT / "recipes" / recipe if published else None
            config = merge_settings(FinetuneConfig(), file, assignments, {"seed": seed, "stranded": stranded})
            found += [Item(name, path, task, folder, seed, config) for name, path in named]
    return found


def sizes_of(model: str) -> ModelConfig:
    """Sizes of a model from random weights, by its name ``scratch-PRESET-K``.

    Raises:
        ConfigError: It is none.
    """
    name, _, kmer = model.removeprefix("scratch-").partition("-")
    if name not in get_args(PresetName) or not kmer.isdigit():
        raise ConfigError(f"--scratch {name}-{kmer}: is no preset and k; the form is mini-6, of {', '.join(get_args(PresetName))}")
    return preset(cast(PresetName, name), int(kmer))
