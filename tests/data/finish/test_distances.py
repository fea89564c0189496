from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.datasets.example import Example
from dnabert.data.finish.distances import split_distances
from dnabert.dna.regions import Region
from dnabert.errors import RegionError
from tests.data.finish.rows import make_row


def placed(name: str, split: str, contig: str, start: int, end: int) -> Example:
    return replace(make_row(name, "ACGT", split=split), region=Region(contig, start, end, name, "-"))


def test_distances_by_hand() -> None:
    rows = [
        placed("a", "train", "chr1", 0, 100),
        placed("b", "train", "chr1", 10, 20),
        placed("c", "test", "chr1", 130, 140),
        placed("d", "train", "chr2", 500, 600),
        placed("e", "valid", "chr2", 400, 500),
    ]
    assert split_distances(rows) == {("train", "valid"): 0, ("train", "test"): 30, ("valid", "test"): None}


def test_windows_that_share_a_base_are_an_error() -> None:
    rows = [placed("a", "train", "chr1", 0, 100), placed("b", "train", "chr1", 10, 20), placed("c", "test", "chr1", 99, 140)]
    with pytest.raises(RegionError) as caught:
        split_distances(rows)
    assert str(caught.value) == (
        "the windows c (test, chr1:99-140(-)) and a (train, chr1:0-100(-)) overlap;"
        " windows of different splits must not share a base: split by contig"
    )


def test_no_rows_have_no_distance() -> None:
    assert set(split_distances([]).values()) == {None}


@given(st.lists(st.tuples(st.sampled_from(["train", "valid", "test"]), st.sampled_from("xyz"), st.integers(0, 60), st.integers(1, 20))))
def test_distances_agree_with_all_pairs(drawn: list[tuple[str, str, int, int]]) -> None:
    rows = [placed(f"row{number}", split, contig, start, start + size) for number, (split, contig, start, size) in enumerate(drawn)]
    gaps: dict[tuple[str, str], int | None] = {("train", "valid"): None, ("train", "test"): None, ("valid", "test"): None}
    for left in rows:
        for right in rows:
            pair = left.split, right.split
            if pair in gaps and left.region.contig == right.region.contig:
                gap = max(left.region.start, right.region.start) - min(left.region.end, right.region.end)
                known = gaps[pair]
                gaps[pair] = gap if known is None else min(known, gap)
    if any(gap is not None and gap < 0 for gap in gaps.values()):
        with pytest.raises(RegionError, match="overlap"):
            split_distances(rows)
    else:
        assert split_distances(rows) == gaps
