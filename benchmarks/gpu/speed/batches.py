"""The same windows with the same masks, padded in other ways; and the operations that they need, padding not counted.

Legend: B windows of a piece, T tokens.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.cases.common.arithmetic import encoder_flops, masked_head_flops, training_flops
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from dnabert.data.batch import Batch
from dnabert.data.corpus import Corpus
from dnabert.data.genome import build_genome
from dnabert.device import Machine, seed_of
from dnabert.dna.kmers import PAD_ID
from dnabert.model.heads import Dnabert
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob

__all__ = ["make_job", "needed_flops", "num_computed", "num_tokens", "pad_naively"]


def make_job(config: PretrainConfig, machine: Machine, folder: Path, kind: type[PretrainJob] = PretrainJob) -> PretrainJob:
    """The job of ``dnabert pretrain`` on a random genome that is large enough for some steps."""
    bases = 4 * config.batch_size * config.corpus.max_tokens + 10_000
    genome = folder / f"genome-{bases}.fa"
    if not genome.exists():
        write_fasta(genome, random_letters(bases))
    store = build_genome([genome], folder)
    torch.manual_seed(seed_of(config.seed, "weights"))
    corpus = Corpus(store, store.contigs, config.model.kmer, config.corpus, config.seed)
    return kind(Dnabert(config.model), corpus, None, config, machine)


def pad_naively(pieces: Sequence[Batch], rows: int, width: int, seed: int = 0) -> list[Batch]:
    """The same windows in random order, ``rows`` of them a piece, each padded to ``width`` tokens."""
    windows = [window for piece in pieces for window in _windows(piece)]
    order = np.random.default_rng(seed).permutation(len(windows))
    return [_padded([windows[place] for place in order[start : start + rows]], width) for start in range(0, len(order), rows)]


def _windows(piece: Batch) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Ids (T,), places of the k-mers to predict, and these k-mers, of each window."""
    assert piece.positions is not None
    assert piece.targets is not None
    tokens = piece.ids.shape[1]
    lengths = [tokens] * len(piece.ids) if piece.mask is None else piece.mask.sum(1).tolist()
    order = torch.argsort(piece.positions)
    places, targets = piece.positions[order], piece.targets[order]
    borders = torch.searchsorted(places, torch.arange(len(piece.ids) + 1) * tokens).tolist()
    return [
        (piece.ids[row, : lengths[row]], places[start:end] - row * tokens, targets[start:end])
        for row, (start, end) in enumerate(pairwise(borders))
    ]


def _padded(windows: Sequence[tuple[Tensor, Tensor, Tensor]], width: int) -> Batch:
    ids = torch.full((len(windows), width), PAD_ID)
    for row, (own, _, _) in enumerate(windows):
        ids[row, : len(own)] = own
    lengths = torch.tensor([len(own) for own, _, _ in windows])
    return Batch(
        ids,
        torch.arange(width) < lengths[:, None],
        positions=torch.cat([row * width + places for row, (_, places, _) in enumerate(windows)]),
        targets=torch.cat([targets for _, _, targets in windows]),
    )


def num_tokens(pieces: Sequence[Batch]) -> int:
    """Tokens, padding not counted."""
    return sum(piece.num_tokens for piece in pieces)


def num_computed(pieces: Sequence[Batch]) -> int:
    """Tokens, padding counted."""
    return sum(piece.ids.numel() for piece in pieces)


def needed_flops(model: Dnabert, pieces: Sequence[Batch]) -> int:
    """Operations of a training step that no padding is part of, and of the last layer only what the head reads."""
    total = 0
    for piece in pieces:
        for own, places, _ in _windows(piece):
            total += encoder_flops(model.config, 1, len(own), read=len(places)) + masked_head_flops(model.config, len(places))
    return training_flops(total)
