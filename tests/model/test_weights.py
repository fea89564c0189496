from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from dnabert.errors import CheckpointError, ConfigError
from dnabert.model.bert import Encoder
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.model.weights import from_published, guess_config, stored_outputs, to_published, upgrade_names
from tests.toy import toy_config, toy_model

WORDS = "bert.embeddings.word_embeddings.weight"


def fill(tensors: dict[str, Tensor], head: HeadConfig | None = None, kmer: int = 3) -> Dnabert:
    model = Dnabert(toy_config(kmer), head)
    from_published(model, tensors, "file")
    return model


def same_weights(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    other = right.state_dict()
    return all(tensor.equal(other[name]) for name, tensor in left.state_dict().items())


@pytest.mark.parametrize(
    "head",
    [
        HeadConfig(),
        HeadConfig(task="classify", num_outputs=3),
        HeadConfig(task="classify", pooling="mean"),
        HeadConfig(task="regress", chunk_pooling="lstm", rnn_layers=2),
        HeadConfig(task="multilabel", chunk_pooling="attention"),
        HeadConfig(task="token"),
    ],
    ids=lambda head: f"{head.task}-{head.pooling}-{head.chunk_pooling}",
)
def test_weights_come_back_from_the_published_names_unchanged(head: HeadConfig) -> None:
    model = toy_model(head)
    assert same_weights(fill(to_published(model), head), model)


def test_published_names_are_literally_these() -> None:
    names = list(to_published(toy_model(HeadConfig(task="classify", chunk_pooling="lstm"), toy_config(num_layers=1))))
    layer = "bert.encoder.layer.0."
    assert sorted(names) == sorted(
        [
            "bert.embeddings.word_embeddings.weight",
            "bert.embeddings.position_embeddings.weight",
            "bert.embeddings.token_type_embeddings.weight",
            "bert.embeddings.LayerNorm.weight",
            "bert.embeddings.LayerNorm.bias",
            *[f"{layer}attention.self.{part}.{kind}" for part in ("query", "key", "value") for kind in ("weight", "bias")],
            *[f"{layer}attention.output.{part}.{kind}" for part in ("dense", "LayerNorm") for kind in ("weight", "bias")],
            *[f"{layer}intermediate.dense.{kind}" for kind in ("weight", "bias")],
            *[f"{layer}output.{part}.{kind}" for part in ("dense", "LayerNorm") for kind in ("weight", "bias")],
            "bert.pooler.dense.weight",
            "bert.pooler.dense.bias",
            "classifier.weight",
            "classifier.bias",
            *[f"rnn.{name}_l0{way}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") for way in ("", "_reverse")],
        ]
    )


def old_layer_norm(name: str) -> str:
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


@pytest.mark.parametrize(
    "rename",
    [
        old_layer_norm,
        lambda name: f"module.{name}",
        lambda name: f"module.{old_layer_norm(name)}",
        lambda name: name.removeprefix("bert."),
        lambda name: f"module.{name.removeprefix('bert.')}",
    ],
    ids=["gamma and beta", "module", "both", "no bert", "module without bert"],
)
def test_old_names_are_read(rename: Callable[[str], str]) -> None:
    model = toy_model(HeadConfig(task="classify"))
    published = {rename(name): tensor for name, tensor in to_published(model).items()}
    assert to_published(model).keys() - published.keys()
    assert same_weights(fill(published, model.head_config), model)


def test_companions_of_published_files_are_read_over() -> None:
    model = toy_model()
    published = to_published(model)
    companions = {
        "bert.embeddings.position_ids": torch.arange(512)[None],
        "cls.predictions.decoder.weight": published[WORDS].clone(),
        "cls.predictions.decoder.bias": published["cls.predictions.bias"].clone(),
        "cls.seq_relationship.weight": torch.randn(2, 32),
        "cls.seq_relationship.bias": torch.randn(2),
        "bert.pooler.dense.weight": torch.randn(32, 32),
        "bert.pooler.dense.bias": torch.randn(32),
    }
    fresh = Dnabert(toy_config())
    report = from_published(fresh, published | companions)
    assert same_weights(fresh, model)
    assert report.fresh == ()
    assert report.unused == ("bert.pooler.dense.bias", "bert.pooler.dense.weight")


def test_a_bias_that_is_stored_with_the_decoder_only_is_found() -> None:
    model = toy_model()
    published = to_published(model)
    published["cls.predictions.decoder.bias"] = published.pop("cls.predictions.bias")
    assert same_weights(fill(published), model)


@pytest.mark.parametrize("copy", ["cls.predictions.decoder.weight", "cls.predictions.decoder.bias"])
def test_a_decoder_that_is_not_tied_is_an_error(copy: str) -> None:
    published = to_published(toy_model())
    published[copy] = torch.zeros_like(published[WORDS] if copy.endswith("weight") else published["cls.predictions.bias"])
    with pytest.raises(CheckpointError, match=rf"file: tensor {copy} differs from .*, to which it is tied in DNABERT"):
        fill(published)


def test_a_tensor_under_two_names_is_an_error() -> None:
    published = to_published(toy_model())
    published["bert.embeddings.LayerNorm.gamma"] = torch.ones(32)
    with pytest.raises(CheckpointError, match=r"file: tensor bert\.embeddings\.LayerNorm\.weight is there twice"):
        fill(published)


@pytest.mark.parametrize(
    "name", [WORDS, "bert.encoder.layer.1.attention.self.key.bias", "cls.predictions.transform.LayerNorm.weight", "cls.predictions.bias"]
)
def test_a_missing_tensor_is_named(name: str) -> None:
    published = to_published(toy_model())
    del published[name]
    with pytest.raises(CheckpointError, match=rf"file: tensor {name} is missing; "):
        fill(published)


def test_many_missing_tensors_are_counted() -> None:
    published = {name: tensor for name, tensor in to_published(toy_model()).items() if ".layer.1." not in name}
    with pytest.raises(CheckpointError, match=r"tensor bert\.encoder\.layer\.1\.\S+, \S+, \S+ and others \(16\) are missing"):
        fill(published)


def test_a_state_dict_that_is_no_bert_is_told_so() -> None:
    with pytest.raises(CheckpointError, match="is this a BERT in the published layout"):
        fill({"conv1.weight": torch.ones(2)})


@pytest.mark.parametrize("name", ["bert.encoder.layer.2.output.dense.bias", "classifier.weight", "bert.embeddings.extra"])
def test_an_extra_tensor_is_named(name: str) -> None:
    published = to_published(toy_model()) | {name: torch.ones(1)}
    with pytest.raises(CheckpointError, match=rf"file: tensor {name} is not part of this model; "):
        fill(published)


def test_a_misshapen_tensor_is_named_with_both_shapes_and_nothing_is_changed() -> None:
    published = to_published(toy_model())
    published["bert.encoder.layer.1.attention.self.value.weight"] = torch.ones(32, 31)
    model = toy_model(seed=5)
    before = to_published(model)
    with pytest.raises(CheckpointError, match=r"layer\.1\.attention\.self\.value\.weight has shape \(32, 31\), the model wants \(32, 32\)"):
        from_published(model, published, "file")
    assert all(tensor.equal(before[name]) for name, tensor in to_published(model).items())


def test_weights_of_another_k_are_told_by_both_ks() -> None:
    with pytest.raises(CheckpointError, match="these weights are for k = 4, the model has k = 3"):
        fill(to_published(toy_model(config=toy_config(kmer=4))))


def test_half_precision_weights_are_read_into_float32() -> None:
    model = toy_model()
    found = fill({name: tensor.half() for name, tensor in to_published(model).items()})
    assert {tensor.dtype for tensor in found.state_dict().values()} == {torch.float32}
    assert_close(found.encoder.embeddings.word.weight, model.encoder.embeddings.word.weight, rtol=1e-3, atol=1e-3)


def encoder_of(model: Dnabert) -> Encoder:
    return model.encoder


def test_fine_tuning_from_a_masked_language_model_keeps_the_encoder_and_starts_the_head_fresh() -> None:
    source = toy_model()
    model = Dnabert(toy_config(), HeadConfig(task="classify", num_outputs=3))
    assert model.classifier is not None
    start = model.classifier.weight.detach().clone()
    report = from_published(model, to_published(source), new_head=True)
    assert same_weights(encoder_of(model), encoder_of(source))
    assert report.fresh == ("bert.pooler.dense.bias", "bert.pooler.dense.weight", "classifier.bias", "classifier.weight")
    assert all(name.startswith("cls.predictions.") for name in report.unused)
    assert len(report.unused) == 5
    assert set(report.loaded) == {name for name in to_published(source) if name.startswith("bert.")}
    assert model.classifier.weight.equal(start)


def test_a_three_class_model_gives_its_encoder_and_pooler_to_a_two_class_one() -> None:
    source = toy_model(HeadConfig(task="classify", num_outputs=3))
    model = Dnabert(toy_config(), HeadConfig(task="classify", num_outputs=2))
    report = from_published(model, to_published(source), new_head=True)
    assert same_weights(encoder_of(model), encoder_of(source))
    assert model.pooler is not None
    assert source.pooler is not None
    assert same_weights(model.pooler, source.pooler)
    assert report.fresh == report.unused == ("classifier.bias", "classifier.weight")


def test_a_new_head_does_not_excuse_a_broken_encoder() -> None:
    head = HeadConfig(task="classify")
    for change in ("missing", "extra", "misshapen"):
        published = to_published(toy_model())
        name = "bert.encoder.layer.0.output.dense.bias"
        if change == "missing":
            del published[name]
        else:
            published[name + "x" * (change == "extra")] = torch.ones(3)
        with pytest.raises(CheckpointError, match=r"bert\.encoder\.layer\.0\.output\.dense\.bias"):
            from_published(Dnabert(toy_config(), head), published, new_head=True)


def test_sizes_are_read_off_the_shapes() -> None:
    published = to_published(toy_model(config=toy_config(kmer=4, num_layers=3, max_positions=40)))
    assert guess_config(published, num_heads=4) == toy_config(kmer=4, num_layers=3, max_positions=40)


def test_sizes_cannot_be_read_off_something_else() -> None:
    published = to_published(toy_model())
    with pytest.raises(CheckpointError, match=rf"file: tensor {WORDS} is missing"):
        guess_config({}, "file", num_heads=4)
    with pytest.raises(CheckpointError, match=rf"file: tensor {WORDS} is no matrix"):
        guess_config(published | {WORDS: torch.ones(3)}, "file", num_heads=4)
    with pytest.raises(CheckpointError, match=r"file: a vocabulary of 70 tokens is not that of a DNABERT \(4\*\*k \+ 5 for k = 1\.\.8\)"):
        guess_config(published | {WORDS: torch.ones(70, 32)}, "file", num_heads=4)
    with pytest.raises(ConfigError, match=r"file: .*num_heads 5 does not divide hidden_size 32"):
        guess_config(published, "file", num_heads=5)


def test_the_stored_classifier_tells_the_number_of_outputs() -> None:
    assert stored_outputs(to_published(toy_model())) is None
    assert stored_outputs(to_published(toy_model(HeadConfig(task="token", num_outputs=7, token_level="kmer")))) == 7
    assert stored_outputs({"module.classifier.weight": torch.ones(3, 4)}) == 3


def test_upgraded_names_leave_todays_names_alone() -> None:
    published = to_published(toy_model(HeadConfig(task="classify", chunk_pooling="lstm")))
    assert upgrade_names(published).keys() == published.keys()
