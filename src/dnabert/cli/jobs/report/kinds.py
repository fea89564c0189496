"""Which sequences are set against which in a report, and which of them are read.

Legend: N sequences, K classes, labels or values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.checkpoint import ModelInfo
from dnabert.choices import Task
from dnabert.errors import ConfigError

__all__ = ["Kind", "draw", "kinds_of", "positive_number"]

Rows = npt.NDArray[np.int64]
MAX_KINDS = 8
"""More curves or colours cannot be told apart."""


@dataclass(frozen=True)
class Kind:
    """Sequences of one label, or of like values.

    Attributes:
        name: What they are called.
        rows: Their numbers in the set, rising.
    """

    name: str
    rows: Rows


def positive_number(info: ModelInfo, name: str | None) -> int | None:
    """Number of the positive class or label; None where none is named and the model has several.

    Raises:
        ConfigError: The model has no classes, or none of this name.
    """
    task = info.head.task
    if name is not None:
        if task not in ("classify", "multilabel"):
            raise ConfigError(
                f"--positive-class {name}: sets one class against the rest, and the task of this model is {task}; leave it out"
            )
        if name not in info.labels:
            raise ConfigError(f"--positive-class {name}: the model knows no such class; it has {', '.join(info.labels)}")
        return info.labels.index(name)
    only = 2 if task == "classify" else 1
    return len(info.labels) - 1 if task in ("classify", "multilabel") and len(info.labels) <= only else None


def kinds_of(task: Task, names: Sequence[str], targets: npt.NDArray[Any], num_sequences: int, positive: int | None) -> list[Kind]:
    """The kinds of sequences, at most 8, the most frequent; none of them is empty.

    Args:
        task: The task.
        names: Names of the K outputs, as shown.
        targets: classify, pair: class numbers, (N,); multilabel: 0 or 1, (N, K); regress: values, (N, K).
        num_sequences: N; of a token model all are one kind.
        positive: Number of the class that is set against the rest, or None.
    """
    if task == "token":
        return [Kind("all sequences", np.arange(num_sequences))]
    if task == "regress":
        order = np.argsort(targets[:, 0], kind="stable")
        third = max(1, len(order) // 3)
        what = f"third by {names[0]}" if len(names) > 1 else "third"
        return [Kind(f"highest {what}", np.sort(order[-third:])), Kind(f"lowest {what}", np.sort(order[:third]))]
    hot = np.asarray(targets > 0) if task == "multilabel" else targets[:, None] == np.arange(len(names))
    if positive is not None and (task == "multilabel" or len(names) > 2):
        found = [Kind(names[positive], np.flatnonzero(hot[:, positive])), Kind(f"not {names[positive]}", np.flatnonzero(~hot[:, positive]))]
    else:
        found = [Kind(name, np.flatnonzero(hot[:, number])) for number, name in enumerate(names)]
        if task == "multilabel":
            found.append(Kind("no label", np.flatnonzero(~hot.any(axis=1))))
    found = [kind for kind in found if len(kind.rows)]
    frequent = sorted(range(len(found)), key=lambda number: -len(found[number].rows))[:MAX_KINDS]
    return [found[number] for number in sorted(frequent)]


def draw(rows: Rows, most: int, seed: int) -> Rows:
    """So many of the rows at random, in order; all, if there are no more."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
