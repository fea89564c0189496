"""The report on a data set: what was built, what was left out, and what a model could learn from it by the wrong means."""

from dnabert.report.dataset.page import write_dataset_report

__all__ = ["write_dataset_report"]
