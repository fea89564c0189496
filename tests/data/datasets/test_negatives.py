from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets import negatives
from dnabert.data.datasets.candidates import Room, number_cells
from dnabert.data.datasets.intervals import IntervalSet, clean_bases
from dnabert.data.datasets.negatives import Matching, draw_windows, gc_fractions, match_windows, random_strands, region_at
from dnabert.data.datasets.repeats import Repeats
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import decode_bases
from tests.data.stores import genomes, random_bases, store_of

IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]

NO_REPEATS = Repeats(IntervalSet.merged(np.empty((0, 2), np.int64)), "none")


def free_of(*runs: tuple[int, int]) -> IntervalSet:
    return IntervalSet.of_runs(np.array(runs, dtype=np.int64).reshape(-1, 2))


def are_apart(starts: IntArray, window_bp: int) -> bool:
    return bool((np.diff(np.sort(starts)) >= window_bp).all())


def isochores(num_pieces: int = 40, piece_bp: int = 3_000) -> GenomeStore:
    """Two contigs of pieces that are rich or poor in G and C, to different degrees."""
    pieces = [random_bases(piece_bp, seed, gc=0.25 + 0.5 * (seed * 7 % num_pieces) / num_pieces) for seed in range(num_pieces)]
    return store_of("".join(pieces[: num_pieces // 2]), "".join(pieces[num_pieces // 2 :]))


@given(data=st.data(), store=genomes("ACGTN", max_bp=30), block=st.integers(1, 50))
def test_gc_is_counted_window_by_window(data: st.DataObject, store: GenomeStore, block: int) -> None:
    window_bp = data.draw(st.integers(1, len(store.codes)))
    starts = np.array(data.draw(st.lists(st.integers(0, len(store.codes) - window_bp), max_size=9)), dtype=np.int64)
    text = decode_bases(store.codes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(negatives, "_BLOCK", block)
        found = gc_fractions(store, starts, window_bp)
    expected = [(text[start : start + window_bp].count("G") + text[start : start + window_bp].count("C")) / window_bp for start in starts]
    assert found.tolist() == pytest.approx(expected)


def test_no_windows_have_no_gc_also_where_none_would_fit() -> None:
    assert gc_fractions(store_of("ACGT"), np.empty(0, np.int64), 300).tolist() == []


@given(
    gaps=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60)), max_size=6),
    window_bp=st.integers(1, 12),
    count=st.integers(0, 40),
    seed=st.integers(0, 9),
)
def test_windows_drawn_lie_within_one_interval_each_and_never_overlap(
    gaps: list[tuple[int, int]], window_bp: int, count: int, seed: int
) -> None:
    edges = np.cumsum(np.array(gaps, dtype=np.int64).reshape(-1))
    free = IntervalSet.of_runs(edges.reshape(-1, 2)[[length > 0 for _, length in gaps]])
    found = draw_windows(free, window_bp, count, np.random.default_rng(seed))
    assert found.dtype == np.int64
    assert len(found) <= count
    assert free.contains(found, found + window_bp).all()
    assert are_apart(found, window_bp)
    if count and (free.ends - free.starts >= window_bp).any():
        assert len(found)
    assert (draw_windows(free, window_bp, count, np.random.default_rng(seed)) == found).all()


def test_windows_lie_anywhere_in_an_interval_whether_few_or_many_are_drawn() -> None:
    rng = np.random.default_rng(0)
    free = free_of(*((start, start + 75) for start in range(0, 40_000, 200)))
    for count in (1, 60, 200, 400):  # a part of the room, half of it, or all of it
        drawn = np.concatenate([draw_windows(free, 30, count, rng) for _ in range(4_000 // count)]) % 200
        counts = np.histogram(drawn, bins=[0, 15, 31, 46])[0]  # 15 starts, 16, and 15
        assert counts.min() > 0
        assert counts[0] == pytest.approx(counts[2], rel=0.15)  # as many at the start of an interval as at its end


def test_half_of_the_room_is_found_also_where_most_draws_overlap() -> None:
    free = free_of(*((start, start + 60) for start in range(0, 6_000, 60)))  # a window seldom leaves room for the second of its interval
    assert len(draw_windows(free, 30, 100, np.random.default_rng(0))) == 100
    assert len(draw_windows(free, 30, 200, np.random.default_rng(0))) == 200


def test_the_rarest_windows_are_found_wherever_they_begin() -> None:
    """Forty islands of G+C in a megabase, which none of the windows that are laid side by side need meet squarely."""
    island = random_bases(110, 5, gc=0.9)
    text = "".join(random_bases(25_000 - 110, seed, gc=0.4) + island for seed in range(40))
    store = store_of(text + island * 30)
    positives = len(text) + 110 * np.arange(30)
    found, matching = match_windows(store, positives, free_of((0, len(text))), NO_REPEATS, 100, 1, np.random.default_rng(0))
    assert matching.num_found == 30
    assert are_apart(found, 100)
    assert matching.mean_gc_difference < 0.005
    at_random = draw_windows(free_of((0, len(text))), 100, 30_000, np.random.default_rng(0))
    wanted = gc_fractions(store, positives[:1], 100)
    assert np.sum(np.abs(gc_fractions(store, at_random, 100) - wanted) < 0.01) < 10


def test_a_g_c_that_is_rare_weighs_more_than_repeats() -> None:
    store = store_of(random_bases(50_000, 0, gc=0.4) + random_bases(5_000, 1, gc=0.8) + random_bases(5_000, 2, gc=0.8))
    repeats = Repeats(free_of((50_000, 55_000)), "all that is rich in G+C")
    positives = np.arange(55_000, 57_000, 100)
    found, matching = match_windows(store, positives, free_of((0, 55_000)), repeats, 100, 1, np.random.default_rng(0))
    assert (found > 49_900).all()
    assert matching.mean_gc_difference < 0.02


def test_where_more_windows_are_wanted_than_fit_the_free_bases_are_used_up() -> None:
    found = draw_windows(free_of((10, 40), (50, 59), (60, 70)), 10, 1_000, np.random.default_rng(0))
    assert len(found) == 4
    assert draw_windows(free_of((10, 19)), 10, 5, np.random.default_rng(0)).tolist() == []


def test_every_place_of_a_large_area_is_drawn_about_as_often() -> None:
    free = free_of((0, 50_000), (70_000, 120_000))
    rng = np.random.default_rng(0)
    drawn = np.concatenate([draw_windows(free, 20, 100, rng) for _ in range(200)])
    counts = np.histogram(drawn, bins=np.concatenate([np.arange(0, 50_001, 10_000), np.arange(70_000, 120_001, 10_000)]))[0]
    assert counts.sum() == len(drawn) == 20_000
    inside = np.delete(counts, 5)  # the bin between the intervals
    assert abs(inside / 2_000 - 1).max() < 0.15


def test_negatives_match_the_gc_of_their_positives_one_by_one() -> None:
    store = isochores()
    clean = clean_bases(store)
    positives = np.sort(draw_windows(clean, 100, 100, np.random.default_rng(1)))
    free = clean.without(IntervalSet.merged(np.stack([positives, positives + 100], axis=1)))
    found, matching = match_windows(store, positives, free, NO_REPEATS, 100, 2, np.random.default_rng(2))
    assert matching.num_wanted == matching.num_found == len(found) == 200
    assert are_apart(found, 100)
    assert free.contains(found, found + 100).all()
    difference = np.abs(gc_fractions(store, np.repeat(positives, 2), 100) - gc_fractions(store, found, 100))
    assert matching.mean_gc_difference == pytest.approx(difference.mean())
    assert matching.mean_gc_difference < 0.005
    assert matching.mean_repeat_difference == 0
    at_random = np.abs(gc_fractions(store, positives, 100) - gc_fractions(store, np.random.default_rng(0).permutation(positives), 100))
    assert at_random.mean() > 0.1


def test_negatives_match_the_repeats_of_their_positives() -> None:
    store = store_of(random_bases(400_000, 0))
    masked = free_of(*((start, start + 150) for start in range(0, 400_000, 600)))
    repeats = Repeats(masked, "every fourth stretch")
    positives = np.arange(40, 30_000, 600)  # 110 bases of each are masked
    free = free_of((30_000, 400_000))
    found, matching = match_windows(store, positives, free, repeats, 220, 1, np.random.default_rng(0))
    share = masked.covered_bp(found, found + 220) / 220
    assert matching.num_found == 50
    assert share.mean() == pytest.approx(0.5, abs=0.05)
    assert matching.mean_repeat_difference == pytest.approx(np.abs(share - 0.5).mean())
    assert matching.mean_repeat_difference < 0.06


def test_the_same_seed_draws_the_same_negatives_and_another_others() -> None:
    store = isochores()
    free = clean_bases(store)
    positives = np.arange(0, 20_000, 1_000)
    drawn = [match_windows(store, positives, free, NO_REPEATS, 100, 1, np.random.default_rng(seed))[0].tolist() for seed in (5, 5, 6)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_shortage_of_free_bases_is_told() -> None:
    store = isochores()
    positives = np.arange(0, 20_000, 1_000)
    free = free_of((30_000, 30_000 + 950))
    found, matching = match_windows(store, positives, free, NO_REPEATS, 100, 3, np.random.default_rng(0))
    assert matching.num_wanted == 60
    assert matching.num_found == len(found)
    assert len(found) in (8, 9)
    assert len(set(found.tolist())) == len(found)
    assert are_apart(found, 100)


def test_without_positives_or_free_bases_there_are_no_negatives() -> None:
    store, rng = store_of("ACGT" * 100), np.random.default_rng(0)
    positives, none = np.array([0, 100]), np.empty(0, np.int64)
    for own, free, wanted in ((positives, free_of(), 2), (positives, free_of((9, 50)), 2), (none, free_of((0, 400)), 0)):
        found, matching = match_windows(store, own, free, NO_REPEATS, 100, 1, rng)
        assert found.tolist() == []
        assert matching == Matching(wanted, 0, 0.0, 0.0)


CELLS = st.lists(st.integers(0, 20).flatmap(lambda gc: st.integers(0, 5).map(lambda repeat: 21 * gc + repeat)), max_size=30)


@settings(deadline=None)
@given(target=CELLS, offered=CELLS, neighbours=st.integers(1, 4), by_rarity=st.booleans(), seed=st.integers(0, 9))
def test_each_target_gets_a_window_of_its_own_while_there_are_any_and_an_equal_one_first(
    target: list[int], offered: list[int], neighbours: int, by_rarity: bool, seed: int
) -> None:
    wanted, held = np.array(target, dtype=np.int64), np.array(offered, dtype=np.int64)
    starts = 10 * np.arange(len(held))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(negatives, "_NEIGHBOURS", neighbours)
        found = negatives._assign(wanted, starts, held, Room(10), np.random.default_rng(seed), by_rarity).tolist()
    pairs = [(target[place], offered[start // 10]) for place, start in enumerate(found) if start >= 0]
    assert len(pairs) == len(set(found) - {-1}) == min(len(target), len(offered))
    if not by_rarity:
        assert sum(one == other for one, other in pairs) == (Counter(target) & Counter(offered)).total()


@pytest.mark.parametrize("by_rarity", [False, True])
def test_a_crowd_of_equal_targets_takes_the_windows_nearest_to_it(by_rarity: bool) -> None:
    rng = np.random.default_rng(0)
    gc = rng.uniform(0.2, 0.7, 20_000)
    target, offered = number_cells(np.full(3_000, 0.8), np.zeros(3_000)), number_cells(gc, np.zeros(20_000))
    found = negatives._assign(target, 10 * np.arange(20_000), offered, Room(10), rng, by_rarity)
    assert len(set(found.tolist())) == 3_000
    assert gc[found // 10].mean() == pytest.approx(np.sort(gc)[-3_000:].mean(), abs=0.0025)


def test_windows_that_overlap_one_that_was_taken_are_passed_over() -> None:
    taken = Room(10)
    assert taken.take(25)
    starts = np.array([16, 34, 15, 35])
    found = negatives._assign(np.zeros(4, np.int64), starts, np.zeros(4, np.int64), taken, np.random.default_rng(0))
    assert sorted(found.tolist()) == [-1, -1, 15, 35]


@given(data=st.data(), store=genomes())
def test_a_place_in_the_store_and_a_region_tell_the_same(data: st.DataObject, store: GenomeStore) -> None:
    contig = data.draw(st.sampled_from(store.contigs))
    first = data.draw(st.integers(0, contig.length - 1))
    window_bp = data.draw(st.integers(1, contig.length - first))
    region = region_at(store, contig.start + first, window_bp, "name", "-")
    assert (region.contig, region.start, region.end, region.name, region.strand) == (contig.name, first, first + window_bp, "name", "-")
    assert store.position(region) == contig.start + first


def test_strands_are_drawn_evenly_and_from_the_seed() -> None:
    strands = random_strands(1_000, np.random.default_rng(0))
    assert strands == random_strands(1_000, np.random.default_rng(0))
    assert set(strands) == {"+", "-"}
    assert strands.count("+") == pytest.approx(500, abs=60)
    assert random_strands(0, np.random.default_rng(0)) == []
