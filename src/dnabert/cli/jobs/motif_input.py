"""Positives and negatives of ``dnabert motifs``: by label or by prediction, from one file or two, or shuffled; and what they are of."""

import logging
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.data.labelled import LabelledSet, inputs_of, read_set
from dnabert.data.rows.parse import is_bed
from dnabert.data.sequences import PackedCodes, SequenceSet, pack
from dnabert.dna.regions import Genome, Region, source_of
from dnabert.errors import ConfigError, DataFileError
from dnabert.infer.attention.files import regions_of
from dnabert.infer.predictor import Predictor
from dnabert.motif.choices import MotifMethod, PositiveRule

__all__ = ["SHUFFLE", "MotifInput", "choose_class", "choose_explained", "read_motif_input"]

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
        regions: Where each positive lies on its genome, contigs by the genome's names; None for one that is of no BED file.
    """

    positives: SequenceSet
    negatives: PackedCodes
    negatives_name: str
    inputs: dict[str, str]
    regions: tuple[Region | None, ...] | None = None


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


def choose_explained(predictor: Predictor, name: str | None) -> int:
    """Number of the output that attribution explains: the positive class, or the value of a regression.

    Raises:
        ConfigError: As :func:`choose_class`; or the model has several values and none is named.
    """
    info = predictor.info
    if info.head.task != "regress":
        return choose_class(predictor, name)
    values = info.labels or tuple(str(number) for number in range(info.head.num_outputs))
    if name is None and len(values) > 1:
        raise ConfigError(f"the model has {len(values)} values; say which one is explained with --positive-class: {', '.join(values)}")
    if name is not None and name not in values:
        raise ConfigError(f"--positive-class {name}: the model knows no such value; it has {', '.join(values)}")
    return 0 if name is None else values.index(name)


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
    genome: Path | None = None,
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
        genome: Genome of BED files.

    Raises:
        ConfigError: The flags do not go together, or the model has no such class.
        DataFileError: A file cannot be used, or one kind is missing.
    """
    _check_flags(source, positives, negatives, method)
    if by == "prediction" or source is not None:
        choose_class(predictor, positive_class)  # before the files are read
    wanted = [path for path in (source, positives, None if negatives == SHUFFLE else negatives) if path is not None]
    sets = [
        _read(path, predictor.kmer, genome, labels=source is not None and by == "label" and place == 0) for place, path in enumerate(wanted)
    ]
    inputs = inputs_of(sets)
    if by == "prediction":
        number = choose_class(predictor, positive_class)
        kinds = [_predicted(predictor, one.sequences, number) for one in sets]
        name = f"sequences that the model does not take for {predictor.info.labels[number]}"
    elif source is not None:
        number = choose_class(predictor, positive_class)
        kinds = [_labelled(sets[0], predictor.info.labels[number], positive_class)]
        name = f"sequences of {source} that are not labelled {predictor.info.labels[number]}"
        if len(sets) > 1:
            _check_positives_only(source, kinds[0])
            kinds.append(np.zeros(len(sets[1]), np.bool_))
            name = f"sequences of {negatives}"
    else:
        kinds = [np.full(len(one), place == 0) for place, one in enumerate(sets)]
        name = f"sequences of {negatives}"
    drawn = [_drawn(flags, max_sequences, seed) for flags in kinds]
    chosen = _taken([one.sequences for one in sets], drawn)
    regions = _regions(sets, drawn, genome)
    others = [one.sequences.first.take(_drawn(~flags, max_sequences, seed)) for one, flags in zip(sets, kinds, strict=True)]
    rest = pack([codes for part in others for codes in part])
    if not len(chosen):
        raise DataFileError(f"{', '.join(wanted)}: no sequence is positive by {by}; {_other_rule(by)}")
    if method == "modisco":
        return MotifInput(chosen, pack([]), "none: TF-MoDISco compares with nothing", inputs, regions)
    if negatives == SHUFFLE:
        rest, name = _shuffled(chosen.first, seed), "dinucleotide shuffles of the positives"
    if not len(rest):
        raise DataFileError(f"{', '.join(wanted)}: {_no_negatives(by, negatives)}")
    return MotifInput(chosen, rest, name, inputs, regions)


def _read(path: str, kmer: int, genome: Path | None, *, labels: bool) -> LabelledSet:
    """As ``read_set``; a genome is the origin of BED files only."""
    return read_set(path, kmer, genome=genome if is_bed(path) else None, labels=labels)


def _no_negatives(by: PositiveRule, negatives: str | None) -> str:
    """What is wrong where there are no negatives, and what to do."""
    if negatives == SHUFFLE:
        return "no positive has a shuffle: each holds N, or has no other order; give --negatives FILE"
    if by == "prediction":
        return f"no sequence is negative by prediction: the model takes all of them for positives; use --by label, or --negatives {SHUFFLE}"
    return f"no sequence is negative by label; {_HOW_TO_MAKE}"


def _check_positives_only(source: str, flags: npt.NDArray[np.bool_]) -> None:
    if flags.all():
        return
    raise ConfigError(
        f"{source} holds positives and negatives: leave out --negatives; or give --negatives {SHUFFLE}, or the positives alone in a file,"
        " with --positives"
    )


def _regions(sets: list[LabelledSet], drawn: list[list[int]], genome: Path | None) -> tuple[Region | None, ...] | None:
    """Where the positives lie; None where no file is BED."""
    if genome is None or all(one.genome is None for one in sets):
        return None
    found: list[Region | None] = []
    with Genome(genome) as reader:
        for one, numbers in zip(sets, drawn, strict=True):
            if one.genome is None:
                found += [None] * len(numbers)
                continue
            regions = regions_of(one)
            for region in (regions[number] for number in numbers):
                found.append(replace(region, contig=reader.names.find(region.contig, region.where, source_of(region.where))))
    return tuple(found)


def _check_flags(source: str | None, positives: str | None, negatives: str | None, method: MotifMethod) -> None:
    if (source is None) == (positives is None):
        raise ConfigError("give either one labelled file, or --positives with --negatives")
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


def _taken(sets: list[SequenceSet], drawn: list[list[int]]) -> SequenceSet:
    parts = [one.take(numbers) for one, numbers in zip(sets, drawn, strict=True)]
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
