"""Windows and shards are laid out by hand-made rules, without a model."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.regions import Genome
from dnabert.errors import RegionError
from dnabert.infer.scan.config import Windows
from dnabert.infer.scan.plan import Stretch, Stretches, draw_windows, find_stretches
from tests.infer.scan.made import write_genome

spans = st.lists(st.tuples(st.integers(0, 50), st.integers(20, 120)), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(spans, st.integers(5, 20), st.integers(1, 30), st.integers(1, 12))
def test_each_window_is_in_one_shard_and_in_order_whatever_their_size(
    lengths: list[tuple[int, int]], window: int, stride: int, size: int
) -> None:
    stretches = Stretches(tuple(Stretch(f"c{number}", start, start + length) for number, (start, length) in enumerate(lengths)), 0)
    shards = list(stretches.window_shards(Windows(window, stride), size))
    found = [(run.contig, run.start + stride * number) for shard in shards for run in shard.runs for number in range(run.count)]
    wanted = [(stretch.contig, start) for stretch in stretches.all for start in range(stretch.start, stretch.end - window + 1, stride)]
    assert found == wanted
    assert [sum(run.count for run in shard.runs) for shard in shards[:-1]] == [size] * (len(shards) - 1)
    firsts = [(run.contig, run.start) for shard in shards for run in shard.runs if run.is_first]
    assert firsts == [(stretch.contig, stretch.start) for stretch in stretches.all]


@settings(max_examples=30, deadline=None)
@given(spans, st.integers(1, 60))
def test_each_base_is_in_one_segment_whatever_their_size(lengths: list[tuple[int, int]], size: int) -> None:
    stretches = Stretches(tuple(Stretch(f"c{number}", start, start + length) for number, (start, length) in enumerate(lengths)), 0)
    shards = list(stretches.base_shards(size))
    found = [(part.stretch.contig, base) for shard in shards for part in shard.segments for base in range(part.first, part.last)]
    assert found == [(stretch.contig, base) for stretch in stretches.all for base in range(stretch.start, stretch.end)]
    assert [sum(part.last - part.first for part in shard.segments) for shard in shards[:-1]] == [size] * (len(shards) - 1)


def _stretches(folder: Path, bed: str, min_bp: int = 20) -> Stretches:
    write_genome(folder)
    (folder / "regions.bed").write_text(bed)
    with Genome(folder / "genome.fa") as genome:
        return find_stretches(genome, folder / "regions.bed", min_bp)


def test_regions_that_overlap_or_touch_are_one_stretch_in_the_order_of_the_genome(tmp_path: Path) -> None:
    found = _stretches(tmp_path, "two\t0\t30\none\t200\t240\none\t50\t90\none\t90\t120\none\t60\t70\none\t300\t310\n")
    assert found.all == (Stretch("one", 50, 120), Stretch("one", 200, 240), Stretch("two", 0, 30))
    assert found.num_short == 1


def test_region_beyond_its_contig_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match=r"regions.bed:2: end 161 is beyond two, which has 160 bases"):
        _stretches(tmp_path, "one\t0\t30\ntwo\t100\t161\n")


def test_region_on_an_unknown_contig_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match=r"regions.bed:1: contig nine is not in"):
        _stretches(tmp_path, "nine\t0\t30\n")


def test_regions_that_are_all_too_short_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match=r"regions.bed: no merged region is as long as a window of 20 bases; take a shorter --window"):
        _stretches(tmp_path, "one\t0\t10\n")


def test_windows_of_the_background_are_windows_of_the_scan() -> None:
    stretches = Stretches((Stretch("a", 5, 60), Stretch("b", 0, 30)), 0)
    drawn = draw_windows(stretches, Windows(10, 5, group=3), wanted=200, shuffles=1, seed=1)
    assert set(drawn.places) == {("a", start) for start in range(5, 41, 5)} | {("b", 0), ("b", 5), ("b", 10)}
    assert len(drawn.places) == len(set(drawn.places))
    assert drawn.places != draw_windows(stretches, Windows(10, 5, group=3), wanted=200, shuffles=1, seed=2).places
    assert np.all([isinstance(start, int) for _, start in drawn.places])
