"""A report from start to end: files in, one HTML file out; and the reading alone, for the demo."""

import logging
from copy import copy
from dataclasses import replace
from pathlib import Path

import torch

from dnabert import __version__
from dnabert.choices import AmbiguityPolicy, DeviceName, DtypeName
from dnabert.cli.jobs.report.attention import attention_part
from dnabert.cli.jobs.report.config import ReportConfig
from dnabert.cli.jobs.report.kinds import positive_number
from dnabert.cli.jobs.report.motifs import motif_part
from dnabert.cli.jobs.report.question import Question, shown_names
from dnabert.cli.jobs.report.tokens import token_part
from dnabert.cli.jobs.report.vectors import check_map, map_part
from dnabert.data.labelled import LabelledSet, inputs_of, read_set
from dnabert.device import Machine, choose_machine
from dnabert.errors import ConfigError
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.sets import check_readable
from dnabert.infer.attribution.gradients import check_installed
from dnabert.infer.predictor import Predictor
from dnabert.model.config import HeadConfig
from dnabert.motif.compare import Database, jaspar_database, read_meme_database
from dnabert.output import check_free, check_not_inputs, provenance
from dnabert.registry import resolve_model
from dnabert.report.model.evaluated import Evaluated
from dnabert.report.model.page import ModelReading, write_reading
from dnabert.report.model.run_report import write_model_report
from dnabert.report.page import Section
from dnabert.report.run_files import Metrics, RunFiles, read_run

__all__ = ["read_model", "run_report", "write_run_report"]

log = logging.getLogger(__name__)


def run_report(
    source: str,
    model: str,
    out: Path,
    config: ReportConfig,
    *,
    positive_class: str | None,
    database: str,
    genome: Path | None,
    ambiguous: AmbiguityPolicy,
    device: DeviceName,
    dtype: DtypeName,
    command: str,
    force: bool,
    quiet: bool,
) -> None:
    """Read labelled sequences, ask the model, write the page.

    Args:
        source: The labelled sequences.
        model: The model, as the user names it.
        out: The new HTML file.
        config: Settings.
        positive_class: The class that is set against the rest, or None.
        database: Known motifs to compare with: ``jaspar``, a MEME file, or ``none``.
        genome: Genome of a BED input.
        ambiguous: What to do with N.
        device: Where to compute.
        dtype: Number type; ``auto`` is float32 but for the figures, which are those of ``dnabert evaluate``.
        command: The command line.
        force: Replace what is there.
        quiet: No progress bars.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    check_not_inputs([out], {"DATA": source, "--genome": genome})
    check_free(out, force)
    check_map(config.map)
    if config.motifs_from == "attribution" and "motifs" not in config.leave_out:
        check_installed(config.motifs.attribution)
    directory = resolve_model(model)
    predictor = Predictor(directory, choose_machine(device, dtype))
    positive_number(predictor.info, positive_class)
    known = _database(database)
    pair = predictor.info.head.task == "pair"
    data = read_set(source, predictor.kmer, genome=genome, ambiguous=ambiguous, pair=pair)
    log.info("%d sequences, %d ambiguous bases, %d skipped", len(data), data.num_ambiguous, data.num_skipped)
    reading = read_model(
        predictor,
        data,
        config,
        name=directory.resolve().name,
        positive_class=positive_class,
        database=known,
        machine=None if dtype == "auto" else predictor.machine,
        command=command,
        quiet=quiet,
    )
    write_reading(out, reading, command)
    log.info("%s: open it in a browser; it needs no network", out)


def write_run_report(model: str, out: Path, *, command: str, force: bool) -> None:
    """The page of what a run's own files tell, without any sequences.

    Raises:
        DnabertError: It is no run, or the place is taken.
    """
    check_free(out, force)
    write_model_report(out, resolve_model(model), command=command)


def _database(name: str) -> Database | None:
    if name == "none":
        return None
    return jaspar_database() if name == "jaspar" else read_meme_database(Path(name))


def read_model(
    predictor: Predictor,
    data: LabelledSet,
    config: ReportConfig,
    *,
    name: str,
    positive_class: str | None = None,
    database: Database | None = None,
    machine: Machine | None = None,
    command: str = "",
    quiet: bool = True,
) -> ModelReading:
    """Everything that a report says, in the order of the page.

    Args:
        predictor: The model.
        data: Labelled sequences.
        config: Settings.
        name: What the model is called.
        positive_class: The class that is set against the rest; None: the second of two.
        database: Known motifs, or None.
        machine: Where attention, motifs and map are computed; None: where the figures are, in float32, since rounding moves single bases.
        command: The command line, for the record.
        quiet: No progress bars.

    Raises:
        ConfigError: A setting does not fit the model or the sequences.
        DataFileError: A label is none of the model's, or a file of a run is damaged.
    """
    _check(predictor, data, config)
    wanted = config.motifs_in and "motifs" not in config.leave_out and predictor.info.head.task in ("classify", "multilabel")
    searched = read_set(config.motifs_in, predictor.kmer) if wanted else None
    log.info("asking the model")
    evaluation = predictor.evaluate(data, config.strand, config.rounds)
    reader = copy(predictor)
    reader.machine = machine or replace(predictor.machine, dtype=torch.float32)
    question = Question(reader, data, config, positive_number(predictor.info, positive_class), evaluation, quiet)
    runs = [(member.directory.name, read_run(member.directory)) for member in predictor.members]
    sections: list[Section] = []
    if predictor.info.head.task == "token" and config.examples:
        sections.append(token_part(question))
    if "attention" not in config.leave_out:
        log.info("reading its attention")
        sections.append(attention_part(question))
    if "motifs" not in config.leave_out:
        log.info("looking for motifs")
        sections.append(motif_part(question, searched or data, database))
    if "map" not in config.leave_out:
        log.info("drawing the map")
        sections.append(map_part(question))
    evaluated = _evaluated(question, [run for _, run in runs])
    settings = tuple((key, "unset" if value is None else str(value)) for key, value in _flat(config.model_dump(mode="json")))
    return ModelReading(name, evaluated, tuple(sections), runs, _facts(question, searched, predictor.machine, command), settings)


def _check(predictor: Predictor, data: LabelledSet, config: ReportConfig) -> None:
    """Stop before the work where a setting fits neither the model nor the sequences."""
    shown_names(predictor, config)
    if predictor.info.head.task not in ("pair", "token"):
        for layer in {config.layer, config.motifs.layer}:
            check_readable(predictor.members, AttentionConfig(layer=layer))
    shortest = int(data.sequences.first.lengths.min())
    if config.anchor is not None and config.anchor >= shortest:
        raise ConfigError(f"anchor is {config.anchor}, and a sequence has {shortest} bases: 0 to {shortest - 1} can be the anchor")


def _evaluated(question: Question, runs: list[RunFiles]) -> Evaluated:
    targets, predicted = question.placed
    evaluation, data, info = question.evaluation, question.data, question.predictor.info
    seen_as = next((name for run in runs for name, digest in _inputs(run).items() if digest == data.digest), "")
    return Evaluated(
        Path(data.source).name,
        info.head.task,
        question.names,
        evaluation.metrics,
        evaluation.intervals,
        targets,
        predicted,
        len(data),
        _own_test(runs, data) if len(runs) == 1 else None,
        seen_as.removesuffix(" (content)"),
        _unit(info.head),
    )


def _unit(head: HeadConfig) -> str:
    """What an example of the task is, in the plural."""
    return {"base": "bases", "kmer": "k-mers"}[head.token_level] if head.task == "token" else "sequences"


def _inputs(run: RunFiles) -> dict[str, str]:
    inputs = run.setting("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _own_test(runs: list[RunFiles], data: LabelledSet) -> Metrics | None:
    """Figures on the test set of the training, unless that is the file at hand."""
    figures = runs[0].metrics.test if runs[0].metrics is not None else None
    table = runs[0].predictions
    if figures is None or (table is not None and table.ids == data.sequences.ids and table.labels == data.labels):
        return None
    return figures


def _facts(question: Question, searched: LabelledSet | None, machine: Machine, command: str) -> tuple[tuple[str, str], ...]:
    predictor, data = question.predictor, question.data
    record = provenance(command, inputs_of([data, searched] if searched else [data]), question.config.seed)
    rows = [
        ("Command", command or "not recorded"),
        ("Written by", f"dnabert {__version__}"),
        ("Model, SHA-256", predictor.sha256),
        ("Trained on", predictor.info.trained_on or "not recorded"),
        ("Sequences", f"{len(data):,} of {data.source}; {data.num_skipped:,} left out, {data.num_ambiguous:,} ambiguous bases"),
        ("Computed on", machine.device.type),
        ("Number type", _number_types(machine, predictor.machine)),
        ("Versions", ", ".join(f"{package} {version}" for package, version in record["versions"].items())),
    ]
    rows += [(f"Input {path}, SHA-256", digest) for path, digest in record["inputs"].items()]
    return tuple(rows)


def _number_types(figures: Machine, rest: Machine) -> str:
    first, second = (str(machine.dtype).removeprefix("torch.") for machine in (figures, rest))
    return first if first == second else f"figures {first}; attention, motifs and map {second}"


def _flat(settings: object, path: str = "") -> list[tuple[str, object]]:
    if not isinstance(settings, dict):
        return [(path, settings)]
    return [row for key, value in settings.items() for row in _flat(value, f"{path}.{key}" if path else str(key))]
