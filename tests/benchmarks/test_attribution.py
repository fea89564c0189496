"""The benchmark of mutagenesis at toy size: outputs are compared first, a mismatch stops it."""

from pathlib import Path

import pytest

from benchmarks.speed.agreement import MismatchError
from benchmarks.speed.cases.inference import attribution
from tests.toy import toy_config

CASES = (attribution.Case(toy_config(), 12, whole=4, ours=1, one_by_one=3, checked=5, rounds=1),)


def quiet(_text: str) -> None:
    """Nobody listens."""


def test_mutants_in_batches_are_compared_with_one_by_one_first(tmp_path: Path) -> None:
    findings = attribution.measure(CASES, tmp_path, quiet)
    (agreement,) = findings.agreements
    assert agreement.difference <= agreement.tolerance
    assert [ratio.key for ratio in findings.ratios] == ["attribution.12.ism"]
    assert findings.ratios[0].goal == 3.0


def test_other_contributions_are_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = attribution.attribute
    monkeypatch.setattr(attribution, "attribute", lambda *given, **more: ((index, 1.01 * h) for index, h in real(*given, **more)))
    monkeypatch.setattr(attribution, "take_turns", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(MismatchError, match="changes of log-odds: differs from predictions one by one"):
        attribution.measure(CASES, tmp_path, quiet)
