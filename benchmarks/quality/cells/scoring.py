"""Probabilities of a finished run on dev or test, kept as .npy, and the figures of them."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.torch import load_file

from benchmarks.quality.cells.networks import Network, NetworkConfig, predict_network
from benchmarks.quality.cells.records import Strand
from benchmarks.quality.cells.tasks import TaskData
from dnabert.data.labelled import LabelledSet
from dnabert.device import Machine
from dnabert.infer.predictor import Predictor
from dnabert.metrics import Metrics, classification_metrics

__all__ = ["NETWORK_WEIGHTS", "Probs", "figures_of", "keep_predictions"]

NETWORK_WEIGHTS = "network.safetensors"
Probs = dict[Strand, npt.NDArray[np.float32]]
"""Probabilities (N, K) by strands read."""


def keep_predictions(folder: Path, data: TaskData, rows: LabelledSet, split: str, machine: Machine) -> Probs:
    """Probabilities of a run, written to ``<split>-<strand>.npy``: of both strands too where the task has none.

    Args:
        folder: The run.
        data: The task.
        rows: The rows.
        split: What they are called.
        machine: Where to compute.
    """
    strands: tuple[Strand, ...] = ("forward",) if data.task.stranded else ("forward", "both")
    probs: Probs = {strand: _predict(folder, data, rows, strand, machine) for strand in strands}
    for strand, values in probs.items():
        np.save(folder / f"{split}-{strand}.npy", values)
    return probs


def figures_of(targets: npt.NDArray[np.int64], probs: Probs, chosen: npt.NDArray[np.bool_] | None = None) -> dict[Strand, Metrics]:
    """Figures by strands read.

    Args:
        targets: Class numbers, (N,).
        probs: Probabilities.
        chosen: The rows that count, (N,); None is all.
    """
    kept = slice(None) if chosen is None else chosen
    return {strand: classification_metrics(targets[kept], values[kept]) for strand, values in probs.items()}


def _predict(folder: Path, data: TaskData, rows: LabelledSet, strand: Strand, machine: Machine) -> npt.NDArray[np.float32]:
    if not (folder / NETWORK_WEIGHTS).is_file():
        return Predictor(folder, machine).predict(rows.sequences, strand).values
    config = NetworkConfig.model_validate(json.loads((folder / "run.json").read_text(encoding="utf-8"))["config"])
    network = Network(config, len(data.classes))
    network.load_state_dict(load_file(folder / NETWORK_WEIGHTS))
    probs = predict_network(network, rows.sequences, machine)
    if strand == "both":
        probs = (probs + predict_network(network, rows.sequences, machine, reverse=True)) / np.float32(2)
    return probs
