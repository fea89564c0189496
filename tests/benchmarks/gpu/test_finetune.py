"""Fine-tuning of models on tasks, item by item."""

import json
from pathlib import Path

import pytest

from benchmarks.gpu import finetune, machine
from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.finetune import run_items
from benchmarks.gpu.tasks import find_tasks, items_of
from dnabert.device import choose_machine
from dnabert.errors import DataFileError
from tests.benchmarks.gpu.made import write_task
from tests.toy import save_toy_run


def call(tmp_path: Path, *words: str) -> int:
    given = ["--tasks", str(tmp_path / "tasks"), "--out", str(tmp_path / "out"), "--seeds", "1", "--minutes", "5", "--quick", *words]
    return finetune.main(given)


def lines(tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "out" / "finetune.rehearsal.jsonl"
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_every_model_on_every_task_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_task(tmp_path / "tasks" / "mouse" / "0")
    write_task(tmp_path / "tasks" / "prom_core_tata")
    model = save_toy_run(tmp_path)
    words = ("--models", str(model), "--home", str(tmp_path / "home"), "--set", "micro_tokens=512")
    assert call(tmp_path, *words) == 0
    assert "REHEARSAL, these figures mean nothing: " in capsys.readouterr().out
    found = lines(tmp_path)
    assert [(line["model"], line["task"], line["seed"]) for line in found] == [
        (model.name, "mouse/0", 1),
        (model.name, "prom_core_tata", 1),
    ]
    assert [line["config"]["stranded"] for line in found] == [False, True]  # type: ignore[index]
    assert all(line["rehearsal"] and {"mcc", "auroc"} <= set(line["test"]) for line in found)  # type: ignore[call-overload]
    assert (tmp_path / "home" / "finetune.rehearsal.jsonl").read_text().count("\n") == 2
    assert call(tmp_path, *words) == 0  # nothing is done again
    assert len(lines(tmp_path)) == 2
    assert "2 of 2 items; complete" in capsys.readouterr().out


def test_one_seed_of_everything_comes_first_and_recipes_follow_the_group(tmp_path: Path) -> None:
    tasks = {"tf/0": tmp_path, "prom_300_tata": tmp_path}
    items = items_of([tmp_path / "m"], ["mini-6"], tasks, (1, 2), True, ())
    assert [(item.seed, item.task, item.model) for item in items[:4]] == [
        (1, "tf/0", "m"),
        (1, "tf/0", "scratch-mini-6"),
        (1, "prom_300_tata", "m"),
        (1, "prom_300_tata", "scratch-mini-6"),
    ]
    assert [item.seed for item in items] == [1] * 4 + [2] * 4
    assert (items[0].config.epochs, items[2].config.epochs) == (3, 10)
    with pytest.raises(DataFileError, match="is of no known group"):
        items_of([], ["mini-6"], {"other": tmp_path}, (1,), False, ())


def test_tasks_without_a_part_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_task(tmp_path / "tf" / "0")
    (write_task(tmp_path / "tf" / "1") / "train.csv.gz").unlink()
    assert list(find_tasks(tmp_path)) == ["tf/0"]
    assert "tf/1: has no train; left out" in caplog.text
    with pytest.raises(DataFileError, match="holds no folder with train"):
        find_tasks(tmp_path / "none")


def test_when_the_time_is_over_the_rest_is_left_for_the_next_call(tmp_path: Path) -> None:
    items = items_of([], ["mini-3"], {"tf/0": write_task(tmp_path / "tf")}, (1, 2), False, ())
    lacking = run_items(items, tmp_path / "lines", Deadline(0, 1), choose_machine("cpu"), True, set())
    assert lacking == 2
    assert not (tmp_path / "lines").exists()


def test_rehearsed_and_real_lines_are_never_in_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_task(tmp_path / "tasks" / "tf")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "finetune.rehearsal.jsonl").write_text('{"rehearsal": false, "key": "k"}\n')
    assert call(tmp_path, "--scratch", "mini-3") == 1
    assert "is real, this run is not" in capsys.readouterr().err
    (tmp_path / "out" / "finetune.rehearsal.jsonl").write_text("no line\n")
    assert call(tmp_path, "--scratch", "mini-3") == 1
    assert "is no line of a fine-tuning" in capsys.readouterr().err


def test_lines_of_workers_are_put_together_without_a_broken_one(tmp_path: Path) -> None:
    line = '{"rehearsal": true, "key": "%s"}\n'
    (tmp_path / "l").write_text(line % "a")
    (tmp_path / "l.0").write_text(line % "b")
    (tmp_path / "l.1").write_text(line % "c" + '{"rehearsal": tr')
    finetune._gather(tmp_path / "l", True)
    assert finetune._keys(tmp_path / "l", True) == {"a", "b", "c"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["l"]


def test_words_that_make_no_sense_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_task(tmp_path / "tasks" / "tf")
    assert call(tmp_path, "--scratch", "huge-6") == 1
    assert "--scratch huge-6: is no preset and k" in capsys.readouterr().err
    assert call(tmp_path, "--scratch", "mini-3", "--home", str(machine.ROOT / "docs")) == 1
    assert "writes to runs/ only" in capsys.readouterr().err
