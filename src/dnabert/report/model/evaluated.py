"""How well a model does on the sequences of a file: figures with bootstrap intervals, beside those of its training, and the curves.

Legend: N examples, K classes, labels or values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert.choices import Task
from dnabert.report.model.pictures import Classified, class_pictures, label_pictures, value_pictures
from dnabert.report.page import Block, Card, Cell, Notice, Paragraph, Section, Table
from dnabert.report.run_files import Metrics
from dnabert.report.wording import MEANINGS, METRIC_NAMES, glossary, interval_text, metric_text, ordered_metrics, plural

__all__ = ["Evaluated", "evaluated_cards", "evaluated_section"]

_CARDS = ("mcc", "auroc", "auprc", "accuracy", "f1", "spearman", "pearson")


@dataclass(frozen=True)
class Evaluated:
    """What a model said of labelled sequences.

    Attributes:
        source: Name of the file.
        task: The model's task.
        names: Names of the K outputs, as shown.
        metrics: The task's figures.
        intervals: Their bootstrap intervals; empty if none were asked for.
        targets: What is true: class numbers (N,), 0 or 1 (N, K), or values (N, K).
        predicted: Probabilities or values, (N, K).
        num_sequences: Sequences; of a token model there are more examples than these.
        own_test: Figures of the model on the test set of its training; None if there was none, or this is it.
        seen_as: Name of the file of its training with this very content; empty if there is none.
        unit: What an example is, in the plural: of a token model ``bases`` or ``k-mers``.
    """

    source: str
    task: Task
    names: tuple[str, ...]
    metrics: Metrics
    intervals: Mapping[str, tuple[float, float] | None]
    targets: npt.NDArray[Any]
    predicted: npt.NDArray[np.floating]
    num_sequences: int
    own_test: Metrics | None = None
    seen_as: str = ""
    unit: str = "sequences"


def evaluated_cards(found: Evaluated) -> tuple[Card, ...]:
    """Key figures with their intervals; a figure that the task does not have is left out."""
    cards = []
    for name in _CARDS:
        value = found.metrics.get(name)
        if value is not None:
            interval = interval_text(found.intervals.get(name))
            cards.append(Card(METRIC_NAMES[name], metric_text(value), f"95% interval {interval}" if interval else "no interval"))
    return tuple(cards)


def evaluated_section(found: Evaluated, title: str = "How good is it?") -> Section:
    """Figures, curves, calibration and confusion, as far as the task and the labels have them.

    Args:
        found: What the model said.
        title: Heading of the section.
    """
    blocks: list[Block] = []
    if found.seen_as:
        text = (
            f"{found.source} holds the very sequences and labels of `{found.seen_as}`, which this model was trained or chosen on: these"
            " figures flatter. Give sequences that it has never seen."
        )
        blocks.append(Notice(text, is_warning=True))
    blocks.append(_table(found))
    blocks += _pictures(found)
    return Section(title, (*blocks, glossary(ordered_metrics(found.metrics))))


def _table(found: Evaluated) -> Table:
    rows: list[tuple[str | Cell, ...]] = []
    for name in ordered_metrics(found.metrics):
        cells: list[str | Cell] = [
            Cell(METRIC_NAMES.get(name, name), note=MEANINGS.get(name, "")),
            Cell(metric_text(found.metrics.get(name)), strong=True, note=interval_text(found.intervals.get(name))),
        ]
        if found.own_test is not None:
            cells.append(metric_text(found.own_test.get(name)))
        rows.append(tuple(cells))
    shown = ">Here (95% interval)" if found.intervals else ">Here"
    columns = ("Figure", shown, *((">Test set of its training",) if found.own_test is not None else ()))
    caption = f"On {plural(found.num_sequences, 'sequence')} of {found.source}"
    if found.task == "token":
        caption += f", {len(found.targets):,} labelled places in them; intervals draw whole sequences"
    return Table(columns, tuple(rows), f"{caption}. A dash: the labels do not define the figure.")


def _pictures(found: Evaluated) -> list[Block]:
    if found.task == "regress":
        return [value_pictures(found.names, found.targets, found.predicted)]
    if found.task == "multilabel":
        return label_pictures(found.names, found.targets > 0, found.predicted)
    blocks = class_pictures(Classified(found.names, found.targets, found.predicted.astype(np.float64)), found.unit)
    if found.task != "token":
        return blocks
    return [Paragraph(f"This model answers for all {found.unit} of a sequence: each of them counts by itself."), *blocks]
