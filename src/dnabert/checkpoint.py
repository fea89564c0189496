"""A model on disk: the directory that this package, and ``transformers``, can load.

``model.safetensors`` (published tensor names), ``config.json`` (a BERT configuration with a ``dnabert`` section for what BERT's has no
word for), ``vocab.txt``, ``tokenizer.json`` and its companions. ``pytorch_model.bin`` is read too, never with code in it.
"""

import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from dnabert import __version__
from dnabert.errors import CheckpointError, ConfigError
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.model.heads import Dnabert
from dnabert.model.weights import LoadReport, from_published, guess_config, stored_outputs, to_published, upgrade_names
from dnabert.output import write_bytes, write_text
from dnabert.tokenizer import KmerTokenizer
from dnabert.tokenizer_json import tokenizer_files

__all__ = ["ModelInfo", "SavedModel", "load_model", "read_tensors", "save_model", "weights_file"]

SAFETENSORS = "model.safetensors"
PICKLED = "pytorch_model.bin"
_ARCHITECTURES = {
    "masked_lm": "BertForMaskedLM",
    "classify": "BertForSequenceClassification",
    "multilabel": "BertForSequenceClassification",
    "regress": "BertForSequenceClassification",
    "pair": "BertForSequenceClassification",
    "token": "BertForTokenClassification",
}
_PROBLEM_TYPES = {"multilabel": "multi_label_classification", "regress": "regression"}
_BERT_KEYS = {
    "num_hidden_layers": "num_layers",
    "hidden_size": "hidden_size",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_positions",
    "type_vocab_size": "type_vocab_size",
    "layer_norm_eps": "layer_norm_eps",
    "hidden_dropout_prob": "hidden_dropout",
    "attention_probs_dropout_prob": "attention_dropout",
    "initializer_range": "initializer_range",
}


class ModelInfo(BaseModel):
    """What a stored model is for, beyond its sizes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    head: HeadConfig = HeadConfig()
    """What it predicts."""
    labels: tuple[str, ...] = ()
    """Names of the classes, labels or values, in the order of the outputs."""
    stranded: bool = True
    """Whether the sequence's strand carries meaning; if not, both strands may be averaged."""
    window_bp: int | None = None
    """Length of the longest training sequence, in bases."""
    target_mean: tuple[float, ...] = ()
    """regress: mean of the training values, added to the outputs."""
    target_scale: tuple[float, ...] = ()
    """regress: standard deviation of the training values, multiplied to the outputs."""
    trained_on: str = ""
    """One line on the training data."""


@dataclass(frozen=True)
class SavedModel:
    """A model read from disk.

    Attributes:
        model: The model, on the CPU, in evaluation mode.
        info: What it is for.
        directory: Where it was read from.
        sha256: SHA-256 of the weights file.
        report: Which tensors were loaded, left fresh, and not used.
    """

    model: Dnabert
    info: ModelInfo
    directory: Path
    sha256: str
    report: LoadReport

    @property
    def tokenizer(self) -> KmerTokenizer:
        """The tokenizer of this model."""
        config = self.model.config
        return KmerTokenizer(config.kmer, config.max_positions - 2)


def save_model(directory: Path, model: Dnabert, info: ModelInfo) -> None:
    """Write weights, configuration and tokenizer into ``directory``, each file in one step, the weights last.

    Raises:
        OutputError: A file cannot be written.
    """
    write_text(directory / "config.json", json.dumps(_config(model, info), indent=2) + "\n")
    for name, content in tokenizer_files(model.config.kmer).items():
        write_text(directory / name, content)
    write_bytes(directory / SAFETENSORS, save(to_published(model), metadata={"format": "pt", "dnabert": __version__}))


def _config(model: Dnabert, info: ModelInfo) -> dict[str, Any]:
    sizes = model.config.model_dump()
    head = info.head
    config: dict[str, Any] = {
        "architectures": [_ARCHITECTURES[head.task]],
        "model_type": "bert",
        "vocab_size": model.config.vocab_size,
        **{theirs: sizes[ours] for theirs, ours in _BERT_KEYS.items()},
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "pad_token_id": 0,
        "classifier_dropout": head.dropout,
    }
    if head.task != "masked_lm":
        names = info.labels or tuple(str(number) for number in range(head.num_outputs))
        config["id2label"] = {str(number): name for number, name in enumerate(names)}
        config["label2id"] = {name: number for number, name in enumerate(names)}
        config["num_labels"] = head.num_outputs
        config["problem_type"] = _PROBLEM_TYPES.get(head.task, "single_label_classification")
    config["dnabert"] = {"version": __version__, "kmer": model.config.kmer, **info.model_dump(mode="json")}
    return config


def weights_file(directory: Path) -> Path:
    """The weights in ``directory``: safetensors if there, else ``pytorch_model.bin``.

    Raises:
        CheckpointError: Neither is there.
    """
    for name in (SAFETENSORS, PICKLED):
        if (directory / name).is_file():
            return directory / name
    raise CheckpointError(f"{directory}: holds no {SAFETENSORS} or {PICKLED}; a model is a run directory or one in the Hugging Face layout")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors`` or pickled weights file; code in a pickle is never run.

    Raises:
        CheckpointError: The file is missing, truncated, no weights file, or carries code.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, EOFError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}; the file is damaged or truncated: fetch it again") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: is no plain weights file (damaged, or a pickle that carries code, which is never run);"
            " convert it to safetensors where it was made"
        ) from error
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: cannot be read: {reason}; the file is damaged or truncated: fetch it again") from error
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    if isinstance(tensors, dict) and isinstance(tensors.get("state_dict"), dict):
        tensors = tensors["state_dict"]
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise CheckpointError(f"{path}: does not hold a dictionary of tensors; is this the weights file of a model?")
    return tensors


def load_model(directory: Path, head: HeadConfig | None = None) -> SavedModel:
    """A model from a run directory or one in the published layout.

    Args:
        directory: Holds the weights and ``config.json``.
        head: The head to build instead of the stored one, fresh where the file has no weights for it (to fine-tune); None reads the stored
            head, strictly.

    Returns:
        The model on the CPU in evaluation mode, and what was loaded.

    Raises:
        CheckpointError: A file is missing or damaged, or a tensor is missing, extra or misshapen.
    """
    if not directory.is_dir():
        raise CheckpointError(f"{directory}: is no directory; a model is a run directory or one in the Hugging Face layout")
    path = weights_file(directory)
    tensors = upgrade_names(read_tensors(path))
    config, info = _read_config(directory, tensors)
    wanted = head or info.head
    model = Dnabert(config, wanted)
    report = from_published(model, tensors, str(path), new_head=head is not None)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    info = info if head is None else ModelInfo(head=wanted, trained_on=info.trained_on)
    return SavedModel(model.eval(), info, directory, digest, report)


def _read_config(directory: Path, tensors: dict[str, Tensor]) -> tuple[ModelConfig, ModelInfo]:
    path = directory / "config.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise CheckpointError(f"{path}: is no JSON object")
        guessed = guess_config(tensors, int(stored.get("num_attention_heads", 12)), str(weights_file(directory)))
        if int(stored.get("vocab_size", guessed.vocab_size)) != guessed.vocab_size:
            raise CheckpointError(
                f"{path}: vocab_size {stored['vocab_size']} is not that of the weights"
                f" ({guessed.vocab_size}, k = {guessed.kmer}); these files belong to different models"
            )
        sizes = {ours: stored[theirs] for theirs, ours in _BERT_KEYS.items() if theirs in stored}
        config = ModelConfig(kmer=guessed.kmer, **{**guessed.model_dump(exclude={"kmer"}), **sizes})
        own = {key: value for key, value in stored.get("dnabert", {}).items() if key not in ("version", "kmer")}
        return config, ModelInfo(**own) if "dnabert" in stored else _published_info(stored, tensors)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: is missing; copy the config.json that belongs to the weights") from None
    except (OSError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}") from error
    except (ValidationError, ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: does not describe a DNABERT model: {str(error).splitlines()[0]}") from error


def _published_info(stored: dict[str, Any], tensors: dict[str, Tensor]) -> ModelInfo:
    outputs = stored_outputs(tensors)
    if outputs is None:
        return ModelInfo()
    names = stored.get("id2label") or {}
    labels = tuple(names.get(str(number), str(number)) for number in range(outputs))
    token = "BertForTokenClassification" in (stored.get("architectures") or ())
    by_problem = {value: key for key, value in _PROBLEM_TYPES.items()}
    task = "token" if token else by_problem.get(str(stored.get("problem_type")), "classify")
    layers = [name for name in tensors if name.startswith("rnn.weight_ih_l") and not name.endswith("_reverse")]
    head = HeadConfig.model_validate(
        {
            "task": task,
            "num_outputs": outputs,
            "token_level": "kmer",
            "chunk_pooling": "lstm" if layers else None,
            "rnn_layers": max(len(layers), 1),
        }
    )
    return ModelInfo(head=head, labels=labels)
