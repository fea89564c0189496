import json
from pathlib import Path

import pytest

from dnabert.errors import DataFileError
from dnabert.report.run_files import read_predictions, read_run
from tests.report.run_writer import TEST, VALID, write_finetuned, write_metrics, write_predictions_tsv


def test_a_whole_run_is_read(tmp_path: Path) -> None:
    run = read_run(write_finetuned(tmp_path))
    assert run.metrics is not None
    assert run.predictions is not None
    assert run.metrics.valid == VALID
    assert run.metrics.test == TEST
    assert run.metrics.intervals == {"mcc": (-0.1, 0.6), "accuracy": (0.5, 0.75), "auroc": None}
    assert (run.metrics.steps, run.metrics.best_step, run.metrics.collapsed) == (40, 20, False)
    assert run.predictions.classes == ("0", "1")
    assert run.predictions.ids[:2] == ("row1", "row2")
    assert run.predictions.labels == ("0", "1") * 4
    assert run.predictions.values[0].tolist() == [0.2, 0.8]
    assert run.predictions.comments == {"model sha256": "abc"}
    assert run.setting("config", "head", "task") == "classify"
    assert run.setting("config", "no", "such") is None


def test_a_series_passes_over_lines_without_a_value(tmp_path: Path) -> None:
    run = read_run(write_finetuned(tmp_path))
    steps, values = run.series("valid_auroc")
    assert (steps.tolist(), values.tolist()) == ([40], [0.8])
    assert run.series("unknown")[0].tolist() == []


def test_weights_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert read_run(tmp_path).model_sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_is_missing_is_none_or_empty(tmp_path: Path) -> None:
    run = read_run(tmp_path)
    assert (run.metrics, list(run.log), dict(run.record), run.predictions, run.model_sha256) == (None, [], {}, None, None)


def test_no_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"nowhere: is no directory; give a run directory"):
        read_run(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["metrics.json", "run.json", "metrics.jsonl"])
@pytest.mark.parametrize(
    ("content", "message"), [('{"steps": ', "is damaged, no JSON"), ("[1]", "holds no JSON object"), ("\x00", "is damaged, no JSON")]
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataFileError, match=rf"{name}(:1)?: {message}.*; run the command that wrote it again"):
        read_run(tmp_path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(DataFileError, match=r"metrics\.json: cannot be read"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"valid": [1]}, r"valid is \[1\], but must be an object of numbers"),
        ({"test": {"mcc": "high"}}, r'test\.mcc is "high", but must be a number or null'),
        ({"test": {"mcc": float("nan")}}, r"test\.mcc is NaN, but must be a number or null"),
        ({"test_intervals": [1]}, r"test_intervals is \[1\], but must be an object"),
        ({"test_intervals": {"mcc": [0.1]}}, r"test_intervals\.mcc is \[0\.1\], but must be two numbers or null"),
        ({"steps": "many"}, r'steps is "many", but must be a whole number'),
    ],
)
def test_a_figure_that_is_no_number_is_named(tmp_path: Path, content: dict[str, object], message: str) -> None:
    write_metrics(tmp_path, content)
    with pytest.raises(DataFileError, match=rf"metrics\.json: {message}"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [({"loss": 1.0}, "step is null, but must be a number"), ({"step": 1, "loss": "x"}, 'loss is "x", but must be a number or null')],
)
def test_a_bad_line_of_the_log_is_named(tmp_path: Path, line: dict[str, object], message: str) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n' + json.dumps(line) + "\n")
    with pytest.raises(DataFileError, match=rf"metrics\.jsonl:2: {message}"):
        read_run(tmp_path)


def test_predictions_without_labels(tmp_path: Path) -> None:
    write_predictions_tsv(tmp_path, [("a", "0.25", "0.75")], "id\tprob_no\tprob_yes", "")
    table = read_predictions(tmp_path / "predictions.tsv")
    assert table is not None
    assert (table.labels, table.classes, table.is_probability) == (None, ("no", "yes"), True)


def test_predictions_of_values(tmp_path: Path) -> None:
    write_predictions_tsv(tmp_path, [("a", "1.5", "2.5")], "id\tlabel\tvalue")
    table = read_predictions(tmp_path / "predictions.tsv")
    assert table is not None
    assert (table.labels, table.classes, table.is_probability) == (("1.5",), ("value",), False)


def test_predictions_for_each_base_are_no_table_of_sequences(tmp_path: Path) -> None:
    write_predictions_tsv(tmp_path, [("a", "0", "0.5", "0.5")], "id\tposition\tprob_0\tprob_1")
    assert read_predictions(tmp_path / "predictions.tsv") is None


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("name\tprob_0", ("a", "1"), r":3: the first column must be 'id'"),
        ("id\tlabel", ("a", "1"), r":3: there is no column of predictions; found id, label"),
        ("id\tprob_0", ("a",), r":4: 1 columns, but the header has 2"),
        ("id\tprob_0", ("a", "high"), r":4: could not convert string to float: 'high'; predictions are numbers"),
    ],
)
def test_a_damaged_table_is_named_with_its_line(tmp_path: Path, header: str, row: tuple[str, ...], message: str) -> None:
    write_predictions_tsv(tmp_path, [row], header)
    with pytest.raises(DataFileError, match=rf"predictions\.tsv{message}"):
        read_predictions(tmp_path / "predictions.tsv")


def test_an_empty_table_and_a_missing_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"predictions\.tsv: is missing; dnabert predict and finetune write it"):
        read_predictions(tmp_path / "predictions.tsv")
    (tmp_path / "predictions.tsv").write_text("")
    with pytest.raises(DataFileError, match=r"predictions\.tsv:1: the first column must be 'id'"):
        read_predictions(tmp_path / "predictions.tsv")
