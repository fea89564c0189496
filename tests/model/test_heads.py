"""Legend: B batch, T tokens, D width, K outputs, S sequences, L bases."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from dnabert.model.config import HeadConfig
from dnabert.model.heads import ChunkPool, Dnabert, average_over_bases, pool_tokens
from tests.toy import toy_model

CLOSE = {"rtol": 0, "atol": 1e-5}


def rows_of(*lengths: int, seed: int = 0) -> list[Tensor]:
    """Token ids of sequences with these numbers of tokens, special tokens included."""
    generator = torch.Generator().manual_seed(seed)
    inner = [torch.randint(5, 69, (length - 2,), generator=generator) for length in lengths]
    return [torch.cat([torch.tensor([2]), ids, torch.tensor([3])]) for ids in inner]


def padded(rows: list[Tensor], extra: int = 0) -> tuple[Tensor, Tensor]:
    """Ids and mask of a batch."""
    ids = torch.zeros(len(rows), max(map(len, rows)) + extra, dtype=torch.int64)
    for target, row in zip(ids, rows, strict=True):
        target[: len(row)] = row
    return ids, ids != 0


@pytest.mark.parametrize("pooling", ["cls", "mean", "max"])
def test_pooling_a_padded_batch_equals_pooling_each_row_alone(pooling: Any) -> None:
    hidden = torch.randn(3, 9, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(9) < torch.tensor([9, 3, 6])[:, None]
    found = pool_tokens(hidden, mask, pooling)
    for row, length in enumerate((9, 3, 6)):
        kmers = hidden[row, 1 : length - 1]
        wanted = {"cls": hidden[row, 0], "mean": kmers.mean(0), "max": kmers.amax(0)}[pooling]
        assert_close(found[row], wanted)
        assert_close(pool_tokens(hidden[row : row + 1, :length], None, pooling)[0], wanted)


@pytest.mark.parametrize("pooling", ["mean", "max"])
@pytest.mark.parametrize("sizes", [[(3, 4)], [(3, 4), (1, 1), (5, 2)]], ids=["one row", "padded"])
def test_pooling_a_pair_leaves_the_separator_between_out(pooling: Any, sizes: list[tuple[int, int]]) -> None:
    width = max(first + second for first, second in sizes) + 3
    hidden = torch.randn(len(sizes), width, 4, generator=torch.Generator().manual_seed(0))
    types = torch.zeros(len(sizes), width, dtype=torch.int64)
    mask = torch.zeros(len(sizes), width, dtype=torch.bool)
    for row, (first, second) in enumerate(sizes):
        types[row, first + 2 : first + second + 3] = 1
        mask[row, : first + second + 3] = True
    found = pool_tokens(hidden, None if len(sizes) == 1 else mask, pooling, types)
    for row, (first, second) in enumerate(sizes):
        kmers = torch.cat([hidden[row, 1 : first + 1], hidden[row, first + 2 : first + second + 2]])
        assert_close(found[row], kmers.amax(0) if pooling == "max" else kmers.mean(0))


@pytest.mark.parametrize("pooling", ["cls", "mean", "max"])
@pytest.mark.parametrize("task", ["classify", "multilabel", "regress"])
def test_an_answer_depends_neither_on_neighbours_nor_on_padding(task: str, pooling: str) -> None:
    model = toy_model(HeadConfig.model_validate({"task": task, "num_outputs": 3, "pooling": pooling}))
    rows = rows_of(12, 30, 3, 21)
    with torch.no_grad():
        together = model(*padded(rows)).logits
        wider = model(*padded(rows, extra=11)).logits
        alone = torch.cat([model(row[None]).logits for row in rows])
    assert together.shape == (4, 3)
    assert_close(together, alone, **CLOSE)
    assert_close(wider, alone, **CLOSE)
    assert together.std(0).min() > 1e-3


def slow_base_average(values: Tensor, kmer: int) -> Tensor:
    """Mean, (L, K), over the k-mers that cover each base of what they say of it, (T, k, K)."""
    bases = []
    for base in range(len(values) + kmer - 1):
        covering = [values[token, base - token] for token in range(len(values)) if token <= base < token + kmer]
        bases.append(torch.stack(covering).mean(0))
    return torch.stack(bases)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_per_base_values_are_means_over_the_covering_kmers(data: st.DataObject) -> None:
    kmer = data.draw(st.integers(1, 8))
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    values = torch.randn(len(lengths), max(lengths), kmer, 2, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 99))))
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    found = average_over_bases(values, real)
    assert found.shape == (len(lengths), max(lengths) + kmer - 1, 2)
    for row, length in enumerate(lengths):
        assert_close(found[row, : length + kmer - 1], slow_base_average(values[row, :length], kmer), **CLOSE)
        assert (found[row, length + kmer - 1 :] == 0).all()
    if len(set(lengths)) == 1:
        assert_close(average_over_bases(values, None), found)


def test_a_token_model_answers_for_every_kmer_or_for_every_base() -> None:
    per_kmer = toy_model(HeadConfig(task="token", num_outputs=2, token_level="kmer"))
    per_base = toy_model(HeadConfig(task="token", num_outputs=2, token_level="base"))
    rows = rows_of(14, 5, 9)
    assert per_base.classifier is not None
    with torch.no_grad():
        kmers, bases = per_kmer(*padded(rows)).logits, per_base(*padded(rows)).logits
        assert kmers.shape == (3, 12, 2)
        assert bases.shape == (3, 14, 2)
        for row, ids in enumerate(rows):
            assert_close(kmers[row, : len(ids) - 2], per_kmer(ids[None]).logits[0], **CLOSE)
            hidden = per_base.encoder(ids[None]).last_hidden[0, 1:-1]
            said = per_base.classifier(hidden).reshape(len(hidden), 3, 2)
            assert_close(bases[row, : len(ids)], slow_base_average(said, 3), **CLOSE)


def test_masked_token_logits_of_chosen_places_are_those_of_all_places() -> None:
    model = toy_model()
    ids, mask = padded(rows_of(10, 6))
    positions = torch.tensor([1, 4, 12, 14])
    with torch.no_grad():
        everywhere = model(ids, mask).logits
        chosen = model(ids, mask, positions=positions).logits
    assert everywhere.shape == (2, 10, 69)
    assert_close(chosen, everywhere.flatten(0, 1)[positions], **CLOSE)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_chunk_lstm_sums_the_final_states_of_unpadded_runs(layers: int) -> None:
    torch.manual_seed(0)
    pool = ChunkPool("lstm", 16, layers)
    reference = nn.LSTM(16, 16, layers, bidirectional=True, batch_first=True)
    assert pool.rnn is not None
    reference.load_state_dict(pool.rnn.state_dict())
    counts = [2, 5, 1, 3]
    chunks = torch.randn(sum(counts), 16)
    with torch.no_grad():
        found = pool(chunks, counts)
        for row, piece in enumerate(chunks.split(counts)):
            _, (last, _) = reference(piece[None])
            assert last.shape == (2 * layers, 1, 16)
            assert_close(found[row], last.sum(0)[0], **CLOSE)


def test_the_chunk_lstm_starts_as_published_but_without_random_biases() -> None:
    torch.manual_seed(0)
    model = Dnabert(toy_model().config, HeadConfig(task="classify", chunk_pooling="lstm"))
    assert model.chunk_pool is not None
    assert model.chunk_pool.rnn is not None
    for name, weight in model.chunk_pool.rnn.named_parameters():
        if name.startswith("bias"):
            assert (weight == 0).all()
        else:
            assert weight.std().item() == pytest.approx((2 / (weight.shape[0] + weight.shape[1])) ** 0.5, rel=0.1)


def test_chunks_are_pooled_by_mean_max_and_attention() -> None:
    torch.manual_seed(0)
    counts = [2, 5, 1]
    chunks = torch.randn(8, 16)
    attention = ChunkPool("attention", 16, 1)
    assert attention.score is not None
    for row, piece in enumerate(chunks.split(counts)):
        assert_close(ChunkPool("mean", 16, 1)(chunks, counts)[row], piece.mean(0))
        assert_close(ChunkPool("max", 16, 1)(chunks, counts)[row], piece.amax(0))
        weights = torch.softmax(attention.score(piece)[:, 0], dim=0)
        assert_close(attention(chunks, counts)[row], weights @ piece)


@pytest.mark.parametrize("chunk_pooling", ["mean", "max", "lstm", "attention"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_long_sequence_is_answered_the_same_in_any_company(chunk_pooling: str, pooling: str) -> None:
    head = {"task": "classify", "pooling": pooling, "chunk_pooling": chunk_pooling, "rnn_layers": 2, "num_outputs": 3}
    model = toy_model(HeadConfig.model_validate(head))
    chunks = [rows_of(20, 20, 7), rows_of(5, seed=1), rows_of(20, 13, seed=2)]
    counts = [len(rows) for rows in chunks]
    together = [row for rows in chunks for row in rows]
    backwards = [row for rows in reversed(chunks) for row in rows]
    with torch.no_grad():
        alone = torch.cat([model(*padded(rows), num_chunks=[len(rows)]).logits for rows in chunks])
        assert alone.shape == (3, 3)
        assert alone.std(0).min() > 1e-3
        assert_close(model(*padded(together), num_chunks=counts).logits, alone, **CLOSE)
        assert_close(model(*padded(together, extra=9), num_chunks=counts).logits, alone, **CLOSE)
        assert_close(model(*padded(backwards), num_chunks=counts[::-1]).logits.flip(0), alone, **CLOSE)


@pytest.mark.parametrize("chunk_pooling", ["mean", "max", "lstm", "attention"])
def test_every_weight_of_a_chunked_model_is_trained(chunk_pooling: str) -> None:
    model = toy_model(HeadConfig.model_validate({"task": "classify", "chunk_pooling": chunk_pooling}))
    model(*padded(rows_of(9, 9, 4)), num_chunks=[2, 1]).logits[:, 0].sum().backward()
    # One number shifts all scores of a sequence alike, which softmax does not see.
    idle = {"encoder.embeddings.position.weight", "chunk_pool.score.bias"}
    assert {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()} <= idle


def test_chunked_models_work_in_bfloat16(device: torch.device) -> None:
    model = toy_model(HeadConfig(task="classify", num_outputs=32, chunk_pooling="lstm")).to(device)
    ids, mask = (tensor.to(device) for tensor in padded(rows_of(9, 9, 4)))
    with torch.no_grad():
        wanted = model(ids, mask, num_chunks=[2, 1]).logits
        with torch.autocast(device.type, dtype=torch.bfloat16):
            found = model(ids, mask, num_chunks=[2, 1]).logits
    assert ((found - wanted).norm() / wanted.norm()).item() < 3e-2
