from functools import lru_cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.errors import SequenceError, TokenizerError
from dnabert.tokenizer import MAX_WINDOW_TOKENS, KmerTokenizer, join_kmers, looks_like_kmers

DNA = st.text(alphabet="ACGTacgt" * 6 + "NnURyw", min_size=8, max_size=60)
KMERS = st.integers(1, 8)


@lru_cache
def id_of_word(kmer: int) -> dict[str, int]:
    return {"".join(word): number for number, word in enumerate(product("ATCG", repeat=kmer), start=5)}


def plain(text: str) -> str:
    return "".join(letter if letter in "ACGT" else "N" for letter in text.upper().replace("U", "T"))


def kmers(text: str, kmer: int) -> list[str]:
    return [plain(text)[start : start + kmer] for start in range(len(text) - kmer + 1)]


def ids(text: str, kmer: int) -> list[int]:
    """The reference: slices of the text, looked up."""
    return [id_of_word(kmer).get(word, 1) for word in kmers(text, kmer)]


def test_a_sequence_by_hand() -> None:
    # ATC is 5 + 1*4 + 2, TCG 5 + 1*16 + 2*4 + 3, CGU 5 + 2*16 + 3*4 + 1.
    encoding = KmerTokenizer(3).encode("atCGU")
    assert encoding.ids.tolist() == [2, 11, 32, 50, 3]
    assert encoding.token_types.tolist() == [0, 0, 0, 0, 0]
    assert (encoding.num_ambiguous, encoding.num_truncated_bases) == (0, 0)


def test_a_pair_by_hand() -> None:
    encoding = KmerTokenizer(1).encode("AN", "TCG")
    assert encoding.ids.tolist() == [2, 5, 1, 3, 6, 7, 8, 3]
    assert encoding.token_types.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert encoding.num_ambiguous == 1


@settings(deadline=None)
@given(DNA, KMERS)
def test_encoding_is_cls_the_ids_and_sep(text: str, kmer: int) -> None:
    tokenizer = KmerTokenizer(kmer)
    encoding = tokenizer.encode(text)
    assert encoding.ids.tolist() == [2, *ids(text, kmer), 3]
    assert tokenizer.kmer_ids(text).tolist() == ids(text, kmer)
    assert encoding.num_ambiguous == plain(text).count("N")


@settings(deadline=None)
@given(DNA, KMERS)
def test_letters_bytes_and_codes_give_the_same_encoding(text: str, kmer: int) -> None:
    tokenizer = KmerTokenizer(kmer)
    expected = tokenizer.encode(text).ids.tolist()
    assert tokenizer.encode(text.encode()).ids.tolist() == expected
    assert tokenizer.encode(encode_bases(text)).ids.tolist() == expected


@settings(deadline=None)
@given(DNA, DNA, KMERS)
def test_a_pair_is_both_sequences_with_types_0_and_1(first: str, second: str, kmer: int) -> None:
    encoding = KmerTokenizer(kmer).encode(first, second)
    left, right = ids(first, kmer), ids(second, kmer)
    assert encoding.ids.tolist() == [2, *left, 3, *right, 3]
    assert encoding.token_types.tolist() == [0] * (len(left) + 2) + [1] * (len(right) + 1)
    assert encoding.num_ambiguous == (plain(first) + plain(second)).count("N")


@settings(deadline=None)
@given(DNA, KMERS, st.integers(1, 70))
def test_a_long_sequence_is_cut_on_the_right_and_the_cut_counted(text: str, kmer: int, max_tokens: int) -> None:
    encoding = KmerTokenizer(kmer, max_tokens).encode(text)
    kept = text[: max_tokens + kmer - 1]
    assert encoding.ids.tolist() == [2, *ids(kept, kmer), 3]
    assert encoding.num_truncated_bases == len(text) - len(kept)
    assert encoding.num_ambiguous == plain(kept).count("N")


def test_a_window_holds_510_tokens_of_509_plus_k_bases() -> None:
    assert MAX_WINDOW_TOKENS == 510
    assert KmerTokenizer(6).encode("A" * 515).num_truncated_bases == 0
    encoding = KmerTokenizer(6).encode("A" * 600)
    assert len(encoding.ids) == 512
    assert encoding.num_truncated_bases == 85


@settings(deadline=None)
@given(DNA, DNA, KMERS, st.integers(3, 70))
def test_a_long_pair_is_cut_one_base_at_a_time_from_the_longer(first: str, second: str, kmer: int, max_tokens: int) -> None:
    left, right = first, second
    # The second [SEP] takes the place of one k-mer; of two of one length, the first is cut first.
    while len(ids(left, kmer)) + len(ids(right, kmer)) > max_tokens - 1:
        if len(left) > len(right) or (len(left) == len(right) and len(first) <= len(second)):
            left = left[:-1]
        else:
            right = right[:-1]
    encoding = KmerTokenizer(kmer, max_tokens).encode(first, second)
    assert encoding.ids.tolist() == [2, *ids(left, kmer), 3, *ids(right, kmer), 3]
    assert encoding.num_truncated_bases == len(first) + len(second) - len(left) - len(right)


@settings(deadline=None)
@given(DNA, KMERS)
def test_decoding_gives_the_sequence_back_with_n_where_no_known_kmer_reaches(text: str, kmer: int) -> None:
    tokenizer = KmerTokenizer(kmer)
    expected = ["N"] * len(text)
    for start, word in enumerate(kmers(text, kmer)):
        if "N" not in word:
            expected[start : start + kmer] = word
    assert tokenizer.decode(tokenizer.encode(text).ids) == "".join(expected)


@settings(deadline=None)
@given(st.text(alphabet="ACGT", min_size=8, max_size=60), KMERS)
def test_decoding_is_the_inverse_of_encoding_where_all_bases_are_known(text: str, kmer: int) -> None:
    tokenizer = KmerTokenizer(kmer)
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.tokens(tokenizer.encode(text).ids) == ["[CLS]", *kmers(text, kmer), "[SEP]"]


def test_decoding_fills_in_under_mask_and_skips_padding() -> None:
    tokenizer = KmerTokenizer(3)
    # The k-mers on both sides of a mask tell its bases, unless it is wide.
    assert tokenizer.decode([2, 5, 4, 5, 3, 0, 0]) == "AAAAA"
    assert tokenizer.decode([2, 5, 4, 4, 4, 4, 5, 3]) == "AAANNAAA"
    assert tokenizer.decode([2, 3, 0]) == ""
    assert tokenizer.decode([]) == ""


def test_ids_that_disagree_about_a_base_are_refused() -> None:
    with pytest.raises(TokenizerError) as caught:
        KmerTokenizer(3).decode([2, 5, 6, 5, 3])
    rule = "these ids are not overlapping 3-mers of one sequence"
    assert str(caught.value) == f"token 1 (AAT) disagrees with its neighbours about base 3: {rule}"


@settings(deadline=None)
@given(st.lists(st.integers(5, 68), min_size=1, max_size=12))
def test_decoding_any_kmers_gives_their_sequence_or_an_error(values: list[int]) -> None:
    tokenizer = KmerTokenizer(3)
    words = tokenizer.tokens(values)
    if all(left[1:] == right[:-1] for left, right in pairwise(words)):
        assert ids(tokenizer.decode(values), 3) == values
    else:
        with pytest.raises(TokenizerError, match="disagrees with its neighbours"):
            tokenizer.decode(values)


@pytest.mark.parametrize("special", [0, 2, 3])
def test_a_special_token_between_kmers_is_not_decoded_over(special: int) -> None:
    with pytest.raises(TokenizerError) as caught:
        KmerTokenizer(3).decode([2, 5, special, 5, 3])
    assert str(caught.value) == "[CLS], [SEP] or [PAD] stands between k-mers: decode the sequences of a pair one by one"


@pytest.mark.parametrize("value", [-1, 69, 4100])
def test_an_id_outside_the_vocabulary_is_refused(value: int) -> None:
    tokenizer = KmerTokenizer(3)
    for call in (tokenizer.decode, tokenizer.tokens):
        with pytest.raises(TokenizerError) as caught:
            call([2, 5, value])
        assert str(caught.value) == f"id {value} is outside the vocabulary of k = 3 (0..68)"


@given(KMERS, st.integers(8, 40))
def test_bases_of_a_token_and_tokens_of_a_base_are_inverse(kmer: int, num_bases: int) -> None:
    tokenizer = KmerTokenizer(kmer)
    tokens = range(num_bases - kmer + 1)
    by_token = {(token, base) for token in tokens for base in tokenizer.bases_of_token(token)}
    by_base = {(token, base) for base in range(num_bases) for token in tokenizer.tokens_of_base(base, num_bases)}
    assert by_token == by_base


def test_tokens_of_a_base_by_hand() -> None:
    tokenizer = KmerTokenizer(3)
    assert list(tokenizer.bases_of_token(4)) == [4, 5, 6]
    assert [list(tokenizer.tokens_of_base(base, 5)) for base in range(5)] == [[0], [0, 1], [0, 1, 2], [1, 2], [2]]


def test_a_sequence_shorter_than_k_names_the_record() -> None:
    with pytest.raises(SequenceError) as caught:
        KmerTokenizer(6).encode("ACGTA", name="a.fa: r1")
    assert str(caught.value) == "a.fa: r1: 5 bases are fewer than k = 6; leave it out or use a model of smaller k"
    with pytest.raises(SequenceError, match=r"^pair 7 \(second\): 2 bases are fewer than k = 3"):
        KmerTokenizer(3).encode("ACGT", "AC", name="pair 7")


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(TokenizerError, match=r"^k-mer length 9 is outside 1\.\.8"):
        KmerTokenizer(9)
    with pytest.raises(TokenizerError) as caught:
        KmerTokenizer(3, 0)
    assert str(caught.value) == "max_tokens is 0; at least 1 token is needed"
    with pytest.raises(TokenizerError) as caught:
        KmerTokenizer(3, 2).encode("ACGT", "ACGT")
    assert str(caught.value) == "max_tokens is 2; a pair needs at least 3: a k-mer of each sequence and the second [SEP]"


def test_vocabulary_has_one_token_for_each_id() -> None:
    tokenizer = KmerTokenizer(4)
    assert tokenizer.vocab_size == len(tokenizer.vocabulary()) == 261
    assert tokenizer.tokens(np.arange(261)) == tokenizer.vocabulary()


@settings(deadline=None)
@given(DNA, KMERS)
def test_joining_kmers_gives_the_sequence_they_were_cut_from(text: str, kmer: int) -> None:
    words = [text[start : start + kmer] for start in range(len(text) - kmer + 1)]
    assert join_kmers("  " + " ".join(words) + "\n") == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "row 2: the sequence is empty"),
        ("ATG TG", "row 2: k-mer 2 (TG) has 2 letters, the first has 3"),
        ("ATG TGC CCA", "row 2: k-mer 3 (CCA) does not overlap the one before it (TGC) by k-1 bases"),
    ],
)
def test_words_that_are_not_overlapping_kmers_are_refused(text: str, message: str) -> None:
    with pytest.raises(SequenceError) as caught:
        join_kmers(text, "row 2")
    assert str(caught.value) == message


def test_case_makes_no_difference_to_the_overlap_of_kmers() -> None:
    assert join_kmers("ATg TGc gcA") == "ATgcA"


def test_kmer_text_is_told_by_its_blanks() -> None:
    assert looks_like_kmers("ATG TGC")
    assert not looks_like_kmers(" ATGC\n")
