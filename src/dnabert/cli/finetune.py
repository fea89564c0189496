"""``dnabert finetune``."""

import logging
from pathlib import Path
from typing import Literal

from dnabert.cli.options import Ambiguous, ConfigFile, Force, Genome, Out, Quiet, Settings, command_line
from dnabert.cli.tables import write_predictions
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.targets import find_classes, make_targets
from dnabert.device import DeviceName, DtypeName, Machine, choose_machine
from dnabert.infer.predictor import Predictor
from dnabert.model.config import HeadConfig, Pooling
from dnabert.output import check_free, sha256_of_file, write_json
from dnabert.registry import resolve_model
from dnabert.settings import merge_settings
from dnabert.train.config import FinetuneConfig, PresetName
from dnabert.train.config import preset as preset_sizes
from dnabert.train.finetune import FinetuneResult, hold_out
from dnabert.train.finetune import finetune as run_finetuning

log = logging.getLogger(__name__)


def finetune(
    *,
    train: Path,
    out: Out,
    model: str | None = None,
    valid: Path | None = None,
    test: Path | None = None,
    task: Literal["classify", "multilabel", "regress", "token", "pair"] = "classify",
    stranded: bool | None = None,
    pooling: Pooling | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch_size: int | None = None,
    preset: PresetName = "mini",
    kmer: int = 6,
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    resume: bool = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    seed: int | None = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune a model; the moment with the best validation is kept, the test table is touched once, at the end.

    Args:
        train: CSV/TSV (sequence,label; pairs: sequence1,sequence2,label), FASTA with label=... in the header, or BED with --genome.
        model: Run directory, packaged name or hub id; without it, random weights of --preset and --kmer.
        valid: Validation set; without it a tenth of the training set is held out.
        test: Test set.
        task: What the labels are.
        stranded: Whether the strand carries meaning (promoters, splice sites); --no-stranded for binding sites.
        pooling: Vector of a sequence: cls, mean or max.
        epochs: Passes over the training set, at most.
        lr: Highest learning rate; without it, chosen by the width of the model.
        batch_size: Sequences of one step.
        preset: Sizes of a model from random weights.
        kmer: k of a model from random weights.
        resume: Go on from the state in --out.
        seed: All randomness comes from it.
    """
    if not resume:
        check_free(out, force)
    flags = {
        "head.task": task,
        "head.pooling": pooling,
        "stranded": stranded,
        "epochs": epochs,
        "optim.lr": lr,
        "auto_lr": None if lr is None else False,
        "batch_size": batch_size,
        "seed": seed,
    }
    lr_given = lr is not None or any(text.startswith("optim.lr=") for text in settings or ())
    chosen = merge_settings(FinetuneConfig(head=HeadConfig(task=task)), config, settings or (), flags)
    if lr_given:
        chosen = chosen.model_copy(update={"auto_lr": False})
    machine = choose_machine(device, dtype)
    start_from = None if model is None else resolve_model(model)
    sizes = preset_sizes(preset, kmer)
    shortest = sizes.kmer if start_from is None else _kmer_of(start_from)

    def load(path: Path) -> LabelledSet:
        data = read_set(path, shortest, genome=genome, ambiguous=ambiguous, pair=chosen.head.task == "pair")
        _report(data)
        return data

    training = load(train)
    validation = None if valid is None else load(valid)
    if validation is None:
        training, validation = hold_out(training, chosen.valid_fraction, chosen.seed)
        log.info("no validation set given: %d sequences are held out of %d", len(validation), len(validation) + len(training))
    testing = None if test is None else load(test)
    if testing is not None:  # a label that cannot be scored stops here, not after the training
        head = chosen.head
        make_targets(testing, head.task, find_classes(training, head.task), head.token_level, shortest)
    result = run_finetuning(
        training,
        validation,
        out,
        chosen,
        machine,
        start_from=start_from,
        sizes=None if start_from else sizes,
        resume=resume,
        force=force,
        command=command_line(),
        quiet=quiet,
    )
    evaluate_run(out, result, validation, testing, machine, command_line())


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
        test: The test set, or None; it is read here for the first and only time.
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
    return evaluated.metrics


def _kmer_of(directory: Path) -> int:
    from dnabert.checkpoint import load_model

    return load_model(directory, HeadConfig(task="classify")).model.config.kmer


def _report(data: LabelledSet) -> None:
    if data.num_ambiguous or data.num_skipped:
        log.info("%s: %d ambiguous bases, %d entries skipped for them", data.source, data.num_ambiguous, data.num_skipped)


def _summary(name: str, metrics: dict[str, float | int | None]) -> str:
    parts = [f"{key} {value:.4f}" for key, value in metrics.items() if isinstance(value, float)]
    return f"{name} ({metrics['n']}): {', '.join(parts)}"
