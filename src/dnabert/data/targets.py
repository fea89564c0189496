"""Labels as text to the numbers that a loss wants, for every task.

* classify, pair: one class name.
* multilabel: names separated by ``;`` (``none`` alone: no label).
* regress: one number, or several separated by ``;``.
* token: one class for every base (or k-mer), as one letter or digit each, or separated by blanks.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.choices import Task, TokenLevel
from dnabert.data.labelled import LabelledSet
from dnabert.errors import DataFileError

__all__ = ["IGNORED", "Targets", "find_classes", "make_targets"]

IGNORED = -100
"""Target of a token that does not count."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Targets:
    """Numbers to be predicted for N sequences.

    Attributes:
        values: classify, pair: class numbers, int64 (N,); multilabel: 0 or 1, float32 (N, K); regress: float32 (N, K); token: class
            numbers of all sequences one after the other, int64 (total,).
        offsets: token only: where each sequence's numbers begin, and the end of the last, (N+1,).
    """

    values: npt.NDArray[np.int64] | npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64] | None = None


def find_classes(data: LabelledSet, task: Task) -> tuple[str, ...]:
    """Names of the outputs, found in the training labels; whole numbers in the order of numbers, else in alphabetical order.

    Raises:
        DataFileError: There is one class only, or a value is no number.
    """
    assert data.labels is not None
    if task == "regress":
        count = len(data.labels[0].split(";"))
        return ("value",) if count == 1 else tuple(f"value{number}" for number in range(count))
    names: set[str] = set()
    for label in data.labels:
        names.update(_names(label, task))
    classes = tuple(sorted(names, key=_class_order))
    least = 1 if task == "multilabel" else 2
    if len(classes) < least:
        only = f"the only label is {classes[0]!r}" if classes else "no label is ever set"
        raise DataFileError(f"{data.source}: {only}; training needs at least {least} classes: add examples of another one")
    return classes


def _class_order(name: str) -> tuple[int, int, str]:
    whole = re.fullmatch(r"[-+]?\d+", name)
    return (0, int(name), name) if whole else (1, 0, name)


def _names(label: str, task: Task) -> list[str]:
    if task == "multilabel":
        return [name.strip() for name in label.split(";") if name.strip() and name.strip().lower() != "none"]
    if task == "token":
        return label.split() if " " in label else list(label)
    return [label]


def make_targets(data: LabelledSet, task: Task, classes: tuple[str, ...], token_level: TokenLevel = "base", kmer: int = 1) -> Targets:
    """Targets of a labelled set.

    Args:
        data: The sequences with their labels.
        task: The task.
        classes: Names of the outputs, from the training data.
        token_level: token task: a label for every base or every k-mer.
        kmer: Length of a k-mer.

    Raises:
        DataFileError: A label is not among the classes, is no number, or has the wrong length; the message gives file and line.
    """
    assert data.labels is not None
    number = {name: index for index, name in enumerate(classes)}
    if task == "regress":
        return Targets(np.array([_numbers(data, row, len(classes)) for row in range(len(data))], dtype=np.float32))
    if task == "token":
        return _token_targets(data, number, token_level, kmer)
    rows = [[_number(data, row, name, number) for name in _names(data.labels[row], task)] for row in range(len(data))]
    if task == "multilabel":
        hot = np.zeros((len(rows), len(classes)), dtype=np.float32)
        for row, columns in enumerate(rows):
            hot[row, columns] = 1
        return Targets(hot)
    return Targets(np.array([row[0] for row in rows], dtype=np.int64))


def _number(data: LabelledSet, row: int, name: str, number: dict[str, int]) -> int:
    if name not in number:
        known = ", ".join(list(number)[:10])
        raise DataFileError(f"{data.where[row]}: the label {name!r} is not among those of the training data ({known})")
    return number[name]


def _numbers(data: LabelledSet, row: int, count: int) -> list[float]:
    assert data.labels is not None
    text = data.labels[row]
    try:
        values = [float(part) for part in text.split(";")]
    except ValueError:
        raise DataFileError(f"{data.where[row]}: the label {text!r} is no number; the task is regress") from None
    if len(values) != count or not all(abs(value) <= _LARGEST for value in values):
        raise DataFileError(f"{data.where[row]}: the label {text!r} must be {count} finite number(s)")
    return values


def _token_targets(data: LabelledSet, number: dict[str, int], token_level: TokenLevel, kmer: int) -> Targets:
    assert data.labels is not None
    lengths = data.sequences.first.lengths
    values: list[int] = []
    offsets = [0]
    for row, label in enumerate(data.labels):
        names = _names(label, "token")
        wanted = int(lengths[row]) if token_level == "base" else int(lengths[row]) - kmer + 1
        if len(names) != wanted:
            raise DataFileError(
                f"{data.where[row]}: {len(names)} labels for {wanted} {token_level}s; a token label has one letter for every"
                f" {token_level}, or names separated by blanks"
            )
        values += [_number(data, row, name, number) for name in names]
        offsets.append(len(values))
    return Targets(np.array(values, dtype=np.int64), np.array(offsets, dtype=np.int64))
