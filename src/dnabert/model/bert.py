"""The DNABERT encoder, top to bottom: BERT with layer normalisation after each residual sum, as published.

What is not standard today: post-layer-norm, absolute positions, token types, erf-GELU, eps 1e-12.

Legend: B batch, T tokens, D width, H heads, M selected tokens, N layers asked for.

Source: Devlin et al. 2019; Ji et al. 2021, section 2.1; published ``config.json`` and weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dnabert.errors import SequenceError
from dnabert.model.attention import SelfAttention
from dnabert.model.config import ModelConfig
from dnabert.model.dropout import Dropout
from dnabert.model.selection import Selection

__all__ = ["Block", "Embeddings", "Encoder", "EncoderOutput", "initialise"]


@dataclass(frozen=True)
class EncoderOutput:
    """What the encoder returns.

    Attributes:
        last_hidden: Vectors after the last block, (B, T, D); of a selection of tokens, (M, D).
        hidden_states: On request, vectors after the embeddings and after each block, num_layers + 1 times (B, T, D).
        attentions: On request, attention weights of each block, num_layers times (B, H, T, T).
    """

    last_hidden: Tensor
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class Embeddings(nn.Module):
    """Sum of k-mer, position and token-type vectors, normalised."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.word = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position = nn.Embedding(config.max_positions, config.hidden_size)
        self.token_type = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout)

    def forward(self, ids: Tensor, token_types: Tensor | None = None, words: Tensor | None = None, first_position: int = 0) -> Tensor:
        """Vectors of token ids.

        Args:
            ids: Token ids, (B, T).
            token_types: 0 or 1 for every token, (B, T); None means all 0.
            words: k-mer vectors in the place of those of ``ids``, (B, T, D).
            first_position: Position of the first token.

        Returns:
            Vectors, (B, T, D).

        Raises:
            SequenceError: There are more tokens than positions.
        """
        if first_position + ids.shape[1] > self.position.num_embeddings:
            raise SequenceError(
                f"{first_position + ids.shape[1]} tokens exceed the model's {self.position.num_embeddings} positions:"
                " cut the sequence, or fine-tune with chunk_pooling"
            )
        types = self.token_type.weight[0] if token_types is None else self.token_type(token_types)
        x = (self.word(ids) if words is None else words) + (
            self.position.weight[first_position : first_position + ids.shape[1]] + types
        )  # (B, T, D)
        embedded: Tensor = self.dropout(self.norm(x))
        return embedded


class Block(nn.Module):
    """Attention and feed-forward, each followed by a residual sum and layer normalisation."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.expand = nn.Linear(config.hidden_size, config.intermediate_size)
        self.contract = nn.Linear(config.intermediate_size, config.hidden_size)
        self.output_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None, return_weights: bool = False, selection: Selection | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Vectors after the block (B, T, D), of a selection (M, D); and on request its attention weights (B, H, T, T)."""
        attended, weights = self.attention(x, mask, return_weights, selection)
        if selection is not None:
            x = selection.of(x)  # (M, D)
        x = self.attention_norm(x + self.dropout(attended))
        x = self.output_norm(x + self.dropout(self.contract(F.gelu(self.expand(x)))))
        return x, weights


class Encoder(nn.Module):
    """Embeddings and blocks."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        token_types: Tensor | None = None,
        *,
        words: Tensor | None = None,
        first_position: int = 0,
        return_hidden: bool = False,
        return_attentions: bool = False,
        selection: Selection | None = None,
    ) -> EncoderOutput:
        """Contextual vectors of tokens.

        Args:
            ids: Token ids, (B, T), T at most ``max_positions``.
            mask: True for tokens, False for padding, (B, T); None when nothing is padded.
            token_types: 0 or 1 for every token, (B, T); None means all 0.
            words: k-mer vectors in the place of those of ``ids``, (B, T, D).
            first_position: Position of the first token; more than 0 only in pre-training.
            return_hidden: Keep the vectors of every layer.
            return_attentions: Keep the attention weights of every layer (T x T memory).
            selection: The tokens whose last vectors are wanted; None is all. Not used when hidden vectors or attentions are kept.

        Returns:
            Vectors and what was asked for.

        Raises:
            SequenceError: There are more tokens than positions.
        """
        bias = None if mask is None else _additive(mask)  # (B, 1, 1, T) of 0 and -inf
        x = self.embeddings(ids, token_types, words, first_position)  # (B, T, D)
        hidden, attentions = [x], []
        if return_hidden or return_attentions:
            selection = None
        for number, block in enumerate(self.blocks, start=1):
            x, weights = block(x, bias, return_attentions, selection if number == len(self.blocks) else None)
            if return_hidden:
                hidden.append(x)
            if weights is not None:
                attentions.append(weights)
        return EncoderOutput(x, tuple(hidden) if return_hidden else None, tuple(attentions) if return_attentions else None)

    def first_weights(
        self, ids: Tensor, mask: Tensor | None = None, token_types: Tensor | None = None, *, layers: Sequence[int] = (-1,)
    ) -> Tensor:
        """What [CLS] attends to in some layers; memory O(T), and no layer above the last one asked for is run.

        Args:
            ids: Token ids, (B, T).
            mask: True for tokens, (B, T), or None.
            token_types: 0 or 1 for every token, (B, T); None means all 0.
            layers: Numbers of layers from 0; negative ones count from the last, -1.

        Returns:
            Attention weights in float32, (B, N, H, T) in [0, 1], layers in the order asked for.

        Raises:
            SequenceError: There are more tokens than positions.
        """
        wanted = [range(len(self.blocks))[layer] for layer in layers]
        bias = None if mask is None else _additive(mask)  # (B, 1, 1, T) of 0 and -inf
        x = self.embeddings(ids, token_types)  # (B, T, D)
        found: dict[int, Tensor] = {}
        for number, block in enumerate(self.blocks):
            if number in wanted:
                assert isinstance(block, Block)
                found[number] = block.attention.first_weights(x, bias)  # (B, H, T)
            if number == max(wanted):
                break
            x, _ = block(x, bias)  # (B, T, D)
        return torch.stack([found[number] for number in wanted], dim=1)

    def weights_by_layer(self, ids: Tensor, mask: Tensor | None = None, token_types: Tensor | None = None) -> Iterator[Tensor]:
        """Attention weights (B, H, T, T) of each layer in turn, the first first; only one layer's are held.

        Args:
            ids: Token ids, (B, T).
            mask: True for tokens, (B, T), or None.
            token_types: 0 or 1 for every token, (B, T); None means all 0.

        Raises:
            SequenceError: There are more tokens than positions.
        """
        bias = None if mask is None else _additive(mask)  # (B, 1, 1, T) of 0 and -inf
        x = self.embeddings(ids, token_types)  # (B, T, D)
        for block in self.blocks:
            x, weights = block(x, bias, True)  # (B, T, D), (B, H, T, T)
            yield weights


def _additive(mask: Tensor) -> Tensor:
    """(B, 1, 1, T) of 0 and -inf. A row of padding only may attend to itself: it is read by nobody, but must not become NaN."""
    bias = torch.zeros(mask.shape, device=mask.device)
    return bias.masked_fill(~mask & mask.any(1, keepdim=True), float("-inf"))[:, None, None, :]


def initialise(module: nn.Module, std: float) -> None:
    """Fresh weights as in BERT: normal with ``std`` for matrices, 0 for biases, 1 for normalisation scales.

    Source: Devlin et al. 2019, published code (``initializer_range``).
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=std)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
