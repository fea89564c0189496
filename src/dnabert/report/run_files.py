"""What a run directory holds for a report: its figures, its log, its record and its predictions, each checked as it is read."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from dnabert.errors import DataFileError
from dnabert.output import sha256_of_file

__all__ = ["Metrics", "PredictionTable", "RunFiles", "RunMetrics", "read_predictions", "read_run"]

Metrics = Mapping[str, float | int | None]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RunMetrics:
    """``metrics.json``: figures by name; what the file does not hold is None or empty.

    Attributes:
        valid: Figures on the validation set.
        test: Figures on the test set.
        intervals: 95% intervals of the test figures.
        steps: Optimiser steps done.
        best_step: The step whose weights were kept.
        collapsed: Whether the model says the same of every sequence.
        tokens: k-mers that pre-training read.
        earlier_tokens: Those that it had read before, where it went on from another run.
    """

    valid: Metrics | None
    test: Metrics | None
    intervals: Mapping[str, tuple[float, float] | None]
    steps: int | None
    best_step: int | None
    collapsed: bool
    tokens: int | None = None
    earlier_tokens: int | None = None


@dataclass(frozen=True)
class PredictionTable:
    """``predictions.tsv`` of N sequences and K outputs.

    Attributes:
        path: The file.
        comments: What its ``#`` lines say, by name.
        ids: The N ids.
        labels: The N labels as text; None where the file has none.
        classes: Names of the K outputs.
        values: Probabilities, or values of a regression, (N, K).
        is_probability: Whether ``values`` are probabilities.
    """

    path: Path
    comments: Mapping[str, str]
    ids: tuple[str, ...]
    labels: tuple[str, ...] | None
    classes: tuple[str, ...]
    values: Floats
    is_probability: bool


@dataclass(frozen=True)
class RunFiles:
    """A run directory; a part that is not there is None or empty.

    Attributes:
        directory: The run.
        metrics: Its figures.
        log: Lines of ``metrics.jsonl``.
        record: ``run.json``: command, seed, versions, inputs, settings.
        predictions: Its predictions, one line a sequence; None also for token models, whose table has a line for each base.
        model_sha256: SHA-256 of the weights.
    """

    directory: Path
    metrics: RunMetrics | None
    log: Sequence[Metrics]
    record: Mapping[str, Any]
    predictions: PredictionTable | None
    model_sha256: str | None

    def series(self, name: str) -> tuple[Floats, Floats]:
        """Steps and values of a figure in the log, in order; lines without it are passed over."""
        found = [(line["step"], line[name]) for line in self.log if line.get(name) is not None]
        pairs = np.array(found, dtype=np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def setting(self, *keys: str) -> Any:
        """A value of the record by the keys that lead to it; None if there is none."""
        value: Any = self.record
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value


def read_run(directory: Path) -> RunFiles:
    """What is in a run directory, from pre-training or fine-tuning.

    Args:
        directory: The run.

    Raises:
        DataFileError: It is no directory, or one of its files is damaged; the message names the file.
    """
    if not directory.is_dir():
        raise DataFileError(f"{directory}: is no directory; give a run directory, as written by dnabert pretrain or finetune")
    weights = directory / "model.safetensors"
    predictions = directory / "predictions.tsv"
    return RunFiles(
        directory,
        _read_metrics(directory / "metrics.json"),
        _read_log(directory / "metrics.jsonl"),
        _read_object(directory / "run.json") or {},
        read_predictions(predictions) if predictions.exists() else None,
        sha256_of_file(weights) if weights.exists() else None,
    )


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{path}: cannot be read: {error}") from error


def _read_object(path: Path) -> dict[str, Any] | None:
    text = _read_text(path)
    return None if text is None else _parse_object(text, str(path))


def _parse_object(text: str, where: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataFileError(f"{where}: is damaged, no JSON: {error.msg}; run the command that wrote it again") from error
    if not isinstance(content, dict):
        raise DataFileError(f"{where}: holds no JSON object; run the command that wrote it again")
    return content


def _read_metrics(path: Path) -> RunMetrics | None:
    content = _read_object(path)
    if content is None:
        return None
    intervals = content.get("test_intervals") or {}
    if not isinstance(intervals, dict):
        _refuse(path, "test_intervals", intervals, "an object")
    return RunMetrics(
        _figures(content, "valid", path),
        _figures(content, "test", path),
        {name: _interval(name, value, path) for name, value in intervals.items()},
        _whole(content, "steps", path),
        _whole(content, "best_step", path),
        content.get("collapsed") is True,
        _whole(content, "tokens", path),
        _whole(content, "earlier_tokens", path),
    )


def _refuse(where: Path | str, name: str, value: object, rule: str) -> NoReturn:
    raise DataFileError(f"{where}: {name} is {json.dumps(value)[:60]}, but must be {rule}; run the command that wrote it again")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _figures(content: Mapping[str, Any], part: str, path: Path) -> Metrics | None:
    found = content.get(part)
    if found is None:
        return None
    if not isinstance(found, dict):
        _refuse(path, part, found, "an object of numbers")
    for name, value in found.items():
        if value is not None and not _is_number(value):
            _refuse(path, f"{part}.{name}", value, "a number or null")
    return found


def _interval(name: str, value: object, path: Path) -> tuple[float, float] | None:
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 2 and all(_is_number(end) for end in value):
        return float(value[0]), float(value[1])
    _refuse(path, f"test_intervals.{name}", value, "two numbers or null")


def _whole(content: Mapping[str, Any], name: str, path: Path) -> int | None:
    value = content.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        _refuse(path, name, value, "a whole number")
    return value


def _read_log(path: Path) -> list[Metrics]:
    entries: list[Metrics] = []
    for number, line in enumerate((_read_text(path) or "").splitlines(), start=1):
        where = f"{path}:{number}"
        entry = _parse_object(line, where)
        if not _is_number(entry.get("step")):
            _refuse(where, "step", entry.get("step"), "a number")
        for name, value in entry.items():
            if value is not None and not _is_number(value):
                _refuse(where, name, value, "a number or null")
        entries.append(entry)
    return entries


def read_predictions(path: Path) -> PredictionTable | None:
    """A table as ``dnabert predict`` and ``finetune`` write it; None for a token model's, which has a line for each base.

    Args:
        path: The TSV.

    Raises:
        DataFileError: It is missing or damaged; the message names the line.
    """
    text = _read_text(path)
    if text is None:
        raise DataFileError(f"{path}: is missing; dnabert predict and finetune write it")
    lines = text.splitlines()
    num_comments = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    comments = dict(line.removeprefix("# ").split(": ", 1) for line in lines[:num_comments] if ": " in line)
    header = lines[num_comments].split("\t") if num_comments < len(lines) else []
    if not header or header[0] != "id":
        raise DataFileError(f"{path}:{num_comments + 1}: the first column must be 'id'; this is no table of predictions")
    if header[1:2] == ["position"]:
        return None
    is_labelled = header[1:2] == ["label"]
    outputs = header[2 if is_labelled else 1 :]
    if not outputs:
        raise DataFileError(f"{path}:{num_comments + 1}: there is no column of predictions; found {', '.join(header)}")
    is_probability = all(name.startswith("prob_") for name in outputs)
    first = len(header) - len(outputs)
    ids, labels, values = [], [], []
    for number, line in enumerate(lines[num_comments + 1 :], start=num_comments + 2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise DataFileError(f"{path}:{number}: {len(fields)} columns, but the header has {len(header)}; write the table again")
        try:
            values.append([float(field) for field in fields[first:]])
        except ValueError as error:
            raise DataFileError(f"{path}:{number}: {error}; predictions are numbers: write the table again") from error
        ids.append(fields[0])
        labels.append(fields[1])
    return PredictionTable(
        path,
        comments,
        tuple(ids),
        tuple(labels) if is_labelled else None,
        tuple(name.removeprefix("prob_") for name in outputs) if is_probability else tuple(outputs),
        np.array(values, dtype=np.float64).reshape(-1, len(outputs)),
        is_probability,
    )
