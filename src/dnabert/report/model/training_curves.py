"""How the training went: sections on a pre-training and on a fine-tuning run."""

import numpy as np

from dnabert.metrics import SELECTION
from dnabert.plot.performance.curves import Curve
from dnabert.plot.performance.training import step_figure
from dnabert.report.curves import wilson_interval
from dnabert.report.page import Block, Card, Cell, Notice, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.run_files import RunFiles
from dnabert.report.wording import MEANINGS, METRIC_NAMES, metric_text, ordered_metrics, plural

__all__ = ["finetune_section", "hidden_base_card", "pretrain_section"]

_NO_LOG = "There is no `metrics.jsonl` in this run, so there is no curve to show."
_FINETUNE_LOSS = {
    "regress": "Mean squared error (standardised values)",
    "multilabel": "Binary cross-entropy (nats per label)",
}
_FINETUNE_CHANCE = {"mcc": 0.0, "auroc": 0.5, "spearman": 0.0}


def hidden_base_card(run: RunFiles, frequent_base: float | None = None) -> tuple[Card, ...]:
    """The honest figure of pre-training as a card; none if the run does not have it.

    Args:
        run: A pre-training run.
        frequent_base: As for :func:`pretrain_section`.
    """
    share = _hidden_base_share(run)
    rival = "" if frequent_base is None else f", commonest base {frequent_base:.1%}"
    return () if share is None else (Card("Hidden bases right, pre-training", f"{share:.1%}", f"guessing 25%{rival}"),)


def _hidden_base_share(run: RunFiles) -> float | None:
    figures = (run.metrics.valid if run.metrics is not None else None) or {}
    return figures.get("hidden_base_accuracy")


def pretrain_section(run: RunFiles, frequent_base: float | None = None, title: str = "Pre-training") -> Section:
    """What the model learnt from DNA alone.

    Args:
        run: A pre-training run.
        frequent_base: What always guessing the most frequent base of the held-out DNA reaches, 0-1; None leaves it out.
        title: Heading of the section.
    """
    kmer = run.setting("config", "model", "kmer")
    k = "k-mers" if kmer is None else f"{kmer}-mers"
    blocks: list[Block] = [
        Paragraph(
            f"The model reads windows of DNA as overlapping {k} and learns to fill in the ones that are hidden from it. No labels are"
            " needed. Progress is measured on DNA that is held out. A hidden base counts only if **no visible neighbour shows it**:"
            " otherwise the task could be solved by copying."
        )
    ]
    blocks += _pretrain_verdict(run, frequent_base)
    if run.log:
        blocks.append(_pretrain_pictures(run, k, frequent_base))
    else:
        blocks.append(Notice(_NO_LOG))
    figures = run.metrics.valid if run.metrics is not None else None
    if figures:
        known = [name for name in ordered_metrics(figures) if name in METRIC_NAMES]
        rows = tuple((Cell(METRIC_NAMES[name], note=MEANINGS[name]), metric_text(figures[name])) for name in known)
        steps = plural(run.metrics.steps, "step") if run.metrics is not None and run.metrics.steps is not None else "the last step"
        blocks.append(Table(("Figure", ">Held-out DNA"), rows, f"After {steps}."))
    else:
        blocks.append(Notice("There are no validation figures in `metrics.json`: no contig was held out, or the run has not ended."))
    return Section(title, tuple(blocks))


def _pretrain_verdict(run: RunFiles, frequent_base: float | None) -> list[Block]:
    share = _hidden_base_share(run)
    if share is None:
        return []
    assert run.metrics is not None
    assert run.metrics.valid is not None
    count = int(run.metrics.valid.get("hidden_bases") or 0)
    interval = ""
    low = share
    if count:
        lows, highs = wilson_interval(np.array([share * count]), np.array([count]))
        low = float(lows[0])
        interval = f" (95% interval {low:.1%} to {highs[0]:.1%}, over {count:,} hidden bases)"
    rival = "Guessing blindly gives 25%."
    if frequent_base is not None:
        rival = f"Guessing blindly gives 25%, always naming the most frequent base {frequent_base:.1%}."
    bar = max(0.25, frequent_base or 0.0)
    verdict = (
        "The model has learnt something about this DNA beyond its composition."
        if low > bar and frequent_base is not None
        else "That is more than blind guessing; whether it is more than the composition of the DNA was not measured here."
        if low > bar
        else "That is no more than guessing yet: it takes more steps (`--steps`) or a larger genome to learn from."
    )
    return [Paragraph(f"It names **{share:.1%}** of the hidden bases right{interval}. {rival} {verdict}")]


def _pretrain_pictures(run: RunFiles, k: str, frequent_base: float | None) -> Pictures:
    losses = [Curve("training", *run.series("loss")), Curve("held-out DNA", *run.series("valid_loss"))]
    pictures = []
    if any(len(curve.x) for curve in losses):
        figure = step_figure([curve for curve in losses if len(curve.x)], f"Loss (nats per masked {k.removesuffix('s')})")
        caption = "How surprised the model is by what was hidden: lower is better. The two lines part when it learns by heart."
        pictures.append(Picture.of(figure, "Pre-training loss", caption))
    steps, share = run.series("valid_hidden_base_accuracy")
    if len(steps):
        references = [("chance (25%)", 25.0)]
        if frequent_base is not None:
            references.append((f"always the most frequent base ({frequent_base:.1%})", 100 * frequent_base))
        figure = step_figure([Curve("model", steps, 100 * share)], "Hidden bases right (%)", references=references)
        caption = "Bases of held-out DNA that no visible k-mer shows, and that the model names right."
        pictures.append(Picture.of(figure, "Hidden bases named right", caption))
    return Pictures(tuple(pictures))


def finetune_section(run: RunFiles, title: str = "Fine-tuning") -> Section:
    """How the classifier was trained.

    Args:
        run: A fine-tuned run.
        title: Heading of the section.
    """
    task = str(run.setting("config", "head", "task") or "classify")
    select_by = str(run.setting("config", "select_by") or next((figure for name, figure in SELECTION.items() if name == task), "mcc"))
    blocks: list[Block] = [Paragraph(_finetune_lead(run, select_by))]
    if not run.log:
        return Section(title, (*blocks, Notice(_NO_LOG)))
    kept = run.metrics.best_step if run.metrics is not None else None
    pictures = []
    losses = [Curve("training", *run.series("loss")), Curve("validation", *run.series("valid_loss"))]
    if any(len(curve.x) for curve in losses):
        value_name = _FINETUNE_LOSS.get(task, "Cross-entropy loss (nats)")
        figure = step_figure([curve for curve in losses if len(curve.x)], value_name, kept_step=kept)
        caption = "Lower is better. When the validation line rises while the training line falls, the model learns its examples by heart."
        pictures.append(Picture.of(figure, "Fine-tuning loss", caption))
    steps, values = run.series(f"valid_{select_by}")
    if len(steps):
        name = METRIC_NAMES.get(select_by, select_by)
        references = [("chance", _FINETUNE_CHANCE[select_by])] if select_by in _FINETUNE_CHANCE else []
        figure = step_figure([Curve("validation", steps, values)], f"{name} (validation)", references=references, kept_step=kept)
        caption = f"The figure by which the best moment was chosen. {name}: {MEANINGS.get(select_by, 'see the documentation')}."
        pictures.append(Picture.of(figure, f"Validation {name}", caption))
    blocks.append(Pictures(tuple(pictures)) if pictures else Notice("`metrics.jsonl` holds neither losses nor validation figures."))
    return Section(title, tuple(blocks))


def _finetune_lead(run: RunFiles, select_by: str) -> str:
    num_train, num_valid = run.setting("n_train"), run.setting("n_valid")
    model = run.setting("model")
    start = "a pre-trained model" if model else "random weights (no pre-trained model was given)"
    examples = f"on {plural(num_train, 'labelled sequence')}" if isinstance(num_train, int) else "on labelled sequences"
    checked = f", checked on {num_valid:,} others" if isinstance(num_valid, int) else ""
    lead = f"Starting from {start}, all weights were trained {examples}{checked}."
    if run.metrics is not None and run.metrics.steps is not None:
        lead += f" It took {plural(run.metrics.steps, 'step')}"
        if run.metrics.best_step is not None:
            name = METRIC_NAMES.get(select_by, select_by)
            lead += f"; the weights of step {run.metrics.best_step:,} were kept, where validation {name} was best"
        lead += "."
    return lead
