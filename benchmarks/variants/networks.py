"""The convolutional network beside a model: read from its folder, and put in the model's place where variants are scored.

Legend: R windows, L bases, K classes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from benchmarks.quality.cells.networks import Network, NetworkConfig
from benchmarks.quality.cells.scoring import NETWORK_WEIGHTS
from dnabert.checkpoint import SavedModel
from dnabert.device import inference
from dnabert.errors import CheckpointError, ConfigError
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.answers import ModelScorer
from dnabert.infer.variants.config import VariantConfig

__all__ = ["NetworkScorer", "SavedNetwork", "load_network", "same_rows"]

_ROWS_AT_ONCE = 1024
CONTENT = " (content)"
"""Ends the names of tables whose rows, not bytes, are digested in run.json."""


@dataclass(frozen=True)
class SavedNetwork:
    """A network read from disk.

    Attributes:
        directory: Where it was read from.
        network: It, in evaluation mode.
        config: Its settings.
        classes: Names of the classes, in the order of the outputs.
    """

    directory: Path
    network: Network
    config: NetworkConfig
    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return {"cnn": "CNN", "cnn-lstm": "CNN + LSTM"}[self.config.kind]


def load_network(directory: Path) -> SavedNetwork:
    """A network that `benchmarks.variants.train` wrote, or a cell of `benchmarks.quality` run with --keep-weights.

    Raises:
        CheckpointError: It cannot be read.
    """
    try:
        facts = json.loads((directory / "run.json").read_text(encoding="utf-8"))
        config = NetworkConfig.model_validate(facts["config"])
        classes = tuple(map(str, facts["classes"]))
        network = Network(config, len(classes))
        network.load_state_dict(load_file(directory / NETWORK_WEIGHTS))
    except (OSError, ValueError, KeyError, RuntimeError, ValidationError, SafetensorError) as error:
        raise CheckpointError(
            f"{directory}: holds no convolutional network that could be read: {' '.join(str(error).split())};"
            " train one with python -m benchmarks.variants.train"
        ) from error
    return SavedNetwork(directory, network.eval(), config, classes)


def same_rows(network: Path, model: Path) -> bool | None:
    """Whether both were trained on the same rows, and chosen by the same; None where a run.json does not tell."""
    found = [_digests(directory) for directory in (network, model)]
    return None if None in found else found[0] == found[1]


def _digests(directory: Path) -> set[str] | None:
    try:
        inputs: dict[str, Any] = json.loads((directory / "run.json").read_text(encoding="utf-8"))["inputs"]
    except (OSError, ValueError, KeyError):
        return None
    return {digest for name, digest in inputs.items() if name.endswith(CONTENT)} or None


class NetworkScorer(ModelScorer):
    """Scores variants as a model does, but for the logits: those of a network, for the windows that the model would read.

    Windows, strands, the mean over strands, the choice among windows and the formulas are the model's.

    Args:
        predictor: The model.
        config: Settings.
        saved: The network.

    Raises:
        ConfigError: The network answers another question than the model.
    """

    def __init__(self, predictor: Predictor, config: VariantConfig, saved: SavedNetwork) -> None:
        super().__init__(predictor, config)
        info = predictor.info
        labels = info.labels or tuple(map(str, range(info.head.num_outputs)))
        if info.head.task != "classify" or labels != saved.classes:
            raise ConfigError(
                f"{saved.directory} ({', '.join(saved.classes)}) and {predictor.members[0].directory} ({info.head.task}:"
                f" {', '.join(labels)}) answer different questions; train the network on the rows of the model"
            )
        self._network = saved.network

    def logits(self, member: SavedModel, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Logits of windows by the network, (R, K).

        Args:
            member: The model in whose place it answers.
            codes: Base codes, (R, L).
        """
        machine = self.predictor.machine
        pieces = torch.split(torch.from_numpy(codes.copy()), _ROWS_AT_ONCE)
        with inference(self._network, machine):
            found = [self._network(piece.to(machine.device)).float().cpu().numpy() for piece in pieces]
        logits: npt.NDArray[np.float32] = np.concatenate(found)
        return logits
