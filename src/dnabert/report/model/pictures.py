"""Curves, confusion, calibration and scatter of what a model said, whoever asked it.

Legend: N examples, K classes or values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.metrics import calibration_table
from dnabert.plot.performance.calibration import calibration_figure
from dnabert.plot.performance.comparison import scatter_figure
from dnabert.plot.performance.confusion import confusion_figure
from dnabert.plot.performance.curves import precision_recall_figure, roc_figure
from dnabert.plot.performance.distributions import score_histogram_figure
from dnabert.report.curves import confusion_counts, histogram_counts, precision_recall_curve, reliability, roc_curve
from dnabert.report.page import Block, Notice, Paragraph, Picture, Pictures

__all__ = ["Classified", "class_pictures", "label_pictures", "value_pictures"]

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


def class_pictures(data: Classified, unit: str = "sequences") -> list[Block]:
    """Everything that can be drawn of a classifier.

    Args:
        data: Labels and probabilities.
        unit: What an example is, in the plural.
    """
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
    pictures.append(_score_picture(data, unit))
    pictures.append(_calibration_picture(data, unit))
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


def _score_picture(data: Classified, unit: str) -> Picture:
    K = len(data.class_names)
    edges = np.linspace(0, 1, _NUM_SCORE_BINS + 1)
    if K == 2:
        counts = histogram_counts(data.probs[:, 1], data.targets, 2, edges)
        name = f"Predicted probability of “{data.class_names[1]}”"
        figure = score_histogram_figure(edges, counts, data.class_names, name, threshold=0.5, unit=unit)
        caption = "A good model pushes the classes to opposite ends; what lies on the wrong side of the threshold is called wrong."
        return Picture.of(figure, "Scores by true class", caption)
    chosen = sorted(np.argsort(-np.bincount(data.targets, minlength=K), kind="stable")[:_MAX_CURVES].tolist())
    own = data.probs[np.arange(len(data.targets)), data.targets]
    counts = histogram_counts(own, data.targets, K, edges)[chosen]
    names = [data.class_names[number] for number in chosen]
    figure = score_histogram_figure(edges, counts, names, "Probability given to the true class", unit=unit)
    caption = "A good model gives the true class a probability near 1." + (
        f" The {len(chosen)} most frequent classes are shown." if len(chosen) < K else ""
    )
    return Picture.of(figure, "Scores by true class", caption)


def _calibration_picture(data: Classified, unit: str) -> Picture:
    error = calibration_table(data.targets, data.probs)["ece"]
    if len(data.class_names) == 2:
        bins = reliability(data.probs[:, 1], data.targets == 1)
        figure = calibration_figure(bins, f"Predicted probability of “{data.class_names[1]}”", "Share that is so", unit=unit)
        what = f"Of {unit} that the model calls “{data.class_names[1]}” with probability 0.8, 80% should be so"
    else:
        bins = reliability(data.probs.max(axis=1), data.predicted == data.targets)
        figure = calibration_figure(bins, "Probability of the predicted class", "Share of calls that are right", unit=unit)
        what = "Of calls made with probability 0.8, 80% should be right"
    caption = (
        f"{what}: the dashed line. Below it the model is too sure of itself, above it too cautious. Bars beneath: {unit} in each bin."
        f" Expected calibration error of the predicted class: {error:.3f}."
    )
    if unit != "sequences":
        caption += f" The intervals take {unit} for independent of each other; those of one sequence are not, so that they are too narrow."
    return Picture.of(figure, "Calibration", caption)


def label_pictures(names: Sequence[str], hot: npt.NDArray[np.bool_], probs: npt.NDArray[np.floating]) -> list[Block]:
    """Curves of a multi-label model, each label against its absence.

    Args:
        names: Names of the K labels.
        hot: Which labels each example has, (N, K).
        probs: Probabilities, (N, K).
    """
    usable = [column for column in range(hot.shape[1]) if 0 < hot[:, column].sum() < len(hot)]
    if not usable:
        return [Notice("ROC and precision-recall curves are left out: no label is both present and absent among the sequences.")]
    chosen = sorted(sorted(usable, key=lambda column: -int(hot[:, column].sum()))[:_MAX_CURVES])
    parts = [(names[column], hot[:, column], probs[:, column].astype(np.float64)) for column in chosen]
    each = f" The {len(chosen)} most frequent of {len(names)} labels are shown." if len(chosen) < len(names) else ""
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


def value_pictures(names: Sequence[str], measured: npt.NDArray[np.floating], predicted: npt.NDArray[np.floating]) -> Block:
    """Measured against predicted values, a picture for each of them.

    Args:
        names: Names of the K values.
        measured: What is true, (N, K).
        predicted: What the model says, (N, K).
    """
    if len(names) > _MAX_CURVES:
        return Paragraph(f"{len(names)} values are predicted: too many to draw each.")
    pictures = []
    for column, name in enumerate(names):
        figure = scatter_figure(measured[:, column], predicted[:, column], name)
        pictures.append(Picture.of(figure, f"Measured and predicted {name}", "Each point is a sequence; on the dashed line the two agree."))
    return Pictures(tuple(pictures))
