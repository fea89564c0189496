"""Positives and negatives of ``dnabert motifs``: by label or by prediction, from one file or two, or shuffled."""

import logging
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.sequences import PackedCodes, SequenceSet, pack
from dnabert.errors import ConfigError, DataFileError
from dnabert.infer.predictor import Predictor
from dnabert.motif.choices import MotifMethod, PositiveRule

__all__ = ["SHUFFLE", "MotifInput", "choose_class", "read_motif_input"]

log = logging.getLogger(__name__)

SHUFFLE = "shuffle"
"""What ``--negatives`` says for shuffled positives."""

_HOW_TO_MAKE = (
    f"give --negatives FILE; or --negatives {SHUFFLE} for dinucleotide shuffles of the positives; or make matched ones with dnabert dataset"
)


@dataclass(frozen=True)
class MotifInput:
    """What motifs are looked for in, and what it is compared with.

    Attributes:
        positives: The sequences to search.
        negatives: The sequences to compare with; none for TF-MoDISco.
        negatives_name: What the negatives are, in words.
        inputs: SHA-256 by input.
    """

    positives: SequenceSet
    negatives: PackedCodes
    negatives_name: str
    inputs: dict[str, str]


def choose_class(predictor: Predictor, name: str | None) -> int:
    """Number of the positive class.

    Raises:
        ConfigError: The model has no classes, knows none of this name, or has several and none is named.
    """
    info = predictor.info
    if info.head.task not in ("classify", "multilabel"):
        raise ConfigError(
            f"the task of this model is {info.head.task}, and positives are a class of classify or multilabel;"
            " give them as files, --positives and --negatives, by label"
        )
    classes = ", ".join(info.labels)
    if name is not None:
        if name not in info.labels:
            raise ConfigError(f"--positive-class {name}: the model knows no such class; it has {classes}")
        return info.labels.index(name)
    if len(info.labels) > 2 or (info.head.task == "multilabel" and len(info.labels) > 1):
        raise ConfigError(f"the model has {len(info.labels)} classes; say which one is positive with --positive-class: {classes}")
    return len(info.labels) - 1


def read_motif_input(
    predictor: Predictor,
    source: str | None,
    positives: str | None,
    negatives: str | None,
    positive_class: str | None,
    by: PositiveRule,
    method: MotifMethod,
    max_sequences: int | None,
    seed: int,
) -> MotifInput:
    """Read the files and divide what they hold.

    Args:
        predictor: The model.
        source: One file with both, or None.
        positives: A file with the positives, or None.
        negatives: A file with the negatives, ``shuffle``, or None.
        positive_class: Name of the positive class, or None.
        by: Whether the labels or the predictions divide.
        method: TF-MoDISco needs no negatives.
        max_sequences: Most of each kind, or None for all.
        seed: Decides the draw and the shuffles.

    Raises:
        ConfigError: The flags do not go together, or the model has no such class.
        DataFileError: A file cannot be used, or one kind is missing.
    """
    _check_flags(source, positives, negatives, method)
    wanted = [path for path in (source, positives, None if negatives == SHUFFLE else negatives) if path is not None]
    with_labels = source is not None and by == "label"
    sets = [read_set(path, predictor.kmer, labels=with_labels) for path in wanted]
    inputs = {name: digest for one in sets for name, digest in one.inputs().items()}
    if by == "prediction":
        number = choose_class(predictor, positive_class)
        kinds = [_predicted(predictor, one.sequences, number) for one in sets]
        name = f"sequences that the model does not take for {predictor.info.labels[number]}"
    elif source is not None:
        number = choose_class(predictor, positive_class)
        kinds = [_labelled(sets[0], predictor.info.labels[number], positive_class)]
        name = f"sequences of {source} that are not labelled {predictor.info.labels[number]}"
    else:
        kinds = [np.full(len(one), place == 0) for place, one in enumerate(sets)]
        name = f"sequences of {negatives}"
    chosen = _taken([one.sequences for one in sets], kinds, max_sequences, seed)
    others = [one.sequences.first.take(_drawn(~flags, max_sequences, seed)) for one, flags in zip(sets, kinds, strict=True)]
    rest = pack([codes for part in others for codes in part])
    if not len(chosen):
        raise DataFileError(f"{', '.join(wanted)}: no sequence is positive by {by}; {_other_rule(by)}")
    if method == "modisco":
        return MotifInput(chosen, pack([]), "none: TF-MoDISco compares with nothing", inputs)
    if negatives == SHUFFLE:
        rest, name = _shuffled(chosen.first, seed), "dinucleotide shuffles of the positives"
    if not len(rest):
        raise DataFileError(f"{', '.join(wanted)}: no sequence is negative by {by}; {_HOW_TO_MAKE}")
    return MotifInput(chosen, rest, name, inputs)


def _check_flags(source: str | None, positives: str | None, negatives: str | None, method: MotifMethod) -> None:
    if (source is None) == (positives is None):
        raise ConfigError("give either one labelled file, or --positives with --negatives")
    if source is not None and negatives not in (None, SHUFFLE):
        raise ConfigError(f"{source} holds positives and negatives: leave out --negatives, or give the positives with --positives")
    if positives is not None and negatives is None and method == "viz":
        raise ConfigError(f"{positives}: there are no negatives to compare with; {_HOW_TO_MAKE}")


def _other_rule(by: PositiveRule) -> str:
    return "try --by prediction, or another --positive-class" if by == "label" else "try --by label, or another --positive-class"


def _predicted(predictor: Predictor, sequences: SequenceSet, number: int) -> npt.NDArray[np.bool_]:
    values = predictor.predict(sequences).values
    if predictor.info.head.task == "multilabel":
        return np.asarray(values[:, number] >= 0.5)
    return np.asarray(values.argmax(axis=1) == number)


def _labelled(data: LabelledSet, name: str, asked: str | None) -> npt.NDArray[np.bool_]:
    assert data.labels is not None
    flags = np.array([name in [part.strip() for part in label.split(";")] for label in data.labels], np.bool_)
    if not flags.any():
        known = ", ".join(sorted(set(data.labels))[:10])
        said = "" if asked else " (the last class of the model)"
        raise DataFileError(f"{data.source}: no sequence is labelled {name}{said}; its labels are {known}: name one with --positive-class")
    return flags


def _drawn(flags: npt.NDArray[np.bool_], max_sequences: int | None, seed: int) -> list[int]:
    """Numbers of the flagged ones, or of so many of them, in order."""
    numbers = np.flatnonzero(flags)
    if max_sequences is not None and len(numbers) > max_sequences:
        numbers = np.sort(np.random.default_rng(seed).choice(numbers, max_sequences, replace=False))
    return numbers.tolist()


def _taken(sets: list[SequenceSet], kinds: list[npt.NDArray[np.bool_]], max_sequences: int | None, seed: int) -> SequenceSet:
    parts = [one.take(_drawn(flags, max_sequences, seed)) for one, flags in zip(sets, kinds, strict=True)]
    ids = tuple(name for part in parts for name in part.ids)
    if len(set(ids)) < len(ids):  # ids are unique within a file only
        ids = tuple(f"file{number}:{name}" for number, part in enumerate(parts, start=1) for name in part.ids)
    return SequenceSet(ids, pack([codes for part in parts for codes in part.first]))


def _shuffled(positives: PackedCodes, seed: int) -> PackedCodes:
    """A dinucleotide shuffle of each positive, decided by its bases and the seed; those with N, or without another order, have none."""
    usable = np.flatnonzero(positives.ambiguous() == 0)
    found: list[npt.NDArray[np.uint8]] = []
    for length in np.unique(positives.lengths[usable]).tolist():
        rows = usable[positives.lengths[usable] == length]
        codes = np.stack([positives[row] for row in rows.tolist()])
        keys = np.array([zlib.crc32(row.tobytes()) for row in codes], np.int64)
        shuffles = shuffle_dinucleotides(codes, keys, seed)
        found += [row for row, is_new in zip(shuffles.codes[:, 0], shuffles.is_new[:, 0], strict=True) if is_new]
    if len(found) < len(positives):
        log.warning("%d of %d positives have no shuffle: they hold N, or have no other order", len(positives) - len(found), len(positives))
    return pack(found)
