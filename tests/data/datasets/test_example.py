import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.datasets.example import Example, read_examples, with_split
from dnabert.dna.regions import Region
from dnabert.dna.sequence import decode_bases, encode_bases
from dnabert.errors import RegionError
from tests.data.stores import opposite, store_of


@given(data=st.data(), texts=st.lists(st.text("ACGTN", min_size=1, max_size=20), min_size=1, max_size=3))
def test_examples_hold_the_bases_of_their_regions_in_order(data: st.DataObject, texts: list[str]) -> None:
    store = store_of(*texts)
    regions, expected = [], []
    for number in data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=4)):
        start = data.draw(st.integers(0, len(texts[number]) - 1))
        end = data.draw(st.integers(start + 1, len(texts[number])))
        strand = data.draw(st.sampled_from(("+", "-", ".")))
        regions.append(Region(f"c{number}", start, end, f"r{len(regions)}", strand))
        bases = texts[number][start:end]
        expected.append(opposite(bases) if strand == "-" else bases)
    splits = [data.draw(st.sampled_from(("train", "valid", "test", ""))) for _ in regions]
    found = read_examples(store, iter(regions), "1", "tss", splits, "TATA")
    assert [decode_bases(example.codes) for example in found] == expected
    assert [example.region for example in found] == regions
    assert [example.split for example in found] == splits
    assert {(example.label, example.source, example.category) for example in found} <= {("1", "tss", "TATA")}


def test_codes_are_a_copy_that_outlives_the_store() -> None:
    store = store_of("ACGT")
    (example,) = read_examples(store, [Region("c0", 1, 3)], "1", "peak", ["train"])
    store.codes[:] = 0
    assert decode_bases(example.codes) == "CG"
    assert example.category == ""


def test_a_region_beyond_its_contig_and_a_missing_split_stop_the_reading() -> None:
    store = store_of("ACGT")
    with pytest.raises(RegionError, match="c0:1-5 is not within c0, which has 4 bases"):
        read_examples(store, [Region("c0", 1, 5)], "1", "peak", ["train"])
    with pytest.raises(ValueError, match="shorter"):
        read_examples(store, [Region("c0", 1, 3)], "1", "peak", [])


def test_splits_are_given_to_examples_in_order_and_nothing_else_changes() -> None:
    codes = encode_bases("ACG")
    examples = [Example(Region("c0", start, start + 3), codes, "0", "random", "GT") for start in range(3)]
    found = with_split(examples, iter(["test", "", "train"]))
    assert [example.split for example in found] == ["test", "", "train"]
    assert [example.split for example in examples] == [""] * 3
    for before, after in zip(examples, found, strict=True):
        assert (after.region, after.label, after.source, after.category) == (before.region, "0", "random", "GT")
        assert np.shares_memory(after.codes, codes)
