"""How well a fine-tuned run does on its test set (or, without one, on its validation set): figures, curves, calibration."""

from collections.abc import Mapping

import numpy as np

from dnabert.errors import DataFileError
from dnabert.report.model.pictures import Classified, class_pictures, label_pictures, value_pictures
from dnabert.report.page import Block, Card, Cell, Notice, Section, Table
from dnabert.report.run_files import PredictionTable, RunFiles
from dnabert.report.wording import MEANINGS, METRIC_NAMES, interval_text, metric_text, ordered_metrics, plural

__all__ = ["classified", "metric_cards", "performance_section", "set_name"]


def classified(table: PredictionTable, shown_names: Mapping[str, str] | None = None) -> Classified:
    """The labels of a table as class numbers.

    Args:
        table: Labelled predictions of a classifier.
        shown_names: Names to show by class name, where the class name alone says little.

    Raises:
        DataFileError: A label is not among the classes.
    """
    assert table.labels is not None
    number_of = {name: number for number, name in enumerate(table.classes)}
    unknown = sorted(set(table.labels) - set(number_of))
    if unknown:
        known = ", ".join(table.classes)
        raise DataFileError(f"{table.path}: the label {unknown[0]!r} is no class of the model ({known}); write the table again")
    targets = np.array([number_of[label] for label in table.labels], dtype=np.int64)
    names = tuple((shown_names or {}).get(name, name) for name in table.classes)
    return Classified(names, targets, table.values)


def set_name(run: RunFiles) -> str:
    """Which set the figures to show are of: ``test``, or ``validation`` if there was none."""
    return "test" if run.metrics is not None and run.metrics.test is not None else "validation"


def metric_cards(run: RunFiles, names: tuple[str, ...] = ("mcc", "auroc", "accuracy")) -> tuple[Card, ...]:
    """Key figures of a run with their intervals; a figure that the task does not have is left out."""
    if run.metrics is None:
        return ()
    shown = run.metrics.test or run.metrics.valid or {}
    cards = []
    for name in names:
        if shown.get(name) is not None:
            interval = interval_text(run.metrics.intervals.get(name)) if set_name(run) == "test" else ""
            note = f"95% interval {interval}" if interval else "no interval"
            cards.append(Card(f"{METRIC_NAMES.get(name, name)}, {set_name(run)}", metric_text(shown[name]), note))
    return tuple(cards)


def performance_section(run: RunFiles, shown_names: Mapping[str, str] | None = None, title: str = "How good is it?") -> Section:
    """Figures with intervals, and the curves behind them; what is missing is said.

    Args:
        run: A fine-tuned run.
        shown_names: Names to show by class name.
        title: Heading of the section.

    Raises:
        DataFileError: The predictions do not fit the model's classes.
    """
    blocks: list[Block] = []
    if run.metrics is None:
        blocks.append(
            Notice("There is no `metrics.json` in this run, so there are no figures to show: `dnabert finetune` writes it at its end.")
        )
    else:
        blocks += _figures(run)
    table = run.predictions
    task = run.setting("config", "head", "task")
    if task == "token":
        blocks.append(
            Notice("Curves are left out: a token model makes one prediction for each base, and `predictions.tsv` holds no labels for them.")
        )
    elif table is None:
        blocks.append(Notice("Curves are left out: there is no `predictions.tsv` in this run; `dnabert finetune` writes it at its end."))
    elif table.labels is None or not len(table.ids):
        blocks.append(Notice("Curves are left out: `predictions.tsv` holds no labels, so there is no truth to compare with."))
    elif not table.is_probability:
        blocks.append(_values_of(table))
    elif task == "multilabel":
        blocks += _labels_of(table)
    else:
        blocks += class_pictures(classified(table, shown_names))
    if table is not None and run.model_sha256 and table.comments.get("model sha256", run.model_sha256) != run.model_sha256:
        blocks.append(Notice("`predictions.tsv` was written with other weights than those in this run: predict again.", is_warning=True))
    return Section(title, tuple(blocks))


def _figures(run: RunFiles) -> list[Block]:
    assert run.metrics is not None
    found = run.metrics
    blocks: list[Block] = []
    if found.collapsed:
        blocks.append(Notice("The model has **collapsed**: it says the same of every sequence. Its figures mean nothing.", is_warning=True))
    if found.test is None:
        blocks.append(
            Notice(
                "No test set was given (`--test`): these are validation figures. The best moment of training"
                " was chosen by them, so they flatter."
            )
        )
    elif not found.intervals:
        blocks.append(Notice("There are no intervals in `metrics.json`; `dnabert evaluate` computes them."))
    rows: list[tuple[str | Cell, ...]] = []
    for name in ordered_metrics(found.test, found.valid):
        cells = [Cell(METRIC_NAMES.get(name, name), note=MEANINGS.get(name, ""))]
        if found.test is not None:
            cells.append(Cell(metric_text(found.test.get(name)), strong=True, note=interval_text(found.intervals.get(name))))
        rows.append((*cells, metric_text((found.valid or {}).get(name))))
    test_columns = () if found.test is None else (">Test (95% interval)" if found.intervals else ">Test",)
    sizes = [
        plural(int(part["n"] or 0), f"{name} sequence")
        for name, part in (("test", found.test), ("validation", found.valid))
        if part and "n" in part
    ]
    blocks.append(Table(("Figure", *test_columns, ">Validation"), tuple(rows), f"On {' and '.join(sizes)}." if sizes else ""))
    return blocks


def _labels_of(table: PredictionTable) -> list[Block]:
    """Multi-label: each label against its absence."""
    assert table.labels is not None
    sets = [{name.strip() for name in label.split(";")} for label in table.labels]
    hot = np.array([[name in names for name in table.classes] for names in sets], dtype=np.bool_)
    return label_pictures(table.classes, hot, table.values)


def _values_of(table: PredictionTable) -> Block:
    """Regression: measured against predicted."""
    assert table.labels is not None
    try:
        measured = np.array([[float(part) for part in label.split(";")] for label in table.labels], dtype=np.float64)
        measured = measured.reshape(table.values.shape)
    except ValueError as error:
        raise DataFileError(
            f"{table.path}: a label does not hold {plural(len(table.classes), 'number')}: {error}; write the table again"
        ) from error
    return value_pictures(table.classes, measured, table.values)
