"""Sequences longer than a window: token predictions are stitched, sequence models read chunks, from 10 kb tables to predictions."""

import csv
import json
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.cli.main import run as command
from dnabert.data.batch import EncodedSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.forward import centre_weights, predict_set, predict_whole, stitch, window_starts
from dnabert.infer.predictor import Predictor
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer
from dnabert.train import config as train_config
from tests.toy import save_toy_run, toy_config, toy_model

CPU = choose_machine("cpu", "float32")
LONGEST = 5 * 510 + 1


@pytest.mark.parametrize(("window", "step"), [(510, 255), (20, 10), (7, 3), (1, 1)])
def test_windows_cover_every_length_and_end_with_it(window: int, step: int) -> None:
    for length in range(1, LONGEST + 1):
        starts = window_starts(length, window, step)
        assert starts[0] == 0
        if length <= window:
            assert starts.tolist() == [0]
            continue
        assert starts[-1] == length - window
        assert (np.diff(starts) > 0).all()
        assert np.diff(starts).max() <= step <= window


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.data())
def test_stitching_is_the_weighted_mean_of_all_windows_over_a_row(length: int, window: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(1, window))
    starts = window_starts(length, window, step).tolist()
    size = min(length, window)
    rows = np.random.default_rng(length).normal(size=(len(starts), size, 2)).astype(np.float32)
    found = stitch(zip(starts, rows, strict=True), length)
    for place in range(length):
        over = [
            (min(place - at + 1, at + size - place), row[place - at])
            for at, row in zip(starts, rows, strict=True)
            if at <= place < at + size
        ]
        wanted = sum(weight * row.astype(float) for weight, row in over) / sum(weight for weight, _ in over)
        np.testing.assert_allclose(found[place], wanted, rtol=1e-5, atol=1e-6)
        if len(over) == 1:
            assert found[place].tolist() == over[0][1].tolist()


def test_weights_rise_to_the_middle() -> None:
    assert centre_weights(1).tolist() == [1]
    assert centre_weights(4).tolist() == [1, 2, 2, 1]


MODELS = {
    level: toy_model(HeadConfig.model_validate({"task": "token", "token_level": level}), toy_config(num_layers=1))
    for level in ("base", "kmer")
}


def _encoded(level: str, lengths: list[int], max_tokens: int = 510) -> EncodedSet:
    codes = [np.random.default_rng(length).integers(0, 5, size=length).astype(np.uint8) for length in lengths]
    return EncodedSet(SequenceSet(tuple(map(str, range(len(codes)))), pack(codes)), KmerTokenizer(3, max_tokens), MODELS[level].head_config)


@settings(max_examples=12, deadline=None)
@given(st.integers(3, LONGEST), st.sampled_from(["base", "kmer"]), st.booleans())
def test_output_is_as_long_as_input_for_every_length(length: int, level: str, reverse: bool) -> None:
    found = predict_whole(MODELS[level], _encoded(level, [length]), CPU, reverse=reverse)
    assert found.values.shape == (length - (0 if level == "base" else 2), 2)
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("level", ["base", "kmer"])
def test_every_length_about_the_borders_of_windows_comes_out_whole(level: str) -> None:
    lengths = [*range(3, 80), *(size * 510 + extra for size in (1, 2, 5) for extra in (-1, 0, 1, 2, 3))]
    for max_tokens in (8, 510):
        chosen = lengths if max_tokens == 510 else lengths[:77]
        found = predict_whole(MODELS[level], _encoded(level, chosen, max_tokens), CPU)
        assert found.offsets is not None
        assert np.diff(found.offsets).tolist() == [length - (0 if level == "base" else 2) for length in chosen]
        assert np.isfinite(found.values).all()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("level", ["base", "kmer"])
def test_stitched_rows_are_those_of_the_windows_and_short_sequences_are_left_alone(level: str, reverse: bool) -> None:
    data = _encoded(level, [30, 9, 12], max_tokens=10)
    found = predict_whole(MODELS[level], data, CPU, reverse=reverse)
    lost = 0 if level == "base" else 2
    codes = data.sequences.first[0]
    windows = [(at, codes[at : at + 12]) for at in (0, 5, 10, 15, 18)]
    rows = []
    for at, window in windows:
        alone = EncodedSet(SequenceSet(("w",), pack([window])), data.tokenizer, data.head)
        rows.append((at, predict_set(MODELS[level], alone, CPU, reverse=reverse).of(0)))
    np.testing.assert_allclose(found.of(0), stitch(rows, 30 - lost), atol=2e-6)
    cut = predict_set(MODELS[level], data, CPU, reverse=reverse)
    for short in (1, 2):
        np.testing.assert_allclose(found.of(short), cut.of(short), atol=2e-6)
    assert len(cut.of(0)) == 12 - lost


def test_progress_counts_sequences_not_windows() -> None:
    done: list[int] = []
    predict_whole(MODELS["base"], _encoded("base", [30, 9, 80, 41], max_tokens=10), CPU, progress=done.append)
    assert sum(done) == 4
    assert all(count >= 0 for count in done)


def test_predict_says_how_a_long_sequence_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    long = SequenceSet(("long",), pack([np.zeros(600, np.uint8)]))
    Predictor(save_toy_run(tmp_path, HeadConfig(task="token")), CPU).predict(long)
    assert "1 of 1 sequences are longer than 512 bases: read in windows that overlap by half" in caplog.text
    Predictor(save_toy_run(tmp_path, HeadConfig(task="classify")), CPU).predict(long)
    assert "were cut on the right; a model fine-tuned with --set head.chunk_pooling=lstm reads them whole" in caplog.text


def _table(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([("sequence", "label"), *rows])
    return path


def _letters(rng: np.random.Generator, length: int, gc: float) -> str:
    return "".join(rng.choice(list("ACGT"), size=length, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]))


def test_ten_kilobases_are_trained_on_evaluated_and_predicted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(train_config, "preset", lambda _name, kmer: toy_config(kmer, num_layers=1))
    rng = np.random.default_rng(1)
    start = _letters(rng, 600, 0.5)  # alike in both classes: what tells them apart is beyond the first window

    def rows(count: int) -> list[tuple[str, str]]:
        return [(start + _letters(rng, 9400 + number, (0.25, 0.75)[number % 2]), ("at", "gc")[number % 2]) for number in range(count)]

    train, valid = _table(tmp_path / "train.csv", rows(8)), _table(tmp_path / "valid.csv", rows(6))
    flags = ["--kmer", "3", "--epochs", "3", "--lr", "0.01", "--pooling", "mean", "--set", "head.chunk_pooling=mean", "--batch-size", "2"]
    words = ["finetune", "--train", train, "--valid", valid, "--out", tmp_path / "run", "--device", "cpu", "--dtype", "float32", *flags]
    assert command(list(map(str, words))) == 0
    assert "longer than" not in caplog.text
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["valid"]["auroc"] == 1
    common = ["--model", str(tmp_path / "run"), "--device", "cpu", "--dtype", "float32"]
    assert command(["evaluate", str(valid), "--out", str(tmp_path / "e.json"), "--rounds", "20", *common]) == 0
    assert json.loads((tmp_path / "e.json").read_text())["metrics"]["auroc"] == 1
    assert command(["predict", str(valid), "--out", str(tmp_path / "p.tsv"), *common]) == 0
    lines = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == ["id", "prob_at", "prob_gc"]
    assert [float(line[2]) > 0.5 for line in lines[1:]] == [False, True] * 3
    assert "were cut" not in caplog.text


def test_a_token_model_answers_for_a_long_sequence_through_predict_and_evaluate(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path, HeadConfig(task="token"))
    rng = np.random.default_rng(2)
    letters = ["".join(rng.choice(list("ACGT"), size=length)) for length in (1300, 40)]
    table = _table(tmp_path / "t.csv", [(text, "".join(str(int(base in "GC")) for base in text)) for text in letters])
    common = ["--model", str(run), "--device", "cpu", "--dtype", "float32", "--quiet"]
    assert command(["predict", str(table), "--out", str(tmp_path / "p.tsv"), *common]) == 0
    lines = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines() if not line.startswith("#")]
    assert [(line[0], int(line[1])) for line in lines[1:]] == [("row1", n) for n in range(1300)] + [("row2", n) for n in range(40)]
    assert command(["evaluate", str(table), "--out", str(tmp_path / "e.json"), "--rounds", "20", *common]) == 0
    assert json.loads((tmp_path / "e.json").read_text())["metrics"]["n"] == 1340
