"""Several runs over their steps: `python -m benchmarks.quality.curves --out docs/images/x.svg --value valid_loss NAME=RUN ...`."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.quality.options import run_command
from dnabert.errors import ConfigError, DataFileError
from dnabert.plot.export import save_figure
from dnabert.plot.performance.curves import Curve
from dnabert.plot.performance.training import step_figure

__all__ = ["main", "read_curve"]

VALUES = {
    "loss": "Training loss (nats per hidden k-mer)",
    "valid_loss": "Validation loss (nats per hidden k-mer)",
    "valid_hidden_base_accuracy": "Hidden bases right, held-out contigs",
    "valid_mcc": "Validation MCC",
}


def read_curve(text: str, value: str) -> Curve:
    """The course of a figure in a run.

    Args:
        text: ``NAME=RUN``: what it is called in the figure, and a run directory or its ``metrics.jsonl``.
        value: Name of the figure.

    Raises:
        ConfigError: There is no name.
        DataFileError: The file cannot be read, or does not hold the figure.
    """
    name, sign, place = text.partition("=")
    if not sign or not name:
        raise ConfigError(f"{text}: is no NAME=RUN")
    path = Path(place) / "metrics.jsonl" if Path(place).is_dir() else Path(place)
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path}: cannot be read: {error}") from error
    found = [(line["step"], line[value]) for line in lines if line.get(value) is not None]
    if not found:
        raise DataFileError(f"{path}: holds no {value}")
    steps, values = np.array(found, dtype=np.float64).T
    return Curve(name, steps, values)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.curves", description="A figure of several runs.")
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--value", choices=tuple(VALUES), default="valid_loss", help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the figure: .svg, .png or .pdf")
    options = parser.parse_args()

    def work() -> None:
        curves = [read_curve(text, options.value) for text in options.runs]
        save_figure(step_figure(curves, VALUES[options.value]), options.out)

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
