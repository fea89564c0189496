"""Which sequences a report shows one by one: typical ones, and the worst errors.

Legend: N sequences, K classes, labels or values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.choices import Task

__all__ = ["Chosen", "best_stretch", "choose_examples"]

Floats = npt.NDArray[np.floating]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """A sequence to show.

    Attributes:
        row: Its number.
        why: Why this one.
        answer: What is true, and what the model says.
    """

    row: int
    why: str
    answer: str


def choose_examples(
    task: Task, names: Sequence[str], targets: npt.NDArray[Any], predicted: Floats, candidates: Rows, most: int
) -> list[Chosen]:
    """Typical sequences, then the worst errors; each once.

    Args:
        task: classify, multilabel or regress.
        names: Names of the K outputs.
        targets: What is true: (N,) or (N, K).
        predicted: Probabilities or values, (N, K).
        candidates: Numbers of the sequences that may be shown.
        most: How many at most.
    """
    if not len(candidates):
        return []
    if task == "regress":
        chosen = _of_values(names[0], targets[:, 0], predicted[:, 0], candidates)
    elif task == "multilabel":
        chosen = _of_labels(names, targets > 0, predicted, candidates, most)
    else:
        chosen = _of_classes(names, targets, predicted, candidates, most)
    once = {one.row: one for one in reversed(chosen)}
    return [one for one in chosen if once[one.row] is one][:most]


def _median(rows: Rows, values: Floats) -> int:
    """The row with the middle value."""
    return int(rows[np.argsort(values[rows], kind="stable")[len(rows) // 2]])


def _of_classes(names: Sequence[str], targets: Rows, probs: Floats, candidates: Rows, most: int) -> list[Chosen]:
    called = probs.argmax(axis=1)
    present = [number for number in reversed(range(len(names))) if (targets[candidates] == number).any()]
    room = most if len(present) < most else max(most - 1, 1)  # at least one place is for an error

    def text(row: int) -> str:
        own, said = int(targets[row]), int(called[row])
        verdict = "right" if own == said else "wrong"
        return f"Labelled {names[own]}; the model says {names[said]} with probability {probs[row, said]:.3f}: {verdict}"

    chosen = []
    for number in present[:room]:
        row = _median(candidates[targets[candidates] == number], probs[:, number])
        chosen.append(Chosen(row, f"typical of {names[number]}", text(row)))
    wrong = candidates[called[candidates] != targets[candidates]]
    wrong = wrong[np.argsort(-probs[wrong, called[wrong]], kind="stable")]
    seen: set[int] = set()
    for row in wrong.tolist():
        if int(targets[row]) not in seen:
            seen.add(int(targets[row]))
            chosen.append(Chosen(row, f"worst miss of {names[int(targets[row])]}", text(row)))
    return chosen


def _of_labels(names: Sequence[str], hot: npt.NDArray[np.bool_], probs: Floats, candidates: Rows, most: int) -> list[Chosen]:
    chosen = []
    for number in np.argsort(-hot[candidates].sum(0), kind="stable").tolist()[:most]:
        rows = candidates[hot[candidates, number]]
        if len(rows):
            row = _median(rows, probs[:, number])
            own = ", ".join(name for name, has in zip(names, hot[row].tolist(), strict=True) if has)
            said = ", ".join(f"{name} {prob:.3f}" for name, prob in list(zip(names, probs[row].tolist(), strict=True))[:8])
            chosen.append(Chosen(row, f"typical of {names[number]}", f"Labelled {own}; the model says {said}"))
    return chosen


def _of_values(name: str, measured: Floats, predicted: Floats, candidates: Rows) -> list[Chosen]:
    order = candidates[np.argsort(predicted[candidates], kind="stable")]
    off = candidates[np.argmax(np.abs(measured[candidates] - predicted[candidates]))]
    rows = {int(order[-1]): f"highest predicted {name}", int(order[0]): f"lowest predicted {name}"}
    rows.setdefault(int(off), f"worst error of {name}")
    return [Chosen(row, why, f"Measured {measured[row]:.4g}, predicted {predicted[row]:.4g}") for row, why in rows.items()]


def best_stretch(scores: Floats, most_bp: int) -> tuple[int, int]:
    """First base, and the one after the last, of the stretch with the highest sum of scores; all of it where it is no longer.

    Examples:
        >>> best_stretch(np.array([0.0, 1.0, 2.0, 0.0]), 2)
        (1, 3)
    """
    if len(scores) <= most_bp:
        return 0, len(scores)
    sums = np.concatenate(([0.0], np.cumsum(scores, dtype=np.float64)))
    start = int(np.argmax(sums[most_bp:] - sums[:-most_bp]))
    return start, start + most_bp
