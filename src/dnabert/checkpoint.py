"""A model on disk: the directory that this package, and ``transformers``, can load.

``model.safetensors`` (published tensor names), ``config.json`` (a BERT configuration with a ``dnabert`` section for what BERT's has no
word for), ``vocab.txt``, ``tokenizer.json`` and its companions. ``pytorch_model.bin`` is read too, never with code in it.

``config.json`` claims a class of ``transformers`` only if that class, reading the same file, gives the same outputs as ``dnabert``. A model
for which there is none (mean or max pooling, chunks, one answer per base, values that are scaled after the head) has the model type
``dnabert`` and no architecture, so that ``AutoModel`` refuses it instead of answering from a head of random weights. Its encoder is still
BERT's: ``BertModel.from_pretrained`` reads it.
"""

import json
import pickle
import struct
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import BaseModel, ConfigDict, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from dnabert import __version__
from dnabert.choices import StoredDtype
from dnabert.errors import CheckpointError, ConfigError
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.model.heads import Dnabert
from dnabert.model.weights import LoadReport, from_published, guess_config, stored_outputs, to_published, upgrade_names
from dnabert.output import sha256_of_file, write_bytes, write_text
from dnabert.settings import validate_settings
from dnabert.tokenizer import KmerTokenizer
from dnabert.tokenizer_json import tokenizer_files

__all__ = ["ModelInfo", "SavedModel", "load_model", "read_tensors", "save_model", "weights_file"]

SAFETENSORS = "model.safetensors"
PICKLED = "pytorch_model.bin"
# What torch's restricted unpickler raises on random bytes, besides UnpicklingError and EOFError.
_DAMAGE = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError, struct.error)
_ARCHITECTURES = {
    "masked_lm": "BertForMaskedLM",
    "classify": "BertForSequenceClassification",
    "multilabel": "BertForSequenceClassification",
    "regress": "BertForSequenceClassification",
    "pair": "BertForSequenceClassification",
    "token": "BertForTokenClassification",
}
_PROBLEM_TYPES = {"multilabel": "multi_label_classification", "regress": "regression"}
_FIXED = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
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

    @model_validator(mode="after")
    def _one_for_each_output(self) -> Self:
        for field in ("labels", "target_mean", "target_scale"):
            count = len(getattr(self, field))
            if count not in (0, self.head.num_outputs):
                raise ValueError(f"{field} has {count} entries for {self.head.num_outputs} outputs of the head")
        return self


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


def save_model(directory: Path, model: Dnabert, info: ModelInfo, dtype: StoredDtype = "float32") -> None:
    """Write weights, configuration and tokenizer into ``directory``, each file in one step, the weights last.

    Args:
        directory: It must be there.
        model: The model.
        info: What it is for.
        dtype: Number type of the stored weights; they are float32 again when they are read.

    Raises:
        OutputError: A file cannot be written.
    """
    write_text(directory / "config.json", json.dumps(_config(model, info), indent=2) + "\n")
    for name, content in tokenizer_files(model.config.kmer).items():
        write_text(directory / name, content)
    # One entry of metadata only: several are written in random order, and equal weights would have different checksums.
    number = {"float32": torch.float32, "bfloat16": torch.bfloat16}[dtype]
    tensors = {name: tensor.to(number) if tensor.is_floating_point() else tensor for name, tensor in to_published(model).items()}
    write_bytes(directory / SAFETENSORS, save(tensors, metadata={"format": "pt"}))


def _config(model: Dnabert, info: ModelInfo) -> dict[str, Any]:
    sizes = model.config.model_dump()
    head = info.head
    same = _transformers_class(info)
    config: dict[str, Any] = {
        **({"architectures": [same], "model_type": "bert"} if same else {"model_type": "dnabert"}),
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


def _transformers_class(info: ModelInfo) -> str | None:
    """The class of ``transformers`` that gives the same outputs from the same file, if there is one."""
    head = info.head
    per_base = head.task == "token" and head.token_level == "base"
    pools_otherwise = head.task not in ("masked_lm", "token") and head.pooling != "cls"
    if per_base or pools_otherwise or head.chunk_pooling or info.target_scale:
        return None
    return _ARCHITECTURES[head.task]


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damage shows as odd pickle protocols and the like, of which torch warns before it fails
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, EOFError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}; the file is damaged or truncated: fetch it again") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: is no plain weights file (damaged, or a pickle that carries code, which is never run);"
            " convert it to safetensors where it was made"
        ) from error
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path}: cannot be read: {reason}; the file is damaged or truncated: fetch it again") from error
    if isinstance(tensors, dict) and isinstance(tensors.get("state_dict"), dict):
        tensors = tensors["state_dict"]
    if not isinstance(tensors, dict) or not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in tensors.items()):
        raise CheckpointError(f"{path}: does not hold a dictionary of tensors; is this the weights file of a model?")
    return tensors


def load_model(directory: Path, head: HeadConfig | None = None, labels: tuple[str, ...] | None = None) -> SavedModel:
    """A model from a run directory or one in the published layout.

    Args:
        directory: Holds the weights and ``config.json``.
        head: The head to build instead of the stored one, fresh where the file has no weights for it (to fine-tune); None reads the stored
            head, strictly; an encoder stored without any head gets a fresh masked-token head.
        labels: Names of the outputs of ``head``; the stored classifier is used only if it was trained for the same task and names.

    Returns:
        The model on the CPU in evaluation mode, and what was loaded.

    Raises:
        CheckpointError: A file is missing or damaged, or a tensor is missing, extra or misshapen.
    """
    if not directory.is_dir():
        raise CheckpointError(f"{directory}: is no directory; a model is a run directory or one in the Hugging Face layout")
    path = weights_file(directory)
    stored = _read_json(directory / "config.json")
    tensors = upgrade_names(read_tensors(path), str(path))
    try:
        config = _sizes(stored, tensors, directory)
        info = _own_info(stored, directory) if "dnabert" in stored else _published_info(stored, tensors, directory)
    except ConfigError as error:
        raise CheckpointError(f"{error}; config.json does not describe a DNABERT model") from error
    wanted = head or info.head
    other = labels is not None and (info.labels, info.head.task) != (labels, wanted.task)
    set_aside = [name for name in tensors if other and name.startswith("classifier.")]
    tensors = {name: tensor for name, tensor in tensors.items() if name not in set_aside}
    model = Dnabert(config, wanted)
    report = from_published(model, tensors, str(path), new_head=head is not None or _is_bare(stored, tensors))
    report = replace(report, unused=tuple(sorted([*report.unused, *set_aside])))
    info = info if head is None else ModelInfo(head=wanted, trained_on=info.trained_on)
    return SavedModel(model.eval(), info, directory, sha256_of_file(path), report)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: is missing; copy the config.json that belongs to the weights") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: cannot be read: {error}; copy the config.json that belongs to the weights") from error
    if not isinstance(stored, dict):
        raise CheckpointError(f"{path}: is no JSON object; copy the config.json that belongs to the weights")
    return stored


def _sizes(stored: dict[str, Any], tensors: dict[str, Tensor], directory: Path) -> ModelConfig:
    path = directory / "config.json"
    for key, value in _FIXED.items():
        if stored.get(key, value) != value:
            raise CheckpointError(f"{path}: {key} is {stored[key]!r}, DNABERT's is {value!r}; this is another kind of model")
    given = {ours: stored[theirs] for theirs, ours in _BERT_KEYS.items() if theirs in stored}
    config = guess_config(tensors, str(weights_file(directory)), **given)
    size = stored.get("vocab_size", config.vocab_size)
    if size != config.vocab_size:
        of = next((f", k = {kmer}" for kmer in range(1, 9) if 4**kmer + 5 == size), "")
        raise CheckpointError(
            f"{path}: vocab_size {size}{of} is not that of the weights ({config.vocab_size}, k = {config.kmer});"
            " these files belong to different models"
        )
    return config


def _own_info(stored: dict[str, Any], directory: Path) -> ModelInfo:
    own = stored["dnabert"]
    values = {key: value for key, value in own.items() if key not in ("version", "kmer")} if isinstance(own, dict) else {"dnabert": own}
    return validate_settings(ModelInfo, values, str(directory / "config.json"))


def _is_bare(stored: dict[str, Any], tensors: dict[str, Tensor]) -> bool:
    """An encoder as ``BertModel`` stores it: nothing but ``bert.*``, and no claim to more."""
    claims = "BertFor" in _architectures(stored)
    return "dnabert" not in stored and not claims and all(name.startswith("bert.") for name in tensors)


def _published_info(stored: dict[str, Any], tensors: dict[str, Tensor], directory: Path) -> ModelInfo:
    architectures = _architectures(stored)
    outputs = stored_outputs(tensors)
    if outputs is None:
        if "Classification" in architectures:
            raise CheckpointError(f"{weights_file(directory)}: tensor classifier.weight is missing; config.json claims {architectures}")
        return ModelInfo()
    names = stored.get("id2label")
    named = names if isinstance(names, dict) and len(names) == outputs else {}
    layers = [name for name in tensors if name.startswith("rnn.weight_ih_l") and not name.endswith("_reverse")]
    head = {
        "task": "token" if "TokenClassification" in architectures else _published_task(stored, outputs),
        "num_outputs": outputs,
        "token_level": "kmer",
        "chunk_pooling": "lstm" if layers else None,
        "rnn_layers": max(len(layers), 1),
    }
    labels = [str(named.get(str(number), number)).removeprefix("LABEL_") for number in range(outputs)]  # transformers' filler
    return validate_settings(ModelInfo, {"head": head, "labels": labels}, str(directory / "config.json"))


def _architectures(stored: dict[str, Any]) -> str:
    return str(stored.get("architectures") or "")


def _published_task(stored: dict[str, Any], outputs: int) -> str:
    """The task of a sequence classifier; one output without further word is a value, as ``transformers`` reads it."""
    by_problem = {theirs: ours for ours, theirs in _PROBLEM_TYPES.items()}
    problem = stored.get("problem_type")
    return "regress" if problem is None and outputs == 1 else by_problem.get(str(problem), "classify")
