"""What was found, with the device, as JSON; a number that was not measured on a GPU can not stand in it unmarked."""

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from benchmarks.gpu.machine import Device
from benchmarks.speed.results import Findings
from dnabert.errors import DataFileError
from dnabert.output import write_text

__all__ = ["REAL", "REHEARSED", "Report", "Results", "adopt", "file_name", "read_results", "write_results"]

REAL, REHEARSED = "results.json", "rehearsal.json"
"""Names of the files: they differ, so that neither is taken for, or written over, the other."""


class Report(BaseModel):
    """One section: what it found, where, with which command."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str
    """Its name on the command line."""
    command: str
    """What repeats it."""
    device: Device
    """Where and when."""
    rehearsal: bool
    """Whether sizes were tiny, or there was no GPU."""
    took_s: float
    """How long all of it took."""
    failed: str | None
    """Why there are no findings, or None. That something does not work is a result."""
    findings: Findings

    @model_validator(mode="after")
    def _real_means_gpu(self) -> Self:
        if not self.rehearsal and self.device.kind != "cuda":
            raise ValueError(f"device {self.device.name} is no GPU, so that this is a rehearsal")
        return self


class Results(BaseModel):
    """All sections."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    reports: tuple[Report, ...]
    """One for each section, in their order."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len({report.rehearsal for report in self.reports}) > 1:
            raise ValueError("rehearsed and real sections are not mixed")
        return self

    @property
    def rehearsal(self) -> bool:
        """Whether all of it is a rehearsal."""
        return any(report.rehearsal for report in self.reports)


def file_name(rehearsal: bool) -> str:
    """The file's name says what is in it."""
    return REHEARSED if rehearsal else REAL


def write_results(folder: Path, results: Results) -> Path:
    """The results as JSON, under the name that is theirs."""
    path = folder / file_name(results.rehearsal)
    write_text(path, json.dumps(results.model_dump(mode="json"), indent=1, allow_nan=False) + "\n")
    return path


def read_results(path: Path) -> Results:
    """Results as :func:`write_results` wrote them.

    Raises:
        DataFileError: They are none.
    """
    try:
        return Results.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, ValueError) as error:
        raise DataFileError(f"{path}: holds no results of benchmarks.gpu.speed: {error}") from error


def adopt(path: Path) -> Results:
    """Results that came home from a lent machine, if they may stand as results.

    Raises:
        DataFileError: They are a rehearsal, of no known commit, or of several devices.
    """
    results = read_results(path)
    if results.rehearsal or not results.reports:
        raise DataFileError(f"{path}: is a rehearsal, none of whose numbers means anything; it is never adopted")
    if any(report.device.commit == "unknown" for report in results.reports):
        raise DataFileError(f"{path}: does not say of which commit; run it with DNABERT_COMMIT set to the commit that travelled")
    names = {report.device.name for report in results.reports}
    if len(names) > 1:
        raise DataFileError(f"{path}: is of several devices ({', '.join(sorted(names))}); figures are compared on one")
    return results
