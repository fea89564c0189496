"""Tracks are whole, or not there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyBigWig
import pytest

from dnabert.errors import OutputError
from dnabert.infer.scan import tracks
from dnabert.infer.scan.assembly import Layout, Scored, TrackName, count_scores, write_results
from dnabert.infer.scan.calls import CallMerger
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


def test_few_values_of_a_large_genome_have_summaries_whatever_the_pieces(tmp_path: Path) -> None:
    lengths, layout = {"a": 2_000_000_000, "b": 2_000_000_000}, Layout(50, 100)
    values = np.random.default_rng(3).random((1, 5000, 1), dtype=np.float32)
    values[0, 100:110] = np.nan
    assert sum(lengths.values()) // layout.step > tracks._MOST_ZOOMED
    contents = []
    for size in (5000, 700):
        pieces = [Scored("a", 1_000_000 + 50 * first, values[:, first : first + size]) for first in range(0, 5000, size)]
        counts = count_scores(pieces, None)
        path = tmp_path / f"{size}.bw"
        write_results(
            pieces,
            [TrackName(0, 0, "x", ".", path)],
            tmp_path / f"{size}.bed",
            layout,
            lengths,
            lambda: CallMerger(0.5, 100, 100, 50),
            None,
            max_q=None,
            is_probability=True,
            provenance="",
            force=False,
            num_values=counts.scored,
        )
        contents.append(path.read_bytes())
        with pyBigWig.open(str(path)) as track:
            assert track.header()["nLevels"] > 0
            assert track.header()["nBasesCovered"] == 50 * counts.scored == 50 * 4990
            assert track.stats("a", 0, lengths["a"], exact=True)[0] == pytest.approx(float(np.nanmean(values)), rel=1e-5)
            assert track.stats("a", 0, lengths["a"])[0] == pytest.approx(float(np.nanmean(values)), rel=0.01)  # by the summaries
    assert contents[0] == contents[1]
