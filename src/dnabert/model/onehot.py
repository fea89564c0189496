"""The soft one-hot bridge: a model that reads bases as numbers, for methods that need gradients with respect to bases.

One-hot columns, or probabilities of bases, become probabilities of k-mers (products over k bases), these the expected k-mer vector, and the
encoder goes on from there. On plain one-hot input the vectors, and with them the logits, are those of the token ids.

Probability that is missing in a k-mer (1 minus its sum) is that of [UNK]: a column of zeros is an ambiguous base.

Legend: B rows, L bases, N k-mers of a row (L-k+1), T tokens (N+2), D width, K outputs.

Source: own; the vectors are linear in each base, so that the k-mer probabilities are exact for independent bases.
"""

import torch
from torch import Tensor, nn

from dnabert.errors import SequenceError
from dnabert.model.heads import Dnabert

__all__ = ["FIELD_ORDER", "SoftOneHot", "kmer_probabilities"]

FIELD_ORDER = "ACGT"
"""Order of the four rows, as everywhere in the field; the vocabulary's is A, T, C, G."""

CODE_ORDER = "ATCG"
"""Bases in the order of their codes, in which the ids of k-mers are numbered (``dnabert.dna``, which this floor does not know)."""

PAD_ID, UNK_ID, CLS_ID, SEP_ID = range(4)
NUM_SPECIAL = 5
_ROW_OF_CODE = [FIELD_ORDER.index(base) for base in CODE_ORDER]
_CHUNK_ELEMENTS = 1 << 22
"""k-mer probabilities that are held at a time, 16 MB."""


class SoftOneHot(nn.Module):
    """A model that takes one-hot bases in the place of token ids; tangermeme and captum accept it.

    Gradients reach the bases and the encoder's other weights, not the k-mer vectors: it is for reading a model, not for training one.

    Args:
        model: The model.
    """

    def __init__(self, model: Dnabert) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of sequences.

        Args:
            x: Probabilities of A, C, G and T, each column adding up to 1, or to 0 where the base is ambiguous, (B, 4, L).
            lengths: Bases of each row; what is behind them is padding, (B,) of any number type. None: all L.

        Returns:
            Logits, (B, K).

        Raises:
            SequenceError: ``x`` has not 4 rows of bases, or fewer bases than k or more than the model has room for.
        """
        kmer = self.model.config.kmer
        if x.ndim != 3 or x.shape[1] != 4 or x.shape[2] < kmer:
            raise SequenceError(f"one-hot bases of shape {tuple(x.shape)}; (rows, 4, bases) with at least k = {kmer} bases are needed")
        ids, is_kmer = self._special_ids(x, lengths)  # 2 x (B, T)
        table = self.model.encoder.embeddings.word.weight.detach()  # (V, D)
        with torch.autocast(x.device.type, enabled=False):
            expected = _expected_words(x.to(table.dtype)[:, _ROW_OF_CODE].transpose(1, 2), table, kmer)  # (B, N, D)
        around = nn.functional.pad(expected, (0, 0, 1, 1))  # (B, T, D)
        words = torch.where(is_kmer[..., None], around, table[ids])
        mask = ids != PAD_ID
        logits: Tensor = self.model(ids, None if bool(mask.all()) else mask, words=words).logits
        return logits

    def _special_ids(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Ids (B, T) with [UNK] wherever a k-mer is, and whether one is there."""
        rows, kmers = x.shape[0], x.shape[2] - self.model.config.kmer + 1
        count = torch.full((rows,), kmers, device=x.device) if lengths is None else lengths.to(x.device).long() - (x.shape[2] - kmers)
        place = torch.arange(kmers + 2, device=x.device).expand(rows, -1)  # (B, T)
        ids = torch.full_like(place, UNK_ID)
        ids[:, 0] = CLS_ID
        ids = ids.masked_fill(place == count[:, None] + 1, SEP_ID).masked_fill(place > count[:, None] + 1, PAD_ID)
        return ids, ids == UNK_ID


def _expected_words(x: Tensor, table: Tensor, kmer: int) -> Tensor:
    """Expected k-mer vectors (B, N, D) of base probabilities (B, L, 4) in the order of the base codes.

    With the table held constant nothing of size 4**k is kept for the backward pass.
    """
    kmers = x.shape[1] - kmer + 1
    step = max(1, _CHUNK_ELEMENTS // (x.shape[0] * 4**kmer))
    pieces = []
    for start in range(0, kmers, step):
        piece = x[:, start : min(start + step, kmers) + kmer - 1]
        probs = kmer_probabilities(piece, kmer)  # (B, n, 4**k)
        known = torch.stack(_windows(piece.sum(2), kmer)).prod(0)  # (B, n), sums of the probabilities
        pieces.append(probs @ table[NUM_SPECIAL:] + (1 - known)[..., None] * table[UNK_ID])  # (B, n, D)
    return torch.cat(pieces, dim=1)


def kmer_probabilities(x: Tensor, kmer: int) -> Tensor:
    """Probabilities of k-mers, in the order of their ids, of independent bases.

    Args:
        x: Probabilities of bases in the order of their codes (A, T, C, G), (B, L, 4).
        kmer: Length of a k-mer.

    Returns:
        (B, L-k+1, 4**k); the first base is the most significant digit.
    """
    columns = _windows(x, kmer)  # k x (B, N, 4)
    half = kmer // 2
    parts = []
    for group in (columns[:half], columns[half:]):  # two halves: the outer product of size 4**k is made once
        probs = torch.ones_like(columns[0][..., :1])  # (B, N, 1)
        for column in group:
            probs = (probs[..., :, None] * column[..., None, :]).flatten(2)
        parts.append(probs)  # (B, N, 4**(k/2))
    return (parts[0][..., :, None] * parts[1][..., None, :]).flatten(2)


def _windows(x: Tensor, kmer: int) -> list[Tensor]:
    """The first, second, ... k-th base of every k-mer, k times (B, N, ...) of (B, L, ...)."""
    kmers = x.shape[1] - kmer + 1
    return [x[:, offset : offset + kmers] for offset in range(kmer)]
