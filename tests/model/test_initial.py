import torch
from torch.testing import assert_close

from dnabert.dna.kmers import kmer_ids
from dnabert.dna.sequence import encode_bases
from dnabert.model.heads import Dnabert
from dnabert.model.initial import compose_embeddings
from tests.toy import toy_config


def composed(seed: int = 0) -> Dnabert:
    torch.manual_seed(seed)
    model = Dnabert(toy_config(kmer=4))
    compose_embeddings(model)
    return model


def word(model: Dnabert, kmer: str) -> torch.Tensor:
    return model.encoder.embeddings.word.weight[int(kmer_ids(encode_bases(kmer), 4)[0])].detach()


def test_exchanging_a_base_adds_the_same_vector_whatever_the_other_bases_are() -> None:
    model = composed()
    assert_close(word(model, "ACGT") - word(model, "ATGT"), word(model, "GCCA") - word(model, "GTCA"))
    assert not torch.allclose(word(model, "ACGT") - word(model, "ATGT"), word(model, "CAGT") - word(model, "TAGT"))


def test_how_alike_two_positions_are_depends_on_their_distance_alone() -> None:
    position = composed().encoder.embeddings.position.weight.detach().double()
    alike = position @ position.T
    for distance in (1, 2, 17):
        along = alike.diagonal(distance)
        assert_close(along, along[:1].expand_as(along), rtol=1e-4, atol=1e-7)
    assert alike[0, 0] > alike[0, 1] > alike[0, 3]


def test_all_vectors_have_the_size_of_random_ones_and_special_tokens_stay_random() -> None:
    torch.manual_seed(0)
    plain = Dnabert(toy_config(kmer=4)).encoder.embeddings
    found = composed().encoder.embeddings
    assert_close(found.word.weight[:5], plain.word.weight[:5])
    for name in ("word", "position"):
        size = getattr(found, name).weight.std().item() / getattr(plain, name).weight.std().item()
        assert 0.8 < size < 1.2, name


def test_the_seed_decides() -> None:
    assert word(composed(1), "ACGT").equal(word(composed(1), "ACGT"))
    assert not word(composed(1), "ACGT").equal(word(composed(2), "ACGT"))
