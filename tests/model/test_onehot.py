"""Legend: B rows, L bases, D width."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from dnabert.dna import kmers
from dnabert.dna.sequence import BASES
from dnabert.errors import SequenceError
from dnabert.model import onehot
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.model.onehot import FIELD_ORDER, SoftOneHot, kmer_probabilities
from dnabert.tokenizer import KmerTokenizer
from tests.toy import toy_config, toy_model

CLASSIFY = HeadConfig(task="classify", num_outputs=3)


def columns(sequence: str) -> Tensor:
    """One column for each letter, rows A, C, G, T; zeros for N, (4, L)."""
    return torch.tensor([[float(base == letter) for letter in sequence] for base in "ACGT"])


def logits_of_ids(model: Dnabert, sequence: str) -> Tensor:
    ids = KmerTokenizer(model.config.kmer).encode(sequence).ids
    with torch.no_grad():
        return model(torch.from_numpy(ids.astype(np.int64))[None]).logits


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.text("ACGTN", min_size=6, max_size=40), st.sampled_from(["cls", "mean", "max"]))
def test_one_hot_bases_give_the_logits_of_the_token_ids(kmer: int, sequence: str, pooling: str) -> None:
    model = toy_model(HeadConfig(task="classify", num_outputs=3, pooling=pooling), toy_config(kmer))  # type: ignore[arg-type]
    with torch.no_grad():
        found = SoftOneHot(model)(columns(sequence)[None])
    assert_close(found, logits_of_ids(model, sequence), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kmer", [7, 8])
def test_long_kmers_go_through_in_pieces(kmer: int) -> None:
    model = toy_model(CLASSIFY, toy_config(kmer))
    sequence = "ACGTTGCAAGCTNTAGC" * 6
    with torch.no_grad():
        found = SoftOneHot(model)(columns(sequence)[None])
    assert_close(found, logits_of_ids(model, sequence), rtol=0, atol=1e-6)


def test_padded_rows_are_read_as_alone(device: torch.device) -> None:
    model = toy_model(CLASSIFY).to(device)
    texts = ["ACGTTGCAAG", "TTGCA", "ACG"]
    x = torch.zeros(3, 4, 10)
    for row, text in zip(x, texts, strict=True):
        row[:, : len(text)] = columns(text)
    with torch.no_grad():
        together = SoftOneHot(model)(x.to(device), torch.tensor([10.0, 5.0, 3.0], device=device))
        alone = torch.cat([SoftOneHot(model)(columns(text)[None].to(device)) for text in texts])
    assert_close(together, alone, rtol=0, atol=1e-5)


def test_kmer_vectors_are_the_expected_ones() -> None:
    rng = np.random.default_rng(0)
    probs = torch.tensor(rng.dirichlet(np.ones(4), size=(1, 5)))  # (1, L, 4), in the order A, T, C, G
    found = kmer_probabilities(probs, 3)[0]
    assert found.shape == (3, 64)
    for place in range(3):
        by_hand = [
            float(probs[0, place, a] * probs[0, place + 1, b] * probs[0, place + 2, c]) for a, b, c in itertools.product(range(4), repeat=3)
        ]
        assert_close(found[place], torch.tensor(by_hand, dtype=torch.float64))


def test_a_mixture_lies_between_its_two_sequences() -> None:
    model = toy_model(HeadConfig(task="classify", num_outputs=2), toy_config(1, num_layers=1))
    words = model.encoder.embeddings.word.weight
    kept: list[Tensor] = []
    model.encoder.embeddings.norm.register_forward_pre_hook(lambda _module, given: kept.append(given[0]))
    x = columns("ACGT").clone()
    x[:, 1] = torch.tensor([0.25, 0.75, 0.0, 0.0])  # a quarter A, three quarters C
    with torch.no_grad():
        SoftOneHot(model)(x[None])
    place = model.encoder.embeddings.position.weight[2] + model.encoder.embeddings.token_type.weight[0]
    wanted = 0.25 * words[5 + BASES.index("A")] + 0.75 * words[5 + BASES.index("C")]
    assert_close(kept[0][0, 2] - place, wanted)


def test_gradients_are_those_of_small_steps() -> None:
    model = toy_model(CLASSIFY).double()
    bridge = SoftOneHot(model)
    x = torch.full((1, 4, 8), 0.25, dtype=torch.float32)
    x[0, 1, 3] += 0.1
    x.requires_grad_()
    (slope,) = torch.autograd.grad(bridge(x)[0, 1], x)
    step = 1e-2
    for row, place in ((0, 0), (2, 3), (3, 7)):
        moved = []
        for sign in (1, -1):
            other = x.detach().clone()
            other[0, row, place] += sign * step
            moved.append(float(bridge(other).detach()[0, 1]))
        assert float(slope[0, row, place]) == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-2, abs=1e-4)


def test_k_mer_vectors_are_not_trained_through_the_bridge() -> None:
    model = toy_model(CLASSIFY)
    SoftOneHot(model)(columns("ACGTTGCA")[None]).sum().backward()
    assert model.encoder.embeddings.word.weight.grad is None
    assert model.encoder.embeddings.position.weight.grad is not None


def test_the_order_of_bases_and_the_special_ids_are_those_of_the_vocabulary() -> None:
    assert (FIELD_ORDER, onehot.CODE_ORDER) == ("ACGT", BASES)
    found = (onehot.PAD_ID, onehot.UNK_ID, onehot.CLS_ID, onehot.SEP_ID, onehot.NUM_SPECIAL)
    assert found == (kmers.PAD_ID, kmers.UNK_ID, kmers.CLS_ID, kmers.SEP_ID, kmers.NUM_SPECIAL)


def test_other_shapes_are_an_error_that_names_the_one_wanted() -> None:
    bridge = SoftOneHot(toy_model(CLASSIFY))
    with pytest.raises(SequenceError, match=r"shape \(1, 8, 4\); \(rows, 4, bases\) with at least k = 3 bases are needed"):
        bridge(torch.zeros(1, 8, 4))
    with pytest.raises(SequenceError, match=r"shape \(1, 4, 2\)"):
        bridge(torch.zeros(1, 4, 2))
    with pytest.raises(SequenceError, match="tokens exceed the model's 512 positions"):
        bridge(torch.zeros(1, 4, 600))
