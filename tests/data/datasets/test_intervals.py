import bioframe
import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.intervals import IntervalSet, clean_bases, intervals_of_regions
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region
from dnabert.errors import RegionError
from tests.data.stores import contig_numbers, genomes, rows_of, runs_of, store_of

Rows = list[tuple[int, int]]

rows = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda pair: (pair[0], sum(pair))), max_size=8)
windows = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 12)).map(lambda pair: (pair[0], sum(pair))), max_size=8)
few = settings(max_examples=40, deadline=None)  # a call of bioframe takes milliseconds
EMPTY = IntervalSet.merged(np.empty((0, 2), np.int64))


def array_of(intervals: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array(intervals, dtype=np.int64).reshape(-1, 2)


def bases_of(intervals: Rows) -> set[int]:
    return {base for start, end in intervals for base in range(start, end)}


def bases_in(found: IntervalSet) -> set[int]:
    return bases_of(list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)))


def listed(found: IntervalSet) -> list[list[int]]:
    assert found.starts.dtype == found.ends.dtype == np.int64
    return rows_of(found.starts, found.ends)


@st.composite
def regions_on(draw: st.DrawFn, store: GenomeStore) -> list[Region]:
    found = []
    for contig in draw(st.lists(st.sampled_from(store.contigs), max_size=6)):
        start = draw(st.integers(0, contig.length - 1))
        found.append(Region(contig.name, start, draw(st.integers(start + 1, contig.length))))
    return found


def bases_of_regions(store: GenomeStore, regions: list[Region]) -> set[int]:
    starts = {contig.name: contig.start for contig in store.contigs}
    return {starts[region.contig] + base for region in regions for base in range(region.start, region.end)}


@few
@given(intervals=rows)
def test_merged_intervals_are_the_longest_runs_of_the_bases_covered(intervals: Rows) -> None:
    merged = IntervalSet.merged(array_of(intervals))
    assert listed(merged) == runs_of(bases_of(intervals))
    assert len(merged) == len(merged.starts)
    assert merged.num_bases == len(bases_of(intervals))


@few
@given(left=rows, right=rows)
def test_without_and_within_are_those_of_sets_of_bases(left: Rows, right: Rows) -> None:
    one, other = IntervalSet.merged(array_of(left)), IntervalSet.merged(array_of(right))
    assert listed(one.without(other)) == runs_of(bases_of(left) - bases_of(right))
    assert listed(one.within(other)) == runs_of(bases_of(left) & bases_of(right))


@few
@given(data=st.data(), store=genomes())
def test_regions_become_the_longest_runs_that_do_not_reach_over_the_end_of_a_contig(data: st.DataObject, store: GenomeStore) -> None:
    regions = data.draw(regions_on(store))
    found = intervals_of_regions(store, iter(regions))
    assert listed(found) == runs_of(bases_of_regions(store, regions), store)


@few
@given(data=st.data(), store=genomes())
def test_set_operations_keep_contigs_apart_whichever_set_comes_first(data: st.DataObject, store: GenomeStore) -> None:
    regions = data.draw(regions_on(store))
    whole = clean_bases(store)
    joined = IntervalSet.merged(np.stack([intervals_of_regions(store, regions).starts, intervals_of_regions(store, regions).ends], axis=1))
    expected = runs_of(bases_of_regions(store, regions), store)
    assert listed(joined.within(whole)) == listed(whole.within(joined)) == listed(joined.cut(store)) == expected
    assert listed(whole.without(joined)) == runs_of(set(range(len(store.codes))) - bases_of_regions(store, regions), store)


@few
@given(data=st.data(), store=genomes(), by_bp=st.integers(0, 15), is_joined=st.booleans())
def test_widened_sets_hold_the_bases_that_near_a_base_of_the_same_contig(
    data: st.DataObject, store: GenomeStore, by_bp: int, is_joined: bool
) -> None:
    regions = data.draw(regions_on(store))
    found = intervals_of_regions(store, regions)
    if is_joined:  # over the ends of contigs
        found = IntervalSet.merged(np.stack([found.starts, found.ends], axis=1))
    own, owner = bases_of_regions(store, regions), contig_numbers(store)
    near = {base for base in range(len(store.codes)) if any(owner[base] == owner[place] and abs(base - place) <= by_bp for place in own)}
    assert listed(found.widened(by_bp, store)) == runs_of(near, store)


def test_widening_intervals_of_two_contigs_that_touch_in_the_store_loses_neither() -> None:
    store = store_of("A" * 10, "C" * 10)
    ends = intervals_of_regions(store, [Region("c0", 8, 10), Region("c1", 0, 3)])
    assert listed(ends.widened(2, store)) == [[6, 10], [10, 15]]


@few
@given(intervals=rows, asked=windows)
def test_covered_and_contained_windows_are_those_counted_base_by_base(intervals: Rows, asked: Rows) -> None:
    found = IntervalSet.merged(array_of(intervals))
    starts, ends = array_of(asked).T
    own = bases_of(intervals)
    assert found.covered_bp(starts, ends).tolist() == [len(own & set(range(start, end))) for start, end in asked]
    assert found.contains(starts, ends).tolist() == [set(range(start, end)) <= own for start, end in asked]


def test_a_window_over_the_end_of_a_contig_is_in_no_interval_though_all_its_bases_are_covered() -> None:
    store = store_of("ACGT", "ACGT")
    both = intervals_of_regions(store, [Region("c0", 0, 4), Region("c1", 0, 4)])
    starts = np.array([0, 2, 3, 4])
    assert both.covered_bp(starts, starts + 3).tolist() == [3, 3, 3, 3]
    assert both.contains(starts, starts + 3).tolist() == [True, False, False, True]


@few
@given(store=genomes("ACN"))
def test_clean_bases_are_the_unambiguous_ones_contig_by_contig(store: GenomeStore) -> None:
    is_clean = store.codes < 4
    assert listed(clean_bases(store)) == runs_of(set(np.flatnonzero(is_clean).tolist()), store)
    for contig in store.contigs:
        inside = {base for base in range(contig.start, contig.start + contig.length) if is_clean[base]}
        assert listed(clean_bases(store, (contig,))) == runs_of(inside)


def test_of_nothing_comes_nothing() -> None:
    store = store_of("ACGTACGTAC")
    some = IntervalSet.merged(np.array([[2, 5]]))
    none = np.empty(0, dtype=np.int64)
    assert listed(intervals_of_regions(store, [])) == listed(clean_bases(store, ())) == listed(EMPTY) == []
    assert listed(EMPTY.without(some)) == listed(EMPTY.within(some)) == listed(some.within(EMPTY)) == []
    assert listed(some.without(some)) == listed(EMPTY.widened(3, store)) == listed(EMPTY.cut(store)) == []
    assert listed(some.without(EMPTY)) == [[2, 5]]
    assert EMPTY.num_bases == len(EMPTY) == 0
    assert EMPTY.covered_bp(np.array([0, 3]), np.array([4, 9])).tolist() == [0, 0]
    assert EMPTY.contains(np.array([0, 3]), np.array([4, 9])).tolist() == [False, False]
    assert some.contains(none, none).tolist() == some.covered_bp(none, none).tolist() == []
    assert listed(clean_bases(store_of("NNN"))) == []


def test_sets_of_many_intervals_far_beyond_32_bits_equal_those_of_bioframe() -> None:
    rng = np.random.default_rng(0)
    frames, sets = [], []
    for _ in range(2):
        starts = np.sort(rng.choice(60_000, 2_000, replace=False)) * 100 + 3_000_000_000
        ends = starts + rng.integers(1, 99, len(starts))
        frames.append(pandas.DataFrame({"chrom": "chr1", "start": starts, "end": ends}))
        sets.append(IntervalSet(starts, ends))
    expected = bioframe.subtract(*frames).sort_values("start")
    found = sets[0].without(sets[1])
    assert listed(found) == [list(row) for row in expected[["start", "end"]].itertuples(index=False)]
    assert found.num_bases + sets[0].within(sets[1]).num_bases == sets[0].num_bases


def test_a_region_that_does_not_fit_the_genome_is_named() -> None:
    with pytest.raises(RegionError, match=r"a\.bed:7: c0:2-9 is not within c0, which has 4 bases"):
        intervals_of_regions(store_of("ACGT"), [Region("c0", 2, 9, where="a.bed:7")])
