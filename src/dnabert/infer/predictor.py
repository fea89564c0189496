"""Predictions of a run, or of an ensemble of runs, whatever their k.

Members see the same sequences through their own tokenizers; their probabilities (or values) are averaged.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnabert.bootstrap import bootstrap_intervals
from dnabert.checkpoint import ModelInfo, SavedModel, load_model
from dnabert.choices import StrandMode
from dnabert.data.batch import EncodedSet
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet
from dnabert.data.targets import make_targets
from dnabert.device import Machine
from dnabert.errors import CheckpointError, ConfigError
from dnabert.forward import Predictions, aligned, predict_whole, probabilities
from dnabert.metrics import calibration_table, score_task

__all__ = [
    "ENSEMBLE_FILE",
    "Evaluation",
    "Predictor",
]


ENSEMBLE_FILE = "ensemble.json"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on labelled sequences.

    Attributes:
        metrics: The task's figures.
        intervals: Their 95 % bootstrap intervals.
        calibration: Classification: expected calibration error and its table.
        predictions: What the model said.
        targets: What is true: class numbers or values.
    """

    metrics: dict[str, float | int | None]
    intervals: dict[str, tuple[float, float] | None]
    calibration: dict[str, Any] | None
    predictions: Predictions
    targets: Any


class Predictor:
    """One or several models that answer together.

    Args:
        directory: A run directory, or an ensemble.
        machine: Where to compute.

    Raises:
        CheckpointError: A model cannot be read, or has no fine-tuned head.
    """

    def __init__(self, directory: Path, machine: Machine) -> None:
        self.machine = machine
        self.members = [load_member(path) for path in _member_directories(directory)]
        check_same_task(self.members)
        self.info: ModelInfo = self.members[0].info
        digests = [member.sha256 for member in self.members]
        self.sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    @property
    def kmer(self) -> int:
        """Largest k of the members: the shortest sequence that all can read."""
        return max(member.model.config.kmer for member in self.members)

    def predict(self, sequences: SequenceSet, strand: StrandMode = "auto", progress: Callable[[int], None] | None = None) -> Predictions:
        """Probabilities (classify, pair, token, multilabel) or values (regress) in input order.

        Args:
            sequences: The sequences, or pairs.
            strand: ``both`` averages a sequence and its reverse complement; ``auto`` does so for members trained without strand.
                Token models answer for sequences of any length; others read one window, or all with chunk pooling.
            progress: Called with the number of sequences done after each batch of each pass.

        Returns:
            Means over members and strands.

        Raises:
            ConfigError: The members of an ensemble answer for different places.
        """
        if strand == "both" and any(member.info.stranded for member in self.members):
            log.warning("this model was trained on one strand (stranded): averaging both strands may lower its accuracy")
        total: Predictions | None = None
        for number, member in enumerate(self.members):
            data = EncodedSet(sequences, member.tokenizer, member.model.head_config)
            if data.num_cut and number == 0:
                _tell_of_long(data)
            both = strand == "both" or (strand == "auto" and not member.info.stranded)
            mean = self._read(member, data, False, progress)
            if both:
                mean = _weighted(mean, self._read(member, data, True, progress), 0.5)
            total = mean if total is None else _weighted(mean, total, 1 / (number + 1))
        assert total is not None
        return total

    def _read(self, member: SavedModel, data: EncodedSet, reverse: bool, progress: Callable[[int], None] | None) -> Predictions:
        raw = predict_whole(member.model, data, self.machine, reverse=reverse, progress=progress)
        return probabilities(raw, member.model, member.info.target_scale, member.info.target_mean)

    def evaluate(self, data: LabelledSet, strand: StrandMode = "auto", rounds: int = 1000) -> Evaluation:
        """Figures, intervals and calibration on labelled sequences.

        Args:
            data: The sequences with their labels.
            strand: As :meth:`predict`.
            rounds: Bootstrap resamplings; 0 leaves the intervals out.

        Raises:
            DataFileError: A label is not among those of the model.
        """
        head = self.info.head
        member = self.members[0]
        targets = make_targets(data, head.task, self.info.labels, head.token_level, member.model.config.kmer)
        predictions = self.predict(data.sequences, strand)
        encoded = EncodedSet(data.sequences, member.tokenizer, head, targets)
        true, values = aligned(encoded, predictions)
        intervals = bootstrap_intervals(head.task, true, values, offsets=predictions.offsets, rounds=rounds) if rounds else {}
        classes = head.task in ("classify", "pair", "token")
        return Evaluation(
            score_task(head.task, true, values),
            intervals,
            calibration_table(true, values) if classes else None,
            predictions,
            true,
        )


def _tell_of_long(data: EncodedSet) -> None:
    limit = data.tokenizer.max_tokens + data.tokenizer.kmer - 1
    if data.head.task == "token":
        log.info("%d of %d sequences are longer than %d bases: read in windows that overlap by half", data.num_cut, len(data), limit)
    else:
        hint = "" if data.head.task == "pair" else "; a model fine-tuned with --set head.chunk_pooling=lstm reads them whole"
        log.warning("%d of %d sequences are longer than %d bases and were cut on the right%s", data.num_cut, len(data), limit, hint)


def _weighted(left: Predictions, right: Predictions, weight: float) -> Predictions:
    """``weight`` times left plus the rest of right."""
    if left.values.shape != right.values.shape or not _same_offsets(left, right):
        raise ConfigError("members of an ensemble of token models must give one answer per base: fine-tune with head.token_level=base")
    return Predictions((weight * left.values + (1 - weight) * right.values).astype(np.float32), left.offsets)


def _same_offsets(left: Predictions, right: Predictions) -> bool:
    if left.offsets is None or right.offsets is None:
        return left.offsets is right.offsets
    return np.array_equal(left.offsets, right.offsets)


def _member_directories(directory: Path) -> list[Path]:
    listing = directory / ENSEMBLE_FILE
    if not listing.is_file():
        return [directory]
    try:
        names = json.loads(listing.read_text(encoding="utf-8"))["members"]
        return [directory / name for name in names]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{listing}: cannot be read: {error}; make the ensemble anew") from error


def load_member(directory: Path) -> SavedModel:
    """A fine-tuned model.

    Raises:
        CheckpointError: It cannot be read, is an ensemble, or has no fine-tuned head.
    """
    if (directory / ENSEMBLE_FILE).is_file():
        raise CheckpointError(f"{directory}: is an ensemble; name its members instead")
    saved = load_model(directory)
    if saved.info.head.task == "masked_lm":
        raise CheckpointError(
            f"{directory}: is a pre-trained model without a task; fine-tune it first:  dnabert finetune --model {directory}"
        )
    return saved


def check_same_task(members: list[SavedModel]) -> None:
    """Stop when models cannot answer together.

    Raises:
        ConfigError: Their tasks or classes differ.
    """
    first = members[0]
    for other in members[1:]:
        if other.info.head.task != first.info.head.task or other.info.labels != first.info.labels:
            raise ConfigError(
                f"{other.directory} ({other.info.head.task}: {', '.join(other.info.labels)}) and {first.directory}"
                f" ({first.info.head.task}: {', '.join(first.info.labels)}) answer different questions; an ensemble needs the same"
            )
