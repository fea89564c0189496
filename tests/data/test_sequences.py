import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.sequence import decode_bases, encode_bases

TEXTS = st.lists(st.text("ACGTN", max_size=12), max_size=8)


@given(texts=TEXTS)
def test_packed_codes_give_back_every_sequence_its_length_and_its_ambiguous_bases(texts: list[str]) -> None:
    packed = pack([encode_bases(text) for text in texts])
    assert len(packed) == len(texts)
    assert [decode_bases(codes) for codes in packed] == texts
    assert packed.lengths.tolist() == [len(text) for text in texts]
    assert packed.ambiguous().tolist() == [text.count("N") for text in texts]


@given(texts=TEXTS.filter(bool), data=st.data())
def test_taking_entries_keeps_names_and_pairs_together(texts: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6))
    codes = [encode_bases(text) for text in texts]
    whole = SequenceSet(tuple(map(str, range(len(texts)))), pack(codes), pack([piece[::-1] for piece in codes]))
    taken = whole.take(np.array(rows, dtype=np.int64))
    assert taken.ids == tuple(map(str, rows))
    assert taken.second is not None
    assert [decode_bases(piece) for piece in taken.first] == [texts[row] for row in rows]
    assert [decode_bases(piece) for piece in taken.second] == [texts[row][::-1] for row in rows]


def test_taking_from_sequences_without_partners_gives_none_a_partner() -> None:
    single = SequenceSet(("a", "b"), pack([encode_bases("ACG"), encode_bases("TT")]))
    assert single.take([1]).second is None
    assert len(single.take([])) == 0
