import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.metrics import classification_metrics
from dnabert.report.curves import confusion_counts, histogram_counts, precision_recall_curve, reliability, roc_curve, wilson_interval


def test_roc_by_hand() -> None:
    curve = roc_curve("", np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    assert curve.area == pytest.approx(0.75)
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert (np.diff(curve.x) >= 0).all()


def test_precision_and_recall_by_hand() -> None:
    curve = precision_recall_curve("", np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    points = list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    assert points[:2] == [(0.0, 1.0), (0.5, 1.0)]
    assert points[-1] == (1.0, 0.5)
    assert curve.area == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_wrong_first_call_is_seen_at_recall_0() -> None:
    curve = precision_recall_curve("", np.array([False, True]), np.array([0.9, 0.1]))
    assert curve.y[0] == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=40).filter(lambda rows: len({row[0] for row in rows}) == 2))
def test_areas_are_those_of_the_metrics_and_under_the_drawn_lines(rows: list[tuple[bool, float]]) -> None:
    flags = np.array([row[0] for row in rows])
    scores = np.array([row[1] for row in rows])
    figures = classification_metrics(flags.astype(np.int64), np.stack([1 - scores, scores], axis=1))
    roc, recalls = roc_curve("", flags, scores), precision_recall_curve("", flags, scores)
    assert roc.area == pytest.approx(figures["auroc"])
    assert recalls.area == pytest.approx(figures["auprc"])
    # `steps-pre`: a precision holds from the recall before.
    assert float(np.sum(np.diff(recalls.x) * recalls.y[1:])) == pytest.approx(figures["auprc"])


def test_wilson_by_the_book() -> None:
    # Brown, Cai & DasGupta 2001: x = 2, n = 10 gives (0.057, 0.510).
    low, high = wilson_interval(np.array([2, 0, 10, 0]), np.array([10, 10, 10, 0]))
    assert low == pytest.approx([0.0567, 0, 0.7225, 0], abs=1e-4)
    assert high == pytest.approx([0.5098, 0.2775, 1, 1], abs=1e-4)


def test_bins_of_the_reliability_diagram_by_hand() -> None:
    table = reliability(np.array([0.1, 0.2, 0.9, 1.0]), np.array([False, True, True, True]), num_bins=4)
    assert table.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table.counts.tolist() == [2, 0, 0, 2]
    assert table.predicted[[0, 3]] == pytest.approx([0.15, 0.95])
    assert table.observed[[0, 3]].tolist() == [0.5, 1]
    assert np.isnan(table.predicted[1])
    assert np.isnan(table.observed[1])
    assert (table.low[[0, 3]] <= table.observed[[0, 3]]).all()
    assert (table.high[[0, 3]] >= table.observed[[0, 3]]).all()


def test_confusion_counts_have_the_truth_in_rows() -> None:
    counts = confusion_counts(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_histogram_counts_by_group_the_last_edge_included() -> None:
    counts = histogram_counts(np.array([0.1, 0.6, 1.0]), np.array([0, 1, 1]), 3, np.array([0, 0.5, 1]))
    assert counts.tolist() == [[1, 0], [0, 2], [0, 0]]
