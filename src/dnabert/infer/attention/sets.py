"""Attention scores of many sequences by one model or several, in input order, a piece of the input at a time.

Models of several k (an ensemble) read the same sequences through their own tokenizers; their scores are summed before they are
normalised, as in 2021.

Legend: N sequences, H heads, L bases.

Source: Ji et al. 2021; recipe 1.8.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnabert.checkpoint import SavedModel
from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine
from dnabert.errors import ConfigError, SequenceError
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.scores import (
    Progress,
    all_base_scores,
    check_heads,
    check_layer,
    head_scores,
    in_order,
    normalised,
    rollout_scores,
)

__all__ = ["Landscape", "LandscapeSum", "Scored", "check_readable", "is_flat", "score_sequences"]

Floats = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

_PIECE_NUMBERS = 1 << 23
"""Scores that are held at once: 32 MB."""
_FLAT = 1e-6
"""Scores whose range is a smaller share of the largest are equal but for rounding."""


@dataclass(frozen=True)
class Scored:
    """Attention of one sequence.

    Attributes:
        scores: A score for each base, (L,).
        heads: The share of each head in it, (H, L), which add up to it; None if they were not asked for.
    """

    scores: Floats
    heads: Floats | None = None


def check_readable(members: Sequence[SavedModel], config: AttentionConfig) -> None:
    """Stop where the models have no such attention, and warn where it says little.

    Args:
        members: The models.
        config: What is to be read.

    Raises:
        ConfigError: A layer or head is not there, the models read pairs, or heads are asked for that are no heads of one model.
    """
    for member in members:
        check_layer(member.model, config.layer)
        check_heads(member.model, config.heads or None)
        if member.info.head.task == "pair":
            raise ConfigError(
                f"{member.directory}: is a pair model, which reads two sequences at once, and attention scores are of one:"
                " give a model of another task"
            )
        if member.info.head.task == "masked_lm":
            log.warning(
                "%s is pre-trained and has no task: nothing was ever read from its [CLS], so that what [CLS] attends to says little, least"
                " of all in the last layer; --plot with --set plot.kind=maps shows what its k-mers attend to",
                member.directory,
            )
        elif config.method == "cls" and (member.info.head.task == "token" or member.info.head.pooling != "cls"):
            reads = "every k-mer by itself" if member.info.head.task == "token" else f"the {member.info.head.pooling} of its k-mers"
            log.warning(
                "%s answers from %s, not from [CLS]: what [CLS] attends to says little of its answers; fine-tune with --pooling cls,"
                " or use dnabert attribute",
                member.directory,
                reads,
            )
    if config.per_head and len(members) > 1:
        raise ConfigError(
            f"--per-head is for one model, and an ensemble has {len(members)}: give one of them, such as {members[0].directory}"
        )
    if config.per_head and config.method == "rollout":
        raise ConfigError("--per-head is for --method cls: rollout mixes the heads in every layer")


def score_sequences(
    members: Sequence[SavedModel], sequences: SequenceSet, machine: Machine, config: AttentionConfig, progress: Progress | None = None
) -> Iterator[Scored]:
    """The scores of each sequence, in input order.

    Args:
        members: The models, whose scores are summed.
        sequences: The sequences.
        machine: Where to compute.
        config: What is read.
        progress: Called with the number of sequences done after each batch of each model and strand.

    Yields:
        Scores of one sequence; those of a piece of the input are held at once.

    Raises:
        ConfigError: As :func:`~dnabert.infer.attention.scores.base_scores`.
        SequenceError: As :func:`~dnabert.infer.attention.scores.base_scores`.
    """
    width = 1 + (max(len(check_heads(member.model, config.heads or None)) for member in members) if config.per_head else 0)
    for start, end in _pieces(sequences.first.lengths * width):
        piece = sequences if end - start == len(sequences) else sequences.take(range(start, end))
        total: list[Floats] | None = None
        for member in members:
            for reverse in (False, True) if config.strand == "both" else (False,):
                read = _read(member, piece, machine, config, reverse, progress)
                total = read if total is None else [left + right for left, right in zip(total, read, strict=True)]
        assert total is not None
        strands = 2 if config.strand == "both" else 1
        for rows in total:
            yield _scored(rows / np.float32(strands), config)


def _pieces(sizes: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Neighbouring sequences, from and to, whose numbers fit the memory."""
    part = np.cumsum(sizes) // _PIECE_NUMBERS
    bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(sizes)]
    return pairwise(bounds)


def _read(
    member: SavedModel, piece: SequenceSet, machine: Machine, config: AttentionConfig, reverse: bool, progress: Progress | None
) -> list[Floats]:
    """Scores by one model of one strand, not normalised, (L,), or of its heads, (H, L)."""
    model, tokenizer, heads = member.model, member.tokenizer, config.heads or None
    if config.method == "rollout":
        read = rollout_scores(
            model, piece, tokenizer, machine, layer=config.layer, heads=heads, normalise=False, reverse=reverse, progress=progress
        )
        return in_order(read, len(piece))
    if not config.per_head:
        return all_base_scores(
            model, piece, tokenizer, machine, layer=config.layer, heads=heads, normalise=False, reverse=reverse, progress=progress
        )
    chosen = list(check_heads(model, heads))
    rows = head_scores(model, piece, tokenizer, machine, layers=(config.layer,), reverse=reverse, progress=progress)
    return in_order(((index, found[0, chosen]) for index, found in rows), len(piece))


def _scored(rows: Floats, config: AttentionConfig) -> Scored:
    scores = rows.sum(0) if config.per_head else rows
    scale = float(np.linalg.norm(scores.astype(np.float64))) if config.normalise else 1.0
    heads = (rows / np.float32(scale or 1.0)) if config.per_head else None
    return Scored(normalised(scores) if config.normalise else scores, heads)


def is_flat(scores: Floats) -> bool:
    """Whether all bases have the same score, which says nothing of any of them."""
    return len(scores) > 0 and bool(scores.max() - scores.min() <= _FLAT * abs(scores.max()))


@dataclass(frozen=True)
class Landscape:
    """Scores along a set of aligned sequences.

    Attributes:
        mean: Mean score at each base, (L,).
        low: Lower end of its 95 % interval, (L,); None of a single sequence.
        high: Upper end, (L,); None of a single sequence.
        count: Sequences.
    """

    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64] | None
    high: npt.NDArray[np.float64] | None
    count: int


class LandscapeSum:
    """Adds up scores of sequences of equal length, one at a time, and gives their mean and its interval.

    Source: running variance: Welford 1962.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = np.zeros(0)
        self._squares = np.zeros(0)

    def add(self, scores: Floats, name: str) -> None:
        """Take in one sequence.

        Args:
            scores: Its scores, (L,).
            name: Its id, for the message.

        Raises:
            SequenceError: It is not as long as those before.
        """
        if self._count == 0:
            self._mean, self._squares = np.zeros(len(scores)), np.zeros(len(scores))
        if len(scores) != len(self._mean):
            raise SequenceError(unequal_length(name, len(scores), len(self._mean)))
        self._count += 1
        step = scores - self._mean
        self._mean += step / self._count
        self._squares += step * (scores - self._mean)

    @property
    def result(self) -> Landscape:
        """Mean and interval (1.96 standard errors, the normal approximation) of what was added."""
        if self._count < 2:
            return Landscape(self._mean.copy(), None, None, self._count)
        reach = 1.96 * np.sqrt(self._squares / (self._count - 1) / self._count)
        return Landscape(self._mean.copy(), self._mean - reach, self._mean + reach, self._count)


def unequal_length(name: str, length: int, others: int) -> str:
    """What to say of a sequence that cannot be aligned with the others."""
    return (
        f"{name}: {length} bases, and the sequences before have {others}: a mean landscape needs equal lengths; cut them about their"
        " anchor, or show one with --set plot.id=NAME --set plot.kind=landscape, or several with --plot F.html"
    )
