import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.finish import sketch
from dnabert.data.finish.sketch import SKETCH_KMER, HashFilter, Sketches, sampled_share, sketch_sequences
from dnabert.dna.sequence import encode_bases
from tests.data.finish.rows import other_strand, random_bases


def sketched(*sequences: str, share: float = 1.0) -> list[set[int]]:
    found = sketch_sequences([encode_bases(sequence) for sequence in sequences], share)
    parts = [found.hashes[start:end] for start, end in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    assert all((np.diff(part.astype(np.int64)) > 0).all() for part in parts)
    return [set(part.tolist()) for part in parts]


@given(st.lists(st.text("ACGTN", max_size=40), max_size=6))
def test_taken_whole_a_sketch_has_one_hash_for_each_kmer_of_either_strand(sequences: list[str]) -> None:
    for sequence, hashes in zip(sequences, sketched(*sequences), strict=True):
        kmers = {sequence[start : start + SKETCH_KMER] for start in range(len(sequence) - SKETCH_KMER + 1)}
        assert len(hashes) == len({min(kmer, other_strand(kmer)) for kmer in kmers if "N" not in kmer})


@given(st.text("ACGT", min_size=20, max_size=60), st.floats(0.1, 1))
def test_both_strands_have_one_sketch(sequence: str, share: float) -> None:
    forward, backward = sketched(sequence, other_strand(sequence), share=share)
    assert forward == backward


@given(st.text("ACGT", min_size=40, max_size=60), st.integers(0, 20), st.floats(0.1, 1))
def test_the_sketch_of_a_piece_is_a_piece_of_the_sketch(sequence: str, start: int, share: float) -> None:
    whole, piece = sketched(sequence, sequence[start : start + 20], share=share)
    assert piece <= whole


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    sequence = random_bases(5000, 1)
    (tenth,), (half,), (whole,) = (sketched(sequence, share=share) for share in (0.1, 0.5, 1.0))
    assert tenth < half < whole
    assert len(whole) == 4985
    assert len(half) == pytest.approx(2490, abs=150)
    assert len(tenth) == pytest.approx(498, abs=90)


def test_no_kmer_reaches_from_one_sequence_into_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = [random_bases(length, length) for length in (30, 5, 16, 40, 0, 17)]
    alone = [sketched(sequence)[0] for sequence in sequences]
    assert sketched(*sequences) == alone
    monkeypatch.setattr(sketch, "_BLOCK_BP", 32)
    assert sketched(*sequences) == alone


def test_sizes_are_hashes_of_each() -> None:
    assert Sketches(np.arange(5, dtype=np.uint32), np.array([0, 2, 2, 5])).sizes.tolist() == [2, 0, 3]


@pytest.mark.parametrize(
    ("lengths", "share"),
    [
        ([10], 1.0),
        ([300], 1.0),
        ([400, 400, 5000], 1.0),
        ([1001], 385 / 986),
        ([300] * 35_000, 1.0),
        ([300] * 100_000, 10_000_000 / (100_000 * 285)),
        ([300] * 2_000_000, 40 / 285),
    ],
    ids=["short", "300", "median of 400", "1001", "35,000 rows", "100,000 rows", "2,000,000 rows"],
)
def test_up_to_400_bases_all_kmers_are_taken_and_of_many_or_long_sequences_fewer(lengths: list[int], share: float) -> None:
    assert sampled_share(np.array(lengths)) == pytest.approx(share)


def test_a_filter_lets_pass_what_is_in_a_sketch_and_little_else() -> None:
    texts = [random_bases(3000, seed) for seed in (1, 2, 3)]
    first, second, other = (sketch_sequences([encode_bases(text)], 1.0) for text in texts)
    known = HashFilter([first, second])
    assert known.passes(first.hashes).all()
    assert known.passes(second.hashes).all()
    assert np.count_nonzero(known.passes(other.hashes)) <= 3
    mixed = encode_bases(texts[2] + texts[1][:500])
    filtered = sketch_sequences([mixed], 1.0, known)
    assert set(filtered.hashes.tolist()) <= set(sketch_sequences([mixed], 1.0).hashes.tolist())
    assert 485 <= filtered.sizes[0] <= 490
