"""Names of models: a directory, a packaged model, one of a folder ``models/``, or a hub id.

A directory wins, with a warning where it hides a model known by that name; then the models that ship with the package; then those too
large for that, in ``models/`` of the repository that the package is run from, and of the current directory; then, when the name has the
form ``owner/name``, the Hugging Face hub.
"""

import json
import logging
import re
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path

from dnabert.errors import CheckpointError, requires_extra

__all__ = ["KnownModel", "known_models", "resolve_model"]

log = logging.getLogger(__name__)
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_HUB_FILES = ["config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt"]


@dataclass(frozen=True)
class KnownModel:
    """A model that can be asked for by name.

    Attributes:
        name: What to give as ``--model``.
        kmer: Length of its k-mers.
        where: ``packaged``, ``models`` (a folder of that name) or ``hub``.
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
    """Packaged models first, then those of a folder ``models/``, then the published ones."""
    return [*(_known_model(path) for path in _folders().values()), *_PUBLISHED]


def _known_model(path: Path) -> KnownModel:
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    own, size = config["dnabert"], (path / "model.safetensors").stat().st_size / 1e6
    facts = [f"{config['num_hidden_layers']} x {config['hidden_size']}, {size:.1f} MB", own["trained_on"], f"card: {path / 'README.md'}"]
    where = "packaged" if path.parent == _package() / "weights" else "models"
    return KnownModel(path.name, own["kmer"], where, "; ".join(fact for fact in facts if fact))


def _package() -> Path:
    return Path(str(resources.files("dnabert")))


def _folders() -> dict[str, Path]:
    """The folders of models by name; of two with one name the first counts."""
    package = _package()
    roots = [package / "weights"]
    if package.parent.name == "src" and (package.parents[1] / "pyproject.toml").is_file():  # run from a checkout
        roots.append(package.parents[1] / "models")
    roots.append(Path("models"))
    found: dict[str, Path] = {}
    for path in (path for root in roots for path in sorted(root.glob("*")) if _is_ours(path)):
        found.setdefault(path.name, path)
    return found


def _is_ours(path: Path) -> bool:
    """Whether a folder holds a model with a configuration of this package; there may be anything in a user's ``models/``."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and "dnabert" in config and (path / "model.safetensors").is_file()


def resolve_model(name: str) -> Path:
    """The directory of a model.

    Args:
        name: A directory, the name of a packaged model or of one in ``models/``, or a hub id ``owner/name``.

    Raises:
        CheckpointError: There is no such model, a directory that is none hides one, or the hub cannot be reached; the message lists the
            way out.
        DnabertError: A hub id is given and ``huggingface_hub`` is not installed.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        _look_for_hidden(name, path)
        return path
    if path.is_file():
        raise CheckpointError(f"{name}: is a file; give the directory that holds it")
    folders = _folders()
    if name in folders:
        return folders[name]
    if _HUB_ID.fullmatch(name):
        return _from_hub(name)
    raise CheckpointError(
        f"{name}: no such model; give a run directory, a known name ({', '.join(folders) or 'none here'}),"
        f" or a hub id such as {_PUBLISHED[-1].name}"
    )


def _look_for_hidden(name: str, path: Path) -> None:
    """A warning where a directory hides a model known by the same name; an error where it is no model itself."""
    hidden = _folders().get(name)
    if hidden is None or hidden.resolve() == path.resolve():
        return
    kind = "packaged model" if hidden.parent == _package() / "weights" else f"model in {hidden.parent}"
    if not any((path / mark).is_file() for mark in ("config.json", "ensemble.json")):
        rule = f"it hides the {kind} of that name: rename the folder, or give --model {hidden}"
        raise CheckpointError(f"./{name}: is no model (it holds no config.json), and {rule}")
    rule = f"the {kind} of that name is hidden: rename the folder, or give --model ./{name} if it is meant, --model {hidden} if not"
    log.warning("%s: taken from ./%s; %s", name, name, rule)


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
