"""Names of models: a directory, a packaged model, or a hub id.

A directory wins; then the models that ship with the package; then, when the name has the form ``owner/name``, the Hugging Face hub.
"""

import json
import re
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path

from dnabert.errors import CheckpointError, requires_extra

__all__ = ["KnownModel", "known_models", "resolve_model"]

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_HUB_FILES = ["config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt"]


@dataclass(frozen=True)
class KnownModel:
    """A model that can be asked for by name.

    Attributes:
        name: What to give as ``--model``.
        kmer: Length of its k-mers.
        where: ``packaged`` or ``hub``.
        note: Size, data, licence.
    """

    name: str
    kmer: int
    where: str
    note: str


_PUBLISHED = tuple(
    KnownModel(f"zhihan1996/DNA_bert_{kmer}", kmer, "hub", "published 2021: 12 x 768, human genome; needs the network once")
    for kmer in (3, 4, 5, 6)
)


def known_models() -> list[KnownModel]:
    """Packaged models first, then the published ones."""
    return [*map(_packaged_model, _packaged()), *_PUBLISHED]


def _packaged_model(path: Path) -> KnownModel:
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    own, size = config["dnabert"], (path / "model.safetensors").stat().st_size / 1e6
    facts = [f"{config['num_hidden_layers']} x {config['hidden_size']}, {size:.1f} MB", own["trained_on"], f"card: {path / 'README.md'}"]
    return KnownModel(path.name, own["kmer"], "packaged", "; ".join(fact for fact in facts if fact))


def _packaged() -> list[Path]:
    root = Path(str(resources.files("dnabert"))) / "weights"
    return sorted(path for path in root.glob("*") if (path / "config.json").is_file())


def resolve_model(name: str) -> Path:
    """The directory of a model.

    Args:
        name: A directory, the name of a packaged model, or a hub id ``owner/name``.

    Raises:
        CheckpointError: There is no such model, or the hub cannot be reached; the message lists the way out.
        DnabertError: A hub id is given and ``huggingface_hub`` is not installed.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        raise CheckpointError(f"{name}: is a file; give the directory that holds it")
    for packaged in _packaged():
        if packaged.name == name:
            return packaged
    if _HUB_ID.fullmatch(name):
        return _from_hub(name)
    shipped = ", ".join(model.name for model in packaged_names()) or "none here"
    raise CheckpointError(
        f"{name}: no such model; give a run directory, a packaged name ({shipped}), or a hub id such as {_PUBLISHED[-1].name}"
    )


def packaged_names() -> list[KnownModel]:
    """The models that ship with the package."""
    return [model for model in known_models() if model.where == "packaged"]


def _from_hub(name: str) -> Path:
    try:
        hub, errors = import_module("huggingface_hub"), import_module("huggingface_hub.errors")
    except ImportError:
        raise requires_extra("huggingface_hub", "hub", f"{name}: there is no such directory; reading it as a hub id") from None
    # The bases of its own error are OSError and that of its HTTP library, which has changed from one version to the next.
    failures = (OSError, ValueError, *errors.HfHubHTTPError.__bases__)
    try:
        return Path(hub.snapshot_download(name, allow_patterns=_HUB_FILES))
    except failures as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(" .:")
        raise CheckpointError(
            f"{name}: there is no such directory, and as a hub id it cannot be fetched ({reason});"
            " check the path, or download the model's files elsewhere and give their directory"
        ) from error
