"""Legend: L bases."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tangermeme.saturation_mutagenesis import saturation_mutagenesis

from dnabert.checkpoint import ModelInfo, SavedModel
from dnabert.choices import Task
from dnabert.data.batch import EncodedSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine, choose_machine
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.errors import ConfigError
from dnabert.forward import predict_set
from dnabert.infer.attribution.choices import AttributionMethod
from dnabert.infer.attribution.gradients import ScoredBases, one_hot
from dnabert.infer.attribution.mutants import mutant_ids
from dnabert.infer.attribution.scores import attribute, attribute_members, choose_output, output_score, per_base, score_name
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.model.weights import LoadReport
from dnabert.tokenizer import KmerTokenizer
from tests.toy import toy_config, toy_model

CPU = Machine(torch.device("cpu"), torch.float32)
BINARY = HeadConfig(task="classify")
METHODS: tuple[AttributionMethod, ...] = ("ism", "gradient", "ig")
TEXTS = ("ACGTTGCAAGCT", "TTGCANNGAT", "GATTACA", "ACGTTGCAAGCTAC")


def sequence_set(texts: Sequence[str]) -> SequenceSet:
    return SequenceSet(tuple(f"s{number}" for number in range(len(texts))), pack([encode_bases(text) for text in texts]))


def scores_one_by_one(model: Dnabert, texts: Sequence[str], output: int = 1) -> npt.NDArray[np.float64]:
    """Log-odds from predictions, a sequence at a time."""
    tokenizer = KmerTokenizer(model.config.kmer, model.config.max_positions - 2)
    found = []
    for text in texts:
        logits = predict_set(model, EncodedSet(sequence_set([text]), tokenizer, model.head_config), CPU).values[0].astype(np.float64)
        others = np.delete(logits, output)
        found.append(logits[output] - np.log(np.exp(others).sum()))
    return np.array(found)


def contributions(
    model: Dnabert, texts: Sequence[str], method: AttributionMethod = "ism", output: int = 1, **more: object
) -> list[npt.NDArray[np.float32]]:
    tokenizer = KmerTokenizer(model.config.kmer, model.config.max_positions - 2)
    found = list(attribute(model, sequence_set(texts), tokenizer, CPU, method=method, output=output, **more))  # type: ignore[arg-type]
    assert [index for index, _ in found] == list(range(len(texts)))
    return [values for _, values in found]


def saved(model: Dnabert, **facts: object) -> SavedModel:
    names = tuple(str(number) for number in range(model.head_config.num_outputs))
    info = ModelInfo.model_validate({"head": model.head_config, "labels": names, **facts})
    return SavedModel(model, info, None, "", LoadReport((), ()))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.text("ACGTN", min_size=8, max_size=24))
def test_mutant_ids_are_those_of_the_tokenizer(kmer: int, text: str) -> None:
    ids, places, bases = mutant_ids(encode_bases(text), kmer)
    wanted = [text, *(text[:place] + "ATCG"[base] + text[place + 1 :] for place, base in zip(places, bases, strict=True))]
    tokenizer = KmerTokenizer(kmer)
    assert ids.tolist() == [tokenizer.encode(one).ids.tolist() for one in wanted]
    assert len(set(wanted)) == 1 + 3 * len(text) + text.count("N")


@pytest.mark.parametrize("tokens_per_batch", [1, 50, 100_000])
@pytest.mark.parametrize("outputs", [2, 3])
def test_mutagenesis_is_what_predictions_one_by_one_say(outputs: int, tokens_per_batch: int) -> None:
    model = toy_model(HeadConfig(task="classify", num_outputs=outputs))
    found = contributions(model, TEXTS[:2], tokens_per_batch=tokens_per_batch)
    for text, values in zip(TEXTS, found, strict=False):
        mutants = [text[:place] + base + text[place + 1 :] for base in "ACGT" for place in range(len(text))]
        wanted = scores_one_by_one(model, mutants).reshape(4, -1)
        assert values == pytest.approx(wanted - wanted.mean(0), abs=2e-5)


def test_mutagenesis_is_that_of_tangermeme() -> None:
    model = toy_model(BINARY)
    text = "ACGTTGCAAGCTGATTACA"
    x, _ = one_hot([encode_bases(text)])
    scored = ScoredBases(model, output_score(BINARY, 1), CPU)
    theirs = saturation_mutagenesis(scored, x, hypothetical=True, device="cpu", fast=False)[0].numpy()
    assert contributions(model, [text])[0] == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_contributions_of_the_four_bases_add_up_to_zero(method: AttributionMethod) -> None:
    for text, values in zip(TEXTS, contributions(toy_model(BINARY), TEXTS, method), strict=True):
        assert values.shape == (4, len(text))
        assert values.dtype == np.float32
        assert np.abs(values).max() > 1e-3
        assert values.sum(0) == pytest.approx(np.zeros(len(text)), abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_sequence_is_explained_the_same_in_any_company(method: AttributionMethod) -> None:
    model = toy_model(BINARY)
    together = contributions(model, TEXTS, method, tokens_per_batch=60)
    for text, values in zip(TEXTS, together, strict=True):
        assert contributions(model, [text], method)[0] == pytest.approx(values, abs=1e-5)


def test_integrated_gradients_add_up_to_the_score_less_that_of_even_odds() -> None:
    model = toy_model(BINARY)
    (values,) = contributions(model, [TEXTS[0]], "ig", steps=200)
    codes = encode_bases(TEXTS[0])
    with torch.no_grad():
        even = ScoredBases(model, output_score(BINARY, 1), CPU)(torch.full((1, 4, len(codes)), 0.25))
    wanted = scores_one_by_one(model, [TEXTS[0]])[0] - float(even)
    assert per_base(values, codes).sum() == pytest.approx(wanted, abs=1e-3)


def test_the_gradient_is_the_slope_on_the_way_to_another_base() -> None:
    model = toy_model(BINARY)
    (values,) = contributions(model, [TEXTS[0]], "gradient")
    x, _ = one_hot([encode_bases(TEXTS[0])])
    scored = ScoredBases(model, output_score(BINARY, 1), CPU)
    place, old, new, step = 4, "ACGT".index("T"), "ACGT".index("G"), 1e-2
    ends = []
    for sign in (1, -1):
        moved = x.clone()
        moved[0, new, place] += sign * step
        moved[0, old, place] -= sign * step
        with torch.no_grad():
            ends.append(float(scored(moved)))
    assert values[new, place] - values[old, place] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-2, abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_both_strands_are_the_mean_of_a_sequence_and_its_reverse_complement(method: AttributionMethod) -> None:
    model = toy_model(BINARY)
    text = TEXTS[0]
    flipped = decode_bases(reverse_complement(encode_bases(text)))
    forward, reverse = contributions(model, [text, flipped], method)
    (both,) = contributions(model, [text], method, strand="both")
    by_hand = np.empty_like(forward)
    for row, base in enumerate("ACGT"):
        other = "ACGT".index({"A": "T", "C": "G", "G": "C", "T": "A"}[base])
        for place in range(len(text)):
            by_hand[row, place] = (forward[row, place] + reverse[other, len(text) - 1 - place]) / 2
    assert both == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_bases_beyond_the_window_contribute_nothing(method: AttributionMethod) -> None:
    model = toy_model(BINARY, toy_config(max_positions=10))  # 8 k-mers, 10 bases
    whole, part = contributions(model, ["ACGTTGCAAGCTGA", "ACGTTGCAAG"], method, strand="both")
    assert whole.shape == (4, 14)
    assert (whole[:, 10:] == 0).all()
    assert whole[:, :10] == pytest.approx(part, abs=1e-6)


def test_ambiguous_bases_have_no_score_of_their_own() -> None:
    codes = encode_bases("TTGCANNGAT")
    for method in METHODS:
        (values,) = contributions(toy_model(BINARY), ["TTGCANNGAT"], method)
        assert (per_base(values, codes)[5:7] == 0).all()
        assert (values[:, 5:7] == 0).all() == (method != "ism")


def test_one_number_for_each_base() -> None:
    values = np.array([[3.0, 0.0], [0.0, -1.0], [4.0, 2.0], [0.0, 0.0]], np.float32)
    codes = encode_bases("GC")
    assert per_base(values, codes).tolist() == [4.0, -1.0]
    assert per_base(values, codes, "magnitude") == pytest.approx([5.0, 5**0.5])


def test_the_model_is_left_as_it_was_also_when_nobody_reads_on() -> None:
    model = toy_model(BINARY).train()
    model.encoder.embeddings.word.weight.requires_grad_(False)
    before = {name: (weight.clone(), weight.requires_grad) for name, weight in model.named_parameters()}
    tokenizer = KmerTokenizer(3)
    for method in METHODS:
        next(attribute(model, sequence_set(TEXTS), tokenizer, CPU, method=method, output=1))
        assert all(part.training for part in model.modules())
        assert not torch.is_inference_mode_enabled()
        for name, weight in model.named_parameters():
            assert weight.equal(before[name][0])
            assert weight.requires_grad == before[name][1]


def test_an_ensemble_is_the_mean_of_its_members() -> None:
    members = [saved(toy_model(BINARY, toy_config(kmer), seed=kmer)) for kmer in (3, 4)]
    data = sequence_set(TEXTS[:2])
    found = [values for _, values in attribute_members(members, data, CPU, method="ism", output=1)]
    for index, text in enumerate(TEXTS[:2]):
        parts = [contributions(member.model, [text])[0] for member in members]
        assert found[index] == pytest.approx((parts[0] + parts[1]) / 2, abs=1e-6)


def test_models_of_no_strand_are_read_on_both() -> None:
    model = toy_model(BINARY)
    data = sequence_set(TEXTS[:1])
    (auto,) = (values for _, values in attribute_members([saved(model, stranded=False)], data, CPU, method="ism", output=1))
    assert auto == pytest.approx(contributions(model, TEXTS[:1], strand="both")[0])
    (forward,) = (values for _, values in attribute_members([saved(model)], data, CPU, method="ism", output=1))
    assert forward == pytest.approx(contributions(model, TEXTS[:1])[0])


def test_contributions_to_a_value_are_in_its_unit() -> None:
    model = toy_model(HeadConfig(task="regress", num_outputs=1))
    member = saved(model, target_scale=(10.0,), target_mean=(3.0,))
    (scaled,) = (values for _, values in attribute_members([member], sequence_set(TEXTS[:1]), CPU, method="ism", output=0))
    assert scaled == pytest.approx(10 * contributions(model, TEXTS[:1], output=0)[0], rel=1e-5)
    assert score_name(member.info, 0) == "value 0"


def test_each_label_is_explained_by_its_own_logit() -> None:
    model = toy_model(HeadConfig(task="multilabel", num_outputs=3))
    text = TEXTS[2]
    tokenizer = KmerTokenizer(3)
    mutants = [text[:place] + base + text[place + 1 :] for base in "ACGT" for place in range(len(text))]
    logits = predict_set(model, EncodedSet(sequence_set(mutants), tokenizer, model.head_config), CPU).values[:, 2].reshape(4, -1)
    assert contributions(model, [text], output=2)[0] == pytest.approx(logits - logits.mean(0), abs=1e-5)


@pytest.mark.parametrize(
    ("task", "labels", "name", "wanted"),
    [
        ("classify", ("no", "yes"), None, 1),
        ("classify", ("no", "yes"), "no", 0),
        ("classify", ("a", "b", "c"), "b", 1),
        ("multilabel", ("SP1",), None, 0),
        ("multilabel", ("SP1", "CTCF"), "CTCF", 1),
        ("regress", ("activity",), None, 0),
    ],
)
def test_the_output_is_found_by_its_name(task: Task, labels: tuple[str, ...], name: str | None, wanted: int) -> None:
    info = ModelInfo(head=HeadConfig(task=task, num_outputs=len(labels)), labels=labels)
    assert choose_output(info, name) == wanted


def test_several_outputs_without_a_name_are_listed() -> None:
    info = ModelInfo(head=HeadConfig(task="classify", num_outputs=3), labels=("donor", "acceptor", "none"))
    with pytest.raises(ConfigError, match="the model has 3 outputs; say which class to explain with --class: donor, acceptor, none"):
        choose_output(info, None)
    with pytest.raises(ConfigError, match="--class intron: the model knows no such class; it has donor, acceptor, none"):
        choose_output(info, "intron")
    assert score_name(info, 0) == "log-odds of class donor"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (HeadConfig(task="token"), "this model answers for every base; use a model fine-tuned with --task classify, multilabel or regress"),
        (HeadConfig(task="pair"), "this model reads two sequences"),
        (HeadConfig(), "this model is pre-trained and has no task"),
        (HeadConfig(task="classify", chunk_pooling="mean"), r"cuts long sequences into several \(chunk_pooling\)"),
    ],
)
def test_models_without_one_answer_for_one_window_are_refused(head: HeadConfig, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        next(attribute(toy_model(head), sequence_set(TEXTS), KmerTokenizer(3), CPU, method="ism", output=1))


def test_pairs_of_sequences_are_refused() -> None:
    packed = sequence_set(TEXTS).first
    pairs = SequenceSet(("a", "b", "c", "d"), packed, packed)
    with pytest.raises(ConfigError, match="attribution reads single sequences, and these are pairs"):
        next(attribute(toy_model(BINARY), pairs, KmerTokenizer(3), CPU, method="ism", output=1))


@pytest.mark.parametrize("method", METHODS)
def test_bfloat16_is_near_float32(method: AttributionMethod) -> None:
    model = toy_model(BINARY)
    exact = contributions(model, TEXTS[:1], method)[0]
    ((_, rough),) = attribute(model, sequence_set(TEXTS[:1]), KmerTokenizer(3), choose_machine("cpu", "bfloat16"), method=method, output=1)
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.97


def test_progress_counts_every_sequence_once() -> None:
    done: list[int] = []
    contributions(toy_model(BINARY), TEXTS, "ism", progress=done.append)
    assert sum(done) == len(TEXTS)
