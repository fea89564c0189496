"""Legend: T tokens, D width, L bases."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine
from dnabert.dna.sequence import encode_bases
from dnabert.errors import ConfigError
from dnabert.infer.embedding.analysis import cluster_vectors, find_contexts, kmer_vectors, nearest, project
from dnabert.infer.embedding.choices import EmbeddingPool
from dnabert.infer.embedding.vectors import embed, rows_of_sequences
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer
from tests.toy import toy_config, toy_model

CPU = Machine(torch.device("cpu"), torch.float32)
TEXTS = ("ACGTTGCAAGCT", "TTGCANNGAT", "GAT")
POOLS: tuple[EmbeddingPool, ...] = ("mean", "cls", "max", "token", "base")


def sequence_set(*texts: str) -> SequenceSet:
    return SequenceSet(tuple(f"s{number}" for number in range(len(texts))), pack([encode_bases(text) for text in texts]))


def states(model: Dnabert, text: str, layer: int) -> npt.NDArray[np.float32]:
    """Vectors of all tokens of one sequence, [CLS] and [SEP] included, (T, D)."""
    ids = torch.from_numpy(KmerTokenizer(model.config.kmer).encode(text).ids.astype(np.int64))[None]
    with torch.no_grad():
        hidden = model.encoder(ids, return_hidden=True).hidden_states
    assert hidden is not None
    return hidden[layer][0].numpy()


def embedded(model: Dnabert, pool: EmbeddingPool, layer: int = -1, **more: int) -> list[npt.NDArray[np.float32]]:
    found = list(embed(model, sequence_set(*TEXTS), KmerTokenizer(model.config.kmer), CPU, pool=pool, layer=layer, **more))  # type: ignore[arg-type]
    assert [index for index, _ in found] == [0, 1, 2]
    assert all(vectors.dtype == np.float32 for _, vectors in found)
    return [vectors for _, vectors in found]


@pytest.mark.parametrize("layer", [0, 1, 2, -1])
@pytest.mark.parametrize("head", [HeadConfig(), HeadConfig(task="classify"), HeadConfig(task="token")], ids=lambda head: head.task)
def test_vectors_are_those_of_the_layer(layer: int, head: HeadConfig) -> None:
    model = toy_model(head)
    found = {pool: embedded(model, pool, layer) for pool in POOLS}
    for number, text in enumerate(TEXTS):
        hidden = states(model, text, layer)
        kmers = hidden[1:-1]
        assert found["cls"][number] == pytest.approx(hidden[0], abs=1e-5)
        assert found["mean"][number] == pytest.approx(kmers.mean(0), abs=1e-5)
        assert found["max"][number] == pytest.approx(kmers.max(0), abs=1e-5)
        assert found["token"][number] == pytest.approx(kmers, abs=1e-5)
        bases = [kmers[max(0, place - 2) : place + 1].mean(0) for place in range(len(text))]
        assert found["base"][number] == pytest.approx(np.stack(bases), abs=1e-5)


@pytest.mark.parametrize("pool", POOLS)
def test_vectors_do_not_depend_on_the_company(pool: EmbeddingPool) -> None:
    model = toy_model()
    together, apart = embedded(model, pool, tokens_per_batch=1000), embedded(model, pool, tokens_per_batch=1)
    for one, other in zip(together, apart, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_the_pooler_is_not_used() -> None:
    model = toy_model(HeadConfig(task="classify"))
    before = embedded(model, "cls")
    assert model.pooler is not None
    with torch.no_grad():
        model.pooler.weight.zero_()
    for one, other in zip(before, embedded(model, "cls"), strict=True):
        assert (one == other).all()


@pytest.mark.parametrize("pool", POOLS)
def test_what_is_beyond_the_window_is_not_read(pool: EmbeddingPool) -> None:
    model = toy_model(config=toy_config(max_positions=8))  # 6 k-mers, 8 bases
    tokenizer = KmerTokenizer(3, 6)
    long, short = (vectors for _, vectors in embed(model, sequence_set("ACGTTGCAAGCT", "ACGTTGCA"), tokenizer, CPU, pool=pool))
    assert long == pytest.approx(short, abs=1e-6)
    rows = rows_of_sequences(np.array([12, 8, 5]), tokenizer, pool).tolist()
    assert rows == {"token": [6, 6, 3], "base": [8, 8, 5]}.get(pool, [1, 1, 1])


def test_a_layer_that_is_not_there_and_pairs_are_refused() -> None:
    model = toy_model()
    with pytest.raises(ConfigError, match=r"layer 3: the model has the layers 0 \(before the first block\) to 2, or -1 \(last\) to -3"):
        embedded(model, "mean", 3)
    packed = sequence_set(*TEXTS).first
    with pytest.raises(ConfigError, match="embeddings are of single sequences, and these are pairs"):
        next(embed(model, SequenceSet(("a", "b", "c"), packed, packed), KmerTokenizer(3), CPU, pool="mean"))


def test_the_model_is_left_as_it_was() -> None:
    model = toy_model().train()
    next(embed(model, sequence_set(*TEXTS), KmerTokenizer(3), CPU, pool="mean"))
    assert model.training
    assert not torch.is_inference_mode_enabled()


def test_clusters_are_found_by_direction_whatever_their_length() -> None:
    rng = np.random.default_rng(0)
    directions = np.repeat(np.eye(3, 8), [30, 20, 10], axis=0) + rng.normal(0, 0.05, (60, 8))
    vectors = (directions * rng.uniform(0.5, 5, (60, 1))).astype(np.float32)
    clusters, silhouettes = cluster_vectors(vectors, 6, 0)
    assert clusters.tolist() == [0] * 30 + [1] * 20 + [2] * 10
    assert silhouettes.min() > 0.5


def test_equal_vectors_are_one_cluster() -> None:
    clusters, silhouettes = cluster_vectors(np.ones((12, 4), np.float32), 6, 0)
    assert set(clusters.tolist()) == {0}
    assert (silhouettes == 0).all()


def test_nearest_neighbours_are_nearest_by_angle() -> None:
    vectors = np.array([[1, 0], [10, 1], [0, 1], [-1, 0]], np.float32)
    numbers, similarities = nearest(vectors, 9)
    assert numbers.shape == (4, 3)
    assert numbers[0].tolist() == [1, 2, 3]
    assert similarities[0] == pytest.approx([10 / 101**0.5, 0, -1], abs=1e-6)


def test_pca_says_how_much_its_axes_show() -> None:
    vectors = np.array([[4.0, 0, 1], [-4, 0, 1], [0, 2, 1], [0, -2, 1]], np.float32)
    found = project(vectors, "pca", 0)
    assert found.axes == ("PC 1 (80.0% of the variance)", "PC 2 (20.0% of the variance)")
    assert np.abs(found.points) == pytest.approx(np.array([[4, 0], [4, 0], [0, 2], [0, 2]]), abs=1e-5)
    with pytest.raises(ConfigError, match="a map needs at least 3 sequences, and there are 2"):
        project(vectors[:2], "pca", 0)


def test_contexts_are_the_tokens_of_the_kmer_with_what_is_around() -> None:
    model = toy_model()
    texts = ["ACGTTACGAAT", "TTACGACGN"] * 4
    found = find_contexts(model, sequence_set(*texts), KmerTokenizer(3), CPU, "acg", layer=1, most=100, context_bp=2, seed=0)
    assert found.num_found == len(found.ids) == 16
    assert found.positions.tolist()[:4] == [0, 5, 2, 5]
    assert found.letters[:4] == ("ACGtt", "ttACGaa", "ttACGac", "cgACGn")
    wanted = states(model, texts[0], 1)[1:-1]
    assert found.vectors[:2] == pytest.approx(wanted[[0, 5]], abs=1e-5)
    fewer = find_contexts(model, sequence_set(*texts), KmerTokenizer(3), CPU, "ACG", layer=1, most=10, context_bp=2, seed=0)
    assert len(fewer.ids) == len(fewer.vectors) == 10
    assert fewer.num_found == 16


def test_kmers_that_are_none_or_too_rare_are_refused() -> None:
    sequences, tokenizer = sequence_set(*TEXTS), KmerTokenizer(3)
    for kmer, reason in (
        ("ACGT", "kmer_contexts ACGT: is no k-mer of this model; give 3 letters"),
        ("ACG", "kmer_contexts ACG: occurs 1 times, and 10 are needed"),
    ):
        with pytest.raises(ConfigError, match=reason):
            find_contexts(toy_model(), sequences, tokenizer, CPU, kmer, layer=-1, most=10, context_bp=2, seed=0)


def test_kmers_have_their_own_vectors_and_gc_share() -> None:
    model = toy_model()
    names, vectors, shares = kmer_vectors(model)
    assert names[:5] == ["AAA", "AAT", "AAC", "AAG", "ATA"]
    assert vectors.shape == (64, 32)
    assert shares[[0, 2]].tolist() == pytest.approx([0, 1 / 3])
    assert (vectors[1] == model.encoder.embeddings.word.weight[6].detach().numpy()).all()
