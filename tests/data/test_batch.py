from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.batch import Batch, EncodedSet, pad_rows, plan_batches
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import IGNORED, Targets
from dnabert.dna.kmers import CLS_ID, PAD_ID, SEP_ID, UNK_ID, kmer_ids
from dnabert.dna.sequence import Codes, encode_bases, reverse_complement
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer

CLASSIFY = HeadConfig(task="classify")
CHUNKS = HeadConfig(task="classify", chunk_pooling="mean")


def random_codes(*lengths: int, seed: int = 0) -> list[Codes]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 4, size=length).astype(np.uint8) for length in lengths]


def encoded_set(
    first: Sequence[Codes],
    *,
    second: Sequence[Codes] | None = None,
    kmer: int = 3,
    head: HeadConfig = CLASSIFY,
    targets: Targets | None = None,
    max_tokens: int = 510,
) -> EncodedSet:
    names = tuple(map(str, range(len(first))))
    sequences = SequenceSet(names, pack(first), None if second is None else pack(second))
    return EncodedSet(sequences, KmerTokenizer(kmer, max_tokens), head, targets)


def every(data: EncodedSet) -> npt.NDArray[np.int64]:
    return np.arange(len(data))


def real_ids(batch: Batch, row: int) -> list[int]:
    length = batch.ids.shape[1] if batch.mask is None else int(batch.mask[row].sum())
    return [int(value) for value in batch.ids[row, :length]]


@given(
    lengths=st.lists(st.integers(1, 600), max_size=40),
    max_tokens=st.integers(1, 2000),
    max_rows=st.none() | st.integers(1, 5),
)
def test_a_plan_has_each_row_once_and_keeps_the_budget(lengths: list[int], max_tokens: int, max_rows: int | None) -> None:
    sizes = np.array(lengths, dtype=np.int64)
    plan = plan_batches(sizes, max_tokens, max_rows)
    assert sorted(np.concatenate([np.empty(0, int), *plan]).tolist()) == list(range(len(lengths)))
    for batch in plan:
        assert len(batch) * sizes[batch].max() <= max_tokens or len(batch) == 1
        assert max_rows is None or len(batch) <= max_rows
    flat = [int(sizes[row]) for batch in plan for row in batch]
    assert flat == sorted(flat, reverse=True)


def test_rows_of_one_length_need_no_mask() -> None:
    ids, mask = pad_rows([np.array([2, 7, 3]), np.array([2, 8, 3])])
    assert ids.tolist() == [[2, 7, 3], [2, 8, 3]]
    assert ids.dtype == torch.int64
    assert mask is None


def test_shorter_rows_are_padded_and_masked() -> None:
    ids, mask = pad_rows([np.array([2, 7, 9, 3]), np.array([2, 3])])
    assert ids.tolist() == [[2, 7, 9, 3], [2, 3, PAD_ID, PAD_ID]]
    assert mask is not None
    assert mask.tolist() == [[True] * 4, [True, True, False, False]]


def test_a_batch_holds_cls_kmers_sep_in_the_order_asked_for() -> None:
    codes = [encode_bases("ACGTN"), encode_bases("AAA")]
    batch = encoded_set(codes).batch(np.array([1, 0]))
    assert real_ids(batch, 0) == [CLS_ID, *kmer_ids(codes[1], 3).tolist(), SEP_ID]
    assert real_ids(batch, 1) == [CLS_ID, *kmer_ids(codes[0], 3).tolist(), SEP_ID]
    assert real_ids(batch, 1)[-2] == UNK_ID
    assert batch.num_tokens == 3 + 5
    assert batch.token_types is None
    assert batch.num_chunks is None
    assert set(batch.inputs) == {"ids", "mask", "token_types", "positions", "num_chunks", "first_position"}


def test_batch_on_the_cpu_is_itself() -> None:
    batch = encoded_set(random_codes(9)).batch(np.array([0]))
    assert batch.to(torch.device("cpu")) is batch


@given(lengths=st.lists(st.integers(3, 40), min_size=1, max_size=5), seed=st.integers(0, 100), kmer=st.integers(1, 3))
def test_flipped_sequences_are_the_reverse_complements_of_the_others_untouched(lengths: list[int], seed: int, kmer: int) -> None:
    codes = random_codes(*lengths, seed=seed)
    codes[0][len(codes[0]) // 2] = 4
    flip = np.random.default_rng(seed).random(len(codes)) < 0.5
    expected = [reverse_complement(piece) if turned else piece for piece, turned in zip(codes, flip, strict=True)]
    data = encoded_set(codes, kmer=kmer)
    found, wanted = data.batch(every(data), flip), encoded_set(expected, kmer=kmer).batch(every(data))
    assert torch.equal(found.ids, wanted.ids)


@pytest.mark.parametrize("max_tokens", [510, 20])
def test_the_part_of_a_sequence_that_is_read_is_the_same_for_both_strands(max_tokens: int) -> None:
    codes = random_codes(60)
    data = encoded_set(codes, max_tokens=max_tokens)
    kept = codes[0][: max_tokens + 2]
    (ids,) = data.batch(every(data), np.array([True])).ids.tolist()
    assert ids == [CLS_ID, *kmer_ids(reverse_complement(kept), 3).tolist(), SEP_ID]


def test_pairs_have_types_two_seps_and_each_partner_is_flipped_in_its_place() -> None:
    first, second = random_codes(8, 9), random_codes(5, 12, seed=1)
    data = encoded_set(first, second=second, head=HeadConfig(task="pair"))
    plain, turned = data.batch(every(data)), data.batch(every(data), np.array([True, False]))
    assert plain.token_types is not None
    assert plain.token_types.tolist() == [[0] * 8 + [1] * 4 + [0] * 8, [0] * 9 + [1] * 11]
    a, b = (kmer_ids(reverse_complement(piece), 3).tolist() for piece in (first[0], second[0]))
    assert real_ids(turned, 0) == [CLS_ID, *a, SEP_ID, *b, SEP_ID]
    assert real_ids(turned, 1) == real_ids(plain, 1)
    assert data.lengths.tolist() == [1 + 6 + 1 + 3 + 1, 1 + 7 + 1 + 10 + 1]


def test_a_sequence_longer_than_the_window_is_cut_and_counted() -> None:
    data = encoded_set(random_codes(512, 513, 600), kmer=3)  # 510, 511 and 598 k-mers
    assert data.num_cut == 2
    assert data.lengths.tolist() == [512, 512, 512]
    batch = data.batch(every(data))
    assert batch.ids.shape == (3, 512)
    assert batch.mask is None


def test_a_pair_is_cut_when_both_and_the_sep_between_do_not_fit() -> None:
    second = random_codes(256, 257, seed=1)
    data = encoded_set(random_codes(257, 257), second=second, head=HeadConfig(task="pair"))  # 255+254+1 and 255+255+1
    assert data.num_cut == 1
    assert data.lengths.tolist() == [512, 512]
    assert data.batch(every(data)).ids.shape == (2, 512)


@pytest.mark.parametrize(("kmers", "pieces"), [(509, [509]), (510, [510]), (511, [510, 1]), (1020, [510, 510]), (1021, [510, 510, 1])])
def test_long_sequences_become_chunks_of_at_most_510_kmers_each_with_its_own_special_tokens(kmers: int, pieces: list[int]) -> None:
    codes = random_codes(kmers + 2, 30)
    data = encoded_set(codes, head=CHUNKS)
    assert data.num_cut == 0
    batch = data.batch(every(data))
    assert batch.num_chunks == [len(pieces), 1]
    assert batch.ids.shape == (len(pieces) + 1, max(pieces) + 2)
    joined: list[int] = []
    for row, size in enumerate(pieces):
        ids = real_ids(batch, row)
        assert len(ids) == size + 2
        assert (ids[0], ids[-1]) == (CLS_ID, SEP_ID)
        joined += ids[1:-1]
    assert joined == kmer_ids(codes[0], 3).tolist()
    turned = data.batch(np.array([0]), np.array([True]))
    parts = [real_ids(turned, row)[1:-1] for row in range(len(pieces))]
    assert sum(parts, []) == kmer_ids(reverse_complement(codes[0]), 3).tolist()  # noqa: RUF017


@given(lengths=st.lists(st.integers(3, 1600), min_size=1, max_size=12), chunked=st.booleans(), budget=st.integers(512, 4096))
def test_the_padded_batch_never_exceeds_the_budget_of_its_plan(lengths: list[int], chunked: bool, budget: int) -> None:
    data = encoded_set(random_codes(*lengths), head=CHUNKS if chunked else CLASSIFY)
    for rows in plan_batches(data.lengths, budget):
        batch = data.batch(rows)
        assert batch.ids.numel() <= budget or len(rows) == 1


def test_targets_of_classes_and_values_follow_their_rows() -> None:
    codes = random_codes(5, 6, 7)
    classes = encoded_set(codes, targets=Targets(np.array([2, 0, 1])))
    found = classes.batch(np.array([2, 0])).targets
    assert found is not None
    assert found.tolist() == [1, 2]
    values = encoded_set(codes, targets=Targets(np.array([[1.0], [2.0], [3.0]], dtype=np.float32)))
    found = values.batch(np.array([1])).targets
    assert found is not None
    assert (found.dtype, found.tolist()) == (torch.float32, [[2.0]])


def token_set(level: str, texts: Sequence[str], labels: Sequence[Sequence[int]], max_tokens: int = 510) -> EncodedSet:
    head = HeadConfig.model_validate({"task": "token", "token_level": level})
    flat = np.array([value for row in labels for value in row])
    offsets = np.cumsum([0, *map(len, labels)])
    codes = [encode_bases(text) for text in texts]
    return encoded_set(codes, head=head, targets=Targets(flat, offsets), max_tokens=max_tokens)


def test_token_targets_are_padded_with_the_ignored_value_and_reversed_with_their_sequence() -> None:
    data = token_set("base", ["ACGTA", "GGG"], [[1, 2, 3, 4, 5], [6, 7, 8]])
    plain = data.batch(np.array([0, 1])).targets
    assert plain is not None
    assert plain.tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, IGNORED, IGNORED]]
    turned = data.batch(np.array([0, 1]), np.array([False, True])).targets
    assert turned is not None
    assert turned.tolist() == [[1, 2, 3, 4, 5], [8, 7, 6, IGNORED, IGNORED]]


def test_token_targets_of_kmers_have_one_place_for_each_kmer() -> None:
    data = token_set("kmer", ["ACGTA", "GGG"], [[1, 2, 3], [6]])
    found = data.batch(np.array([0, 1]), np.array([True, True])).targets
    assert found is not None
    assert found.tolist() == [[3, 2, 1], [6, IGNORED, IGNORED]]


@pytest.mark.parametrize(("level", "kept"), [("base", 6), ("kmer", 4)])
def test_token_targets_of_a_cut_sequence_are_those_of_the_part_that_is_read(level: str, kept: int) -> None:
    size = 9 if level == "base" else 7
    data = token_set(level, ["ACGTACGTA"], [list(range(size))], max_tokens=4)
    plain, turned = data.batch(np.array([0])).targets, data.batch(np.array([0]), np.array([True])).targets
    assert plain is not None
    assert turned is not None
    assert plain.tolist() == [list(range(kept))]
    assert turned.tolist() == [list(range(kept))[::-1]]
