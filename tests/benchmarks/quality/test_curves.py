"""Figures of several runs."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.quality import curves
from dnabert.errors import ConfigError, DataFileError


def _run(folder: Path, *losses: float) -> Path:
    folder.mkdir()
    lines = [{"step": 10 * number, "loss": 9.0} for number in range(3)] + [{"step": 5 * n, "valid_loss": x} for n, x in enumerate(losses)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_curve_holds_the_figure_asked_for(tmp_path: Path) -> None:
    run = _run(tmp_path / "a", 8.0, 6.5)
    for place in (run, run / "metrics.jsonl"):
        found = curves.read_curve(f"first={place}", "valid_loss")
        assert (found.name, found.x.tolist(), found.y.tolist()) == ("first", [0, 5], [8.0, 6.5])


def test_what_is_no_curve_is_refused(tmp_path: Path) -> None:
    run = _run(tmp_path / "a")
    with pytest.raises(ConfigError, match="is no NAME=RUN"):
        curves.read_curve(str(run), "loss")
    with pytest.raises(DataFileError, match="holds no valid_loss"):
        curves.read_curve(f"a={run}", "valid_loss")
    with pytest.raises(DataFileError, match="cannot be read"):
        curves.read_curve(f"a={tmp_path / 'none'}", "loss")


def test_the_command_draws_all_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [f"{name}={_run(tmp_path / name, 8.0, 7.0)}" for name in ("random", "composed")]
    out = tmp_path / "figure.svg"
    monkeypatch.setattr(sys, "argv", ["curves", *runs, "--out", str(out)])
    assert curves.main() == 0
    text = out.read_text()
    assert "random" in text
    assert "composed" in text
