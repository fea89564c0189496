"""What a model says, as files: predictions as a TSV, figures of a run as JSON."""

import logging
from pathlib import Path
from typing import IO

from dnabert.data.labelled import LabelledSet
from dnabert.device import Machine
from dnabert.forward import Predictions
from dnabert.infer.predictor import Predictor
from dnabert.output import open_output, provenance_lines, sha256_of_file, write_json
from dnabert.train.finetune import FinetuneResult
from dnabert.train.loop import STATE_FILE

__all__ = ["evaluate_run", "write_predictions"]

log = logging.getLogger(__name__)


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


def evaluate_run(
    run: Path,
    result: FinetuneResult,
    valid: LabelledSet,
    test: LabelledSet | None,
    machine: Machine,
    command: str,
) -> dict[str, float | int | None]:
    """Write ``metrics.json`` and ``predictions.tsv`` of a finished run, from the saved model, the way ``predict`` reads it.

    Args:
        run: The run directory.
        result: What training ended with.
        valid: The validation set.
        test: The test set, or None; it is scored here, once.
        machine: Where to compute.
        command: The command line, for the record.

    Returns:
        Figures on the test set, or on the validation set if there is none.

    Raises:
        DataFileError: A label of the test set is not among those of the model.
        OutputError: A file cannot be written.
    """
    predictor = Predictor(run, machine)
    shown, evaluated = valid, predictor.evaluate(valid, rounds=0)
    figures: dict[str, object] = {
        "valid": evaluated.metrics,
        "steps": result.steps,
        "best_step": result.best_step,
        "collapsed": result.collapsed,
    }
    log.info("%s: step %d of %d kept; %s", run, result.best_step, result.steps, _summary("validation", evaluated.metrics))
    if test is not None:
        shown, evaluated = test, predictor.evaluate(test)
        figures |= {"test": evaluated.metrics, "test_intervals": evaluated.intervals}
        log.info("%s", _summary("test", evaluated.metrics))
    if test is not None and Path(test.source).is_file():
        figures["test_sha256"] = sha256_of_file(Path(test.source))
    write_predictions(run / "predictions.tsv", shown, evaluated.predictions, predictor, command, force=True)
    write_json(run / "metrics.json", figures)
    (run / STATE_FILE).unlink(missing_ok=True)
    return evaluated.metrics


def _summary(name: str, metrics: dict[str, float | int | None]) -> str:
    parts = [f"{key} {value:.4f}" for key, value in metrics.items() if isinstance(value, float)]
    return f"{name} ({metrics['n']}): {', '.join(parts)}"
