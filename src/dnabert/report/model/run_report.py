"""The report on one run: how it was trained, how good it is, what it was made from."""

import json
from collections.abc import Sequence
from pathlib import Path

from dnabert.errors import DataFileError
from dnabert.report.model.performance import metric_cards, performance_section, set_name
from dnabert.report.model.training_curves import finetune_section, hidden_base_card, pretrain_section
from dnabert.report.page import Block, Card, Details, Facts, Notice, Page, Section, write_page
from dnabert.report.run_files import RunFiles, read_run
from dnabert.report.wording import glossary, ordered_metrics

__all__ = ["provenance_section", "report_of_run", "write_model_report"]


def report_of_run(run_dir: Path) -> list[Section]:
    """Sections on a fine-tuned or a pre-training run; parts whose files are not there say so.

    Args:
        run_dir: The run directory.

    Raises:
        DataFileError: It is no run directory, or one of its files is damaged; the message names the file.
    """
    return _sections(_read(run_dir))


def _read(run_dir: Path) -> RunFiles:
    run = read_run(run_dir)
    if run.metrics is None and not run.log and not run.record:
        raise DataFileError(
            f"{run_dir}: holds no run.json, metrics.json or metrics.jsonl; give a run directory of dnabert pretrain or finetune"
        )
    return run


def _is_pretraining(run: RunFiles) -> bool:
    """Fine-tuning records its head; pre-training reports hidden bases."""
    if run.record:
        return run.setting("config", "head") is None
    return any("valid_hidden_base_accuracy" in line for line in run.log)


def _sections(run: RunFiles) -> list[Section]:
    if _is_pretraining(run):
        return [pretrain_section(run), provenance_section([("pre-training", run)])]
    performance = performance_section(run)
    figures = (run.metrics.test or run.metrics.valid) if run.metrics is not None else None
    performance = Section(performance.title, (*performance.blocks, glossary(ordered_metrics(figures))))
    return [performance, finetune_section(run, "How it was trained"), provenance_section([("fine-tuning", run)])]


def write_model_report(path: Path, run_dir: Path, *, extras: Sequence[Section] = (), command: str = "") -> None:
    """Write the report of a run as one HTML file, in place of what is there.

    Args:
        path: The file.
        run_dir: The run directory.
        extras: Further sections, put before the provenance.
        command: The command line that makes the report.

    Raises:
        DataFileError: It is no run directory, or one of its files is damaged.
        OutputError: The file cannot be written.
    """
    run = _read(run_dir)
    sections = _sections(run)
    cards: tuple[Card, ...] = hidden_base_card(run)
    lead = "A model pre-trained on DNA alone: how it learnt, and what it was made from."
    if not _is_pretraining(run):
        cards = metric_cards(run, ("mcc", "auroc", "auprc", "accuracy", "f1", "spearman", "pearson"))
        lead = (
            f"A model fine-tuned on labelled DNA: how good it is on its {set_name(run)} set, how it was trained, and what it was made from."
        )
    page = Page(f"Model report: {run_dir.resolve().name}", lead, (*sections[:-1], *extras, sections[-1]), cards, command)
    write_page(path, page)


def provenance_section(runs: Sequence[tuple[str, RunFiles]], title: str = "Where this comes from") -> Section:
    """Command, seed, weights, inputs, versions and settings of each run.

    Args:
        runs: Names and runs.
        title: Heading of the section.
    """
    blocks: list[Block] = []
    for name, run in runs:
        blocks += _run_blocks(name, run, alone=len(runs) == 1)
    return Section(title, tuple(blocks))


def _run_blocks(name: str, run: RunFiles, *, alone: bool) -> list[Block]:
    if not run.record:
        return [Notice(f"{name}: there is no `run.json` in {run.directory.name}, so command, seed, inputs and versions are not known.")]
    rows = [
        ("Run", name),
        ("Command", str(run.setting("command") or "not recorded")),
        ("Written by", f"dnabert {run.setting('dnabert') or 'of unknown version'}"),
        ("Seed", _text(run.setting("seed"))),
        ("Weights, SHA-256", run.model_sha256 or "no model.safetensors in this run"),
        ("Started from", _origin(run)),
        ("Computed on", " · ".join(_machine(run)) or "unknown"),
        ("Versions", ", ".join(f"{package} {version}" for package, version in (run.setting("versions") or {}).items()) or "unknown"),
    ]
    rows += [(f"Input {path}, SHA-256", str(digest)) for path, digest in (run.setting("inputs") or {}).items()]
    settings = Details("All settings", (Facts(tuple(_flatten(run.setting("config") or {})), is_dense=True),))
    content: list[Block] = [Facts(tuple(rows)), settings]
    return content if alone else [Details(name, tuple(content))]


def _text(value: object) -> str:
    return "none" if value is None else str(value)


def _origin(run: RunFiles) -> str:
    model = run.setting("model")
    if not isinstance(model, dict):
        return "random weights"
    return f"{model.get('directory')} (SHA-256 {model.get('sha256')})"


def _machine(run: RunFiles) -> list[str]:
    parts = [run.setting("device"), run.setting("dtype"), run.setting("machine", "platform")]
    return [str(part) for part in parts if part is not None]


def _flatten(settings: object, path: str = "") -> list[tuple[str, str]]:
    """Settings as dotted names and values, in the order of the file."""
    if not isinstance(settings, dict):
        return [(path, json.dumps(settings))]
    return [row for key, value in settings.items() for row in _flatten(value, f"{path}.{key}" if path else str(key))]
