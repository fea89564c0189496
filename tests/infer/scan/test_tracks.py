"""Tracks are whole, or not there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyBigWig
import pytest

from dnabert.errors import OutputError
from dnabert.infer.scan import tracks
from dnabert.infer.scan.tracks import open_track


class Cut:
    """A bigWig that loses its last bytes when it is closed, as on a full disk."""

    def __init__(self, name: str, mode: str) -> None:
        self._path, self._track = Path(name), pyBigWig.open(name, mode)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._track, name)

    def close(self) -> None:
        """Close it and cut it."""
        self._track.close()
        self._path.write_bytes(self._path.read_bytes()[:-100])


def _write(path: Path) -> None:
    with open_track(path, {"a": 1000}, 10, 10) as writer:
        writer.add("a", 0, np.arange(50, dtype=np.float32))


def test_a_track_whose_end_was_not_written_is_refused_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "pyBigWig", SimpleNamespace(open=Cut))
    with pytest.raises(OutputError, match="its end is missing"):
        _write(tmp_path / "x.bw")
    assert list(tmp_path.iterdir()) == []


def test_a_large_track_holds_its_values_without_summaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = []
    for most in (tracks._MOST_ZOOMED, 10):
        monkeypatch.setattr(tracks, "_MOST_ZOOMED", most)
        path = tmp_path / f"{most}.bw"
        _write(path)
        with pyBigWig.open(str(path)) as track:
            assert track.values("a", 0, 500, numpy=True)[::10].tolist() == list(range(50))
            levels.append(track.header()["nLevels"])
    assert levels[0] > 0
    assert levels[1] == 0
