import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets import shuffle
from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.dna.sequence import Codes, decode_bases, encode_bases
from dnabert.errors import DnabertError


def dinucleotides(codes: Codes) -> Counter[str]:
    text = decode_bases(codes)
    return Counter(text[place : place + 2] for place in range(len(text) - 1))


def random_sequences(count: int, length: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(0, 4, (count, length)).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.text("ACGT", min_size=1, max_size=40), st.integers(0, 2**40), st.integers(0, 2**31))
def test_shuffle_keeps_dinucleotides_and_both_ends(sequence: str, key: int, seed: int) -> None:
    codes = encode_bases(sequence)[None]
    result = shuffle_dinucleotides(codes, np.array([key]), seed, count=3)
    assert result.codes.shape == (1, 3, len(sequence))
    for shuffled in result.codes[0]:
        assert dinucleotides(shuffled) == dinucleotides(codes[0])
        assert shuffled[0] == codes[0, 0]
        assert shuffled[-1] == codes[0, -1]
    texts = [sequence, *(decode_bases(row) for row in result.codes[0])]
    assert result.is_new[0].tolist() == [texts[number] not in texts[:number] for number in (1, 2, 3)]


def test_sequences_of_one_order_only_are_told() -> None:
    codes = np.stack([encode_bases(text) for text in ("AAAAAAAA", "ACACACAC", "AACCGGTT", "AAACAGAC")])
    assert shuffle_dinucleotides(codes, np.arange(4), 0).is_new[:, 0].tolist() == [False, False, False, True]


def test_an_order_is_given_once_and_then_no_more() -> None:
    # After A stand A, C and G; the last of them stays the last, so the only other order is A-C-A-A-G-A.
    result = shuffle_dinucleotides(encode_bases("AACAGA")[None], np.zeros(1, np.int64), 3, count=8)
    assert [decode_bases(row) for row in result.codes[0][result.is_new[0]]] == ["ACAAGA"]


def test_shuffle_depends_on_seed_and_key_but_not_on_what_else_is_shuffled() -> None:
    codes = random_sequences(7, 60)
    keys = np.array([5, 50, 500, 5000, 2**33, 6, 7])
    together = shuffle_dinucleotides(codes, keys, 11, count=2)
    for row in range(7):
        alone = shuffle_dinucleotides(codes[row : row + 1], keys[row : row + 1], 11, count=2)
        assert (alone.codes[0] == together.codes[row]).all()
    assert (shuffle_dinucleotides(codes, keys, 12, count=2).codes != together.codes).any(axis=2).all()
    assert (shuffle_dinucleotides(codes, keys + 1, 11, count=2).codes != together.codes).any(axis=2).all()


def test_blocks_do_not_change_the_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = random_sequences(9, 30)
    whole = shuffle_dinucleotides(codes, np.arange(9), 1)
    for bases in (1, 60, 100):
        monkeypatch.setattr(shuffle, "_BLOCK", bases)
        assert (shuffle_dinucleotides(codes, np.arange(9), 1).codes == whole.codes).all()


def test_no_sequences_give_no_shuffles() -> None:
    assert shuffle_dinucleotides(np.empty((0, 5), np.uint8), np.empty(0, np.int64), 0, count=2).codes.shape == (0, 2, 5)


def test_missing_tangermeme_names_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tangermeme.ersatz", None)
    with pytest.raises(DnabertError) as caught:
        shuffle_dinucleotides(random_sequences(1, 9), np.zeros(1, np.int64), 0)
    assert str(caught.value) == "a dinucleotide shuffle needs the package tangermeme: install it with  pip install 'dnabert[interpret]'"
