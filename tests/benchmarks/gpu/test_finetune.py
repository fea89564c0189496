"""The GUE benchmark by several processes, and what comes home of it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu import finetune, machine, parcel
from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.finetune import finished_files, share_out
from benchmarks.quality.cells.records import read_record
from benchmarks.quality.options import NOT_DONE
from tests.benchmarks.gpu.made import write_task
from tests.toy import save_toy_run

ENDLESS = "import threading; print('up', flush=True); threading.Event().wait()"
STUBBORN = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {ENDLESS}"
PATIENT = "import pathlib, sys; mark = pathlib.Path(sys.argv[1]); done = mark.exists(); mark.touch(); sys.exit(0 if done else 3)"


class CountedDeadline(Deadline):
    """The time is over when it was asked for so many times."""

    def __init__(self, asked: int) -> None:
        super().__init__(9, 0)
        self._asked = asked

    @property
    def left_s(self) -> float:
        self._asked -= 1
        return float(100 * self._asked)


def call(tmp_path: Path, *words: str) -> int:
    given = ["--data", str(tmp_path / "tasks"), "--out", str(tmp_path / "gue"), "--minutes", "5", "--quick", "--recipe", "published"]
    return finetune.main([*given, "--seeds", "1", *words])


def test_finished_cells_come_home_also_when_a_later_call_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_task(tmp_path / "tasks" / "mouse" / "0", rows=24)
    model = f"toy={save_toy_run(tmp_path)}"
    assert call(tmp_path, "--model", model, "--home", str(tmp_path / "home")) == 0
    told = capsys.readouterr().out
    assert "REHEARSAL, these figures mean nothing: " in told
    assert "1 cells scored; complete" in told
    parcel.unpack(tmp_path / "home" / "gue.json", tmp_path / "here")
    (path,) = (tmp_path / "here" / "gue").rglob("result.json")
    record = read_record(path)
    assert (record.contestant, record.task, record.rehearsal) == ("toy", "mouse/0", True)
    assert np.load(path.with_name("test-both.npy")).shape == (24, 2)
    assert (tmp_path / "here" / "gue" / "mouse-0" / "targets" / "test.npy").is_file()
    assert not list((tmp_path / "here").rglob("*.safetensors"))
    assert call(tmp_path, "--model", "no-such-model", "--home", str(tmp_path / "again")) == 1
    assert "1 of 1 processes failed, see above; what is finished in" in capsys.readouterr().err
    assert (tmp_path / "again" / "gue.json").is_file()


def test_a_process_that_others_left_nothing_to_do_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "PAUSE_S", 0)
    assert share_out([sys.executable, "-c", PATIENT, str(tmp_path / "mark")], 1, Deadline(5, 0)) == [0]


def test_a_process_that_failed_is_told_from_one_that_is_done() -> None:
    program = "import os, sys; sys.exit(os.path.exists('no such file') or 2)"
    assert share_out([sys.executable, "-c", program], 2, Deadline(5, 0)) == [2, 2]
    assert share_out([sys.executable, "-c", ""], 2, Deadline(5, 0)) == [0, 0]


@pytest.mark.parametrize("program", [ENDLESS, STUBBORN], ids=["ends", "is killed"])
def test_a_process_that_the_end_of_the_time_meets_has_not_failed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "GRACE_S", 1)
    monkeypatch.setattr(finetune, "POLL_S", 0.01)
    assert share_out([sys.executable, "-c", program], 2, CountedDeadline(6)) == [NOT_DONE, NOT_DONE]


def test_the_end_of_the_time_is_no_failure_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finetune, "share_out", lambda *_: [NOT_DONE, NOT_DONE])
    assert call(tmp_path, "--workers", "2") == NOT_DONE
    assert "0 cells scored; the same command goes on" in capsys.readouterr().out


def test_a_stop_by_hand_brings_home_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> list[int]:
        cell = tmp_path / "gue" / "tf-0" / "toy"
        cell.mkdir(parents=True)
        (cell / "result.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(finetune, "share_out", stop)
    assert call(tmp_path, "--home", str(tmp_path / "home")) == 130
    assert [path.name for path in parcel.unpack(tmp_path / "home" / "gue.json", tmp_path / "here")] == ["result.json"]


def test_weights_states_and_half_written_cells_stay_where_they_are(tmp_path: Path) -> None:
    names = {
        "done": ("result.json", "run.json", "metrics.jsonl", "dev-both.npy", "model.safetensors", "state.safetensors", ".lock"),
        "begun": ("run.json", "metrics.jsonl", "state.safetensors"),
        "targets": ("clean.npy", "run.json"),
        ".targets.x.tmp": ("clean.npy",),
    }
    for folder, files in names.items():
        (tmp_path / "gue" / folder).mkdir(parents=True)
        for name in files:
            (tmp_path / "gue" / folder / name).touch()
    (tmp_path / "gue" / "skipped.json").touch()
    assert sorted(finished_files(tmp_path / "gue")) == [
        *(f"gue/done/{name}" for name in ("dev-both.npy", "metrics.jsonl", "result.json", "run.json")),
        "gue/skipped.json",
        "gue/targets/clean.npy",
        "gue/targets/run.json",
    ]


def test_flags_go_on_to_the_benchmark_and_words_that_make_no_sense_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def note(command: list[str], *_: object) -> list[int]:
        asked.append(command)
        return [0]

    monkeypatch.setattr(finetune, "share_out", note)
    assert call(tmp_path, "--tasks", "tf", "mouse", "--model", "cnn", "--model", "random:mini:6") == 0
    words = " ".join(asked[0])
    assert "benchmarks.quality.gue --data" in words
    assert "--tasks tf mouse --model cnn --model random:mini:6 --out" in words
    assert words.endswith("--rehearse 24")
    assert call(tmp_path, "--home", str(machine.ROOT / "docs")) == 1
    assert "writes to runs/ only" in capsys.readouterr().err
    assert call(tmp_path, "--workers", "0") == 1
    assert "--workers 0: at least one process is needed" in capsys.readouterr().err
    assert finetune.main(["--out", str(tmp_path / "gue"), "--minutes", "1", "--quick"]) == 1
    assert "60 s are kept for the beginning and the end; give more" in capsys.readouterr().err
