"""How well a fine-tuned run does on its test set (or, without one, on its validation set): figures, curves, calibration.

Legend: N examples, K classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.errors import DataFileError
from dnabert.metrics import calibration_table
from dnabert.plot.calibration import calibration_figure
from dnabert.plot.comparison import scatter_figure
from dnabert.plot.confusion import confusion_figure
from dnabert.plot.curves import precision_recall_figure, roc_figure
from dnabert.plot.distributions import score_histogram_figure
from dnabert.report.curves import confusion_counts, histogram_counts, precision_recall_curve, reliability, roc_curve
from dnabert.report.page import Block, Card, Cell, Notice, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.run_files import PredictionTable, RunFiles
from dnabert.report.wording import MEANINGS, METRIC_NAMES, interval_text, metric_text, ordered_metrics, plural

__all__ = ["Classified", "classified", "metric_cards", "performance_section", "set_name"]

_MAX_CURVES = 8
_NUM_SCORE_BINS = 25


@dataclass(frozen=True)
class Classified:
    """Labelled predictions of a classifier.

    Attributes:
        class_names: Names of the K classes, as shown.
        targets: True class numbers, (N,).
        probs: Probabilities, (N, K).
    """

    class_names: tuple[str, ...]
    targets: npt.NDArray[np.int64]
    probs: npt.NDArray[np.float64]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Predicted class numbers, (N,)."""
        numbers: npt.NDArray[np.int64] = self.probs.argmax(axis=1)
        return numbers


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
        blocks.append(_value_pictures(table))
    elif task == "multilabel":
        blocks += _label_pictures(table)
    else:
        blocks += _class_pictures(classified(table, shown_names))
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


def _class_pictures(data: Classified) -> list[Block]:
    K = len(data.class_names)
    present = np.bincount(data.targets, minlength=K)
    blocks: list[Block] = []
    pictures = []
    if (present > 0).sum() < 2:
        blocks.append(Notice("ROC and precision-recall curves are left out: only one class occurs among the labels, and they need two."))
    else:
        pictures += _ranking_pictures(data, present)
    counts = confusion_counts(data.targets, data.predicted, K)
    right = int(np.trace(counts))
    pictures.append(
        Picture.of(
            confusion_figure(counts, data.class_names),
            "Confusion matrix",
            f"Rows are what is true, columns what the model says; colour and percentage are shares of the row. The diagonal is right:"
            f" {right:,} of {len(data.targets):,} ({right / len(data.targets):.1%}).",
        )
    )
    pictures.append(_score_picture(data))
    pictures.append(_calibration_picture(data))
    blocks.append(Pictures(tuple(pictures)))
    return blocks


def _ranking_pictures(data: Classified, present: npt.NDArray[np.int64]) -> list[Picture]:
    K = len(data.class_names)
    if K == 2:
        chosen = [1]
    else:
        frequent = [int(number) for number in np.argsort(-present, kind="stable") if present[number] > 0]
        chosen = sorted(frequent[:_MAX_CURVES])
    names = [data.class_names[number] if K > 2 else "" for number in chosen]
    flags = [data.targets == number for number in chosen]
    scores = [data.probs[:, number] for number in chosen]
    each = "" if K == 2 else " Each class is set against all others."
    if K > 2 and len(chosen) < (present > 0).sum():
        each += f" The {len(chosen)} most frequent of {K} classes are shown."
    subject = f"“{data.class_names[1]}”" if K == 2 else "a class"
    roc = roc_figure([roc_curve(*parts) for parts in zip(names, flags, scores, strict=True)])
    share = float(flags[0].mean()) if K == 2 else None
    recalls = precision_recall_figure([precision_recall_curve(*parts) for parts in zip(names, flags, scores, strict=True)], share)
    return [
        Picture.of(
            roc,
            "ROC curve",
            f"How many of the true members of {subject} are found (up) for how many false alarms among the rest (right), as the"
            f" threshold falls. A perfect model reaches the top left corner; guessing follows the dashed line.{each}",
        ),
        Picture.of(
            recalls,
            "Precision and recall",
            f"How many calls of {subject} are right (up) when so many of its members are found (right)."
            f" A perfect model reaches the top right corner.{each}",
        ),
    ]


def _score_picture(data: Classified) -> Picture:
    K = len(data.class_names)
    edges = np.linspace(0, 1, _NUM_SCORE_BINS + 1)
    if K == 2:
        counts = histogram_counts(data.probs[:, 1], data.targets, 2, edges)
        name = f"Predicted probability of “{data.class_names[1]}”"
        figure = score_histogram_figure(edges, counts, data.class_names, name, threshold=0.5)
        caption = "A good model pushes the classes to opposite ends; what lies on the wrong side of the threshold is called wrong."
        return Picture.of(figure, "Scores by true class", caption)
    chosen = sorted(np.argsort(-np.bincount(data.targets, minlength=K), kind="stable")[:_MAX_CURVES].tolist())
    own = data.probs[np.arange(len(data.targets)), data.targets]
    counts = histogram_counts(own, data.targets, K, edges)[chosen]
    figure = score_histogram_figure(edges, counts, [data.class_names[number] for number in chosen], "Probability given to the true class")
    caption = "A good model gives the true class a probability near 1." + (
        f" The {len(chosen)} most frequent classes are shown." if len(chosen) < K else ""
    )
    return Picture.of(figure, "Scores by true class", caption)


def _calibration_picture(data: Classified) -> Picture:
    error = calibration_table(data.targets, data.probs)["ece"]
    if len(data.class_names) == 2:
        bins = reliability(data.probs[:, 1], data.targets == 1)
        figure = calibration_figure(bins, f"Predicted probability of “{data.class_names[1]}”", "Share that is so")
        what = f"Of sequences that the model calls “{data.class_names[1]}” with probability 0.8, 80% should be so"
    else:
        bins = reliability(data.probs.max(axis=1), data.predicted == data.targets)
        figure = calibration_figure(bins, "Probability of the predicted class", "Share of calls that are right")
        what = "Of calls made with probability 0.8, 80% should be right"
    caption = (
        f"{what}: the dashed line. Below it the model is too sure of itself, above it too cautious. Bars beneath: sequences in each bin."
        f" Expected calibration error of the predicted class: {error:.3f}."
    )
    return Picture.of(figure, "Calibration", caption)


def _label_pictures(table: PredictionTable) -> list[Block]:
    """Multi-label: each label against its absence."""
    assert table.labels is not None
    sets = [{name.strip() for name in label.split(";")} for label in table.labels]
    hot = np.array([[name in names for name in table.classes] for names in sets], dtype=np.bool_)
    usable = [column for column in range(hot.shape[1]) if 0 < hot[:, column].sum() < len(hot)]
    if not usable:
        return [Notice("ROC and precision-recall curves are left out: no label is both present and absent among the sequences.")]
    chosen = sorted(sorted(usable, key=lambda column: -int(hot[:, column].sum()))[:_MAX_CURVES])
    parts = [(table.classes[column], hot[:, column], table.values[:, column]) for column in chosen]
    each = f" The {len(chosen)} most frequent of {len(table.classes)} labels are shown." if len(chosen) < len(table.classes) else ""
    roc = roc_figure([roc_curve(*part) for part in parts])
    recalls = precision_recall_figure([precision_recall_curve(*part) for part in parts])
    return [
        Pictures(
            (
                Picture.of(
                    roc, "ROC curve of each label", f"The label against its absence. A perfect model reaches the top left corner.{each}"
                ),
                Picture.of(recalls, "Precision and recall of each label", f"A perfect model reaches the top right corner.{each}"),
            )
        )
    ]


def _value_pictures(table: PredictionTable) -> Block:
    """Regression: measured against predicted."""
    assert table.labels is not None
    try:
        measured = np.array([[float(part) for part in label.split(";")] for label in table.labels], dtype=np.float64)
        measured = measured.reshape(table.values.shape)
    except ValueError as error:
        raise DataFileError(
            f"{table.path}: a label does not hold {plural(len(table.classes), 'number')}: {error}; write the table again"
        ) from error
    if len(table.classes) > _MAX_CURVES:
        return Paragraph(f"{len(table.classes)} values are predicted: too many to draw each.")
    pictures = []
    for column, name in enumerate(table.classes):
        figure = scatter_figure(measured[:, column], table.values[:, column], name)
        pictures.append(Picture.of(figure, f"Measured and predicted {name}", "Each point is a sequence; on the dashed line the two agree."))
    return Pictures(tuple(pictures))
