"""How each task is trained: as the GUE benchmark trains DNABERT, by a small grid of which dev takes the best point, or as few labels are.

Source: recipe 1.6 (MAGICS-LAB/DNABERT_2, finetune/scripts/run_dnabert1.sh at b946321).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.quality.cells.contestants import Contestant, NetworkKind
from benchmarks.quality.cells.networks import NetworkConfig
from benchmarks.quality.cells.tasks import Group, Task
from dnabert.choices import Pooling
from dnabert.errors import ConfigError
from dnabert.model.config import HeadConfig
from dnabert.settings import merge_settings
from dnabert.train.config import FinetuneConfig, FinetuneOptimConfig, finetune_lr

__all__ = ["NETWORK_LEARNING_RATES", "Point", "RecipeName", "points", "published_config"]

RecipeName = Literal["published", "tuned", "few"]
"""few: `recipes/few-labels.toml`."""

_RECIPES = Path(__file__).parents[3] / "recipes"
_FILES: dict[Group, str] = {"tf": "tf-690", "mouse": "mouse", "core": "prom-core", "300": "prom-300", "splice": "splice"}


@dataclass(frozen=True)
class _Course:
    """What the script gives in steps, for one task or a group.

    Attributes:
        epochs: Passes over the data; 0 where ``steps`` says how long.
        warmup_steps: Steps of warm-up.
        eval_steps: Steps between two validations.
        steps: Steps of the whole run, or 0.
    """

    epochs: int
    warmup_steps: int
    eval_steps: int
    steps: int = 0


_PUBLISHED: dict[Group, _Course] = {
    "tf": _Course(3, 30, 200),
    "mouse": _Course(0, 30, 200, steps=1000),
    "core": _Course(4, 50, 400),
    "300": _Course(4, 50, 400),
    "splice": _Course(5, 50, 200),
}
_PUBLISHED_TATA = _Course(10, 50, 200)

_TUNED_EPOCHS: dict[Group, int] = {"tf": 4, "mouse": 8, "core": 4, "300": 6, "splice": 6}
"""So few because two processor cores had to train all of it; a GPU may give more."""
_TUNED_EPOCHS_OF = {"prom_core_tata": 10, "prom_300_tata": 6, "prom_core_notata": 3, "tf/0": 3, "tf/1": 3, "mouse/4": 5}
"""Of single tasks: core promoters with TATA are few and short; the others are the largest (15,064 to 42,452 rows), or the longest."""

_GRID: tuple[tuple[float, Pooling], ...] = ((1.0, "mean"), (1.0, "max"), (2.0, "mean"), (0.5, "mean"), (1.0, "cls"))
"""Learning rate, as a multiple of what the package chooses by width, and pooling; the second point is the largest change of the first: a
site anywhere is a maximum, not a mean."""
NETWORK_LEARNING_RATES = (1e-3, 3e-3, 3e-4)
"""Learning rates of the convolutional networks."""


@dataclass(frozen=True)
class Point:
    """One way to train.

    Attributes:
        name: That of its folder.
        config: The settings.
    """

    name: str
    config: FinetuneConfig | NetworkConfig


def points(
    task: Task,
    contestant: Contestant,
    recipe: RecipeName,
    num_rows: int,
    seed: int,
    *,
    most: int | None = None,
    rehearsal: bool = False,
) -> list[Point]:
    """The points of a recipe; one only if nothing is to be chosen.

    Args:
        task: The task.
        contestant: What is trained.
        recipe: ``published``, ``tuned`` or ``few``; the published recipe of a convolutional network is not known, so it has its first
            point.
        num_rows: Rows of one epoch.
        seed: All randomness comes from it.
        most: Of a grid, the first so many points; None is all.
        rehearsal: One epoch, and two points at most.

    Raises:
        ConfigError: The recipe is not for this contestant.
    """
    if contestant.sizes is None:
        if recipe == "few":
            raise ConfigError(f"{contestant.name}: recipe few is for DNABERT models")
        kind: NetworkKind = "cnn" if contestant.kind == "cnn" else "cnn-lstm"
        networks = [NetworkConfig.of(kind, lr, task.stranded, seed) for lr in NETWORK_LEARNING_RATES]
        found = [Point(f"lr{config.optim.lr:g}", config) for config in networks]
    elif recipe == "published":
        found = [Point("published", published_config(task, num_rows, seed))]
    elif recipe == "few":
        found = [Point("few", _few(task, seed))]
    else:
        lr = finetune_lr(contestant.sizes.hidden_size, contestant.kind == "pretrained")
        found = [Point(f"lr{factor:g}-{pooling}", _tuned(task, lr * factor, pooling, seed)) for factor, pooling in _GRID]
    found = found[: 1 if recipe == "published" else most]
    if rehearsal:
        return [Point(point.name, _short(point.config)) for point in found[:2]]
    return found


def published_config(task: Task, num_rows: int, seed: int) -> FinetuneConfig:
    """The recipe of the GUE benchmark for DNABERT; the moment is that of the smallest dev loss, as there.

    Args:
        task: The task.
        num_rows: Rows of one epoch: steps are turned into shares of the run.
        seed: All randomness comes from it.
    """
    course = _PUBLISHED_TATA if task.name.endswith("_tata") else _PUBLISHED[task.group]
    config = merge_settings(FinetuneConfig(), _RECIPES / f"{_FILES[task.group]}.toml")
    per_epoch = -(-num_rows // config.batch_size)
    epochs = course.epochs or max(1, round(course.steps / per_epoch))
    optim = config.optim.model_copy(update={"warmup": min(course.warmup_steps / (epochs * per_epoch), 0.5)})
    evaluations = max(1, round(per_epoch / course.eval_steps))
    return config.model_copy(
        update={
            "optim": optim,
            "epochs": epochs,
            "evaluations_per_epoch": evaluations,
            "stranded": task.stranded,
            "seed": seed,
            "head": HeadConfig(task="classify"),
        }
    )


def _tuned(task: Task, lr: float, pooling: Pooling, seed: int) -> FinetuneConfig:
    return FinetuneConfig(
        head=HeadConfig(task="classify", pooling=pooling),
        optim=FinetuneOptimConfig(lr=lr),
        epochs=_TUNED_EPOCHS_OF.get(task.name, _TUNED_EPOCHS[task.group]),
        batch_size=32,
        seed=seed,
        stranded=task.stranded,
        evaluations_per_epoch=2,
        patience=8,
        select_by="mcc",
    )


def _short(config: FinetuneConfig | NetworkConfig) -> FinetuneConfig | NetworkConfig:
    return config.model_copy(update={"epochs": 1, **({} if isinstance(config, NetworkConfig) else {"min_steps": 0})})


def _few(task: Task, seed: int) -> FinetuneConfig:
    config = merge_settings(FinetuneConfig(), _RECIPES / "few-labels.toml")
    return config.model_copy(update={"stranded": task.stranded, "seed": seed, "select_by": "mcc"})
