"""The benchmarks at toy sizes: outputs are compared, a mismatch stops them, and every ratio has its key."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.speed.agreement import MismatchError
from benchmarks.speed.cases import growth, tokenizing
from benchmarks.speed.cases.common.reference import spread_out
from benchmarks.speed.cases.common.sequences import genome_letters, random_set, write_fasta
from benchmarks.speed.cases.inference import attention, motifs, predicting
from benchmarks.speed.cases.training import finetuning, pretraining, steps, training
from benchmarks.speed.results import Findings
from dnabert.dna.fasta import read_fasta
from dnabert.model.heads import Dnabert
from tests.toy import toy_config

PRETRAINING = (pretraining.Case("toy", toy_config(), 2, 40, rounds=1, steps=1, goal=6.0, matmul_size=32),)
FINETUNING = (finetuning.Case("toy", toy_config(), 3, 20, rounds=1, steps=2, matmul_size=32),)
PREDICTING = (predicting.Case(toy_config(), 30, whole=6, ours=4, old=3, checked=5, rounds=1, matmul_size=32),)
TOKENIZING = tokenizing.Sizes(20_000, 8_000, 60, 5, 2, 1, kmers=(3,), copy_bytes=1 << 16)
ATTENTION = attention.Case(toy_config(), 30, whole=6, ours=4, maps=3, checked=2, rounds=1, heads=4, matmul_size=32)
GROWTH = growth.Sizes((16, 24), 48, (1,), 16, (64,), 2, (0.01,), 1, 32, 1 << 16)


def quiet(_text: str) -> None:
    """Nobody listens."""


def assert_agreed(findings: Findings, *parts: str) -> None:
    texts = [found.what for found in findings.agreements]
    for part in parts:
        assert any(part in text for text in texts), (part, texts)
    assert all(found.difference <= found.tolerance for found in findings.agreements)


def test_pretraining_compares_logits_loss_and_gradients_first(tmp_path: Path) -> None:
    findings = pretraining.measure(PRETRAINING, tmp_path, quiet)
    assert_agreed(findings, "logits, float32", "gradients, float32", "loss")
    assert [ratio.key for ratio in findings.ratios] == ["pretraining.toy"]
    assert len(findings.ratios[0].ours) == len(findings.ratios[0].reference) == 1
    assert any("best ratio that the floor allows" in figure.what for figure in findings.figures)


def test_pretraining_of_another_model_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = pretraining.make_reference

    def spoilt(*given: object) -> object:
        model = make(*given)  # type: ignore[arg-type]
        with torch.no_grad():
            model.bert.encoder.layer[1].output.dense.weight += torch.eye(32, 64)
        return model

    monkeypatch.setattr(pretraining, "make_reference", spoilt)
    monkeypatch.setattr(pretraining, "time_steps", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="logits, float32: differs from transformers, float32"):
        pretraining.measure(PRETRAINING, tmp_path, quiet)


def test_finetuning_compares_vectors_probabilities_and_gradients_first(tmp_path: Path) -> None:
    findings = finetuning.measure(FINETUNING, tmp_path, quiet)
    assert_agreed(findings, "vectors of all tokens, float32", "probabilities, float32", "gradients, float32", "gradients of transformers")
    assert [ratio.key for ratio in findings.ratios] == ["finetuning.toy.20"]


def test_wrong_gradients_of_finetuning_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loss = finetuning.FinetuneJob.loss
    monkeypatch.setattr(finetuning.FinetuneJob, "loss", lambda *given: 1.001 * loss(*given))
    monkeypatch.setattr(finetuning, "time_steps", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="gradients, float32"):
        finetuning.measure(FINETUNING, tmp_path, quiet)


def test_predict_answers_as_the_way_of_2021_does(tmp_path: Path) -> None:
    findings = predicting.measure(PREDICTING, tmp_path, quiet)
    assert_agreed(findings, "probabilities, float32", "probabilities of the batched way")
    assert [ratio.key for ratio in findings.ratios] == ["predict.30.2021", "predict.30.batched"]


def test_ids_of_all_ways_are_equal(tmp_path: Path) -> None:
    findings = tokenizing.measure(TOKENIZING, tmp_path, quiet)
    assert_agreed(findings, "ids of a contig", "ids through the store", "ids of records")
    assert [ratio.key for ratio in findings.ratios] == [
        "tokenizer.3.contig.dictionary",
        "tokenizer.3.store.dictionary",
        "tokenizer.3.records.tokenizers",
        "tokenizer.3.records.kmer_text",
    ]


def test_other_ids_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizing, "_look_up", lambda letters, kmer, _: [7] * (len(letters) - kmer + 1))
    monkeypatch.setattr(tokenizing, "take_turns", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="ids differ from slices and a dictionary"):
        tokenizing.measure(TOKENIZING, tmp_path, quiet)


def test_attention_scores_are_compared_with_those_of_whole_maps_first(tmp_path: Path) -> None:
    findings = attention.measure(ATTENTION, tmp_path, quiet)
    assert_agreed(findings, "bases: float32", "whole maps of our model")
    assert [ratio.key for ratio in findings.ratios] == ["attention.30.2021", "attention.30.maps"]
    memory = [figure for figure in findings.figures if figure.what.startswith("peak memory")]
    assert [figure.goal for figure in memory] in ([2000, 2000, None, None], [])


def test_other_attention_scores_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_from_kmers", lambda kmers, kmer: np.ones(len(kmers) + kmer - 1))
    monkeypatch.setattr(attention, "take_turns", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="differs from whole maps as in 2021"):
        attention.measure(ATTENTION, tmp_path, quiet)


def test_groups_of_merged_islands_are_those_of_plain_python(tmp_path: Path) -> None:
    findings = motifs.measure(motifs.QUICK, tmp_path, quiet)
    assert_agreed(findings, "groups of")


def test_growth_has_a_value_at_each_place(tmp_path: Path) -> None:
    findings = growth.measure(GROWTH, tmp_path, quiet)
    assert [found.key for found in findings.growths] == ["length", "batch", "width", "genome"]
    for found in findings.growths:
        assert all(len(line.values) == len(found.x) for line in (*found.times, *found.memory))
        assert all(len(line.floor) in (0, len(found.x)) for line in found.times)


def test_what_a_step_of_optimisation_replaced_gives_the_same(tmp_path: Path) -> None:
    findings = steps.measure(steps.QUICK, tmp_path, quiet)
    assert_agreed(findings, "attention in pieces, float32", "base codes, letters in pairs", "ids of 6-mers by products")
    assert_agreed(findings, "attention in pieces, gradients, bfloat16", "hidden k-mers only: gradients, float32")
    keys = [ratio.key for ratio in findings.ratios]
    assert keys[0] == "steps.attention.17.fused"
    assert len(set(keys)) == len(keys) == 12


def test_a_step_is_timed_within_the_loop_and_the_first_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, config, pieces, machine = pretraining.make_job(PRETRAINING[0], tmp_path)
    ticks = iter([0.0, 100.0, 101.0, 102.0, 104.0])  # begin of steps 1 to 4, end of the last
    monkeypatch.setattr(training, "perf_counter", lambda: next(ticks))
    before = {name: tensor.clone() for name, tensor in job.model.state_dict().items()}
    assert training.step_seconds(job, pieces, config, machine, 3, tmp_path) == pytest.approx(4 / 3)
    assert any(not torch.equal(tensor, before[name]) for name, tensor in job.model.state_dict().items())


def test_a_batch_of_pretraining_is_full_and_has_something_to_predict(tmp_path: Path) -> None:
    _, _, (batch,), _ = pretraining.make_job(replace(PRETRAINING[0], rows=4), tmp_path)
    assert batch.ids.shape == (4, 40)
    assert batch.mask is None
    assert batch.positions is not None
    assert 0 < len(batch.positions) < batch.ids.numel() / 2


def test_the_weights_of_predict_give_different_answers_to_different_sequences() -> None:
    model = spread_out(Dnabert(toy_config(), predicting.HeadConfig(task="classify")))
    assert all(part.weight.std() > 0.03 for part in model.modules() if isinstance(part, nn.Linear))


def test_genome_letters_are_half_lower_case_with_gaps() -> None:
    letters = genome_letters(300_000)
    assert len(letters) == 300_000
    assert set(letters) == set("ACGTacgtN")
    assert 0.4 < sum(map(str.islower, letters)) / len(letters) < 0.6
    assert letters[5_000:6_000] == "N" * 1_000


def test_a_fasta_file_holds_whole_records_only(tmp_path: Path) -> None:
    records = list(read_fasta(write_fasta(tmp_path / "r.fa", "ACGT" * 40, 70)))
    assert [(record.name, len(record.sequence)) for record in records] == [("seq0", 70), ("seq1", 70)]
    (whole,) = read_fasta(write_fasta(tmp_path / "w.fa", "ACGT" * 40))
    assert whole.sequence == "ACGT" * 40


def test_random_sets_follow_from_their_seed() -> None:
    first, again = random_set(3, 20, 1), random_set(3, 20, 1)
    assert np.array_equal(first.first.codes, again.first.codes)
    assert first.first.lengths.tolist() == [20, 20, 20]
