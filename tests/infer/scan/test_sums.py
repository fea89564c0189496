"""Rules, p and q, calls, and tracks, each beside a plain reference."""

import tempfile
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from dnabert.errors import OutputError
from dnabert.infer.scan.background import Background
from dnabert.infer.scan.calls import Call, CallMerger, bed_line
from dnabert.infer.scan.rules import apply_rule
from dnabert.infer.scan.tracks import open_track

tenths = st.integers(0, 10).map(lambda number: number / 10)
scores = st.lists(st.one_of(tenths, st.just(float("nan"))), min_size=1, max_size=40)


@settings(max_examples=30, deadline=None)
@given(scores, st.integers(1, 5))
def test_a_rule_reads_each_group_and_none_with_a_gap(values: list[float], group: int) -> None:
    array = np.array(values, np.float32)
    if len(array) < group:
        return
    for rule, reference in (("max", max), ("mean", lambda one: sum(one) / len(one)), ("second", lambda one: sorted(one)[-2:][0])):
        found = apply_rule(rule, array, group)  # type: ignore[arg-type]
        wanted = []
        for start in range(len(array) - group + 1):
            one = array[start : start + group].tolist()
            wanted.append(float("nan") if any(map(np.isnan, one)) else reference(one))
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(tenths, min_size=1, max_size=30), st.lists(tenths, min_size=1, max_size=60))
def test_q_from_counts_is_that_of_benjamini_and_hochberg_over_all_windows(shuffled: list[float], windows: list[float]) -> None:
    background = Background(shuffled)
    for start in range(0, len(windows), 7):
        background.add(np.array([*windows[start : start + 7], float("nan")]))
    p = np.array([(1 + sum(null >= value for null in shuffled)) / (1 + len(shuffled)) for value in windows])
    assert background.p(windows) == pytest.approx(p)
    assert background.q(windows) == pytest.approx(false_discovery_control(p))


def _reference(starts: list[int], values: list[float], threshold: float, merge: int, window: int) -> list[tuple[int, int, int, int]]:
    groups: list[list[int]] = []
    for place, (start, value) in enumerate(zip(starts, values, strict=True)):
        if value >= threshold:
            if groups and start - starts[groups[-1][-1]] <= merge:
                groups[-1].append(place)
            else:
                groups.append([place])
    found = []
    for group in groups:
        first = last = max(group, key=lambda place: (values[place], -place))
        while last + 1 in group and values[last + 1] == values[first]:
            last += 1
        summit = (starts[first] + starts[last]) // 2 + window // 2
        found.append((starts[group[0]], starts[group[-1]] + window, summit, len(group)))
    return found


@settings(max_examples=30, deadline=None)
@given(scores, st.integers(0, 30), st.integers(1, 7))
def test_calls_are_those_of_plain_python_whatever_the_pieces(values: list[float], merge: int, size: int) -> None:
    starts = [5 * number for number in range(len(values))]
    merger = CallMerger(0.5, merge, 20, 5)
    for first in range(0, len(values), size):
        part = slice(first, first + size)
        merger.add("c", np.array(starts[part]), np.array(values[part], np.float32))
    found = merger.take()
    assert [(call.start, call.end, call.summit, call.count) for call in found] == _reference(starts, values, 0.5, merge, 20)
    assert all(call.start <= call.summit < call.end for call in found)
    assert merger.take() == []


def test_the_summit_of_a_call_by_the_rule_max_is_where_the_best_window_is() -> None:
    """All windows of the rule that hold the best one score alike: the leftmost of them lies far before it."""
    scores = np.full(60, 0.1, np.float32)
    scores[30] = 0.9
    group, window_bp, stride_bp = 15, 300, 50
    values = apply_rule("max", scores, group)
    merger = CallMerger(0.5, 1000, window_bp + (group - 1) * stride_bp, stride_bp)
    merger.add("c", stride_bp * np.arange(len(values)), values)
    (call,) = merger.take()
    assert call.summit == 30 * stride_bp + window_bp // 2


def test_the_summit_of_a_call_is_in_it_where_windows_lie_apart() -> None:
    merger = CallMerger(0.5, 70, 70, 100)
    merger.add("c", np.array([0, 100, 200]), np.full(3, 0.9, np.float32))
    assert [(call.start, call.summit) for call in merger.take()] == [(0, 35), (100, 135), (200, 235)]


def test_windows_of_one_score_with_a_gap_between_them_are_two_summits() -> None:
    merger = CallMerger(0.5, 300, 70, 10)
    merger.add("c", np.array([10]), np.ones(1, np.float32))
    merger.add("c", np.array([250]), np.ones(1, np.float32))
    assert [(call.start, call.end, call.summit) for call in merger.take()] == [(10, 320, 45)]


def test_windows_of_two_contigs_are_never_joined() -> None:
    merger = CallMerger(0.5, 100, 20, 5)
    merger.add("a", np.array([0]), np.array([0.9], np.float32))
    merger.add("b", np.array([10]), np.array([0.8], np.float32))
    assert [(call.contig, call.start) for call in merger.take()] == [("a", 0), ("b", 10)]


def test_a_call_is_bed6_with_five_more_columns() -> None:
    call = Call("chr1", 100, 400, 220, 0.875, 3)
    assert bed_line(call, "promoter_1", "-", True, 0.01, 0.05) == "chr1\t100\t400\tpromoter_1\t875\t-\t0.875\t220\t3\t0.01\t0.05"
    assert bed_line(call, "v_1", ".", False, 0.01, 0.05).split("\t")[4] == "200"
    assert bed_line(call, "v_1", ".", False, None, None).split("\t")[4:] == ["0", ".", "0.875", "220", "3", ".", "."]


@settings(max_examples=30, deadline=None)
@given(scores, st.integers(1, 9))
def test_a_track_holds_the_values_and_its_bytes_do_not_depend_on_the_pieces(values: list[float], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "whole.bw", Path(folder) / "pieces.bw"]
        array = np.array(values, np.float32)
        for path, step in zip(paths, (len(array), size), strict=True):
            with open_track(path, {"c": 1000, "d": 10}, 10, 4) as track:
                for first in range(0, len(array), step):
                    track.add("c", 7 + 10 * first, array[first : first + step])
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert sorted(Path(folder).iterdir()) == sorted(paths)
        if np.isnan(array).all():
            return
        bigwig = pyBigWig.open(str(paths[1]))
        assert bigwig.chroms() == {"c": 1000, "d": 10}
        found = np.array(bigwig.values("c", 7, 7 + 10 * len(array))).reshape(-1, 10)
        bigwig.close()
        np.testing.assert_array_equal(found[:, :4], np.repeat(array[:, None], 4, axis=1))
        assert np.isnan(found[:, 4:]).all()


def test_a_long_track_is_written_in_blocks(tmp_path: Path) -> None:
    values = np.arange(100_000, dtype=np.float32)
    with open_track(tmp_path / "long.bw", {"c": 100_000}, 1, 1) as track:
        track.add("c", 0, values[:70_000])
        track.add("c", 70_000, values[70_000:])
    bigwig = pyBigWig.open(str(tmp_path / "long.bw"))
    np.testing.assert_array_equal(bigwig.values("c", 0, 100_000, numpy=True), values)
    bigwig.close()


def _write_and_fail(path: Path, contig: str, error: BaseException) -> None:
    with open_track(path, {"c": 100}, 1, 1) as track:
        track.add(contig, 0, np.ones(3, np.float32))
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt("stopped"), RuntimeError("the model fails")])
def test_nothing_is_left_of_a_track_whose_scores_fail_and_the_reason_stays(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error), match=str(error)):
        _write_and_fail(tmp_path / "t.bw", "c", error)
    assert list(tmp_path.iterdir()) == []


def test_what_libbigwig_refuses_is_told_with_the_name_of_the_track(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"t.bw: the bigWig file cannot be written"),
        open_track(tmp_path / "t.bw", {"c": 100}, 1, 1) as track,
    ):
        track.add("another contig", 0, np.ones(3, np.float32))
    assert list(tmp_path.iterdir()) == []
