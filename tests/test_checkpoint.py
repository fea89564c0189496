import contextlib
import hashlib
import io
import json
import logging
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoConfig

from dnabert.checkpoint import ModelInfo, load_model, read_tensors, save_model, weights_file
from dnabert.errors import CheckpointError, OutputError
from dnabert.model.config import HeadConfig
from dnabert.model.weights import to_published
from tests.toy import save_toy_run, toy_config, toy_model

INFOS = [
    ModelInfo(trained_on="a genome"),
    ModelInfo(head=HeadConfig(task="classify", num_outputs=3), labels=("a", "b", "c"), stranded=False, window_bp=300),
    ModelInfo(head=HeadConfig(task="classify", pooling="mean", dropout=0.3), labels=("0", "1")),
    ModelInfo(head=HeadConfig(task="pair", pooling="max"), labels=("no", "yes")),
    ModelInfo(head=HeadConfig(task="multilabel", num_outputs=4), labels=("w", "x", "y", "z")),
    ModelInfo(head=HeadConfig(task="regress", num_outputs=1), labels=("value",), target_mean=(1.5,), target_scale=(0.1,)),
    ModelInfo(head=HeadConfig(task="token", num_outputs=2), labels=("-", "+")),
    ModelInfo(head=HeadConfig(task="token", num_outputs=2, token_level="kmer"), labels=("-", "+")),
    *[
        ModelInfo(head=HeadConfig.model_validate({"task": "classify", "chunk_pooling": kind, "rnn_layers": 2}), labels=("0", "1"))
        for kind in ("mean", "max", "lstm", "attention")
    ],
]

# The class of transformers that gives the same answers, in the order of INFOS.
CLAIMS = [
    "BertForMaskedLM",
    "BertForSequenceClassification",
    *[None, None],  # mean and max pooling
    "BertForSequenceClassification",
    *[None, None],  # scaled values, answers per base
    "BertForTokenClassification",
    *[None, None, None, None],  # chunks
]


def name_of(info: ModelInfo) -> str:
    head = info.head
    return "-".join(filter(None, [head.task, head.pooling, head.token_level if head.task == "token" else "", head.chunk_pooling]))


claimed = [info for info, claim in zip(INFOS, CLAIMS, strict=True) if claim]
every_head = pytest.mark.parametrize("info", INFOS, ids=name_of)


def some_ids() -> tuple[Tensor, Tensor]:
    ids = torch.randint(5, 69, (2, 12), generator=torch.Generator().manual_seed(0))
    ids[1, 8:] = 0
    return ids, ids != 0


def failure(directory: Path, head: HeadConfig | None = None) -> str:
    """The one line that a user sees when ``directory`` is loaded."""
    with pytest.raises(CheckpointError) as caught:
        load_model(directory, head)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(directory))
    return message


def rewrite_config(run: Path, **changes: Any) -> None:
    path = run / "config.json"
    stored = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in stored.items() if value is not ...}))


# Round trips


@every_head
def test_a_saved_model_comes_back_bit_by_bit(info: ModelInfo, tmp_path: Path) -> None:
    model = toy_model(info.head)
    save_model(tmp_path / "run", model, info)
    saved = load_model(tmp_path / "run")
    assert saved.info == info
    assert saved.model.config == model.config
    assert saved.model.head_config == info.head
    assert saved.report.fresh == saved.report.unused == ()
    assert saved.sha256 == hashlib.sha256((tmp_path / "run" / "model.safetensors").read_bytes()).hexdigest()
    assert saved.directory == tmp_path / "run"
    assert (saved.tokenizer.kmer, saved.tokenizer.max_tokens) == (3, 510)
    with torch.no_grad():
        assert saved.model(*some_ids()).logits.equal(model(*some_ids()).logits)


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (save_toy_run(tmp_path / name, HeadConfig(task="classify")) for name in ("a", "b"))
    files = sorted(path.name for path in first.iterdir())
    assert files == sorted(
        ["config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
    )
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_a_model_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        save_model(tmp_path / "file" / "run", toy_model(), ModelInfo())


# config.json


@pytest.mark.parametrize("info", claimed, ids=name_of)
def test_transformers_reads_the_configuration_without_a_word(info: ModelInfo, tmp_path: Path) -> None:
    save_model(tmp_path / "run", toy_model(info.head), info)
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("transformers").addHandler(handler)
    try:
        config = AutoConfig.from_pretrained(tmp_path / "run")
    finally:
        logging.getLogger("transformers").removeHandler(handler)
    assert records == []
    sizes = (config.vocab_size, config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.intermediate_size)
    assert sizes == (69, 2, 32, 4, 64)
    assert config.layer_norm_eps == 1e-12
    if info.labels:
        assert config.num_labels == len(info.labels)
        assert config.id2label == dict(enumerate(info.labels))
        assert config.label2id == {name: number for number, name in enumerate(info.labels)}


@pytest.mark.parametrize(("info", "claim"), list(zip(INFOS, CLAIMS, strict=True)), ids=map(name_of, INFOS))
def test_a_class_is_claimed_only_if_it_gives_the_same_answers(info: ModelInfo, claim: str | None, tmp_path: Path) -> None:
    save_model(tmp_path / "run", toy_model(info.head), info)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())
    assert stored.get("architectures") == ([claim] if claim else None)
    assert stored["model_type"] == ("bert" if claim else "dnabert")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "config.json: cannot be read: Expecting value"),
        ('{"vocab_size": ', "config.json: cannot be read: Expecting value"),
        ("[1, 2]", "config.json: is no JSON object"),
        (b"\xff\xfe\x00", "config.json: cannot be read: 'utf-8' codec can't decode"),
        ("[" * 100_000, "config.json: cannot be read: "),
    ],
    ids=["empty", "cut off", "a list", "binary", "deep"],
)
def test_a_broken_configuration_is_told(content: str | bytes, message: str, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    (run / "config.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    found = failure(run)
    assert message in found
    assert found.endswith("copy the config.json that belongs to the weights")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": "two"}, "num_layers 'two': Input should be a valid integer"),
        ({"num_hidden_layers": 3}, "tensor bert.encoder.layer.2."),
        ({"num_hidden_layers": 1}, "tensor bert.encoder.layer.1."),
        (
            {"hidden_size": 64},
            "word_embeddings.weight has shape (69, 32), the model wants (69, 64); the file and config.json must describe",
        ),
        ({"num_attention_heads": 5}, "num_heads 5 does not divide hidden_size 32"),
        ({"num_attention_heads": None}, "num_heads None: Input should be a valid integer"),
        ({"max_position_embeddings": 1024}, "position_embeddings.weight has shape (512, 32), the model wants (1024, 32)"),
        ({"hidden_act": "relu"}, "config.json: hidden_act is 'relu', DNABERT's is 'gelu'; this is another kind of model"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key', DNABERT's is 'absolute'"),
        ({"vocab_size": 4101}, "vocab_size 4101, k = 6 is not that of the weights (69, k = 3); these files belong to different models"),
        ({"vocab_size": 70}, "vocab_size 70 is not that of the weights (69, k = 3)"),
        ({"vocab_size": "many"}, "vocab_size many is not that of the weights"),
        ({"dnabert": 3}, "dnabert 3: Extra inputs are not permitted"),
        ({"dnabert": {"heads": 1}}, "heads 1: Extra inputs are not permitted"),
        ({"dnabert": {"head": {"task": "guess"}}}, "head.task 'guess': Input should be"),
        ({"dnabert": {"head": {"task": "classify", "num_outputs": 2}, "labels": ["a"]}}, "labels has 1 entries for 2 outputs of the head"),
        ({"dnabert": ..., "architectures": ["BertForSequenceClassification"]}, "tensor classifier.weight is missing"),
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit_is_told_with_the_value(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    rewrite_config(run, **changes)
    assert message in failure(run)


# Directories


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    assert failure(tmp_path / "nothing").endswith("is no directory; a model is a run directory or one in the Hugging Face layout")


def test_a_directory_without_weights_is_told_which_files_are_wanted(tmp_path: Path) -> None:
    assert "holds no model.safetensors or pytorch_model.bin" in failure(tmp_path)


def test_a_directory_without_configuration_is_told(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    (run / "config.json").unlink()
    assert "config.json: is missing; copy the config.json that belongs to the weights" in failure(run)


def test_safetensors_are_preferred_to_a_pickle(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    (run / "pytorch_model.bin").write_bytes(b"not read")
    assert weights_file(run).name == "model.safetensors"
    load_model(run)


# Weights files


def pickled_run(folder: Path, content: object) -> Path:
    """A run whose weights are what ``torch.save`` makes of ``content``."""
    run = save_toy_run(folder)
    (run / "model.safetensors").unlink()
    torch.save(content, run / "pytorch_model.bin")
    return run


@pytest.mark.parametrize("wrap", [lambda weights: weights, lambda weights: {"state_dict": weights, "epoch": 3}], ids=["plain", "nested"])
def test_pickled_weights_are_read_plain_or_nested(wrap: Any, tmp_path: Path) -> None:
    run = pickled_run(tmp_path, wrap(to_published(toy_model())))
    assert load_model(run).model(*some_ids()).logits.equal(toy_model()(*some_ids()).logits)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {1: torch.ones(1)}, torch.ones(2)], ids=["list", "numbers", "numbered", "tensor"])
def test_a_pickle_of_something_else_is_told(content: object, tmp_path: Path) -> None:
    found = failure(pickled_run(tmp_path, content))
    assert found.endswith("pytorch_model.bin: does not hold a dictionary of tensors; is this the weights file of a model?")


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("how", ["torch", "plain pickle", "old torch"])
def test_code_in_a_pickle_is_never_run(how: str, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    weights = {**to_published(toy_model()), "trap": Trap(touched)}
    run = pickled_run(tmp_path, weights)
    if how == "plain pickle":
        (run / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(touched)))
    elif how == "old torch":
        torch.save(weights, run / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    found = failure(run)
    assert not touched.exists()
    assert "a pickle that carries code, which is never run" in found
    assert found.endswith("convert it to safetensors where it was made")
    if how == "plain pickle":
        pickle.loads((run / "pytorch_model.bin").read_bytes())
        assert touched.exists(), "the trap works"


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, 0.5, 0.99], ids=str)
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_truncated_or_empty_weights_file_is_told(name: str, kept: float, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path) if name == "model.safetensors" else pickled_run(tmp_path, to_published(toy_model()))
    whole = (run / name).read_bytes()
    (run / name).write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    found = failure(run)
    assert f"{name}: " in found
    assert "damaged" in found


def test_random_damage_to_a_pickle_ends_in_an_error_of_ours(tmp_path: Path) -> None:
    rng = random.Random(0)
    tensors = {"a.weight": torch.ones(2, 3), "b": torch.zeros(2)}
    files = []
    for is_new in (True, False):
        buffer = io.BytesIO()
        torch.save(tensors, buffer, _use_new_zipfile_serialization=is_new)
        files.append(buffer.getvalue())
    num_read = 0
    for _ in range(300):
        content = bytearray(rng.choice(files))
        for _ in range(rng.randrange(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        start = rng.choice([b"", b"\x80\x02"])
        noise = start + bytes(rng.choice(b"\x80\x02}q(KMNI0123.ctR") for _ in range(rng.randrange(60)))
        (tmp_path / "x.bin").write_bytes(rng.choice([bytes(content), noise, bytes(content[: rng.randrange(len(content))])]))
        with contextlib.suppress(CheckpointError):
            read_tensors(tmp_path / "x.bin")
            num_read += 1
    assert num_read < 150


def test_a_weights_file_that_is_missing_is_told(tmp_path: Path) -> None:
    for name in ("x.safetensors", "x.bin"):
        with pytest.raises(CheckpointError, match=f"{name}: cannot be read: "):
            read_tensors(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bert.embeddings.word_embeddings.weight", None, "tensor bert.embeddings.word_embeddings.weight is missing"),
        ("bert.encoder.layer.1.output.dense.bias", None, "tensor bert.encoder.layer.1.output.dense.bias is missing"),
        ("bert.encoder.layer.1.output.dense.bias", torch.ones(3), "has shape (3,), the model wants (32,)"),
        ("surplus", torch.ones(3), "tensor surplus is not part of this model"),
        ("embeddings.LayerNorm.gamma", torch.ones(32), "tensor bert.embeddings.LayerNorm.weight is there twice"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named_with_its_file(name: str, value: Tensor | None, message: str, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    tensors = load_file(run / "model.safetensors")
    tensors.pop(name, None)
    save_file(tensors if value is None else tensors | {name: value}, run / "model.safetensors")
    found = failure(run)
    assert found.startswith(f"{run / 'model.safetensors'}: ")
    assert message in found


def test_weights_of_another_k_beside_a_run_are_told_by_their_k(tmp_path: Path) -> None:
    run, other = save_toy_run(tmp_path, kmer=3), save_toy_run(tmp_path, kmer=4)
    (run / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    assert "vocab_size 69, k = 3 is not that of the weights (261, k = 4); these files belong to different models" in failure(run)


# Another head


def test_a_new_head_on_a_run_keeps_what_is_known_of_the_training(tmp_path: Path) -> None:
    save_model(tmp_path / "run", toy_model(), ModelInfo(trained_on="a genome"))
    head = HeadConfig(task="classify", num_outputs=3)
    saved = load_model(tmp_path / "run", head)
    assert saved.info == ModelInfo(head=head, trained_on="a genome")
    assert saved.report.fresh == ("bert.pooler.dense.bias", "bert.pooler.dense.weight", "classifier.bias", "classifier.weight")
    encoder = toy_model().encoder.state_dict()
    assert all(tensor.equal(encoder[name]) for name, tensor in saved.model.encoder.state_dict().items())


def test_a_new_head_still_wants_the_whole_encoder(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    tensors = load_file(run / "model.safetensors")
    del tensors["bert.encoder.layer.1.output.dense.bias"]
    save_file(tensors, run / "model.safetensors")
    assert "tensor bert.encoder.layer.1.output.dense.bias is missing" in failure(run, HeadConfig(task="classify"))


# Directories of others


def foreign_run(folder: Path, head: HeadConfig, **changes: Any) -> Path:
    """A directory as others write it: without our section."""
    run = save_toy_run(folder, head)
    rewrite_config(run, dnabert=..., **changes)
    return run


@pytest.mark.parametrize(
    ("outputs", "changes", "task", "labels"),
    [
        (2, {"problem_type": ...}, "classify", ("0", "1")),
        (2, {"problem_type": None, "id2label": {"0": "off", "1": "on"}}, "classify", ("off", "on")),
        (2, {"id2label": ["off", "on"]}, "classify", ("0", "1")),
        (3, {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, "classify", ("0", "1", "2")),
        (3, {"problem_type": "multi_label_classification"}, "multilabel", ("0", "1", "2")),
        (1, {"problem_type": "regression"}, "regress", ("0",)),
        (1, {"problem_type": ...}, "regress", ("0",)),
    ],
)
def test_the_task_of_a_foreign_classifier_is_read_as_transformers_does(
    outputs: int, changes: dict[str, Any], task: str, labels: tuple[str, ...], tmp_path: Path
) -> None:
    run = foreign_run(tmp_path, HeadConfig(task="classify", num_outputs=outputs), **changes)
    info = load_model(run).info
    assert (info.head.task, info.head.num_outputs, info.labels) == (task, outputs, labels)


def test_sizes_that_a_foreign_configuration_leaves_out_are_those_of_the_weights(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    (run / "config.json").write_text('{"num_attention_heads": 4}')
    saved = load_model(run)
    assert saved.model.config == toy_config()
    assert saved.info == ModelInfo()


def test_a_run_whose_masked_token_head_is_missing_is_an_error(tmp_path: Path) -> None:
    for number, changes in enumerate([{}, {"dnabert": ...}]):
        run = save_toy_run(tmp_path / str(number))
        rewrite_config(run, **changes)
        tensors = load_file(run / "model.safetensors")
        save_file({name: tensor for name, tensor in tensors.items() if name.startswith("bert.")}, run / "model.safetensors")
        assert "tensor cls.predictions.bias, " in failure(run)
