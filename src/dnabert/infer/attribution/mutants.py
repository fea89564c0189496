"""In-silico saturation mutagenesis: a model's score with every base at every place, from token ids that are updated, not made anew.

A changed base changes at most k token ids, each by ``(new code - old code) * 4**place``. Mutants of successive sequences share batches.

Legend: L bases, N k-mers (L-k+1), T tokens (N+2), M mutants, R rows, B rows of a batch, K outputs.

Source: Zhou and Troyanskaya 2015, Nature Methods 12:931 (in-silico saturated mutagenesis).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.device import Machine, inference
from dnabert.dna.kmers import CLS_ID, NUM_SPECIAL, PAD_ID, SEP_ID, UNK_ID
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes
from dnabert.model.heads import Dnabert
from dnabert.model.onehot import FIELD_ORDER

__all__ = ["Score", "mutant_ids", "saturated_scores", "score_rows"]

Score = Callable[[Tensor], Tensor]
"""From logits (B, K) to one number for each row, (B,)."""

ROW_OF_CODE = np.array([FIELD_ORDER.index(base) for base in BASES])
"""Row in the field's order A, C, G, T by base code."""


def mutant_ids(codes: Codes, kmer: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids of a sequence and of all its single-base mutants.

    Args:
        codes: Base codes, (L,), at least k of them.
        kmer: Length of a k-mer.

    Returns:
        Ids with [CLS] and [SEP], the sequence itself first, int64 (1+M, T); the place that each mutant changes, and its new base code,
        2 x (M,). A known base has three mutants, an ambiguous one four.

    Examples:
        >>> ids, places, bases = mutant_ids(np.array([0, 0, 1], np.uint8), 3)
        >>> ids[:, 1].tolist()
        [6, 22, 38, 54, 10, 14, 18, 5, 7, 8]
        >>> list(zip(places.tolist(), bases.tolist()))[:4]
        [(0, 1), (0, 2), (0, 3), (1, 1)]
    """
    kmers = len(codes) - kmer + 1
    unknown = codes >= AMBIGUOUS
    digits = np.where(unknown, 0, codes).astype(np.int64)
    offsets = range(kmer)
    number = np.sum([digits[offset : offset + kmers] << 2 * (kmer - 1 - offset) for offset in offsets], axis=0)  # (N,), N as A
    num_unknown = np.sum([unknown[offset : offset + kmers] for offset in offsets], axis=0)  # (N,)
    places, bases = np.nonzero(np.arange(4) != codes[:, None])
    count = len(places)
    mutants = np.arange(1, count + 1)
    numbers, unknowns = np.tile(number, (count + 1, 1)), np.tile(num_unknown, (count + 1, 1))  # (1+M, N)
    change = bases - digits[places]
    for offset in offsets:  # the k-mer in which the changed base has this place
        at = places - offset
        real = (at >= 0) & (at < kmers)
        numbers[mutants[real], at[real]] += change[real] << 2 * (kmer - 1 - offset)
        unknowns[mutants[real], at[real]] -= unknown[places[real]]
    ids = np.empty((count + 1, kmers + 2), dtype=np.int64)
    ids[:, 0], ids[:, -1] = CLS_ID, SEP_ID
    ids[:, 1:-1] = np.where(unknowns > 0, UNK_ID, numbers + NUM_SPECIAL)
    return ids, places, bases


def score_rows(
    model: Dnabert, blocks: Iterable[npt.NDArray[Any]], machine: Machine, score: Score, tokens_per_batch: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Scores of rows of ids, block by block in order; a batch takes rows of as many blocks as fit.

    Args:
        model: The model; it is left as it was.
        blocks: Ids with [CLS] and [SEP], (R, T) each, R and T of their own.
        machine: Where to compute.
        score: What is made of the logits.
        tokens_per_batch: Tokens of a batch, padding included.

    Yields:
        Scores of each block, (R,).
    """
    sizes: list[int] = []
    waiting: list[npt.NDArray[Any]] = []
    done: npt.NDArray[np.float32] = np.empty(0, np.float32)
    for block in blocks:
        sizes.append(len(block))
        start = 0
        while start < len(block):
            longest = max(piece.shape[1] for piece in (*waiting, block))
            room = max(1, tokens_per_batch // longest) - sum(map(len, waiting))
            if room > 0:
                waiting.append(block[start : start + room])
                start += len(waiting[-1])
            if room <= len(waiting[-1]):  # full
                done = np.concatenate((done, _scores(model, waiting, machine, score)))
                waiting = []
        while sizes and len(done) >= sizes[0]:
            yield done[: sizes[0]]
            done = done[sizes.pop(0) :]
    if waiting:
        done = np.concatenate((done, _scores(model, waiting, machine, score)))
    for size in sizes:
        yield done[:size]
        done = done[size:]


def _scores(model: Dnabert, pieces: list[npt.NDArray[Any]], machine: Machine, score: Score) -> npt.NDArray[np.float32]:
    longest = max(piece.shape[1] for piece in pieces)
    rows = np.full((sum(map(len, pieces)), longest), PAD_ID, dtype=np.int64)
    start = 0
    for piece in pieces:
        rows[start : start + len(piece), : piece.shape[1]] = piece
        start += len(piece)
    ids = torch.from_numpy(rows)
    mask = None if all(piece.shape[1] == longest for piece in pieces) else (ids != PAD_ID).to(machine.device)
    with inference(model, machine):
        found: npt.NDArray[np.float32] = score(model(ids.to(machine.device), mask).logits.float()).cpu().numpy()
    return found


def saturated_scores(
    model: Dnabert, windows: Iterable[Codes], machine: Machine, score: Score, tokens_per_batch: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Scores with each of A, C, G and T at each place, in the order of the sequences.

    Args:
        model: The model; it is left as it was.
        windows: Base codes, (L,) each; at least k and at most as many as the model has room for.
        machine: Where to compute.
        score: What is made of the logits.
        tokens_per_batch: Tokens of a batch, padding included.

    Yields:
        Scores, rows A, C, G, T, (4, L); where the base is the sequence's own, that of the sequence.
    """
    kmer = model.config.kmer
    facts: list[tuple[Codes, npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []

    def blocks() -> Iterator[npt.NDArray[Any]]:
        for codes in windows:
            ids, places, bases = mutant_ids(codes, kmer)
            facts.append((codes, places, bases))
            yield ids

    for scores in score_rows(model, blocks(), machine, score, tokens_per_batch):
        codes, places, bases = facts.pop(0)
        whole = np.full((4, len(codes)), scores[0], dtype=np.float32)
        whole[ROW_OF_CODE[bases], places] = scores[1:]
        yield whole
