"""Parcels."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu import parcel
from dnabert.errors import DataFileError, OutputError


def make_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(np.random.default_rng(1).bytes(25_600))
    (folder / "deep" / "b.txt").write_text("b")
    return folder


def test_a_folder_comes_back_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(parcel, "PART_BYTES", 10_000)
    folder = make_folder(tmp_path)
    assert parcel.main(["pack", str(folder), "--out", str(tmp_path / "out"), "--name", "p"]) == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == ["p.json", "p.part-0", "p.part-1", "p.part-2"]
    assert max(path.stat().st_size for path in files) <= 10_000
    assert parcel.main(["unpack", str(tmp_path / "out" / "p.json"), "--to", str(tmp_path / "home")]) == 0
    assert (tmp_path / "home" / "run" / "a.bin").read_bytes() == (folder / "a.bin").read_bytes()
    assert (tmp_path / "home" / "run" / "deep" / "b.txt").read_text() == "b"
    assert str(tmp_path / "home" / "run" / "a.bin") in capsys.readouterr().out


def test_a_parcel_that_may_not_travel_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "TOTAL_BYTES", 1000)
    with pytest.raises(OutputError, match=r"at most 1,000 bytes travel: pack less"):
        parcel.pack({"a": make_folder(tmp_path) / "a.bin"}, tmp_path / "out", "p")
    assert not (tmp_path / "out").exists()


def test_lost_and_damaged_parts_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    parcel.pack({"a": make_folder(tmp_path) / "a.bin"}, out, "p")
    part = out / json.loads((out / "p.json").read_text())["parts"][0]
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(DataFileError, match="SHA-256 differs"):
        parcel.unpack(out / "p.json", tmp_path / "home")
    part.unlink()
    assert parcel.main(["unpack", str(out / "p.json"), "--to", str(tmp_path / "home")]) == 1
    assert "a part is missing" in capsys.readouterr().err
