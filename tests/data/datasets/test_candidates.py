from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets import candidates
from dnabert.data.datasets.candidates import Room, centres_of_cells, gc_steps, number_cells, sample_cells
from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import decode_bases
from tests.data.stores import genomes, random_bases, runs_of, store_of

NONE = np.empty(0, np.int64)


def windows_of(text: str, window_bp: int) -> list[str]:
    return [text[start : start + window_bp] for start in range(len(text) - window_bp + 1)]


def some_bases(length_bp: int) -> st.SearchStrategy[IntervalSet]:
    found = st.sets(st.integers(0, length_bp - 1)).map(lambda bases: np.array(runs_of(bases), dtype=np.int64).reshape(-1, 2))
    return found.map(IntervalSet.of_runs)


@settings(deadline=None)
@given(data=st.data(), store=genomes("ACGTN", max_bp=30), block=st.integers(1, 50))
def test_all_windows_of_an_area_are_found_with_their_cells_block_by_block(data: st.DataObject, store: GenomeStore, block: int) -> None:
    length_bp = len(store.codes)
    window_bp = data.draw(st.integers(1, min(length_bp, 12)))
    free, masked = data.draw(some_bases(length_bp)), data.draw(some_bases(length_bp))
    with mock.patch.object(candidates, "_BLOCK", block):
        starts, cells = sample_cells(store, free, Repeats(masked, "some"), window_bp, NONE, NONE, np.random.default_rng(0))
    text = decode_bases(store.codes)
    expected = [start for start in range(length_bp - window_bp + 1) if free.contains(np.array([start]), np.array([start + window_bp]))[0]]
    assert starts.tolist() == expected
    windows = [text[start : start + window_bp] for start in expected]
    gc = np.array([sum(base in "CG" for base in window) / window_bp for window in windows])
    repeat = masked.covered_bp(starts, starts + window_bp) / window_bp
    assert cells.tolist() == number_cells(gc, repeat).tolist()


@pytest.mark.parametrize("is_told", [False, True])
def test_of_many_windows_a_part_is_kept_drawn_alike_and_of_a_rare_cell_all(monkeypatch: pytest.MonkeyPatch, is_told: bool) -> None:
    monkeypatch.setattr(candidates, "_LEAST_SPARE", 2_000)
    monkeypatch.setattr(candidates, "_BLOCK", 4_000)
    store = store_of(random_bases(99_999, 0) + "A" + "G" * 60)
    free = IntervalSet.of_runs(np.array([[0, 100_060]]))
    repeats = Repeats(IntervalSet.of_runs(np.empty((0, 2), np.int64)), "none")
    gc = np.array([window.count("C") + window.count("G") for window in windows_of(decode_bases(store.codes), 50)]) / 50
    every = number_cells(gc, np.zeros_like(gc))
    rich = number_cells(np.ones(1), np.zeros(1))
    is_common = np.bincount(every) > 1_000  # by cell: of these a part is kept
    typical = np.random.default_rng(0).choice(every, 5_000) if is_told else NONE
    found, expected = np.zeros(4), np.zeros(4)
    drawn = []
    for seed in range(30):
        starts, cells = sample_cells(store, free, repeats, 50, np.repeat(rich, 3), typical, np.random.default_rng(seed))
        drawn.append(starts.tolist())
        assert 1_000 < len(starts) < 4_000
        assert (cells == every[starts]).all()
        assert (cells == rich).sum() == 11
        found += np.histogram(starts[is_common[cells]], bins=4, range=(0, 100_060))[0]
        # In each quarter a cell is kept as often as it occurs there.
        weights = (np.bincount(cells, minlength=len(is_common)) / np.maximum(np.bincount(every), 1))[every] * is_common[every]
        expected += np.histogram(np.arange(len(every)), bins=4, range=(0, 100_060), weights=weights)[0]
    assert (found / expected).tolist() == pytest.approx([1] * 4, abs=0.06)
    again = sample_cells(store, free, repeats, 50, np.repeat(rich, 3), typical, np.random.default_rng(0))
    assert again[0].tolist() == drawn[0] != drawn[1]


def test_an_area_without_room_has_no_windows() -> None:
    none = Repeats(IntervalSet.of_runs(np.empty((0, 2), np.int64)), "none")
    for rows in ([], [[2, 6]]):
        free = IntervalSet.of_runs(np.array(rows, dtype=np.int64).reshape(-1, 2))
        starts, cells = sample_cells(store_of("ACGTACGT"), free, none, 5, NONE, NONE, np.random.default_rng(0))
        assert starts.tolist() == cells.tolist() == []


def test_a_cell_spans_a_step_of_each_share_and_tells_its_middle() -> None:
    cells = number_cells(np.array([0.5, 0.501, 0.5, 1.0]), np.array([0.0, 0.02, 1.0, 0.0]))
    assert cells[0] == cells[1]
    assert len(set(cells.tolist())) == 3
    assert gc_steps(cells).tolist() == [200, 200, 200, 400]
    assert centres_of_cells(cells).tolist() == [[0.5, 0], [0.5, 0], [0.5, pytest.approx(0.05)], [1, 0]]


@given(starts=st.lists(st.integers(0, 60), max_size=30), window_bp=st.integers(1, 9))
def test_a_window_is_taken_if_it_overlaps_none_before_it(starts: list[int], window_bp: int) -> None:
    room, kept = Room(window_bp), []
    for start in starts:
        fits = all(abs(start - other) >= window_bp for other in kept)
        assert room.take(start) == fits
        kept += [start] * fits
