"""Motifs for a report: positives of the class against the rest, by label."""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.cli.jobs.motif_input import MotifInput
from dnabert.cli.jobs.motifs import MotifJob, find_motifs
from dnabert.cli.jobs.report.kinds import draw
from dnabert.cli.jobs.report.question import Question, readable
from dnabert.data.labelled import LabelledSet
from dnabert.data.targets import make_targets
from dnabert.infer.attribution.scores import check_attributable
from dnabert.motif.compare import Database, Match, compare
from dnabert.motif.found import Discovery
from dnabert.report.model.motifs import found_motifs_section
from dnabert.report.motifs import MotifReport
from dnabert.report.page import Notice, Section

__all__ = ["motif_part"]

log = logging.getLogger(__name__)

_TITLE = "Motifs"
_METHOD = "Stretches that score high in the positives and occur there more often than in the negatives, merged and aligned (DNABERT-viz)."


def motif_part(question: Question, searched: LabelledSet, database: Database | None) -> Section:
    """The section; what keeps motifs from being looked for, where something does.

    Args:
        question: The model and the sequences.
        searched: The labelled sequences in which motifs are looked for.
        database: What motifs are compared with, or None.

    Raises:
        ConfigError: Contributions are asked for, and this model has none.
        DataFileError: A label is none of the model's.
    """
    obstacle = _obstacle(question)
    if obstacle:
        return _left_out(obstacle)
    assert question.positive is not None
    info, config = question.predictor.info, question.config
    if config.motifs_from == "attribution":
        check_attributable(info.head)
    targets = make_targets(searched, info.head.task, info.labels).values
    flags = targets[:, question.positive] > 0 if info.head.task == "multilabel" else targets == question.positive
    usable = readable(question.predictor, searched)
    obstacle = _lack(flags & usable, ~flags & usable, info.labels[question.positive])
    if obstacle:
        return _left_out(obstacle)
    found, counts = _search(question, searched, flags, usable)
    log.info("motifs: %d, from %d positives and %d negatives", len(found.motifs), *counts)
    matches: dict[str, list[Match]] = {}
    if database is not None and found.motifs:
        log.info("comparing with %s; the first comparison on a machine compiles for a minute or two", database.name)
        matches = compare({motif.name: motif.probs for motif in found.motifs}, database)
    scores = "attention" if config.motifs_from == "attention" else f"contributions ({config.motifs.attribution})"
    compared = (
        f"Positives are {counts[0]:,} of the {flags.sum():,} sequences of {Path(searched.source).name} labelled"
        f" {question.names[question.positive]}, negatives {counts[1]:,} of the {(~flags).sum():,} others; bases are scored by {scores}."
    )
    return found_motifs_section(MotifReport(found, matches, database.name if database else "", _METHOD, ()), compared, _TITLE)


def _search(
    question: Question, searched: LabelledSet, flags: npt.NDArray[np.bool_], usable: npt.NDArray[np.bool_]
) -> tuple[Discovery, tuple[int, int]]:
    """Motifs, and how many positives and negatives they were found with."""
    assert question.positive is not None
    config, positive = question.config, question.predictor.info.labels[question.positive]
    most = config.motifs.max_sequences or config.max_sequences
    rows = [draw(np.flatnonzero(part & usable), most, config.motifs.seed) for part in (flags, ~flags)]
    sequences = searched.sequences
    data = MotifInput(sequences.take(rows[0]), sequences.first.take(rows[1]), f"not {positive}", searched.inputs())
    job = MotifJob(searched.source, None, None, positive, "label", config.motifs_from, "viz", "none", config.motifs)
    return find_motifs(job, question.predictor, data, quiet=question.quiet), (len(rows[0]), len(rows[1]))


def _left_out(obstacle: str) -> Section:
    log.warning("motifs are left out: %s", obstacle)
    return Section(_TITLE, (Notice(f"Motifs are left out: {obstacle}."),))


def _obstacle(question: Question) -> str:
    """Why there are no positives to set against negatives, whatever the sequences; empty if there are."""
    info = question.predictor.info
    if info.head.task not in ("classify", "multilabel"):
        ways = "" if info.head.task == "pair" else "; `dnabert motifs --positives FILE --negatives FILE` takes them from files"
        return f"they set positives against negatives, and the task of this model is {info.head.task}{ways}"
    if question.positive is None:
        known = ", ".join(info.labels)
        return f"they set one class against the rest, and this model has {len(info.labels)}: say which with --positive-class: {known}"
    return ""


def _lack(positives: npt.NDArray[np.bool_], negatives: npt.NDArray[np.bool_], name: str) -> str:
    if not positives.any():
        return f"no sequence that the model can read at once is labelled {name}; try another --positive-class"
    if not negatives.any():
        return (
            f"there are no negatives: all sequences are labelled {name}. Add sequences of another label, or compare with shuffles:"
            " `dnabert motifs --positives FILE --negatives shuffle`"
        )
    return ""
