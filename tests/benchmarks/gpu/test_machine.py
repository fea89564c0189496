"""The device, what is a rehearsal, and ending in time."""

import signal
from pathlib import Path

import pytest

from benchmarks.gpu import machine
from benchmarks.gpu.deadline import Deadline
from dnabert.errors import OutputError


def test_a_device_is_described_with_versions_commit_and_source() -> None:
    device = machine.describe()
    assert device.name
    assert {"python", "torch", "cuda", "transformers", "numpy"} <= set(device.versions)
    assert device.commit
    assert device.source_sha256 == machine.source_digest()


def test_the_digest_of_the_source_changes_with_a_byte_and_with_a_name(tmp_path: Path) -> None:
    source = tmp_path / "benchmarks" / "gpu"
    source.mkdir(parents=True)
    (source / "a.py").write_text("1")
    first = machine.source_digest(tmp_path)
    (source / "a.py").write_text("2")
    second = machine.source_digest(tmp_path)
    (source / "a.py").rename(source / "b.py")
    assert len({first, second, machine.source_digest(tmp_path)}) == 3


def test_without_git_the_commit_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_first_line", lambda *_: "")
    monkeypatch.setenv("DNABERT_COMMIT", "feed123")
    assert machine._commit() == "feed123"
    monkeypatch.delenv("DNABERT_COMMIT")
    assert machine._commit() == "unknown"


def test_a_rehearsal_writes_to_runs_only(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"this is a rehearsal .* which writes to runs/ only"):
        machine.check_place(machine.ROOT / "models" / "x", rehearsal=True)
    machine.check_place(machine.ROOT / "models" / "x", rehearsal=False)
    machine.check_place(machine.ROOT / "runs" / "x", rehearsal=True)
    machine.check_place(tmp_path, rehearsal=True)


def test_home_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUT", "/somewhere")
    assert machine.home_folder() == Path("/somewhere")
    monkeypatch.delenv("OUT")
    assert machine.home_folder() is None


def test_the_end_of_the_time_is_told_once() -> None:
    heard: list[int] = []
    outside = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        Deadline(10, 0).tell_if_over()
        assert not heard
        deadline = Deadline(0, 0)
        deadline.tell_if_over()
        deadline.tell_if_over()
    finally:
        signal.signal(signal.SIGINT, outside)
    assert heard == [1]
    assert deadline.is_over
    assert deadline.left_s <= 0
