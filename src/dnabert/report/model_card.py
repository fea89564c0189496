"""The model card: what a model is made of, how well it does, and what it is not for, as the README.md of its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dnabert.checkpoint import SavedModel
from dnabert.plot.export import save_figure
from dnabert.plot.performance.curves import Curve
from dnabert.plot.performance.training import step_figure
from dnabert.report.run_files import RunFiles
from dnabert.report.wording import METRIC_NAMES, metric_text, ordered_metrics

__all__ = ["CARD", "CURVE", "model_card", "write_curve"]

CARD, CURVE = "README.md", "curve.svg"
_MOST_ROWS = 12
"""Validations shown, evenly chosen."""


def write_curve(run: RunFiles, path: Path) -> bool:
    """The loss of training and of held-out data over the steps, as a figure.

    Args:
        run: The run that the model comes from.
        path: The new file.

    Returns:
        Whether there was a curve to draw.

    Raises:
        OutputError: The file cannot be written.
    """
    curves = [Curve("training", *run.series("loss")), Curve("held-out data", *run.series("valid_loss"))]
    curves = [curve for curve in curves if len(curve.x)]
    if curves:
        save_figure(step_figure(curves, "Loss"), path)
    return bool(curves)


def model_card(name: str, saved: SavedModel, run: RunFiles, weights: Mapping[str, str], *, note: str = "", licence: str = "") -> str:
    """The card as Markdown, with the head that model hubs read.

    Args:
        name: What the model is called.
        saved: The model.
        run: The run it comes from; parts that it does not have are left out.
        weights: Facts of the weights file: name by text (size, number type, SHA-256).
        note: A paragraph on what to know before use.
        licence: SPDX identifier; empty where nothing was said.
    """
    head = ["---", *([f"license: {licence.lower()}"] if licence else []), "library_name: dnabert", "tags: [DNA, genomics, BERT]", "---"]
    task = saved.info.head.task
    parts = [
        "\n".join(head),
        f"# {name}",
        _lead(saved),
        *([note] if note else []),
        "## Use\n\n```bash\n" + _use(name, task) + "\n```",
        "## Made of\n\n" + _table(("what", "value"), [*_sizes(saved), *weights.items()]),
    ]
    training = _training(run)
    if training:
        parts.append("## Training\n\n" + _table(("what", "value"), training))
    inputs = run.record.get("inputs")
    if isinstance(inputs, dict) and inputs:
        rows = [(Path(path).name, f"`{digest}`") for path, digest in inputs.items()]
        parts.append("Data (SHA-256 of the files as they were read):\n\n" + _table(("file", "SHA-256"), rows))
    course = _course(run)
    if course:
        parts.append(f"## Course\n\n![Loss over the steps]({CURVE})\n\n{course}")
    figures = _figures(run)
    if figures:
        parts.append("## Figures\n\n" + figures)
    parts.append("## Limits\n\n" + "\n".join(f"- {text}" for text in _limits(saved)))
    return "\n\n".join(parts) + "\n"


def _lead(saved: SavedModel) -> str:
    config, task = saved.model.config, saved.info.head.task
    trained = f" Trained on {saved.info.trained_on}." if saved.info.trained_on else ""
    what = "pre-trained by filling in hidden k-mers, to be fine-tuned" if task == "masked_lm" else f"fine-tuned for the task `{task}`"
    return f"A BERT model of DNA over overlapping {config.kmer}-mers (DNABERT, Ji et al. 2021), {what}.{trained}"


def _use(name: str, task: str) -> str:
    if task == "masked_lm":
        return f"dnabert finetune --train train.csv --valid valid.csv --model {name} --out runs/mine"
    return f"dnabert predict sequences.fa --model {name} --out predictions.tsv"


def _sizes(saved: SavedModel) -> list[tuple[str, str]]:
    config, info = saved.model.config, saved.info
    longest = config.max_positions - 2
    rows = [
        ("blocks, width, heads", f"{config.num_layers}, {config.hidden_size}, {config.num_heads}"),
        ("weights", f"{sum(weight.numel() for weight in saved.model.parameters()):,}"),
        ("k", f"{config.kmer}; vocabulary of {config.vocab_size:,}"),
        ("longest window", f"{longest} k-mers, {longest + config.kmer - 1} bases"),
    ]
    if info.labels:
        rows.append(("outputs", ", ".join(info.labels)))
    if info.head.task != "masked_lm":
        rows.append(("strand", "carries meaning" if info.stranded else "carries none"))
    return rows


def _training(run: RunFiles) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []

    def add(what: str, value: object, form: str = "{}") -> None:
        if value is not None:
            rows.append((what, form.format(value)))

    metrics = run.metrics
    add("steps", metrics.steps if metrics else None, "{:,}")
    add("k-mers read", metrics.tokens if metrics else None, "{:,}")
    add("k-mers read before, by the model it went on from", metrics.earlier_tokens if metrics else None, "{:,}")
    origin = run.record.get("model")
    add("weights it went on from, SHA-256", origin.get("sha256") if isinstance(origin, dict) else None, "`{}`")
    add("batch", run.setting("config", "batch_size"))
    masking = run.setting("config", "masking")
    if isinstance(masking, dict):
        rows.append(("masks", f"{masking.get('kind')}, {masking.get('rate'):.0%} of the k-mers, width {masking.get('width')}"))
    corpus = run.setting("config", "corpus")
    if isinstance(corpus, dict):
        strands = "both strands" if corpus.get("both_strands") else "one strand"
        short = (
            f", in the first {corpus['short_share']:.0%} of the steps at most {corpus['short_tokens']}" if corpus.get("short_share") else ""
        )
        rows.append(("windows", f"{corpus.get('min_tokens')} to {corpus.get('max_tokens')} k-mers{short}; {strands}"))
    add("highest learning rate", run.setting("config", "optim", "lr"), "{:g}")
    add("seed", run.record.get("seed"))
    held_out = run.setting("valid_contigs")
    add("contigs held out", len(held_out) if isinstance(held_out, list) else None)
    device, platform, cpus = run.setting("device"), run.setting("machine", "platform"), run.setting("machine", "cpus")
    if device and platform:
        rows.append(("hardware", f"{device}, {cpus} cores, {platform}; {run.setting('dtype')}"))
    _, speeds = run.series("tokens_per_s")
    if len(speeds):
        rows.append(("speed", f"{sorted(speeds)[len(speeds) // 2]:,.0f} k-mers a second (median)"))
    versions = run.setting("versions")
    if isinstance(versions, dict):
        rows.append(("versions", f"dnabert {run.record.get('dnabert')}, " + ", ".join(f"{name} {text}" for name, text in versions.items())))
    command = run.record.get("command")
    if command:
        rows.append(("command", f"`{_without_folders(str(command))}`"))
    return rows


def _without_folders(command: str) -> str:
    """Paths of one machine mean nothing elsewhere."""
    return " ".join(word.rsplit("/", 1)[-1] if word.startswith(("/", "..", "~")) else word for word in command.split())


def _course(run: RunFiles) -> str:
    names = [name for name in ("valid_loss", "valid_hidden_base_accuracy", "valid_mcc") if len(run.series(name)[0])]
    if not names:
        return ""
    lines = [line for line in run.log if line.get(names[0]) is not None]
    step = max(1, -(-len(lines) // _MOST_ROWS))
    chosen = lines[::-1][::step][::-1]  # the last one always
    titles = {"valid_loss": "validation loss", "valid_hidden_base_accuracy": "hidden bases right", "valid_mcc": "validation MCC"}
    rows = [(f"{line['step']:,}", *(_number(line.get(name)) for name in names)) for line in chosen]
    return _table(("step", *(titles[name] for name in names)), rows)


def _figures(run: RunFiles) -> str:
    if run.metrics is None:
        return ""
    columns = [(title, figures) for title, figures in (("held-out data", run.metrics.valid), ("test data", run.metrics.test)) if figures]
    if not columns:
        return ""
    known = [name for name in ordered_metrics(columns[0][1]) if name in METRIC_NAMES]
    rows = [(METRIC_NAMES[name], *(metric_text(figures.get(name)) for _, figures in columns)) for name in known]
    return _table(("figure", *(title for title, _ in columns)), rows)


def _limits(saved: SavedModel) -> list[str]:
    longest = saved.model.config.max_positions - 3 + saved.model.config.kmer
    found = [
        "It has seen reference sequence alone: no variants of a population, no methylation, no chromatin.",
        f"It reads at most {longest} bases at once, and k-mers over N or another ambiguous letter as [UNK].",
        "It is a tool of research: nothing it says is fit for a diagnosis without validation of its own.",
    ]
    if saved.info.head.task != "masked_lm" and saved.info.window_bp:
        found.insert(1, f"It was trained on sequences of at most {saved.info.window_bp} bases; on others its figures do not hold.")
    return found


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
