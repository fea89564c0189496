"""One benchmark in a process of its own, so that neither memory nor settings of another disturb it: `python -m benchmarks.speed.child`."""

import argparse
import importlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.agreement import MismatchError
from benchmarks.speed.machine import hold_to_cores
from benchmarks.speed.results import Findings

__all__ = ["BENCHMARKS", "Benchmark", "Say"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Benchmark:
    """One section of docs/benchmarks.md.

    Attributes:
        title: Its heading.
        module: Where its ``measure(sizes, folder, say)`` and its ``FULL`` and ``QUICK`` sizes are.
        one_core: Whether it is held to one core.
    """

    title: str
    module: str
    one_core: bool = False


BENCHMARKS = {
    "tokenizer": Benchmark("FASTA to token ids", "tokenizing", one_core=True),
    "pretraining": Benchmark("Pre-training step", "training.pretraining"),
    "finetuning": Benchmark("Fine-tuning step", "training.finetuning"),
    "predict": Benchmark("Predictions, FASTA file to TSV file", "inference.predicting"),
    "scan": Benchmark("Scan of a genome", "inference.scan"),
    "variants": Benchmark("Variants", "inference.variants"),
    "engines": Benchmark("Engines", "inference.engines"),
    "attention": Benchmark("Attention scores", "inference.attention"),
    "attribution": Benchmark("In-silico mutagenesis", "inference.attribution"),
    "startup": Benchmark("Start-up", "startup"),
    "growth": Benchmark("How cost grows", "growth"),
    "motifs": Benchmark("Motifs out of islands", "inference.motifs", one_core=True),
    "steps": Benchmark("Steps of optimisation", "training.steps", one_core=True),
}
"""Benchmarks by their name on the command line."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("key", choices=BENCHMARKS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    benchmark = BENCHMARKS[options.key]
    hold_to_cores(1 if benchmark.one_core else options.threads)
    # As `dnabert` itself does: tensorboard's own code is not ready for its next versions of numpy and protobuf.
    warnings.filterwarnings("ignore", category=FutureWarning, module="tensorboard")
    module = importlib.import_module(f"benchmarks.speed.cases.{benchmark.module}")
    with tempfile.TemporaryDirectory(prefix="dnabert-bench-") as folder:
        os.environ["DNABERT_CACHE"] = folder
        try:
            findings: Findings = module.measure(module.QUICK if options.quick else module.FULL, Path(folder), _say(options.key))
        except MismatchError as error:
            print(f"{options.key}: {error}", file=sys.stderr)
            options.out.with_suffix(".mismatch").write_text(str(error))
            return 3
    options.out.write_text(findings.model_dump_json())
    return 0


def _say(key: str) -> Say:
    return lambda text: print(f"{key}: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
