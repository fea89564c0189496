"""What is wrong with labelled files, and what would be trained on."""

from dnabert.data.check.report import FileReport, SetReport, check_files

__all__ = ["FileReport", "SetReport", "check_files"]
