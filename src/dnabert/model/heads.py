"""What stands on the encoder: masked-token, sequence, long-sequence and token-level heads, and the whole model.

Legend: B batch, T tokens, D width, V vocabulary, M masked tokens, K outputs, S sequences (S < B where long sequences are chunked), L bases.

Source: Ji et al. 2021, section 2.1; Devlin et al. 2019; recipe 1.2 and 1.6.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

from dnabert.choices import ChunkPooling, Pooling
from dnabert.model.attention import SelfAttention
from dnabert.model.bert import Encoder, EncoderOutput, initialise
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.model.dropout import Dropout
from dnabert.model.selection import Selection, select_first, select_tokens

__all__ = ["ChunkPool", "Dnabert", "MaskedTokenHead", "ModelOutput", "average_over_bases", "pool_tokens"]


@dataclass(frozen=True)
class ModelOutput:
    """What a model returns.

    Attributes:
        logits: masked_lm (M, V) or (B, T, V); sequence tasks (S, K); token task (B, T-2, K) per k-mer or (B, T-2+k-1, K) per base.
        encoder: The encoder's output, with what was asked for. If neither hidden vectors nor attentions were, its last vectors are those of
            the tokens that the head reads.
    """

    logits: Tensor
    encoder: EncoderOutput


class MaskedTokenHead(nn.Module):
    """Logits of the hidden k-mers; the last matrix is the k-mer embedding itself (tied), with its own bias."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.transform = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, hidden: Tensor, word_embeddings: Tensor) -> Tensor:
        """Logits (..., V) of vectors (..., D), with the embedding matrix (V, D)."""
        return F.linear(self.norm(F.gelu(self.transform(hidden))), word_embeddings, self.bias)


class ChunkPool(nn.Module):
    """One vector for each long sequence from the vectors of its chunks.

    ``lstm`` sums the final states of all layers and directions, as the published long model does; only real chunks exist here, so none
    that is wholly padding is attended or counted.
    """

    def __init__(self, kind: ChunkPooling, width: int, rnn_layers: int) -> None:
        super().__init__()
        self.kind = kind
        self.rnn = nn.LSTM(width, width, rnn_layers, bidirectional=True, batch_first=True) if kind == "lstm" else None
        self.score = nn.Linear(width, 1) if kind == "attention" else None
        if self.rnn is not None:
            for name, weight in self.rnn.named_parameters():
                if name.startswith("weight"):
                    nn.init.xavier_normal_(weight)
                else:
                    nn.init.zeros_(weight)

    def forward(self, pooled: Tensor, num_chunks: list[int]) -> Tensor:
        """Vectors (S, D) of chunk vectors (B, D); sequence i owns the next ``num_chunks[i]`` rows."""
        pieces = torch.split(pooled, num_chunks)
        if self.rnn is not None:
            packed = pack_sequence(list(pieces), enforce_sorted=False)
            _, (last, _) = self.rnn(packed)  # (layers x 2, S, D)
            summed: Tensor = last.sum(0)  # (S, D)
            return summed
        if self.score is not None:
            return torch.stack([(torch.softmax(self.score(piece), 0) * piece).sum(0) for piece in pieces])
        if self.kind == "max":
            return torch.stack([piece.amax(0) for piece in pieces])
        return torch.stack([piece.mean(0) for piece in pieces])


class Dnabert(nn.Module):
    """Encoder and head.

    Args:
        config: Sizes of the encoder.
        head: What to predict.
    """

    def __init__(self, config: ModelConfig, head: HeadConfig | None = None) -> None:
        super().__init__()
        self.config = config
        self.head_config = head or HeadConfig()
        self.encoder = Encoder(config)
        task = self.head_config.task
        with_pooler = task not in ("masked_lm", "token") and self.head_config.pooling == "cls"
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size) if with_pooler else None
        self.masked_head = MaskedTokenHead(config) if task == "masked_lm" else None
        # Per base, a k-mer speaks of each of its k bases apart: what it says of the first must not blur what it says of the last.
        answers = config.kmer if task == "token" and self.head_config.token_level == "base" else 1
        self.classifier = None if task == "masked_lm" else nn.Linear(config.hidden_size, answers * self.head_config.num_outputs)
        chunks = self.head_config.chunk_pooling
        self.chunk_pool = ChunkPool(chunks, config.hidden_size, self.head_config.rnn_layers) if chunks else None
        self.dropout = Dropout(self.head_config.dropout)
        initialise(self, config.initializer_range)

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        token_types: Tensor | None = None,
        *,
        positions: Tensor | None = None,
        num_chunks: list[int] | None = None,
        words: Tensor | None = None,
        first_position: int = 0,
        return_hidden: bool = False,
        return_attentions: bool = False,
    ) -> ModelOutput:
        """Logits of a batch.

        Args:
            ids: Token ids with [CLS] and [SEP], (B, T).
            mask: True for tokens, False for padding, (B, T); None when nothing is padded.
            token_types: 0 or 1, (B, T); None means all 0.
            positions: masked_lm only: indices into the flattened (B x T) tokens whose logits are wanted, (M,); None means all.
            num_chunks: Models with chunk pooling: rows of ``ids`` that belong to each sequence, S numbers that add up to B.
            words: k-mer vectors in the place of those of ``ids``, (B, T, D).
            first_position: Position of the first token; more than 0 only in pre-training.
            return_hidden: Keep the vectors of every layer.
            return_attentions: Keep the attention weights of every layer.

        Returns:
            Logits and the encoder's output.

        Raises:
            SequenceError: There are more tokens than positions.
        """
        selection = None if return_hidden or return_attentions else self._selection(ids, positions)
        encoded = self.encoder(
            ids,
            mask,
            token_types,
            words=words,
            first_position=first_position,
            return_hidden=return_hidden,
            return_attentions=return_attentions,
            selection=selection,
        )
        hidden = encoded.last_hidden  # (B, T, D), (M, D) of a selection, (B, D) of [CLS]
        if self.masked_head is not None:
            if positions is not None and selection is None:
                hidden = hidden.flatten(0, 1)[positions.to(hidden.device)]  # (M, D)
            return ModelOutput(self.masked_head(hidden, self.encoder.embeddings.word.weight), encoded)
        assert self.classifier is not None
        if self.head_config.task == "token":
            return ModelOutput(self._token_logits(hidden, mask), encoded)
        pooled = self._pooled_cls(hidden) if selection is not None else self.pool(hidden, mask, token_types)  # (B, D)
        if self.chunk_pool is not None:
            pooled = self.chunk_pool(pooled, num_chunks or [1] * len(pooled))  # (S, D)
        return ModelOutput(self.classifier(self.dropout(pooled)), encoded)

    def set_dropout(self, probability: float) -> None:
        """Drop with this probability, 0-1, everywhere; the configuration, and so what is saved, stays as it is."""
        for part in self.modules():
            if isinstance(part, Dropout):
                part.probability = probability
            elif isinstance(part, SelfAttention):
                part.dropout = probability

    def _selection(self, ids: Tensor, positions: Tensor | None) -> Selection | None:
        """The tokens that the head reads, None for all."""
        if self.masked_head is not None:
            return None if positions is None else select_tokens(positions, ids.shape[0], ids.shape[1], ids.device)
        return None if self.pooler is None else select_first(ids.shape[0], ids.shape[1], ids.device)

    def _pooled_cls(self, cls: Tensor) -> Tensor:
        """(B, D) of the vectors of [CLS], (B, D), as published: tanh(Linear([CLS]))."""
        assert self.pooler is not None
        return torch.tanh(self.pooler(cls))

    def pool(self, hidden: Tensor, mask: Tensor | None, token_types: Tensor | None = None) -> Tensor:
        """One vector (B, D) for each window from its tokens' vectors (B, T, D)."""
        if self.pooler is not None:
            return self._pooled_cls(hidden[:, 0])
        return pool_tokens(hidden, mask, self.head_config.pooling, token_types)

    def _token_logits(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        assert self.classifier is not None
        logits: Tensor = self.classifier(self.dropout(hidden))[:, 1:-1]  # (B, T-2, K), per base (B, T-2, k K)
        if self.head_config.token_level == "kmer":
            return logits
        real = None if mask is None else mask[:, 2:]  # [SEP] takes one place after the last k-mer
        return average_over_bases(logits.reshape(*logits.shape[:2], self.config.kmer, -1), real)


def pool_tokens(hidden: Tensor, mask: Tensor | None, pooling: Pooling, token_types: Tensor | None = None) -> Tensor:
    """One vector (B, D) for each row of (B, T, D).

    Args:
        hidden: Vectors, [CLS] first and [SEP] last among the tokens.
        mask: True for tokens, (B, T), or None.
        pooling: ``cls`` takes the first vector as it is; ``mean`` and ``max`` are over k-mers, without special tokens and padding.
        token_types: Pairs: 0 for tokens of the first, 1 of the second sequence, each with the [SEP] that ends it, (B, T).
    """
    if pooling == "cls":
        return hidden[:, 0]
    inner = hidden[:, 1:-1]  # (B, T-2, D); may hold [SEP] of shorter rows and of first sequences, which are no k-mers
    kmers = _are_kmers(mask, token_types)
    if kmers is None:
        return inner.amax(1) if pooling == "max" else inner.mean(1)
    if pooling == "max":
        return inner.masked_fill(~kmers, float("-inf")).amax(1)
    mean: Tensor = (inner * kmers).sum(1) / kmers.sum(1).clamp(min=1)
    return mean


def _are_kmers(mask: Tensor | None, token_types: Tensor | None) -> Tensor | None:
    """True where tokens 1 to T-2 are k-mers, (B, T-2, 1), None if all are: a k-mer has another token of its sequence behind it."""
    real = None if mask is None else mask[:, 2:, None]
    if token_types is None:
        return real
    followed: Tensor = (token_types[:, 1:-1] == token_types[:, 2:])[..., None]
    return followed if real is None else followed & real


def average_over_bases(values: Tensor, real: Tensor | None) -> Tensor:
    """Per-base values (B, L, K): the mean over the k-mers that cover a base of what each says of that base, L = T-2+k-1.

    Args:
        values: What every k-mer says of each of its k bases, first base first, (B, T-2, k, K).
        real: True where the k-mer is no padding, (B, T-2), or None.

    Returns:
        Means; 0 for padding bases.
    """
    rows, kmers, kmer, outputs = values.shape
    weight = torch.ones(rows, kmers, 1, device=values.device) if real is None else real[..., None].float()  # (B, T-2, 1)
    total = torch.zeros(rows, kmers + kmer - 1, outputs, device=values.device)  # (B, L, K)
    count = torch.zeros(rows, kmers + kmer - 1, 1, device=values.device)  # (B, L, 1)
    for offset in range(kmer):
        total[:, offset : offset + kmers] += values[:, :, offset].float() * weight
        count[:, offset : offset + kmers] += weight
    return total / count.clamp(min=1)
