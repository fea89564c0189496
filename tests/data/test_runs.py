from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.runs import RunCollector, cut_runs
from tests.data.stores import runs_of


@given(pieces=st.lists(st.lists(st.booleans(), min_size=1, max_size=8), max_size=6))
def test_runs_of_an_array_in_pieces_are_those_of_the_whole(pieces: list[list[bool]]) -> None:
    collector = RunCollector()
    for piece in pieces:
        collector.add(np.array(piece))
    expected = runs_of({place for place, flag in enumerate(chain.from_iterable(pieces)) if flag})
    found = collector.runs()
    assert found.tolist() == expected
    assert found.shape == (len(expected), 2)
    assert found.dtype == np.int64


@given(bases=st.sets(st.integers(0, 40)), places=st.lists(st.integers(0, 45), max_size=6))
def test_cut_runs_cover_the_same_bases_and_break_at_each_place(bases: set[int], places: list[int]) -> None:
    runs = np.array(runs_of(bases), dtype=np.int64).reshape(-1, 2)
    cut = cut_runs(runs, np.array(sorted(places), dtype=np.int64))
    assert cut.shape == (len(cut), 2)
    assert {base for start, end in cut.tolist() for base in range(start, end)} == bases
    assert all(start < end for start, end in cut.tolist())
    breaks = {start for start, _ in cut.tolist()} - {start for start, _ in runs.tolist()}
    assert breaks == {place for place in places if place in bases and place - 1 in bases}
