"""The map of a report: vectors of the sequences that are read, in two dimensions."""

from importlib.util import find_spec

import numpy as np

from dnabert.cli.jobs.report.question import Question
from dnabert.cli.progress import watched
from dnabert.errors import requires_extra
from dnabert.infer.embedding.analysis import label_groups, project
from dnabert.infer.embedding.choices import EmbeddingMap
from dnabert.infer.embedding.vectors import embed
from dnabert.report.model.vector_map import MapFound, map_section
from dnabert.report.page import Notice, Section

__all__ = ["check_map", "map_part"]

_TITLE = "How it arranges the sequences"
_LEAST = 3


def check_map(method: EmbeddingMap) -> None:
    """Stop before the work where a map could not be made.

    Raises:
        DnabertError: A package is missing.
    """
    module, package = {"umap": ("umap", "umap-learn"), "tsne": ("openTSNE", "openTSNE")}.get(method, ("", ""))
    if module and find_spec(module) is None:
        raise requires_extra(package, "embed", f"map={method}")


def map_part(question: Question) -> Section:
    """The section; what keeps the map from being made, where something does."""
    head, config, member = question.predictor.info.head, question.config, question.predictor.members[0]
    rows = question.rows
    if head.task == "pair":
        return Section(_TITLE, (Notice("The map is left out: a pair model reads two sequences at once, and vectors are of one."),))
    if len(rows) < _LEAST:
        return Section(_TITLE, (Notice(f"The map is left out: it needs at least {_LEAST} sequences, and there are {len(rows)}."),))
    pool = "mean" if head.task == "token" else head.pooling
    chosen = question.data.sequences.take(rows)
    read = embed(member.model, chosen, member.tokenizer, question.predictor.machine, pool=pool)
    vectors = np.stack([vector for _, vector in watched(read, "vectors", len(rows), quiet=question.quiet)])
    if not np.ptp(vectors, axis=0).any():
        return Section(_TITLE, (Notice("The map is left out: all sequences have the same vector.", is_warning=True),))
    projection = project(vectors, config.map, config.seed)
    groups, values = None, None
    names: tuple[str, ...] = (f"{len(rows):,} sequences",)
    if head.task == "regress":
        values = question.evaluation.targets[rows, 0]
    elif head.task != "token":
        groups, names = label_groups(_texts(question))
    what = {"cls": "the vector of [CLS], which it answers from", "mean": "the mean of the vectors of its k-mers"}
    how = (
        f"Of each sequence {what.get(pool, f'the {pool} of the vectors of its k-mers')}, last layer, forward strand ({config.map.upper()})."
    )
    return map_section(
        MapFound(
            projection.points, projection.axes, groups, names, values, question.names[0], how, tuple(_notes(question)), len(question.data)
        ),
        _TITLE,
    )


def _texts(question: Question) -> list[str]:
    """Labels of the sequences that are read, as they are shown."""
    assert question.data.labels is not None
    if question.task == "classify":
        return [question.names[number] for number in question.evaluation.targets[question.rows].tolist()]
    return [question.data.labels[row] for row in question.rows.tolist()]


def _notes(question: Question) -> list[str]:
    members = question.predictor.members
    notes = []
    if len(members) > 1:
        notes.append(f"An ensemble has no vectors of its own: these are of {members[0].directory.name}, the first of {len(members)}.")
    if question.predictor.info.head.chunk_pooling:
        notes.append("Of sequences longer than a window these are the vectors of the first window.")
    return notes
