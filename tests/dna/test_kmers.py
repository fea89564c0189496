from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dnabert.dna.kmers import (
    CLS_ID,
    MASK_ID,
    PAD_ID,
    SEP_ID,
    UNK_ID,
    first_base,
    id_dtype,
    kmer_ids,
    kmer_ids_into,
    reverse_complement_ids,
    vocabulary,
    vocabulary_size,
)
from dnabert.dna.sequence import encode_bases, reverse_complement
from dnabert.errors import TokenizerError

KMERS = range(1, 9)
IUPAC = "ACGTUNRYSWKMBDHV"
# N is rare enough that most k-mers are known.
DNA = st.text(alphabet="ACGTacgt" * 4 + IUPAC + IUPAC.lower(), max_size=60)


@lru_cache
def id_of_word(kmer: int) -> dict[str, int]:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=kmer))]
    return {word: number for number, word in enumerate(words)}


def ids_by_dictionary(text: str, kmer: int) -> list[int]:
    """The reference: slices of the text, looked up."""
    plain = text.upper().replace("U", "T")
    table = id_of_word(kmer)
    return [table.get(plain[start : start + kmer], 1) for start in range(len(plain) - kmer + 1)]


def test_special_tokens_have_the_first_five_ids() -> None:
    assert (PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID) == (0, 1, 2, 3, 4)
    assert vocabulary(3)[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def test_vocabulary_of_3_is_in_the_published_order() -> None:
    tokens = vocabulary(3)
    assert tokens[5:14] == ["AAA", "AAT", "AAC", "AAG", "ATA", "ATT", "ATC", "ATG", "ACA"]
    assert tokens[-4:] == ["GGA", "GGT", "GGC", "GGG"]
    assert tokens.index("AAA") == 5
    assert tokens.index("TAA") == 5 + 16
    assert tokens.index("GGG") == 68


def test_vocabulary_sizes_are_the_published_ones() -> None:
    assert [vocabulary_size(kmer) for kmer in (3, 4, 5, 6)] == [69, 261, 1029, 4101]
    assert [len(vocabulary(kmer)) for kmer in KMERS] == [vocabulary_size(kmer) for kmer in KMERS]


@pytest.mark.parametrize(("word", "number"), [("A", 5), ("T", 6), ("C", 7), ("G", 8), ("ATG", 12), ("GATTAC", 5 + 3 * 1024 + 64 + 16 + 2)])
def test_ids_worked_out_by_hand(word: str, number: int) -> None:
    assert kmer_ids(encode_bases(word), len(word)).tolist() == [number]


@pytest.mark.parametrize("kmer", KMERS)
def test_ids_of_every_word_of_the_vocabulary_count_up(kmer: int) -> None:
    words = vocabulary(kmer)[5:]
    codes = encode_bases("".join(words)).reshape(len(words), kmer)
    assert [int(kmer_ids(row, kmer)[0]) for row in codes[:300]] == list(range(5, 5 + len(codes[:300])))
    assert kmer_ids(codes[-1], kmer).tolist() == [vocabulary_size(kmer) - 1]


@settings(deadline=None)
@given(DNA, st.integers(1, 8))
@example("", 8)
@example("ACGTACG", 8)
@example("NNNNNNNN", 8)
@example("GGGGGGGG", 8)
def test_ids_equal_those_of_slices_and_a_dictionary(text: str, kmer: int) -> None:
    assert kmer_ids(encode_bases(text), kmer).tolist() == ids_by_dictionary(text, kmer)


@pytest.mark.parametrize("kmer", KMERS)
def test_every_place_of_one_n_makes_exactly_its_kmers_unknown(kmer: int) -> None:
    for place in range(20):
        text = "G" * place + "N" + "G" * (19 - place)
        assert kmer_ids(encode_bases(text), kmer).tolist() == ids_by_dictionary(text, kmer)


@pytest.mark.parametrize("kmer", KMERS)
def test_ids_of_a_sequence_of_several_blocks_equal_the_dictionary(kmer: int) -> None:
    rng = np.random.default_rng(kmer)
    letters = rng.choice(list("ACGTacgt"), size=3 * 65_536 + 15)
    letters[rng.integers(len(letters), size=200)] = "N"
    for edge in (65_536, 2 * 65_536, 3 * 65_536):
        letters[edge + rng.integers(-9, 9)] = "R"
    text = "".join(letters)
    assert kmer_ids(encode_bases(text), kmer).tolist() == ids_by_dictionary(text, kmer)


@pytest.mark.parametrize("kmer", KMERS)
def test_ids_around_the_length_of_a_block_equal_the_dictionary(kmer: int) -> None:
    text = "".join(np.random.default_rng(kmer).choice(list("ACGT"), size=65_536 + 10))
    expected = ids_by_dictionary(text, kmer)
    codes = encode_bases(text)
    for length in range(65_536 - 2, 65_536 + 10):
        ids = kmer_ids(codes[:length], kmer)
        assert len(ids) == length - kmer + 1
        assert ids.tolist()[-20:] == expected[length - kmer - 19 : length - kmer + 1]


def test_ids_fit_the_smallest_type() -> None:
    assert id_dtype(7) == np.uint16
    assert id_dtype(8) == np.uint32
    assert kmer_ids(encode_bases("GGGGGGGG"), 8).tolist() == [65_540]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64])
def test_ids_can_be_written_into_an_array_of_another_type(dtype: type) -> None:
    out = np.full(5, 99, dtype=dtype)
    kmer_ids_into(encode_bases("ACNGTACG"), 4, out)
    assert out.tolist() == ids_by_dictionary("ACNGTACG", 4)


@settings(deadline=None)
@given(DNA, st.integers(1, 8))
def test_reverse_complement_of_ids_equals_ids_of_the_reverse_complement(text: str, kmer: int) -> None:
    codes = encode_bases(text)
    flipped = reverse_complement_ids(kmer_ids(codes, kmer), kmer)
    assert flipped.dtype == id_dtype(kmer)
    assert flipped.tolist() == kmer_ids(reverse_complement(codes), kmer).tolist()


def test_reverse_complement_leaves_special_ids_as_they_are() -> None:
    # AAA is 5, its complement TTT is 5 + 16 + 4 + 1.
    assert reverse_complement_ids(np.array([4, 5, 1, 26]), 3).tolist() == [5, 1, 26, 4]


@settings(deadline=None)
@given(st.text(alphabet="ACGT", min_size=8, max_size=40), st.integers(1, 8))
def test_first_base_of_each_id_is_the_base_at_its_place(text: str, kmer: int) -> None:
    codes = encode_bases(text)
    assert first_base(kmer_ids(codes, kmer), kmer).tolist() == codes[: len(codes) - kmer + 1].tolist()


@pytest.mark.parametrize("kmer", [-1, 0, 9])
def test_a_k_outside_1_to_8_is_refused(kmer: int) -> None:
    with pytest.raises(TokenizerError) as caught:
        kmer_ids(encode_bases("ACGTACGTACGT"), kmer)
    assert str(caught.value) == f"k-mer length {kmer} is outside 1..8; DNABERT was published with 3, 4, 5 and 6"
