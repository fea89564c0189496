import pytest
import torch
from pydantic import ValidationError

from dnabert.model.config import HeadConfig, ModelConfig, base, mini, small
from dnabert.model.heads import Dnabert


@pytest.mark.parametrize(("kmer", "millions"), [(3, 86.10), (4, 86.24), (5, 86.83), (6, 89.19)])
def test_the_published_size_has_the_published_number_of_parameters(kmer: int, millions: float) -> None:
    with torch.device("meta"):
        model = Dnabert(base(kmer))
    assert sum(parameter.numel() for parameter in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_presets_have_their_documented_sizes() -> None:
    sizes = [(preset().num_layers, preset().hidden_size, preset().num_heads, preset().intermediate_size) for preset in (mini, small, base)]
    assert sizes == [(4, 256, 4, 1024), (6, 512, 8, 2048), (12, 768, 12, 3072)]
    assert [preset(4).kmer for preset in (mini, small, base)] == [4, 4, 4]


@pytest.mark.parametrize(("kmer", "size"), [(1, 9), (3, 69), (4, 261), (5, 1029), (6, 4101), (8, 65541)])
def test_the_vocabulary_has_every_kmer_and_five_special_tokens(kmer: int, size: int) -> None:
    assert ModelConfig(kmer=kmer).vocab_size == size


def test_heads_that_do_not_divide_the_width_are_an_error() -> None:
    with pytest.raises(ValidationError, match="num_heads 5 does not divide hidden_size 32"):
        ModelConfig(hidden_size=32, num_heads=5)


@pytest.mark.parametrize("task", ["masked_lm", "token", "pair"])
def test_chunks_are_refused_for_tasks_that_cannot_have_them(task: str) -> None:
    with pytest.raises(ValidationError, match=f"not for {task}"):
        HeadConfig.model_validate({"task": task, "chunk_pooling": "mean"})


def test_a_configuration_cannot_be_changed_or_misspelled() -> None:
    with pytest.raises(ValidationError):
        ModelConfig.model_validate({"kmers": 3})
    with pytest.raises(ValidationError):
        mini().kmer = 3  # type: ignore[misc]
