"""Attention scores: spread over bases, streamed, refused where there are none. Their values are tested in tests/parity."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dnabert.checkpoint import SavedModel, load_model
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine
from dnabert.errors import ConfigError, SequenceError
from dnabert.infer.attention import scores as attention
from dnabert.infer.attention import sets as attention_set
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.scores import all_base_scores, attention_maps, base_scores, normalised, rollout_scores, spread_over_bases
from dnabert.infer.attention.sets import LandscapeSum, check_readable, is_flat, score_sequences
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer
from tests.toy import save_toy_run, toy_config, toy_model

CPU = Machine(torch.device("cpu"), torch.float32)
HEAD = HeadConfig(task="classify")


def some_sequences(*lengths: int, seed: int = 0) -> SequenceSet:
    rng = np.random.default_rng(seed)
    return SequenceSet(tuple(f"s{length}" for length in lengths), pack([rng.integers(0, 4, length, dtype=np.uint8) for length in lengths]))


def test_scores_of_k_mers_are_spread_as_worked_out_by_hand() -> None:
    assert spread_over_bases(np.array([6.0, 2.0, 1.0]), 2).tolist() == [6, 4, 1.5, 1]
    assert spread_over_bases(np.array([[6.0], [3.0]]), 4).tolist() == [[6, 6, 6, 6], [3, 3, 3, 3]]
    assert spread_over_bases(np.array([1.0, 2.0, 3.0]), 1).tolist() == [1, 2, 3]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(1, 8))
def test_a_base_has_a_score_between_those_of_the_k_mers_over_it(scores: list[float], kmer: int) -> None:
    found = spread_over_bases(np.array(scores), kmer)
    assert len(found) == len(scores) + kmer - 1
    assert found[0] == pytest.approx(scores[0])
    assert found[-1] == pytest.approx(scores[-1])
    for base, value in enumerate(found):
        covering = scores[max(0, base - kmer + 1) : base + 1]
        assert min(covering) - 1e-6 <= value <= max(covering) + 1e-6


def test_scores_are_of_length_one_and_zeros_stay_zeros() -> None:
    assert normalised(np.array([3, 4], np.float32)).tolist() == pytest.approx([0.6, 0.8])
    assert normalised(np.zeros(3, np.float32)).tolist() == [0, 0, 0]


def test_every_sequence_comes_once_and_progress_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_BATCHES_HELD", 2)
    monkeypatch.setattr(attention, "TOKENS_PER_BATCH", {"cpu": 64})
    sequences = some_sequences(*range(10, 60))
    done: list[int] = []
    found = list(base_scores(toy_model(HEAD), sequences, KmerTokenizer(3), CPU, progress=done.append))
    assert sorted(index for index, _ in found) == list(range(50))
    assert sum(done) == 50
    assert [len(scores) for _, scores in sorted(found, key=lambda pair: pair[0])] == list(range(10, 60))


def test_scores_do_not_depend_on_what_else_is_in_the_batch() -> None:
    model, sequences = toy_model(HEAD), some_sequences(9, 30, 31, 60)
    together = all_base_scores(model, sequences, KmerTokenizer(3), CPU)
    for number in range(4):
        (alone,) = all_base_scores(model, sequences.take([number]), KmerTokenizer(3), CPU)
        np.testing.assert_allclose(alone, together[number], atol=1e-6)


def test_heads_of_all_add_up_whatever_the_subset() -> None:
    model, sequences = toy_model(HEAD), some_sequences(20)
    parts = [all_base_scores(model, sequences, KmerTokenizer(3), CPU, heads=heads, normalise=False)[0] for heads in ((0, 2), (1, 3))]
    (whole,) = all_base_scores(model, sequences, KmerTokenizer(3), CPU, normalise=False)
    np.testing.assert_allclose(parts[0] + parts[1], whole, atol=1e-6)


def test_between_batches_torch_and_the_model_are_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_BATCHES_HELD", 1)
    model = toy_model(HEAD).train()
    for _ in base_scores(model, some_sequences(20, 600 - 92, 30), KmerTokenizer(3), CPU):
        assert model.training
        assert not torch.is_inference_mode_enabled()
    assert model.training


def test_a_layer_above_the_one_asked_for_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy_model(HEAD)
    monkeypatch.setattr(model.encoder.blocks[1], "forward", lambda *_: pytest.fail("the last layer was run"))
    assert len(all_base_scores(model, some_sequences(20), KmerTokenizer(3), CPU, layer=0)[0]) == 20
    assert len(all_base_scores(model, some_sequences(20), KmerTokenizer(3), CPU)[0]) == 20  # its first row needs no whole layer either


def test_ambiguous_bases_have_scores_too() -> None:
    codes = np.full(12, 4, dtype=np.uint8)
    (scores,) = all_base_scores(toy_model(HEAD), SequenceSet(("n",), pack([codes])), KmerTokenizer(3), CPU)
    assert np.isfinite(scores).all()
    assert np.linalg.norm(scores) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"layer": 2}, "layer is 2: this model has layers 0 to 1, or -1 to -2 from the last"),
        ({"layer": -3}, "layer is -3"),
        ({"heads": (0, 4)}, "heads has 4: this model has heads 0 to 3"),
        ({"heads": (-1,)}, "heads has -1"),
        ({"heads": (1, 1)}, "heads names one twice: 1, 1; each can be summed once"),
    ],
)
@pytest.mark.parametrize("read", [base_scores, rollout_scores])
def test_a_layer_or_head_that_is_not_there_is_named_with_the_range(read: object, choice: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list(read(toy_model(HEAD), some_sequences(9), KmerTokenizer(3), CPU, **choice))  # type: ignore[operator]


def test_a_sequence_longer_than_the_window_is_named_with_the_way_out() -> None:
    message = r"s513: 513 bases are more than the 512 that this model reads at once \(so are 1 others\); cut the sequences"
    with pytest.raises(SequenceError, match=message):
        list(base_scores(toy_model(HEAD), some_sequences(512, 513, 600), KmerTokenizer(3), CPU))


def test_a_map_is_of_one_window() -> None:
    head = HeadConfig(task="classify", chunk_pooling="mean")
    with pytest.raises(SequenceError, match=r"the sequence has 20 bases, and a map is of one window, 10 at most: cut it"):
        attention_maps(toy_model(head, toy_config(3, max_positions=10)), some_sequences(20).first[0], KmerTokenizer(3, 8), CPU)


def test_pairs_are_refused() -> None:
    with pytest.raises(ConfigError, match="a pair model reads two sequences at once, and attention scores are of one"):
        list(base_scores(toy_model(HeadConfig(task="pair")), some_sequences(9), KmerTokenizer(3), CPU))


def _saved(tmp_path: Path, head: HeadConfig = HEAD, kmer: int = 3, seed: int = 0) -> SavedModel:
    return load_model(save_toy_run(tmp_path, head, kmer=kmer, seed=seed))


def test_scores_come_in_input_order_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member, sequences = _saved(tmp_path), some_sequences(10, 40, 20, 33, 12, 60)
    whole = list(score_sequences([member], sequences, CPU, AttentionConfig()))
    monkeypatch.setattr(attention_set, "_PIECE_NUMBERS", 45)
    read: list[int] = []
    taken = SequenceSet.take
    monkeypatch.setattr(SequenceSet, "take", lambda *given: read.append(len(taken(*given))) or taken(*given))
    pieces = list(score_sequences([member], sequences, CPU, AttentionConfig()))
    assert len(read) > 2
    assert sum(read) == 6
    for left, right in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(left.scores, right.scores, atol=1e-6)
        assert left.heads is None


@pytest.mark.parametrize("normalise", [True, False])
def test_heads_by_themselves_add_up_to_the_score(normalise: bool, tmp_path: Path) -> None:
    member, sequences = _saved(tmp_path), some_sequences(25, 14)
    config = AttentionConfig(per_head=True, heads=(3, 1), strand="both", normalise=normalise)
    for found, plain in zip(
        score_sequences([member], sequences, CPU, config),
        score_sequences([member], sequences, CPU, config.model_copy(update={"per_head": False})),
        strict=True,
    ):
        assert found.heads is not None
        assert found.heads.shape == (2, len(found.scores))
        np.testing.assert_allclose(found.heads.sum(0), found.scores, atol=1e-6)
        np.testing.assert_allclose(found.scores, plain.scores, atol=1e-6)


def test_rollout_of_several_models_is_summed(tmp_path: Path) -> None:
    members, sequences = [_saved(tmp_path), _saved(tmp_path, kmer=4)], some_sequences(25)
    config = AttentionConfig(method="rollout", normalise=False)
    parts = [next(iter(score_sequences([member], sequences, CPU, config))).scores for member in members]
    np.testing.assert_allclose(next(iter(score_sequences(members, sequences, CPU, config))).scores, parts[0] + parts[1], atol=1e-6)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (AttentionConfig(layer=7), "layer is 7: this model has layers 0 to 1"),
        (AttentionConfig(heads=(9,)), "heads has 9: this model has heads 0 to 3"),
        (AttentionConfig(per_head=True, method="rollout"), "--per-head is for --method cls: rollout mixes the heads in every layer"),
    ],
)
def test_what_cannot_be_read_is_told_before_the_work(config: AttentionConfig, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        check_readable([_saved(tmp_path)], config)


def test_heads_of_an_ensemble_are_refused_with_a_member_to_take(tmp_path: Path) -> None:
    members = [_saved(tmp_path), _saved(tmp_path, kmer=4)]
    with pytest.raises(ConfigError, match=rf"--per-head is for one model, and an ensemble has 2: .* such as {members[0].directory}"):
        check_readable(members, AttentionConfig(per_head=True))


def test_a_pair_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run-pair-3mer-0: is a pair model"):
        check_readable([_saved(tmp_path, HeadConfig(task="pair"))], AttentionConfig())


@pytest.mark.parametrize(
    ("head", "reads"),
    [
        (HeadConfig(task="classify", pooling="mean"), "the mean of its k-mers"),
        (HeadConfig(task="token"), "every k-mer by itself"),
    ],
)
def test_a_model_that_does_not_answer_from_cls_is_warned_of(
    head: HeadConfig, reads: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    check_readable([_saved(tmp_path, head)], AttentionConfig())
    assert f"answers from {reads}, not from [CLS]" in caplog.text
    caplog.clear()
    check_readable([_saved(tmp_path, head)], AttentionConfig(method="rollout"))
    check_readable([_saved(tmp_path)], AttentionConfig())
    assert not caplog.text


def test_equal_scores_are_flat() -> None:
    assert is_flat(np.full(9, 1 / 3, np.float32))
    assert is_flat(np.zeros(4, np.float32))
    assert not is_flat(np.array([0.3, 0.31], np.float32))
    assert not is_flat(np.empty(0, np.float32))


def test_a_mean_landscape_is_that_of_all_at_once() -> None:
    rows = np.random.default_rng(0).random((30, 12)).astype(np.float32)
    sums = LandscapeSum()
    for number, row in enumerate(rows):
        sums.add(row, f"s{number}")
    found = sums.result
    reach = 1.96 * rows.std(0, ddof=1) / np.sqrt(30)
    assert found.count == 30
    np.testing.assert_allclose(found.mean, rows.mean(0), atol=1e-6)
    assert found.low is not None
    assert found.high is not None
    np.testing.assert_allclose(found.low, rows.mean(0) - reach, atol=1e-6)
    np.testing.assert_allclose(found.high, rows.mean(0) + reach, atol=1e-6)


def test_one_sequence_has_no_interval_and_another_length_is_named() -> None:
    sums = LandscapeSum()
    sums.add(np.ones(5, np.float32), "first")
    assert sums.result.low is None
    with pytest.raises(SequenceError, match=r"odd: 6 bases, and the sequences before have 5: a mean landscape needs equal lengths"):
        sums.add(np.ones(6, np.float32), "odd")
