"""`python -m benchmarks.quality.probe --model MODEL ...`: is it the pre-training? Logistic regression on frozen vectors, task by task.

Features: the mean of a model's last vectors over the k-mers of a sequence; the same of its sizes with random weights; shares of k-mers.
C is the best on dev, the test rows are scored once. Each result is one JSON; runs what is missing, then writes docs/results/probe.md.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.quality.cells.contestants import Contestant
from benchmarks.quality.cells.limit import TimeIsUp
from benchmarks.quality.cells.lock import CellIsBusyError, only_worker
from benchmarks.quality.cells.records import commit, machine_facts
from benchmarks.quality.cells.runner import Runner, folder_of_task
from benchmarks.quality.cells.summary import mean_of
from benchmarks.quality.cells.tasks import TaskData, read_task
from benchmarks.quality.markdown import mean_text, table
from benchmarks.quality.options import add_run_flags, command_of, contestants_of, run_command, runner_of, tasks_of
from benchmarks.quality.table import write_document
from dnabert.bootstrap import bootstrap_intervals
from dnabert.checkpoint import load_model
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine, seed_of
from dnabert.dna.sequence import reverse_complement
from dnabert.errors import ConfigError, DataFileError
from dnabert.infer.baselines import kmer_counts
from dnabert.infer.embedding.vectors import check_layer, embed
from dnabert.metrics import classification_metrics
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.model.initial import compose_embeddings
from dnabert.output import write_json
from dnabert.tokenizer import KmerTokenizer

__all__ = ["ProbeResult", "document", "main", "mean_vectors", "probe"]

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
_C = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
_HEAD = HeadConfig(task="classify", pooling="mean")

_METHOD = """- **Probe.** Standardised features, logistic regression of scikit-learn, C from {grid} the best on dev (MCC);
  the test rows are scored once.
- **Vectors.** The mean of the last layer, or of the one that is named (0: what goes into the first block), over a sequence's k-mers,
  nothing trained; *random weights*: the same sizes, fresh, as before pre-training; *composed embeddings*: so, but k-mer vectors are
  sums over bases, as the package begins by default. Mean of the seeds ± half of the 95 % interval (Student's t). *k-mers*: shares of
  all k-mers. In brackets: 95 % bootstrap interval of test rows. Choose a layer by dev, not by test.
- **Strands.** For tasks without strand (tf, mouse) features are the mean of both strands'.
"""


class ProbeResult(BaseModel):
    """One probe."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str
    """Name of the task."""
    features: str
    """What was read."""
    seed: int
    """Of random weights; 0 for what has none."""
    width: int
    """Features."""
    c: float
    """The C that is best on dev."""
    dev: float
    """MCC on dev."""
    test: float
    """MCC on test."""
    clean: float
    """The same without the rows that train or dev holds."""
    interval: tuple[float, float] | None
    """95 % bootstrap interval over test rows of the MCC."""
    sizes: dict[str, Any] | None
    """Sizes of the model; None for shares of k-mers."""
    model_sha256: str
    """Of the weights; empty for what has none."""
    digests: dict[str, str]
    """SHA-256 of the content of each split."""
    rehearsal: bool
    """Whether only some rows were taken: such figures mean nothing."""
    seconds: float
    """Time of features and regressions."""
    command: str
    """The command line."""
    commit: str
    """State of the code."""
    machine: dict[str, str]
    """Where it ran."""


def mean_vectors(model: Dnabert, sequences: SequenceSet, machine: Machine, both: bool, layer: int = -1) -> Floats:
    """Mean vectors (N, D) of sequences, in input order.

    Args:
        model: The model.
        sequences: The sequences.
        machine: Where to compute.
        both: Average with the vectors of the reverse complements.
        layer: 0 is what goes into the first block, 1 what comes out of it; negative numbers count from the last, -1.

    Raises:
        ConfigError: There is no such layer, or the sequences are pairs.
    """
    tokenizer = KmerTokenizer(model.config.kmer, model.config.max_positions - 2)
    read = [sequences, _turned(sequences)] if both else [sequences]
    strands = [np.stack([row for _, row in embed(model, one, tokenizer, machine, pool="mean", layer=layer)]) for one in read]
    mean: Floats = np.mean(strands, axis=0, dtype=np.float32)
    return mean


def _turned(sequences: SequenceSet) -> SequenceSet:
    return SequenceSet(sequences.ids, pack([reverse_complement(codes) for codes in sequences.first]))


def _counts(data: LabelledSet, kmer: int, both: bool) -> Floats:
    forward: Floats = kmer_counts(data, kmer).astype(np.float32)
    if not both:
        return forward
    other = LabelledSet(_turned(data.sequences), data.labels, data.where, data.source)
    forward += kmer_counts(other, kmer).astype(np.float32)
    return forward / np.float32(2)


def probe(data: TaskData, read: Callable[[LabelledSet], Floats]) -> tuple[float, float, npt.NDArray[np.float64], int]:
    """C, MCC on dev, probabilities on test (N, K), and number of features of the best regression on dev.

    Args:
        data: The task.
        read: Features (N, D) of rows.
    """
    x, x_dev = read(data.train), read(data.dev)
    y, y_dev = data.targets(data.train), data.targets(data.dev)
    best: tuple[float, float, LogisticRegression] | None = None
    for c in _C:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=5000)).fit(x, y)
        mcc = classification_metrics(y_dev, model.predict_proba(x_dev))["mcc"]
        score = -1.0 if mcc is None else float(mcc)
        if best is None or score > best[1]:
            best = c, score, model
    assert best is not None
    return best[0], best[1], best[2].predict_proba(read(data.test)), x.shape[1]


@dataclass(frozen=True)
class _FeatureSet:
    """What a probe reads.

    Attributes:
        name: What it is called in the table.
        read: Features (N, D) of rows.
        seed: Of random weights; 0 for what has none.
        sizes: Of the model; None for shares of k-mers.
        sha256: Of the weights; empty for what has none.
    """

    name: str
    read: Callable[[LabelledSet], Floats]
    seed: int = 0
    sizes: dict[str, Any] | None = None
    sha256: str = ""


def _feature_sets(
    contestants: Sequence[Contestant], kmers: Sequence[int], seeds: int, layers: Sequence[int], both: bool, *, machine: Machine
) -> Iterator[_FeatureSet]:
    """Every set of features; a model is made when it is its turn."""
    for kmer in kmers:
        yield _FeatureSet(f"{kmer}-mers", partial(_counts, kmer=kmer, both=both))
    for contestant in contestants:
        for name, model, seed, sha256 in _models(contestant, seeds):
            for layer in dict.fromkeys(check_layer(model, layer) for layer in (-1, *layers)):
                read = partial(_vectors, model=model, machine=machine, both=both, layer=layer)
                title = name if layer == model.config.num_layers else f"{name}, layer {layer}"
                yield _FeatureSet(title, read, seed, model.config.model_dump(mode="json"), sha256)


def _models(contestant: Contestant, seeds: int) -> Iterator[tuple[str, Dnabert, int, str]]:
    """Name, model, seed and SHA-256 of what was trained, if it was, and of random weights of its sizes."""
    assert contestant.sizes is not None
    if contestant.directory is not None:
        yield contestant.name, load_model(contestant.directory, _HEAD).model, 0, contestant.sha256
    for composed, seed in product((False, True), range(1, seeds + 1)):
        torch.manual_seed(seed_of(seed, "weights"))
        fresh = Dnabert(contestant.sizes, _HEAD).eval()
        if composed:
            compose_embeddings(fresh)
        yield f"random weights{', composed embeddings' if composed else ''}, sizes of {contestant.name}", fresh, seed, ""


def _check(contestants: Sequence[Contestant], layers: Sequence[int]) -> None:
    """Whether all can be probed, before anything is computed.

    Raises:
        ConfigError: One is a network, or has no such layer.
    """
    for contestant in contestants:
        if contestant.sizes is None:
            raise ConfigError(f"{contestant.name}: has no vectors before it is trained; a probe takes DNABERT models only")
        with torch.device("meta"):
            empty = Dnabert(contestant.sizes, _HEAD)
        for layer in layers:
            check_layer(empty, layer)


def _vectors(data: LabelledSet, model: Dnabert, machine: Machine, both: bool, layer: int) -> Floats:
    return mean_vectors(model, data.sequences, machine, both, layer)


def _run_task(runner: Runner, data: TaskData, features_of: Callable[[bool], Iterator[_FeatureSet]]) -> list[Path]:
    """Runs the probes of a task; those that other processes work on are given back."""
    busy = []
    for features in features_of(not data.task.stranded):
        slug = "".join(letter if letter.isalnum() else "-" for letter in features.name)
        path = folder_of_task(runner.out, data.task.name) / f"{slug}-{features.seed}.json"
        try:
            with only_worker(path):
                _run_probe(runner, data, features, path)
        except CellIsBusyError as error:
            log.info("%s; passed over", error)
            busy.append(path)
    return busy


def _run_probe(runner: Runner, data: TaskData, features: _FeatureSet, path: Path) -> None:
    """One probe, if it is not there yet."""
    if path.is_file() and not runner.force:
        known = _read(path)
        kept = known.digests, known.model_sha256, known.sizes, known.rehearsal
        if kept != (data.digests, features.sha256, features.sizes, runner.rehearsal):
            raise ConfigError(f"{path}: was made of other rows, weights or sizes; choose another --out, or give --force")
        return
    if runner.is_over():
        raise TimeIsUp
    begin = time.perf_counter()
    c, dev, probs, width = probe(data, features.read)
    targets = data.targets(data.test)
    figures = [classification_metrics(targets[rows], probs[rows])["mcc"] for rows in (slice(None), data.clean)]
    result = ProbeResult(
        task=data.task.name,
        features=features.name,
        seed=features.seed,
        width=width,
        c=c,
        dev=dev,
        test=float(figures[0] or 0.0),
        clean=float(figures[1] or 0.0),
        interval=bootstrap_intervals("classify", targets, probs)["mcc"],
        sizes=features.sizes,
        model_sha256=features.sha256,
        digests=data.digests,
        rehearsal=runner.rehearsal,
        seconds=time.perf_counter() - begin,
        command=runner.command,
        commit=commit(),
        machine=machine_facts(runner.machine),
    )
    write_json(path, result.model_dump(mode="json"))


def _read(path: Path) -> ProbeResult:
    try:
        return ProbeResult.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataFileError(f"{path}: is no result of this command; give another folder with --out") from error


def document(command: str, results: Sequence[ProbeResult]) -> str:
    """The document."""
    names = list(dict.fromkeys(result.features for result in results))
    parts = ["# Frozen vectors\n", f"Written by `{command}`; do not edit.\n"]
    if any(result.rehearsal for result in results):
        parts.append("**A rehearsal: some rows of each split. None of these numbers means anything.**\n")
    parts.append(_METHOD.format(grid=", ".join(f"{c:g}" for c in _C)))
    for task in dict.fromkeys(result.task for result in results):
        cells = []
        for name in names:
            own = [result for result in results if (result.task, result.features) == (task, name)]
            if not own:
                continue
            mean = mean_of([100 * result.test for result in own])
            ends = own[0].interval if len(own) == 1 else None
            shown = mean_text(mean) if len(own) > 1 else f"{mean.value:.1f}"
            interval = "" if ends is None else f" ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})"
            dev, clean = (100 * float(np.mean(values)) for values in ([one.dev for one in own], [one.clean for one in own]))
            chosen = ", ".join(dict.fromkeys(f"{result.c:g}" for result in own))
            cells.append([name, str(own[0].width), chosen, f"{dev:.1f}", f"{shown}{interval}", f"{clean:.1f}"])
        parts.append(f"## {task}\n\n{table(['features', 'number', 'C', 'dev MCC', 'test MCC', 'without shared rows'], cells)}")
    places = dict.fromkeys(
        f"commit {one.commit}; {one.machine.get('gpu') or one.machine['cpu']}, {one.machine['dtype']}" for one in results
    )
    return "\n".join([*parts, "## Where it ran\n", "".join(f"- {place}.\n" for place in places)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.probe", description="Logistic regression on frozen vectors.")
    add_run_flags(parser, "runs/probe", ("random:mini:6",))
    parser.add_argument("--kmers", type=int, nargs="+", default=[4, 5], help="k of the k-mer shares (default: 4 5)")
    parser.add_argument(
        "--layers",
        type=int,
        nargs="+",
        default=[],
        help="layers to probe beside the last; 0 is before the first block",
    )
    parser.add_argument("--document", type=Path, default=Path("docs/results/probe.md"), help="(default: %(default)s)")
    parser.add_argument("--notes", type=Path, help="Markdown that stands at the end as it is: what the figures say")
    options = parser.parse_args()

    def work() -> None:
        ended = None if options.minutes == 0 else _run(options)
        results = [_read(path) for path in sorted(options.out.rglob("*.json"))]
        if not results:
            raise ended or DataFileError(f"{options.out}: holds no finished probe yet")
        text = document(command_of("probe"), results)
        write_document(options.document, text, options.notes)
        if ended is not None:
            raise ended

    return run_command(work)


def _run(options: argparse.Namespace) -> TimeIsUp | CellIsBusyError | None:
    """Runs the probes that are missing; gives back why some were left."""
    busy: list[Path] = []
    try:
        with runner_of(options, command_of("probe")) as runner:
            contestants = contestants_of(options)
            _check(contestants, options.layers)
            features_of = partial(_feature_sets, contestants, options.kmers, options.seeds, options.layers, machine=runner.machine)
            for task in tasks_of(options).tasks:
                if runner.is_over():
                    raise TimeIsUp
                busy += _run_task(runner, read_task(task, options.rehearse), features_of)
    except TimeIsUp as error:
        return error
    if busy:
        return CellIsBusyError(f"{len(busy)} probes are left to other processes; when they have ended, the same command goes on")
    return None


if __name__ == "__main__":
    sys.exit(main())
