"""Names of the weights: ours to the published Hugging Face layout, and back.

One rule table serves both directions. Query, key and value are three tensors in the published layout and one here. The tied decoder is
stored once. Copies of it (which must be equal), position ids, a next-sentence head, and a pooler beside a head that has no use for one are
known companions of published files and are read over.

Source: ``BertForMaskedLM``, ``BertForSequenceClassification`` and ``BertForTokenClassification`` of transformers; recipe 1.6 and 1.12.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dnabert.errors import CheckpointError
from dnabert.model.config import ModelConfig
from dnabert.model.heads import Dnabert
from dnabert.settings import validate_settings

__all__ = ["LoadReport", "from_published", "guess_config", "stored_outputs", "to_published", "upgrade_names"]

_RULES = (
    (r"encoder\.embeddings\.word\.(\w+)", r"bert.embeddings.word_embeddings.\1"),
    (r"encoder\.embeddings\.position\.(\w+)", r"bert.embeddings.position_embeddings.\1"),
    (r"encoder\.embeddings\.token_type\.(\w+)", r"bert.embeddings.token_type_embeddings.\1"),
    (r"encoder\.embeddings\.norm\.(\w+)", r"bert.embeddings.LayerNorm.\1"),
    (r"encoder\.blocks\.(\d+)\.attention\.output\.(\w+)", r"bert.encoder.layer.\1.attention.output.dense.\2"),
    (r"encoder\.blocks\.(\d+)\.attention_norm\.(\w+)", r"bert.encoder.layer.\1.attention.output.LayerNorm.\2"),
    (r"encoder\.blocks\.(\d+)\.expand\.(\w+)", r"bert.encoder.layer.\1.intermediate.dense.\2"),
    (r"encoder\.blocks\.(\d+)\.contract\.(\w+)", r"bert.encoder.layer.\1.output.dense.\2"),
    (r"encoder\.blocks\.(\d+)\.output_norm\.(\w+)", r"bert.encoder.layer.\1.output.LayerNorm.\2"),
    (r"pooler\.(\w+)", r"bert.pooler.dense.\1"),
    (r"masked_head\.transform\.(\w+)", r"cls.predictions.transform.dense.\1"),
    (r"masked_head\.norm\.(\w+)", r"cls.predictions.transform.LayerNorm.\1"),
    (r"masked_head\.bias", r"cls.predictions.bias"),
    (r"classifier\.(\w+)", r"classifier.\1"),
    (r"chunk_pool\.rnn\.(\w+)", r"rnn.\1"),
    (r"chunk_pool\.score\.(\w+)", r"chunk_attention.\1"),
)
_COMPILED = tuple((re.compile(ours), published) for ours, published in _RULES)
_QKV = re.compile(r"encoder\.blocks\.(\d+)\.attention\.qkv\.(\w+)")
_COMPANIONS = re.compile(r"(bert\.)?embeddings\.position_ids|cls\.predictions\.decoder\.(weight|bias)|cls\.seq_relationship\.(weight|bias)")
_TIED = (
    ("cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"),
    ("cls.predictions.decoder.bias", "cls.predictions.bias"),
)
_HEAD_PREFIXES = ("bert.pooler.", "cls.", "classifier.", "rnn.", "chunk_attention.")


@dataclass(frozen=True)
class LoadReport:
    """What was done with a published state dict, by published name.

    Attributes:
        loaded: Tensors that were read.
        fresh: Tensors of the model that the file does not have, left at their random start (only parts of the head).
        unused: Tensors of the file that the model has no place for (only parts of another head, and a pooler).
    """

    loaded: tuple[str, ...]
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def _published_names(ours: str) -> list[str]:
    match = _QKV.fullmatch(ours)
    if match:
        layer, kind = match.groups()
        return [f"bert.encoder.layer.{layer}.attention.self.{part}.{kind}" for part in ("query", "key", "value")]
    for pattern, published in _COMPILED:
        match = pattern.fullmatch(ours)
        if match:
            return [match.expand(published)]
    raise AssertionError(f"no published name for {ours}")


def to_published(model: Dnabert) -> dict[str, Tensor]:
    """The model's weights by their published names, contiguous, on the CPU.

    The decoder of the masked-token head is tied to the embeddings and is not written twice.
    """
    published: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        names = _published_names(name)
        for target, piece in zip(names, tensor.detach().cpu().chunk(len(names), dim=0), strict=True):
            published[target] = piece.contiguous().clone()
    return published


def upgrade_names(tensors: Mapping[str, Tensor], source: str = "weights") -> dict[str, Tensor]:
    """The same tensors with today's names: old ``gamma`` and ``beta``, and the missing ``bert.`` of a bare encoder.

    Raises:
        CheckpointError: Two tensors get the same name.
    """
    upgraded: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        new = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name))
        new = new.removeprefix("module.")
        if new.startswith(("embeddings.", "encoder.layer.", "pooler.")):
            new = f"bert.{new}"
        if new in upgraded:
            raise CheckpointError(
                f"{source}: tensor {new} is there twice, under an old and a new name; take out the one that does not count"
            )
        upgraded[new] = tensor
    return upgraded


def from_published(model: Dnabert, tensors: Mapping[str, Tensor], source: str = "weights", *, new_head: bool = False) -> LoadReport:
    """Read published weights into the model; all of it is checked before the first tensor is changed.

    Args:
        model: The model to fill.
        tensors: Tensors by published name, old or new.
        source: How to call the file in an error.
        new_head: Allow the head (pooler, classifier, masked-token head, chunk pooling) to be missing or another one; its weights then stay
            fresh. The encoder must always be there, whole.

    Returns:
        What was loaded, left fresh, and not used.

    Raises:
        CheckpointError: A tensor is missing, extra or of another shape, or a copy of a tied one differs; the message names it.
    """
    given = upgrade_names(tensors, source)
    if model.masked_head is not None:
        given = _resolve_tied(given, source)
    given = {name: tensor for name, tensor in given.items() if not _COMPANIONS.fullmatch(name)}
    state = model.state_dict()
    plan = {ours: _published_names(ours) for ours in state}
    wanted = {name for names in plan.values() for name in names}
    missing = sorted(wanted - set(given))
    extra = sorted(set(given) - wanted)
    may_miss = _HEAD_PREFIXES if new_head else ()
    may_stay = (*may_miss, "bert.pooler.") if model.pooler is None else may_miss
    hard_missing = [name for name in missing if not name.startswith(may_miss)]
    hard_extra = [name for name in extra if not name.startswith(may_stay)]
    if hard_missing:
        raise CheckpointError(f"{source}: tensor {_some(hard_missing)} missing; {_hint(model, given)}")
    if hard_extra:
        raise CheckpointError(f"{source}: tensor {_some(hard_extra)} not part of this model; {_hint(model, given)}")
    fresh: list[str] = []
    pieces: dict[str, Tensor] = {}
    for ours, names in plan.items():
        found = [given[name] for name in names if name in given]
        shape = (state[ours].shape[0] // len(names), *state[ours].shape[1:])
        wrong = next((name for name in names if name in given and tuple(given[name].shape) != shape), None)
        if wrong and wrong.startswith(may_miss):
            fresh += names
            extra += [name for name in names if name in given]
        elif wrong:
            raise CheckpointError(
                f"{source}: tensor {wrong} has shape {tuple(given[wrong].shape)}, the model wants {shape}; {_hint(model, given)}"
            )
        elif len(found) == len(names):
            pieces[ours] = torch.cat(found, dim=0) if len(found) > 1 else found[0]
        else:
            fresh += [name for name in names if name not in given]
    with torch.no_grad():
        for ours, tensor in pieces.items():
            state[ours].copy_(tensor)
    loaded = sorted(name for ours in pieces for name in plan[ours])
    return LoadReport(tuple(loaded), tuple(sorted(fresh)), tuple(sorted(extra)))


def _resolve_tied(given: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    resolved = dict(given)
    for copy, original in _TIED:
        if copy in given and original not in given:
            resolved[original] = given[copy]
        elif copy in given and not torch.equal(given[copy], given[original]):
            raise CheckpointError(
                f"{source}: tensor {copy} differs from {original}, to which it is tied in DNABERT: these weights are of another model"
            )
    return resolved


def _some(names: list[str]) -> str:
    head = ", ".join(names[:3])
    return f"{head} is" if len(names) == 1 else f"{head}{' and others' if len(names) > 3 else ''} ({len(names)}) are"


def _hint(model: Dnabert, given: Mapping[str, Tensor]) -> str:
    words = given.get("bert.embeddings.word_embeddings.weight")
    if words is None:
        return "is this a BERT in the published layout?"
    for kmer in range(1, 9):
        if 4**kmer + 5 == words.shape[0] and kmer != model.config.kmer:
            return f"these weights are for k = {kmer}, the model has k = {model.config.kmer}"
    return "the file and config.json must describe the same model"


def guess_config(tensors: Mapping[str, Tensor], source: str = "weights", **settings: Any) -> ModelConfig:
    """Sizes of a published model.

    Args:
        tensors: Tensors by published name.
        source: How to call the file in an error.
        settings: Fields of the configuration that are known; the others are read off the shapes, or keep their default (12 heads).

    Raises:
        CheckpointError: It is no BERT, or its vocabulary is not that of a k in 1..8.
        ConfigError: A setting breaks a rule.
    """
    given = upgrade_names(tensors, source)
    words = _matrix(given, "bert.embeddings.word_embeddings.weight", source)
    sizes = {
        "kmer": _kmer_of_vocabulary(words.shape[0], source),
        "num_layers": len({match.group(1) for name in given if (match := re.match(r"bert\.encoder\.layer\.(\d+)\.", name))}),
        "hidden_size": words.shape[1],
        "intermediate_size": _matrix(given, "bert.encoder.layer.0.intermediate.dense.weight", source).shape[0],
        "max_positions": _matrix(given, "bert.embeddings.position_embeddings.weight", source).shape[0],
        "type_vocab_size": _matrix(given, "bert.embeddings.token_type_embeddings.weight", source).shape[0],
    }
    return validate_settings(ModelConfig, {**sizes, **settings}, source)


def _matrix(given: Mapping[str, Tensor], name: str, source: str) -> Tensor:
    if name not in given or given[name].ndim != 2:
        fault = "no matrix" if name in given else "missing"
        raise CheckpointError(f"{source}: tensor {name} is {fault}; is this a BERT in the published layout?")
    return given[name]


def _kmer_of_vocabulary(size: int, source: str) -> int:
    for kmer in range(1, 9):
        if 4**kmer + 5 == size:
            return kmer
    raise CheckpointError(f"{source}: a vocabulary of {size} tokens is not that of a DNABERT (4**k + 5 for k = 1..8)")


def stored_outputs(tensors: Mapping[str, Tensor]) -> int | None:
    """Number of outputs of the stored classifier; None when there is none."""
    weight = upgrade_names(tensors).get("classifier.weight")
    return int(weight.shape[0]) if weight is not None and weight.ndim else None
