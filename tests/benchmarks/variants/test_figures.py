"""All figures of a set are over all of its variants, also those that a contestant did not score."""

import pytest

from benchmarks.variants import figures
from benchmarks.variants.__main__ import Contestants, document
from benchmarks.variants.figures import UNSCORED, add_result, auprc, auroc, spearman
from benchmarks.variants.rows import Evaluation, Metric, Row

NAN = float("nan")


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "ROUNDS", 20)


def _evaluation(truth: list[float], metric: Metric, *, is_signed: bool = False) -> Evaluation:
    rows = [Row(("c", "1", ".", "A", "C"), value, 0.0) for value in truth]
    return Evaluation("set", rows, metric, "figure", "splice", is_signed)


def test_variants_without_a_score_rank_lowest() -> None:
    # Both positives that are scored are above all else; the third is not scored, beside one negative that is not.
    found = _evaluation([1, 1, 0, 0, 1, 0], auroc)
    scores = [3.0, 2.0, 1.0, -9.0, NAN, NAN]
    add_result(found, "model", scores)
    ((label, value, low, high),) = found.results
    assert label == "model (4 of 6 scored)"
    assert value == pytest.approx((3 + 3 + 0.5) / 9)  # pairs in the right order, of 9; a tie counts one half
    assert low <= value <= high
    assert scores[4] != scores[4]  # what was given is as it was
    precise = _evaluation([1, 1, 0, 0, 1, 0], auprc)
    add_result(precise, "model", scores)
    assert precise.results[0][1] == pytest.approx((1 + 1 + 3 / 6) / 3)


def test_where_effects_have_a_sign_no_score_counts_as_no_change() -> None:
    found = _evaluation([-2.0, 0.1, 3.0], spearman, is_signed=True)
    add_result(found, "model", [-5.0, NAN, 4.0])
    assert found.results[0][:2] == ("model (2 of 3 scored)", pytest.approx(1))


def test_the_document_says_how_variants_without_a_score_count(capsys: pytest.CaptureFixture[str]) -> None:
    found = _evaluation([1, 0, 1, 0], auroc)
    add_result(found, "whole", [2.0, 1.0, 4.0, 3.0])
    add_result(found, "none", [NAN] * 4)
    assert [label for label, *_ in found.results] == ["whole"]
    assert "set: none: nothing to compare among 0 variants" in capsys.readouterr().err
    text = document([found], Contestants({}, {}, None, 128), "command")
    assert UNSCORED in text
    assert "4 variants, 2 positive." in text
