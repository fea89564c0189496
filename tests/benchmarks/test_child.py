"""One benchmark in a process of its own."""

import importlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.speed import child
from benchmarks.speed.agreement import MismatchError
from benchmarks.speed.child import BENCHMARKS
from benchmarks.speed.results import Findings
from benchmarks.speed.rounds import MIN_ROUNDS
from tests.benchmarks.made import make_ratio


def run_child(monkeypatch: pytest.MonkeyPatch, out: Path, measure: Any, key: str = "startup", *words: str) -> int:
    module = SimpleNamespace(measure=measure, FULL="full", QUICK="quick")
    monkeypatch.setattr(child.importlib, "import_module", lambda _name: module)
    monkeypatch.setattr(child, "hold_to_cores", lambda count: monkeypatch.setenv("HELD", str(count)))
    monkeypatch.setenv("DNABERT_CACHE", "elsewhere")
    monkeypatch.setattr(sys, "argv", ["child", key, "--out", str(out), "--threads", "2", *words])
    return child.main()


def test_findings_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = Findings(ratios=(make_ratio(),))

    def measure(sizes: str, folder: Path, _say: Any) -> Findings:
        assert (sizes, os.environ["DNABERT_CACHE"], os.environ["HELD"]) == ("full", str(folder), "2")
        return findings

    assert run_child(monkeypatch, tmp_path / "out.json", measure) == 0
    assert Findings.model_validate_json((tmp_path / "out.json").read_text()) == findings


def test_a_mismatch_leaves_its_reason_and_no_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(*_: Any) -> Findings:
        raise MismatchError("ids differ")

    assert run_child(monkeypatch, tmp_path / "out.json", measure) == 3
    assert (tmp_path / "out.mismatch").read_text() == "ids differ"
    assert not (tmp_path / "out.json").exists()
    assert capsys.readouterr().err == "startup: ids differ\n"


def test_the_tokenizer_is_held_to_one_core_and_a_rehearsal_has_its_own_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(sizes: str, *_: Any) -> Findings:
        assert (sizes, os.environ["HELD"]) == ("quick", "1")
        return Findings()

    assert run_child(monkeypatch, tmp_path / "out.json", measure, "tokenizer", "--quick") == 0


@pytest.mark.parametrize("key", BENCHMARKS)
def test_every_benchmark_has_enough_rounds_for_a_ratio_and_one_to_rehearse(key: str) -> None:
    module = importlib.import_module(f"benchmarks.speed.cases.{BENCHMARKS[key].module}")
    for sizes, fits in ((module.FULL, lambda rounds: rounds >= MIN_ROUNDS), (module.QUICK, lambda rounds: rounds == 1)):
        assert all(fits(case.rounds) for case in (sizes if isinstance(sizes, tuple) else (sizes,)))
