"""Attention scores against a computation straight from the recipe, on the eager attentions of ``transformers``."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import BertModel

from dnabert.checkpoint import ModelInfo, load_model, save_model
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine
from dnabert.dna.sequence import reverse_complement
from dnabert.infer.attention.config import AttentionConfig
from dnabert.infer.attention.scores import all_base_scores, attention_maps, base_scores, head_scores, rollout_scores
from dnabert.infer.attention.sets import score_sequences
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer
from tests.toy import toy_config, toy_model

TOLERANCE = {"rtol": 0, "atol": 1e-5}
CPU = Machine(torch.device("cpu"), torch.float32)
HEAD = HeadConfig(task="classify")
Floats = npt.NDArray[np.float64]

every_kmer = pytest.mark.parametrize("kmer", [3, 4, 5, 6])


@cache
def _ours(kmer: int) -> Dnabert:
    return toy_model(HEAD, toy_config(kmer))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Any]:
    """The same model in transformers, by k."""

    @cache
    def load(kmer: int) -> Any:
        folder = tmp_path_factory.mktemp(f"model{kmer}")
        save_model(folder, _ours(kmer), ModelInfo(head=HEAD, labels=("0", "1")))
        return BertModel.from_pretrained(folder, attn_implementation="eager").eval()

    return load


def _sequences(kmer: int) -> SequenceSet:
    """From k bases to 510 tokens; as batches are of like length, most rows are padded."""
    rng = np.random.default_rng(kmer)
    lengths = [kmer, kmer + 1, 2 * kmer, 40, 63, 64, 200, 300, 509 + kmer - 1, 509 + kmer]
    codes = [rng.integers(0, 4, length, dtype=np.uint8) for length in rng.permutation(lengths)]
    codes[3][0] = codes[-1][-1] = 4  # N at the first and at the last base
    return SequenceSet(tuple(f"s{number}" for number in range(len(codes))), pack(codes))


def _eager(model: Any, codes: npt.NDArray[np.uint8], kmer: int) -> list[Floats]:
    """Attentions (H, T, T) of each layer, of one sequence by itself: no padding; ids by way of letters."""
    letters = "".join("ATCGN"[code] for code in codes)
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *("".join(word) for word in _words(kmer))]
    number = {name: place for place, name in enumerate(names)}
    ids = [2, *(number.get(letters[at : at + kmer], 1) for at in range(len(letters) - kmer + 1)), 3]
    with torch.no_grad():
        return [layer[0].double().numpy() for layer in model(torch.tensor([ids]), output_attentions=True).attentions]


def _words(kmer: int) -> list[str]:
    words = [""]
    for _ in range(kmer):
        words = [word + base for word in words for base in "ATCG"]
    return words


def _per_base(of_kmers: Floats, kmer: int) -> Floats:
    """Recipe 1.8, base by base: the mean over the k-mers that cover it."""
    bases = len(of_kmers) + kmer - 1
    return np.array([np.mean([of_kmers[at] for at in range(len(of_kmers)) if at <= base < at + kmer]) for base in range(bases)])


def _expected(attention: Floats, kmer: int, heads: list[int] | None = None) -> Floats:
    chosen = attention if heads is None else attention[heads]
    return _per_base(chosen[:, 0, 1:-1].sum(0), kmer)


def _unit(scores: Floats) -> Floats:
    return scores / np.sqrt((scores**2).sum())


@every_kmer
def test_scores_are_those_of_the_recipe_from_k_bases_to_510_tokens(kmer: int, theirs: Callable[[int], Any]) -> None:
    sequences = _sequences(kmer)
    found = all_base_scores(_ours(kmer), sequences, KmerTokenizer(kmer), CPU)
    for codes, scores in zip(sequences.first, found, strict=True):
        expected = _unit(_expected(_eager(theirs(kmer), codes, kmer)[-1], kmer))
        assert scores.shape == (len(codes),)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, expected, **TOLERANCE)
        assert scores[[0, -1]] == pytest.approx(expected[[0, -1]], abs=1e-6)
        assert np.linalg.norm(scores) == pytest.approx(1, abs=1e-5)


@every_kmer
def test_any_layer_any_heads_and_the_reverse_strand_are_those_of_the_recipe(kmer: int, theirs: Callable[[int], Any]) -> None:
    sequences = _sequences(kmer).take([0, 3, 5, 7])
    chosen = {"layer": 0, "heads": (1, 3), "normalise": False}
    forward = all_base_scores(_ours(kmer), sequences, KmerTokenizer(kmer), CPU, **chosen)  # type: ignore[arg-type]
    reverse = dict(base_scores(_ours(kmer), sequences, KmerTokenizer(kmer), CPU, reverse=True, **chosen))  # type: ignore[arg-type]
    for number, codes in enumerate(sequences.first):
        layers = _eager(theirs(kmer), codes, kmer)
        np.testing.assert_allclose(forward[number], _expected(layers[0], kmer, [1, 3]), **TOLERANCE)
        turned = _eager(theirs(kmer), reverse_complement(codes), kmer)
        np.testing.assert_allclose(reverse[number], _expected(turned[0], kmer, [1, 3])[::-1], **TOLERANCE)


def test_heads_of_all_layers_by_themselves_are_those_of_the_recipe(theirs: Callable[[int], Any]) -> None:
    sequences = _sequences(4).take([1, 3, 6])
    found = dict(head_scores(_ours(4), sequences, KmerTokenizer(4), CPU, layers=(0, 1)))
    for number, codes in enumerate(sequences.first):
        layers = _eager(theirs(4), codes, 4)
        expected = [[_per_base(head[0, 1:-1], 4) for head in layer] for layer in layers]
        np.testing.assert_allclose(found[number], expected, **TOLERANCE)


@pytest.mark.parametrize(("layer", "heads"), [(-1, None), (0, None), (1, (0, 2))])
def test_rollout_is_the_product_of_the_layers(layer: int, heads: tuple[int, ...] | None, theirs: Callable[[int], Any]) -> None:
    """Source: Abnar & Zuidema 2020, section 3."""
    sequences = _sequences(5).take([0, 2, 4, 8])
    found = dict(rollout_scores(_ours(5), sequences, KmerTokenizer(5), CPU, layer=layer, heads=heads))
    for number, codes in enumerate(sequences.first):
        layers = _eager(theirs(5), codes, 5)
        product = np.eye(layers[0].shape[-1])
        for attention in layers if layer == -1 else layers[: layer + 1]:
            mean = attention[list(heads) if heads else slice(None)].mean(0)
            product = 0.5 * (mean + np.eye(len(mean))) @ product
        np.testing.assert_allclose(found[number], _unit(_per_base(product[0, 1:-1], 5)), **TOLERANCE)


def test_maps_of_a_sequence_are_those_of_transformers(theirs: Callable[[int], Any]) -> None:
    codes = _sequences(3).first[4]
    layers = _eager(theirs(3), codes, 3)
    np.testing.assert_allclose(attention_maps(_ours(3), codes, KmerTokenizer(3), CPU), layers[1], **TOLERANCE)
    np.testing.assert_allclose(attention_maps(_ours(3), codes, KmerTokenizer(3), CPU, 0, (2,)), layers[0][[2]], **TOLERANCE)


def test_an_ensemble_of_k_3_to_6_sums_over_its_members(theirs: Callable[[int], Any], tmp_path: Path) -> None:
    members = []
    for kmer in (3, 4, 5, 6):
        (tmp_path / str(kmer)).mkdir()
        save_model(tmp_path / str(kmer), _ours(kmer), ModelInfo(head=HEAD, labels=("0", "1")))
        members.append(load_model(tmp_path / str(kmer)))
    sequences = _sequences(6).take([0, 1, 4, 6])
    found = list(score_sequences(members, sequences, CPU, AttentionConfig()))
    both = list(score_sequences(members, sequences, CPU, AttentionConfig(strand="both")))
    for number, codes in enumerate(sequences.first):
        forward = sum(_expected(_eager(theirs(kmer), codes, kmer)[-1], kmer) for kmer in (3, 4, 5, 6))
        turned = sum(_expected(_eager(theirs(kmer), reverse_complement(codes), kmer)[-1], kmer)[::-1] for kmer in (3, 4, 5, 6))
        np.testing.assert_allclose(found[number].scores, _unit(forward), **TOLERANCE)
        np.testing.assert_allclose(both[number].scores, _unit(forward + turned), **TOLERANCE)


@pytest.mark.parametrize("reverse", [False, True])
def test_windows_of_a_long_sequence_are_joined_by_their_k_mers(reverse: bool, tmp_path: Path) -> None:
    """21 k-mers in windows of 8, 8 and 5, each with its own [CLS]; weights count for the share of a window that it has."""
    head = HeadConfig(task="classify", chunk_pooling="mean")
    ours = toy_model(head, toy_config(3, max_positions=10))
    save_model(tmp_path, ours, ModelInfo(head=head, labels=("0", "1")))
    theirs = BertModel.from_pretrained(tmp_path, attn_implementation="eager").eval()
    codes = np.random.default_rng(0).integers(0, 4, 23, dtype=np.uint8)
    sequences = SequenceSet(("short", "long"), pack([codes[:9], codes]))
    found = all_base_scores(ours, sequences, KmerTokenizer(3, 8), CPU, normalise=False, reverse=reverse)
    read = reverse_complement(codes) if reverse else codes
    pieces = [_eager(theirs, read[start:end], 3)[-1][:, 0, 1:-1].sum(0) for start, end in ((0, 10), (8, 18), (16, 23))]
    expected = _per_base(np.concatenate([piece * share for piece, share in zip(pieces, (1, 1, 5 / 8), strict=True)]), 3)
    np.testing.assert_allclose(found[1], expected[::-1] if reverse else expected, **TOLERANCE)
    short = reverse_complement(codes[:9]) if reverse else codes[:9]
    expected = _expected(_eager(theirs, short, 3)[-1], 3)
    np.testing.assert_allclose(found[0], expected[::-1] if reverse else expected, **TOLERANCE)
