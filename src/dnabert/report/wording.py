"""Figures in words: their names, what they mean, and how they are written."""

from collections.abc import Mapping, Sequence

from dnabert.report.page import Bullets, Details

__all__ = ["MEANINGS", "METRIC_NAMES", "glossary", "interval_text", "metric_text", "ordered_metrics", "plural"]

METRIC_NAMES: dict[str, str] = {
    "mcc": "MCC",
    "accuracy": "Accuracy",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "exact_match": "Exact match",
    "pearson": "Pearson r",
    "spearman": "Spearman ρ",
    "r2": "R²",
    "mae": "Mean absolute error",
    "mse": "Mean squared error",
    "loss": "Loss",
    "perplexity": "Perplexity",
    "masked_accuracy": "Masked k-mers right",
    "hidden_base_accuracy": "Hidden bases right",
}
"""Names of the figures, in the order of tables."""

MEANINGS: dict[str, str] = {
    "mcc": "Matthews correlation between calls and truth: 1 perfect, 0 no better than chance, −1 always wrong",
    "accuracy": "share of sequences called right",
    "auroc": "chance that a positive scores above a negative: 1 perfect, 0.5 guessing",
    "auprc": "precision averaged over all recalls; guessing reaches the share of positives",
    "f1": "harmonic mean of precision and recall",
    "precision": "share of positive calls that are right",
    "recall": "share of positives that are found",
    "exact_match": "share of sequences with every label right",
    "pearson": "linear correlation of predicted and measured values",
    "spearman": "correlation of their ranks",
    "r2": "share of the variance that is explained",
    "mae": "mean distance from the measured value, in its unit",
    "mse": "mean squared distance from the measured value",
    "loss": "cross-entropy, in nats per masked k-mer; lower is better",
    "perplexity": "number of k-mers the model hesitates between",
    "masked_accuracy": "share of masked k-mers named exactly",
    "hidden_base_accuracy": "share of bases named right that no visible k-mer shows",
}


def metric_text(value: float | None) -> str:
    """A figure as a table shows it: three decimals, counts whole, a dash where it is not defined."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}".replace("-", "−")


def interval_text(interval: tuple[float, float] | None) -> str:
    """A 95% interval as text, on one line; empty if there is none."""
    return "" if interval is None else f"{metric_text(interval[0])}\u00a0to\u00a0{metric_text(interval[1])}"


def ordered_metrics(*parts: Mapping[str, object] | None) -> list[str]:
    """Names of all figures in the parts, in the order of tables; unknown ones follow, the number of examples left out."""
    found = {name for part in parts if part for name in part} - {"n"}
    return [name for name in METRIC_NAMES if name in found] + sorted(found - set(METRIC_NAMES))


def plural(count: int, noun: str) -> str:
    """A count with its noun: ``1 sequence``, ``2,000 sequences``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def glossary(names: Sequence[str]) -> Details:
    """What the words and figures of a report mean, folded away."""
    items = [f"**{METRIC_NAMES[name]}**: {MEANINGS[name]}." for name in names if name in MEANINGS]
    items += [
        "**95% interval**: drawing another test set of this size from the same source would mostly give a figure within it"
        " (bootstrap over the sequences, percentile method; for shares in bins and groups, Wilson).",
        "**Training, validation, test**: the model learns from the first, the best moment of training is chosen on the second, and the"
        " third is looked at once, at the end: only its figures say what to expect of new sequences.",
    ]
    return Details("What the words mean", (Bullets(tuple(items)),))
