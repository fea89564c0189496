"""A model, labelled sequences, and the model's answers: what every part of a report begins from.

Legend: N sequences, K outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnabert.cli.jobs.report.config import ReportConfig
from dnabert.cli.jobs.report.kinds import Kind, draw, kinds_of
from dnabert.data.batch import EncodedSet
from dnabert.data.labelled import LabelledSet
from dnabert.data.targets import make_targets
from dnabert.errors import ConfigError
from dnabert.forward import aligned
from dnabert.infer.predictor import Evaluation, Predictor

__all__ = ["Question", "readable", "shown_names"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Question:
    """What is asked, and what the model answered.

    Attributes:
        predictor: The model.
        data: The sequences with their labels.
        config: Settings.
        positive: Number of the class that is set against the rest, or None.
        evaluation: The answers.
        quiet: No progress bars.
    """

    predictor: Predictor
    data: LabelledSet
    config: ReportConfig
    positive: int | None
    evaluation: Evaluation
    quiet: bool

    @property
    def task(self) -> str:
        """The model's task."""
        return self.predictor.info.head.task

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the K outputs, as shown."""
        return shown_names(self.predictor, self.config)

    @cached_property
    def placed(self) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.floating]]:
        """Targets and predictions of every example: of every sequence, or of a token model of every labelled place."""
        info, member = self.predictor.info, self.predictor.members[0]
        if info.head.task != "token":
            return self.evaluation.targets, self.evaluation.predictions.values
        targets = make_targets(self.data, "token", info.labels, info.head.token_level, member.model.config.kmer)
        encoded = EncodedSet(self.data.sequences, member.tokenizer, info.head, targets)
        return aligned(encoded, self.evaluation.predictions)

    @cached_property
    def kinds(self) -> list[Kind]:
        """The kinds of sequences, and of each so many as are read."""
        found = kinds_of(self.predictor.info.head.task, self.names, self.evaluation.targets, len(self.data), self.positive)
        return [Kind(kind.name, draw(kind.rows, self.config.max_sequences, self.config.seed)) for kind in found]

    @cached_property
    def rows(self) -> Rows:
        """Numbers of the sequences that are read, rising."""
        found: Rows = np.unique(np.concatenate([kind.rows for kind in self.kinds]))
        return found

    @cached_property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Which sequences the model reads whole, (N,)."""
        return readable(self.predictor, self.data)

    @property
    def strand_read(self) -> str:
        """``both`` for models that were trained without regard to strand, else ``forward``."""
        if self.config.strand != "auto":
            return self.config.strand
        return "forward" if any(member.info.stranded for member in self.predictor.members) else "both"


def shown_names(predictor: Predictor, config: ReportConfig) -> tuple[str, ...]:
    """Names of the outputs as the page shows them.

    Raises:
        ConfigError: There are not as many names as outputs.
    """
    labels: Sequence[str] = predictor.info.labels
    if config.class_names and len(config.class_names) != len(labels):
        raise ConfigError(f"class_names has {len(config.class_names)} names, and the model has {len(labels)}: {', '.join(labels)}")
    return config.class_names or tuple(labels)


def readable(predictor: Predictor, data: LabelledSet) -> npt.NDArray[np.bool_]:
    """Which sequences are no longer than the model reads at once; all, if it reads windows one after the other, (N,)."""
    lengths = data.sequences.first.lengths
    if predictor.info.head.chunk_pooling:
        return np.ones(len(lengths), np.bool_)
    room = min(member.tokenizer.max_tokens + member.tokenizer.kmer - 1 for member in predictor.members)
    return np.asarray(lengths <= room)
