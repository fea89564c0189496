"""What competes: a pre-trained model, the same sizes from random weights, or a convolutional network."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from dnabert.checkpoint import load_model
from dnabert.choices import PresetName
from dnabert.errors import ConfigError
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.registry import resolve_model
from dnabert.train.config import preset

__all__ = ["Contestant", "Kind", "NetworkKind", "read_contestant"]

NetworkKind = Literal["cnn", "cnn-lstm"]
Kind = Literal["pretrained", "scratch", "cnn", "cnn-lstm"]
_RANDOM = "random:"


@dataclass(frozen=True)
class Contestant:
    """One row of a table.

    Attributes:
        name: What it is called there.
        kind: What it is.
        directory: Of a pre-trained model, else None.
        sizes: Of a DNABERT model; None for a convolutional network.
        sha256: Of the pre-trained weights; empty for the others.
    """

    name: str
    kind: Kind
    directory: Path | None = None
    sizes: ModelConfig | None = None
    sha256: str = ""

    @property
    def slug(self) -> str:
        """The name as that of a folder."""
        return re.sub(r"[^\w.+-]+", "-", self.name).strip("-.")


def read_contestant(text: str) -> Contestant:
    """A contestant from ``[NAME=]WHAT``.

    Args:
        text: WHAT is a run directory, a packaged name or a hub id; ``random:mini:6`` (preset and k) or ``random:MODEL`` (the sizes of
            that model) from random weights; ``cnn``; or ``cnn-lstm``.

    Raises:
        ConfigError: The name would be empty, or random weights of no known size are asked for.
        CheckpointError: The model cannot be read.
    """
    name, sign, what = text.partition("=")
    if not sign:
        name, what = text, text
    if not name or not what:
        raise ConfigError(f"--model {text}: is no [NAME=]MODEL; give a model, or a name for the table and a model")
    if what in get_args(NetworkKind):
        return Contestant(name, "cnn" if what == "cnn" else "cnn-lstm")
    if what.startswith(_RANDOM):
        return Contestant(name, "scratch", sizes=_random_sizes(what))
    directory = resolve_model(what)
    saved = load_model(directory, HeadConfig(task="classify"))
    return Contestant(name, "pretrained", directory, saved.model.config, saved.sha256)


def _random_sizes(what: str) -> ModelConfig:
    rest = what.removeprefix(_RANDOM)
    size, _, kmer = rest.partition(":")
    for known in get_args(PresetName):
        if size == known:
            if not kmer.isdigit():
                raise ConfigError(f"{what}: has no k; the form is random:{known}:6")
            return preset(known, int(kmer))
    return load_model(resolve_model(rest), HeadConfig(task="classify")).model.config
