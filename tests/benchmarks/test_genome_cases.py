"""Benchmarks of scans and variants at toy sizes: scores are compared first; what a cluster adds is a difference of differences."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed.agreement import MismatchError
from benchmarks.speed.cases.inference import engines, variants
from dnabert.infer.shards import LocalEngine
from tests.toy import toy_config

CASES = (
    variants.Case("far apart", "apart", 1, 80, 1, toy_config(), 30, whole=60, ours=6, rounds=1),
    variants.Case("on a grid", "grid", 3, 1, 8, toy_config(), 30, whole=60, ours=6, rounds=1),
)


def quiet(_text: str) -> None:
    """Nobody listens."""


def test_scores_of_snvs_equal_those_of_predict_on_both_windows(tmp_path: Path) -> None:
    findings = variants.measure(CASES, tmp_path, quiet)
    assert [ratio.key for ratio in findings.ratios] == ["variants.apart", "variants.grid"]
    assert all(found.difference <= found.tolerance for found in findings.agreements)
    assert len(findings.agreements) == 2


def test_variants_that_are_scored_otherwise_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = variants.read_probabilities
    monkeypatch.setattr(variants, "read_probabilities", lambda path: read(path) + 0.01)
    monkeypatch.setattr(variants, "take_turns", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="differs from predict on both windows"):
        variants.measure(CASES[:1], tmp_path, quiet)


def test_what_a_cluster_adds_is_told_by_window_and_by_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    @contextmanager
    def opened(name: str, *_: Any) -> Iterator[LocalEngine]:
        asked.append(name)
        yield LocalEngine()

    times = {"one process, short": (1.0,), "one process, long": (3.0,), "Ray, short": (5.0,), "Ray, long": (8.0,)}
    monkeypatch.setattr(engines, "open_engine", opened)
    monkeypatch.setattr(engines, "take_turns", lambda works, *_, **__: times | {name: times[name] for name in works})
    case = engines.Case(toy_config(), 30, 10, shard_windows=10, pieces=(1, 3), rounds=1, cores=1)
    figures = {figure.what: figure.values for figure in engines.measure(case, tmp_path, quiet).figures}
    assert asked == ["ray", "local", "ray"]
    assert figures["one process"] == pytest.approx((1e5,))  # 2 s for 20 windows
    assert figures["Ray adds to a window"] == pytest.approx((5e4,))
    assert figures["Ray adds to a job, the cluster being there"] == (4.0,)
