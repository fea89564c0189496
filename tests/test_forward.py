from collections.abc import Sequence

import numpy as np
import pytest
import torch

from dnabert.data.batch import EncodedSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import IGNORED, Targets
from dnabert.device import Machine
from dnabert.dna.sequence import Codes, reverse_complement
from dnabert.forward import Predictions, aligned, predict_set, probabilities, score_predictions
from dnabert.metrics import score_task
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer
from tests.toy import toy_model

CPU = Machine(torch.device("cpu"), torch.float32)

HEADS = {
    "classify": HeadConfig(task="classify", num_outputs=3),
    "mean": HeadConfig(task="classify", pooling="mean"),
    "max": HeadConfig(task="regress", num_outputs=1, pooling="max"),
    "base": HeadConfig(task="token", num_outputs=2),
    "kmer": HeadConfig(task="token", num_outputs=2, token_level="kmer"),
    "pair": HeadConfig(task="pair"),
    "chunks": HeadConfig(task="multilabel", num_outputs=2, chunk_pooling="lstm"),
    "attention": HeadConfig(task="classify", chunk_pooling="attention"),
}


def codes_of(lengths: Sequence[int], seed: int = 0) -> list[Codes]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 5, size=length).astype(np.uint8) for length in lengths]


def encoded(head: HeadConfig, first: Sequence[Codes], max_tokens: int = 510) -> EncodedSet:
    second = pack([np.roll(piece, 3) for piece in first]) if head.task == "pair" else None
    return EncodedSet(SequenceSet(tuple(map(str, range(len(first)))), pack(first), second), KmerTokenizer(3, max_tokens), head)


@pytest.mark.parametrize("name", HEADS)
def test_predictions_are_in_input_order_and_do_not_depend_on_their_neighbours(name: str) -> None:
    head = HEADS[name]
    model = toy_model(head)
    codes = codes_of([12, 40, 3, 33, 12, 200] + ([700] if head.chunk_pooling else []))
    together = predict_set(model, encoded(head, codes), CPU)
    for row, piece in enumerate(codes):
        alone = predict_set(model, encoded(head, [piece]), CPU)
        np.testing.assert_allclose(together.of(row), alone.of(0), atol=2e-6)
    backward = predict_set(model, encoded(head, codes[::-1]), CPU)
    for row in range(len(codes)):
        np.testing.assert_allclose(together.of(row), backward.of(len(codes) - 1 - row), atol=2e-6)


def test_the_budget_of_tokens_makes_no_difference() -> None:
    head = HEADS["classify"]
    data = encoded(head, codes_of(range(3, 60)))
    whole = predict_set(toy_model(head), data, CPU)
    pieces: list[int] = []
    parts = predict_set(toy_model(head), data, CPU, progress=pieces.append, tokens_per_batch=100)
    np.testing.assert_allclose(whole.values, parts.values, atol=2e-6)
    assert len(pieces) > 10
    assert sum(pieces) == 57


@pytest.mark.parametrize("name", HEADS)
def test_reverse_reads_the_reverse_complement_and_bases_come_back_in_forward_order(name: str) -> None:
    head = HEADS[name]
    model = toy_model(head)
    codes = codes_of([12, 40, 3])
    reverse = predict_set(model, encoded(head, codes), CPU, reverse=True)
    other = EncodedSet(_complemented(encoded(head, codes).sequences), KmerTokenizer(3), head)
    by_hand = predict_set(model, other, CPU)
    for row in range(len(codes)):
        expected = by_hand.of(row)[::-1] if head.task == "token" else by_hand.of(row)
        np.testing.assert_allclose(reverse.of(row), expected, atol=2e-6)


def _complemented(data: SequenceSet) -> SequenceSet:
    first = pack([reverse_complement(piece) for piece in data.first])
    second = None if data.second is None else pack([reverse_complement(piece) for piece in data.second])
    return SequenceSet(data.ids, first, second)


@pytest.mark.parametrize("name", ["base", "kmer"])
def test_both_strands_of_a_cut_sequence_speak_of_the_same_bases(name: str) -> None:
    head = HEADS[name]
    model = toy_model(head)
    whole, kept = codes_of([60]), [codes_of([60])[0][:22]]
    for reverse in (False, True):
        cut = predict_set(model, encoded(head, whole, max_tokens=20), CPU, reverse=reverse)
        short = predict_set(model, encoded(head, kept), CPU, reverse=reverse)
        np.testing.assert_allclose(cut.values, short.values, atol=2e-6)
        assert cut.offsets is not None
        assert cut.offsets.tolist() == [0, 22 if name == "base" else 20]


@pytest.mark.parametrize(("name", "lost"), [("base", 0), ("kmer", 2)])
def test_token_predictions_have_one_row_for_each_base_or_kmer(name: str, lost: int) -> None:
    head = HEADS[name]
    lengths = [12, 3, 40]
    found = predict_set(toy_model(head), encoded(head, codes_of(lengths)), CPU)
    assert found.offsets is not None
    assert np.diff(found.offsets).tolist() == [length - lost for length in lengths]
    assert found.values.shape == (sum(lengths) - 3 * lost, 2)
    assert found.of(1).shape == (3 - lost, 2)


def test_the_model_is_left_as_it_was_also_after_an_error() -> None:
    head = HEADS["classify"]
    model = toy_model(head).train()
    data = encoded(head, codes_of([12, 40]))
    first = predict_set(model, data, CPU)
    assert model.training
    np.testing.assert_array_equal(first.values, predict_set(model, data, CPU).values)  # no dropout although it is being trained

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_set(model, data, CPU, progress=stop)
    assert model.training
    assert torch.is_grad_enabled()


def test_probabilities_of_classes_labels_and_values() -> None:
    logits = np.log(np.array([[1.0, 3.0]], dtype=np.float32))
    assert probabilities(Predictions(logits), toy_model(HEADS["mean"])).values == pytest.approx(np.array([[0.25, 0.75]]))
    assert probabilities(Predictions(logits), toy_model(HEADS["chunks"])).values == pytest.approx(np.array([[0.5, 0.75]]))
    value = Predictions(np.array([[2.0]], dtype=np.float32))
    model = toy_model(HEADS["max"])
    assert probabilities(value, model, (3.0,), (1.0,)).values == pytest.approx(np.array([[7.0]]))
    assert probabilities(value, model).values == pytest.approx(np.array([[2.0]]))


def test_figures_of_tokens_count_what_was_read_and_has_a_label() -> None:
    head = HEADS["base"]
    codes = codes_of([30, 8])
    labels = np.random.default_rng(0).integers(0, 2, size=38)
    labels[32] = IGNORED
    data = EncodedSet(encoded(head, codes).sequences, KmerTokenizer(3, 20), head, Targets(labels, np.array([0, 30, 38])))
    model = toy_model(head)
    predictions = probabilities(predict_set(model, data, CPU), model)
    targets, values = aligned(data, predictions)
    assert targets.tolist() == [*labels[:22], *labels[30:32], *labels[33:]]
    assert len(values) == len(targets) == 29
    assert values[22].tolist() == predictions.of(1)[0].tolist()
    assert score_predictions(model, data, predictions) == score_task("token", targets, values)
