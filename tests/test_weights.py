"""The weights that ship with the package: they are there, small, what their card says, and better than chance at their task."""

import hashlib
import json
import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dnabert.checkpoint import load_model
from dnabert.cli.main import run as command
from dnabert.dna.sequence import encode_bases
from dnabert.registry import resolve_model

NAME = "dnabert-6-mini"
MOST_BYTES = 10_000_000
ALU = (
    "GGCCGGGCGCGGTGGCTCACGCCTGTAATCCCAGCACTTTGGGAGGCCGAGGCGGGCGGATCACGAGGTCAGGAGATCGAGACCATCCTGGCTAACACGGTGAAACCCCGTCTCTACTAA"
    "AAATACAAAAAATTAGCCGGGCGTGGTGGCGGGCGCCTGTAGTCCCAGCTACTCGGGAGGCTGAGGCAGGAGAATGGCGTGAACCCGGGAGGCGGAGCTTGCAGTGAGCCGAGATCGCGC"
    "CACTGCACTCCAGCCTGGGCGACAGAGCGAGACTCCGTCTC"
)
"""Consensus of the commonest repeat of the human genome, a tenth of it."""


def test_the_packaged_weights_are_small_and_in_half_precision() -> None:
    weights = resolve_model(NAME) / "model.safetensors"
    assert weights.stat().st_size <= MOST_BYTES
    assert {tensor.dtype for tensor in load_file(weights).values()} == {torch.bfloat16}


def test_the_card_is_of_these_weights() -> None:
    folder = resolve_model(NAME)
    card = (folder / "README.md").read_text()
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert f"`{digest}`" in card
    assert "license: apache-2.0" in card
    assert re.search(r"\| k-mers read \| [\d,]+ \|", card)
    assert "| lrg_hg38.fa.gz |" in card


def test_models_lists_the_packaged_one_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["models"]) == 0
    first = capsys.readouterr().out.splitlines()[1].split("\t")
    assert first[:3] == [NAME, "6", "packaged"]
    trained_on = json.loads((resolve_model(NAME) / "config.json").read_text())["dnabert"]["trained_on"]
    assert trained_on in first[3]


def test_it_fills_hidden_bases_of_a_human_repeat() -> None:
    """Six k-mers that hide one base of an Alu element: the model, which has read a thousand of them, names most of the bases."""
    saved = load_model(resolve_model(NAME))
    ids = torch.from_numpy(np.array(saved.tokenizer.encode(ALU).ids)).long()  # [CLS] k-mers [SEP]
    codes, kmer = encode_bases(ALU), saved.model.config.kmer
    right = []
    for base in range(20, len(ALU) - 20, 7):
        places = torch.arange(base - kmer + 2, base + 2)  # the k-mers that cover it, behind [CLS]
        masked = ids.clone()
        masked[places] = 4
        with torch.inference_mode():
            logits = saved.model(masked[None], positions=places).logits
        probs = torch.softmax(logits[:, 5:], 1).reshape(kmer, *[4] * kmer)
        votes = torch.zeros(4)
        for row in range(kmer):  # k-mer `row` begins at base - kmer + 1 + row: the base is its letter kmer - 1 - row
            votes += probs[row].movedim(kmer - 1 - row, 0).flatten(1).sum(1)
        right.append(int(votes.argmax()) == int(codes[base]))
    assert np.mean(right) > 0.6
