"""``dnabert finetune``."""

import logging
from pathlib import Path

from dnabert.choices import FinetuneTask, Pooling, PresetName
from dnabert.cli.options import Ambiguous, ConfigFile, Device, Dtype, Force, Genome, OutDirectory, Quiet, Resume, Settings, command_line

log = logging.getLogger(__name__)


def finetune(
    *,
    train: Path,
    out: OutDirectory,
    model: str | None = None,
    valid: Path | None = None,
    test: Path | None = None,
    task: FinetuneTask | None = None,
    stranded: bool | None = None,
    pooling: Pooling | None = None,
    epochs: int | None = None,
    lr: float | None = None,
    batch_size: int | None = None,
    preset: PresetName | None = None,
    kmer: int | None = None,
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    resume: Resume = False,
    config: ConfigFile = None,
    settings: Settings = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
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
        task: What the labels are; without it, what the head of the table says (those of dnabert dataset do), else classes.
        stranded: Whether the strand carries meaning (promoters, splice sites); --no-stranded for binding sites.
        pooling: Vector of a sequence: cls, mean or max.
        epochs: Passes over the training set, at most.
        lr: Highest learning rate; without it, chosen by the width of the model.
        batch_size: Sequences of one step.
        preset: Sizes of a model from random weights; without it, mini.
        kmer: k of a model from random weights; without it, 6.
        seed: All randomness comes from it.
    """
    from dnabert.checkpoint import load_model
    from dnabert.cli.results import evaluate_run
    from dnabert.data.hold_out import hold_out
    from dnabert.data.labelled import LabelledSet, read_set, stated_task
    from dnabert.data.targets import find_classes, make_targets
    from dnabert.device import choose_machine
    from dnabert.model.config import HeadConfig
    from dnabert.output import check_free
    from dnabert.registry import resolve_model
    from dnabert.settings import merge_settings
    from dnabert.train.config import FinetuneConfig
    from dnabert.train.config import preset as preset_sizes
    from dnabert.train.finetune import finetune as run_finetuning

    if not resume:
        check_free(out, force)
    said = task is not None or any(text.startswith("head.task") for text in settings or ())
    stated = None if said else stated_task(train)
    defaults = FinetuneConfig() if stated is None else FinetuneConfig(head=HeadConfig(task=stated))
    flags = {
        "head.task": task,
        "head.pooling": pooling,
        "stranded": stranded,
        "epochs": epochs,
        "optim.lr": lr,
        "batch_size": batch_size,
        "seed": seed,
    }
    chosen = merge_settings(defaults, config, settings or (), flags)
    machine = choose_machine(device, dtype)
    start_from = None if model is None else resolve_model(model)
    if start_from is not None and (preset or kmer):
        log.warning("--preset and --kmer are for models from random weights; sizes and k are those of %s", start_from)
    sizes = preset_sizes(preset or "mini", kmer or 6)
    shortest = sizes.kmer if start_from is None else load_model(start_from, chosen.head).model.config.kmer

    def load(path: Path) -> LabelledSet:
        data = read_set(path, shortest, genome=genome, ambiguous=ambiguous, pair=chosen.head.task == "pair")
        if data.num_ambiguous or data.num_skipped:
            log.info("%s: %d ambiguous bases, %d entries skipped for them", data.source, data.num_ambiguous, data.num_skipped)
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
