import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import AMBIGUOUS, BASES, count_ambiguous, decode_bases, encode_bases, find_invalid, reverse_complement
from dnabert.errors import SequenceError

NUCLEOTIDES = "ACGTUNRYSWKMBDHV"
DNA = st.text(alphabet=NUCLEOTIDES + NUCLEOTIDES.lower())
PROTEIN_HINT = "this looks like protein; only ACGTU and the IUPAC letters RYSWKMBDHVN are nucleotides"
DIGIT_HINT = "digits are no DNA: is this the sequence column?"
GAP_HINT = "remove gaps and stops first"
BLANK_HINT = "remove blanks inside the sequence (k-mer text is accepted only where it says so)"
OTHER_HINT = "only ACGTU and the IUPAC letters RYSWKMBDHVN are nucleotides"


def test_codes_follow_the_order_a_t_c_g() -> None:
    assert BASES == "ATCG"
    assert encode_bases("ATCG").tolist() == [0, 1, 2, 3]


def test_lower_case_is_upper_case_and_u_is_t() -> None:
    assert encode_bases("atcguU").tolist() == [0, 1, 2, 3, 1, 1]


def test_every_iupac_letter_is_ambiguous_in_either_case() -> None:
    codes = encode_bases("RYSWKMBDHVNryswkmbdhvn")
    assert codes.tolist() == [AMBIGUOUS] * 22
    assert count_ambiguous(codes) == 22


def test_an_empty_sequence_has_no_codes() -> None:
    assert encode_bases("").tolist() == []
    assert decode_bases(encode_bases(b"")) == ""


@settings(deadline=None)
@given(DNA)
def test_codes_are_those_of_a_dictionary(text: str) -> None:
    table = {"A": 0, "T": 1, "U": 1, "C": 2, "G": 3}
    expected = [table.get(letter, 4) for letter in text.upper()]
    assert encode_bases(text).tolist() == expected
    assert encode_bases(text.encode()).tolist() == expected


def test_a_sequence_longer_than_a_block_is_encoded_throughout() -> None:
    text = "".join(np.random.default_rng(0).choice(list("ACGTN"), size=700_001))
    assert decode_bases(encode_bases(text)) == text
    assert decode_bases(encode_bases(text.encode())) == text


def test_a_bad_letter_behind_the_first_block_is_found_at_its_place() -> None:
    text = "A" * 600_000 + "?"
    with pytest.raises(SequenceError, match="'\\?' at position 600001 is not"):
        encode_bases(text)


@settings(deadline=None)
@given(DNA)
def test_decoding_gives_the_letters_back_in_upper_case_with_n_for_iupac(text: str) -> None:
    expected = "".join(letter if letter in "ACGT" else "N" for letter in text.upper().replace("U", "T"))
    assert decode_bases(encode_bases(text)) == expected


def test_reverse_complement_by_hand() -> None:
    assert decode_bases(reverse_complement(encode_bases("AACGTN"))) == "NACGTT"
    assert decode_bases(reverse_complement(encode_bases("GATTACA"))) == "TGTAATC"


@settings(deadline=None)
@given(DNA)
def test_reverse_complement_is_its_own_inverse_and_keeps_ambiguity(text: str) -> None:
    codes = encode_bases(text)
    flipped = reverse_complement(codes)
    assert flipped.tolist() == [{0: 1, 1: 0, 2: 3, 3: 2, 4: 4}[code] for code in reversed(codes.tolist())]
    assert reverse_complement(flipped).tolist() == codes.tolist()
    assert count_ambiguous(flipped) == count_ambiguous(codes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACGMEL", f"'E' at position 5 is not a nucleotide; {PROTEIN_HINT}"),
        ("ACGp", f"'p' at position 4 is not a nucleotide; {PROTEIN_HINT}"),
        ("1ACG", f"'1' at position 1 is not a nucleotide; {DIGIT_HINT}"),
        ("AC-G", f"'-' at position 3 is not a nucleotide; {GAP_HINT}"),
        ("ACG*", f"'*' at position 4 is not a nucleotide; {GAP_HINT}"),
        ("ACG TTT", f"' ' at position 4 is not a nucleotide; {BLANK_HINT}"),
        ("ACG\n", f"'\\n' at position 4 is not a nucleotide; {BLANK_HINT}"),
        ("ACX", f"'X' at position 3 is not a nucleotide; {OTHER_HINT}"),
        ("AC\0GT", f"'\\x00' at position 3 is not a nucleotide; {OTHER_HINT}"),
        ("ACé", f"'é' at position 3 is not a nucleotide; {OTHER_HINT}"),
        ("AC😀", f"'😀' at position 3 is not a nucleotide; {OTHER_HINT}"),
    ],
)
def test_a_letter_that_is_no_nucleotide_is_named_with_its_place_and_cause(text: str, message: str) -> None:
    with pytest.raises(SequenceError) as caught:
        encode_bases(text, "peaks.fa: r1")
    assert str(caught.value) == f"peaks.fa: r1: {message}"


def test_a_bad_byte_is_named_too() -> None:
    with pytest.raises(SequenceError, match="'é' at position 2 is not"):
        encode_bases(b"A\xe9")


@settings(deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from(NUCLEOTIDES)))
def test_any_text_is_encoded_or_refused_by_name(text: str) -> None:
    if set(text) <= set(NUCLEOTIDES + NUCLEOTIDES.lower()):
        assert len(encode_bases(text)) == len(text)
    else:
        with pytest.raises(SequenceError, match=r"^record 7: "):
            encode_bases(text, "record 7")


@given(DNA, st.sampled_from("EQZ-é\0 "), DNA)
def test_the_first_letter_that_is_no_nucleotide_is_found(before: str, letter: str, behind: str) -> None:
    assert find_invalid(before + letter + behind) == len(before)
    assert find_invalid(before + behind) is None


def test_a_letter_beyond_many_blocks_is_found() -> None:
    assert find_invalid("ACGT" * 100_000 + "E") == 400_000


@pytest.mark.parametrize("length", [4095, 4096, 4097, 4098, 2 * 65_536 - 1, 2 * 65_536, 2 * 65_536 + 1])
def test_letters_in_pairs_and_letters_one_by_one_get_the_same_codes(length: int) -> None:
    letters = "".join(np.random.default_rng(length).choice(list("ACGTacgtuNnRyK"), size=length))
    wanted = [{"A": 0, "T": 1, "U": 1, "C": 2, "G": 3}.get(letter, 4) for letter in letters.upper()]
    assert encode_bases(letters).tolist() == wanted
    assert encode_bases(letters.encode()).tolist() == wanted
