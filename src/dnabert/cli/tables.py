"""Predictions as a TSV."""

from pathlib import Path
from typing import IO

from dnabert.data.labelled import LabelledSet
from dnabert.forward import Predictions
from dnabert.infer.predictor import Predictor
from dnabert.output import open_output, provenance_lines

__all__ = ["write_predictions"]


def write_predictions(out: Path, data: LabelledSet, predictions: Predictions, predictor: Predictor, command: str, force: bool) -> None:
    """One line for each sequence, in input order: id, label where known, ``prob_<class>`` or ``value``.

    Token models give one line for each base (or k-mer), with its 0-based position in the sequence.

    Raises:
        OutputError: It cannot be written.
    """
    info = predictor.info
    values = info.head.task == "regress"
    names = list(info.labels) if values else [f"prob_{label}" for label in info.labels]
    with open_output(out, force) as handle:
        handle.write(provenance_lines(command, model_sha256=predictor.sha256, trained_on=info.trained_on, input=data.source))
        if info.head.task == "token":
            _write_tokens(handle, names, data, predictions)
            return
        labelled = ["label"] if data.labels is not None else []
        handle.write("\t".join(["id", *labelled, *names]) + "\n")
        for row, name in enumerate(data.sequences.ids):
            known = [data.labels[row]] if data.labels is not None else []
            numbers = [f"{value:.6g}" for value in predictions.values[row]]
            handle.write("\t".join([name, *known, *numbers]) + "\n")


def _write_tokens(handle: IO[str], names: list[str], data: LabelledSet, predictions: Predictions) -> None:
    handle.write("\t".join(["id", "position", *names]) + "\n")
    for row, name in enumerate(data.sequences.ids):
        for position, probs in enumerate(predictions.of(row)):
            handle.write("\t".join([name, str(position), *(f"{value:.6g}" for value in probs)]) + "\n")
