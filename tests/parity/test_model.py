"""Our model against the BERT classes of ``transformers``: random weights, float32, both directions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
)

from dnabert.checkpoint import ModelInfo, load_model, save_model
from dnabert.model.config import HeadConfig, ModelConfig, base
from dnabert.model.heads import Dnabert
from dnabert.model.weights import from_published, to_published
from tests.toy import save_toy_run, toy_config, toy_model

TOLERANCE = {"rtol": 0, "atol": 1e-5}


@dataclass(frozen=True)
class Head:
    """A head as both sides know it."""

    theirs: Any
    auto: Any
    ours: HeadConfig
    settings: dict[str, Any] = field(default_factory=dict)


def _sequence(task: str, outputs: int, problem: str) -> Head:
    head = HeadConfig.model_validate({"task": task, "num_outputs": outputs, "token_level": "kmer"})
    settings = {"num_labels": outputs, "problem_type": problem}
    return Head(BertForSequenceClassification, AutoModelForSequenceClassification, head, settings)


HEADS = {
    "masked_lm": Head(BertForMaskedLM, AutoModelForMaskedLM, HeadConfig()),
    "binary": _sequence("classify", 2, "single_label_classification"),
    "multi-class": _sequence("classify", 3, "single_label_classification"),
    "multi-label": _sequence("multilabel", 4, "multi_label_classification"),
    "regression": _sequence("regress", 1, "regression"),
    "token": Head(
        BertForTokenClassification,
        AutoModelForTokenClassification,
        HeadConfig(task="token", num_outputs=3, token_level="kmer"),
        {"num_labels": 3},
    ),
}
every_head = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())


def make_reference(kind: Any, sizes: ModelConfig, std: float = 0.2, **settings: Any) -> Any:
    config = BertConfig(
        vocab_size=sizes.vocab_size,
        hidden_size=sizes.hidden_size,
        num_hidden_layers=sizes.num_layers,
        num_attention_heads=sizes.num_heads,
        intermediate_size=sizes.intermediate_size,
        layer_norm_eps=1e-12,
        **settings,
    )
    model = kind._from_config(config, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=std, generator=generator)
            if name.endswith("LayerNorm.weight"):
                parameter.add_(1)
    return model


def make_inputs(kind: str, vocab_size: int = 69) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Ids, mask and token types of a few sequences."""
    generator = torch.Generator().manual_seed(2)
    lengths = {"unpadded": (40, 40, 40), "padded": (5, 40, 3, 17), "pair": (12, 40, 30), "full": (512, 300)}[kind]
    ids = torch.randint(5, vocab_size, (len(lengths), max(lengths)), generator=generator)
    ids[:, 0] = 2
    types = torch.zeros_like(ids) if kind == "pair" else None
    for row, length in enumerate(lengths):
        ids[row, length - 1] = 3
        ids[row, length:] = 0
        if types is not None:
            ids[row, length // 2] = 3
            types[row, length // 2 + 1 : length] = 1
    return ids, None if kind == "unpadded" else ids != 0, types


every_input = pytest.mark.parametrize("inputs", ["unpadded", "padded", "pair", "full"])


def assert_same_outputs(ours: Dnabert, theirs: Any, inputs: tuple[Tensor, Tensor | None, Tensor | None]) -> None:
    ids, mask, types = inputs
    given = {"attention_mask": None if mask is None else mask.long(), "token_type_ids": types}
    with torch.no_grad():
        wanted = theirs(ids, **given, output_hidden_states=True, output_attentions=True)
        found = ours(ids, mask, types, return_hidden=True, return_attentions=True)
        plain = ours(ids, mask, types)
    logits = wanted.logits[:, 1:-1] if ours.head_config.task == "token" else wanted.logits
    assert_close(found.logits, logits, **TOLERANCE)
    assert_close(plain.logits, logits, **TOLERANCE)
    for kind, expected in ((found.encoder.hidden_states, wanted.hidden_states), (found.encoder.attentions, wanted.attentions)):
        assert kind is not None
        assert len(kind) == len(expected)
        for mine, other in zip(kind, expected, strict=True):
            assert_close(mine, other, **TOLERANCE)
    assert_close(found.encoder.last_hidden, wanted.hidden_states[-1], **TOLERANCE)


def save_safetensors(model: nn.Module, folder: Path) -> None:
    model.save_pretrained(folder)  # type: ignore[operator]
    assert (folder / "model.safetensors").is_file()


def save_pickled(model: nn.Module, folder: Path) -> None:
    folder.mkdir()
    model.config.save_pretrained(folder)  # type: ignore[operator, union-attr]
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


every_format = pytest.mark.parametrize("save", [save_safetensors, save_pickled])


@every_head
@every_input
def test_a_model_of_transformers_answers_the_same_here(head: Head, inputs: str) -> None:
    theirs = make_reference(head.theirs, toy_config(), **head.settings)
    ours = Dnabert(toy_config(), head.ours).eval()
    report = from_published(ours, theirs.state_dict())
    assert report.fresh == report.unused == ()
    assert_same_outputs(ours, theirs, make_inputs(inputs))


@every_head
@every_format
def test_a_directory_of_transformers_is_read(head: Head, save: Callable[[nn.Module, Path], None], tmp_path: Path) -> None:
    theirs = make_reference(head.theirs, toy_config(), **head.settings)
    theirs.config.architectures = [head.theirs.__name__]
    save(theirs, tmp_path / "published")
    saved = load_model(tmp_path / "published")
    assert saved.model.config == toy_config()
    assert saved.info.head.task == head.ours.task
    assert len(saved.info.labels) == head.settings.get("num_labels", 0)
    assert saved.report.fresh == saved.report.unused == ()
    assert not saved.model.training
    assert_same_outputs(saved.model, theirs, make_inputs("padded"))


@every_head
def test_transformers_reads_our_directory_whole(head: Head, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path, head.ours)
    for kind in (head.theirs, head.auto):
        theirs, report = kind.from_pretrained(run, output_loading_info=True, attn_implementation="eager")
        assert type(theirs) is head.theirs
        assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
        assert theirs.config.architectures == [head.theirs.__name__]
        assert_same_outputs(toy_model(head.ours), theirs.eval(), make_inputs("padded"))


def test_a_full_width_6mer_model_gives_the_same_values() -> None:
    sizes = base(6)
    theirs = make_reference(BertForMaskedLM, sizes, std=0.02)
    with torch.device("meta"):  # no time for random weights that are replaced
        ours = Dnabert(sizes).eval()
    from_published(ours.to_empty(device="cpu"), theirs.state_dict())
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, sizes.vocab_size, (2, 32), generator=generator)
    ids[1, 20:] = 0
    assert_same_outputs(ours, theirs, (ids, ids != 0, None))


@every_format
def test_a_bare_encoder_is_read_with_its_pooler(save: Callable[[nn.Module, Path], None], tmp_path: Path) -> None:
    theirs = make_reference(BertModel, toy_config())
    theirs.config.architectures = ["BertModel"]
    save(theirs, tmp_path / "bare")
    saved = load_model(tmp_path / "bare", HeadConfig(task="classify", num_outputs=2))
    ids, mask, types = make_inputs("padded")
    with torch.no_grad():
        wanted = theirs(ids, attention_mask=mask.long(), token_type_ids=types)  # type: ignore[union-attr]
        hidden = saved.model.encoder(ids, mask, types).last_hidden
        assert_close(hidden, wanted.last_hidden_state, **TOLERANCE)
        assert_close(saved.model.pool(hidden, mask), wanted.pooler_output, **TOLERANCE)
    assert saved.report.fresh == ("classifier.bias", "classifier.weight")


def test_a_bare_encoder_without_a_wanted_head_gets_a_fresh_masked_token_head(tmp_path: Path) -> None:
    theirs = make_reference(BertModel, toy_config())
    save_safetensors(theirs, tmp_path / "bare")
    saved = load_model(tmp_path / "bare")
    assert saved.info.head.task == "masked_lm"
    assert all(name.startswith("cls.predictions.") for name in saved.report.fresh)
    assert len(saved.report.fresh) == 5
    assert saved.report.unused == ("bert.pooler.dense.bias", "bert.pooler.dense.weight")
    ids, _, _ = make_inputs("unpadded")
    with torch.no_grad():
        assert_close(saved.model.encoder(ids).last_hidden, theirs(ids).last_hidden_state, **TOLERANCE)


def test_the_pooler_and_next_sentence_head_of_a_pretraining_checkpoint_are_read_over(tmp_path: Path) -> None:
    theirs = make_reference(BertForPreTraining, toy_config())
    save_safetensors(theirs, tmp_path / "published")
    saved = load_model(tmp_path / "published")
    assert saved.report.fresh == ()
    assert saved.report.unused == ("bert.pooler.dense.bias", "bert.pooler.dense.weight")
    ids, mask, _ = make_inputs("padded")
    with torch.no_grad():
        wanted = theirs(ids, attention_mask=mask.long()).prediction_logits  # type: ignore[union-attr]
        assert_close(saved.model(ids, mask).logits, wanted, **TOLERANCE)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_transformers_reads_the_encoder_of_any_run(pooling: str, tmp_path: Path) -> None:
    head = HeadConfig.model_validate({"task": "classify", "pooling": pooling})
    theirs = BertModel.from_pretrained(save_toy_run(tmp_path, head)).eval()
    ids, mask, _ = make_inputs("padded")
    with torch.no_grad():
        wanted = theirs(ids, attention_mask=mask.long()).last_hidden_state  # type: ignore[union-attr]
        assert_close(toy_model(head).encoder(ids, mask).last_hidden, wanted, **TOLERANCE)


@pytest.mark.parametrize(
    ("head", "info"),
    [
        (HeadConfig(task="classify", pooling="mean"), {}),
        (HeadConfig(task="classify", pooling="max"), {}),
        (HeadConfig(task="classify", chunk_pooling="mean"), {}),
        (HeadConfig(task="token", token_level="base"), {}),
        (HeadConfig(task="regress", num_outputs=1), {"target_mean": (2.0,), "target_scale": (3.0,)}),
    ],
    ids=["mean", "max", "chunks", "per base", "scaled values"],
)
def test_auto_classes_refuse_a_run_whose_answers_transformers_cannot_give(head: HeadConfig, info: dict[str, Any], tmp_path: Path) -> None:
    save_model(tmp_path / "run", toy_model(head), ModelInfo(head=head, **info))
    for kind in (AutoModelForSequenceClassification, AutoModelForTokenClassification):
        with pytest.raises(ValueError, match="model type `dnabert`"):
            kind.from_pretrained(tmp_path / "run")


@pytest.mark.parametrize("layers", [1, 2])
def test_the_published_long_model_is_read_and_answers_by_its_formula(layers: int, tmp_path: Path) -> None:
    """Source: recipe 1.6, `dnalong`: pooled chunks, bidirectional LSTM, sum of all final states, linear layer."""
    bert = make_reference(BertModel, toy_config())
    lstm = nn.LSTM(32, 32, layers, bidirectional=True, batch_first=True)
    classifier = nn.Linear(32, 2)
    parts = {"bert": bert, "rnn": lstm, "classifier": classifier}
    tensors = {f"{part}.{name}": tensor for part, module in parts.items() for name, tensor in module.state_dict().items()}
    bert.config.architectures = ["BertForLongSequenceClassification"]
    bert.config.update({"split": 2, "rnn": "lstm", "rnn_hidden": 768, "num_rnn_layer": layers, "rnn_dropout": 0.0})
    bert.config.save_pretrained(tmp_path)
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    saved = load_model(tmp_path)
    assert saved.info.head == HeadConfig(task="classify", token_level="kmer", chunk_pooling="lstm", rnn_layers=layers)
    assert saved.report.fresh == saved.report.unused == ()
    ids, mask, _ = make_inputs("padded")
    with torch.no_grad():
        found = saved.model(ids, mask, num_chunks=[3, 1]).logits
        for row, chunks in enumerate((ids[:3], ids[3:])):
            pooled = bert(chunks, attention_mask=(chunks != 0).long()).pooler_output
            _, (last, _) = lstm(pooled[None])
            assert_close(found[row], classifier(last.sum(0))[0], **TOLERANCE)


def published_gradients(model: Dnabert) -> dict[str, Tensor]:
    """Gradients by the published names: what the weights' converter makes of a model that holds them as weights."""
    holder = Dnabert(model.config, model.head_config)
    with torch.no_grad():
        for target, source in zip(holder.parameters(), model.parameters(), strict=True):
            assert source.grad is not None
            target.copy_(source.grad)
    return to_published(holder)


@pytest.mark.parametrize("name", ["masked_lm", "multi-class", "token"])
@pytest.mark.parametrize("inputs", ["padded", "pair"])
def test_gradients_of_every_weight_are_the_same(name: str, inputs: str) -> None:
    head = HEADS[name]
    theirs = make_reference(head.theirs, toy_config(), **head.settings)
    ours = Dnabert(toy_config(), head.ours).eval()
    from_published(ours, theirs.state_dict())
    ids, mask, types = make_inputs(inputs)
    assert mask is not None
    wanted = theirs(ids, attention_mask=mask.long(), token_type_ids=types).logits
    wanted = wanted[:, 1:-1] if name == "token" else wanted
    found = ours(ids, mask, types).logits
    direction = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(4)) / wanted.numel()
    if wanted.ndim == 3:
        direction[~(mask[:, 2:] if name == "token" else mask)] = 0  # no loss counts padding, whose embedding theirs holds fixed
    (wanted * direction).sum().backward()
    (found * direction).sum().backward()
    expected = {key: value.grad for key, value in theirs.named_parameters()}
    gradients = published_gradients(ours)
    assert gradients.keys() == expected.keys()
    for key, gradient in gradients.items():
        assert expected[key] is not None, key
        assert_close(gradient, expected[key], **TOLERANCE, msg=lambda text, key=key: f"{key}: {text}")
        assert "key.bias" in key or gradient.abs().max() > 1e-6, key
