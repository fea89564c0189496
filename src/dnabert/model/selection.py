"""The tokens whose vectors a head reads: the last block computes no others.

Every token's key and value are needed in the last block, but only the tokens that are read need a query, a feed-forward layer and logits:
[CLS] of a classifier, the hidden k-mers of pre-training. The answers are the same.

Legend: B batch, T tokens, D width, M tokens that are read, Q the most of them in one row.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Selection", "select_first", "select_tokens"]


@dataclass(frozen=True)
class Selection:
    """Tokens of a batch.

    Attributes:
        grid: Where they are in the flattened (B x T) tokens, row by row, (B, Q); rows with fewer are filled up with their first token.
        places: Where the tokens that are read are in the flattened grid, in the order in which they are wanted, (M,); None if all are.
    """

    grid: Tensor
    places: Tensor | None

    def of(self, x: Tensor) -> Tensor:
        """The vectors (M, D) of the tokens that are read, from those of all tokens, (B, T, D)."""
        rows = x.flatten(0, 1)
        grid = self.grid.flatten()
        return rows.index_select(0, grid if self.places is None else grid[self.places])

    def padded(self, x: Tensor) -> Tensor:
        """Vectors in rows of equal length, (B, Q, D), from those of all tokens, (B, T, D)."""
        return x.flatten(0, 1).index_select(0, self.grid.flatten()).view(*self.grid.shape, -1)

    def without_padding(self, x: Tensor) -> Tensor:
        """The vectors (M, D) of the tokens that are read, from rows of equal length, (B, Q, D)."""
        rows = x.flatten(0, 1)
        return rows if self.places is None else rows.index_select(0, self.places)


def select_first(batch: int, tokens: int, device: torch.device) -> Selection:
    """The first token of every row of a batch of ``batch`` rows of ``tokens``."""
    return Selection((torch.arange(batch, device=device) * tokens)[:, None], None)


def select_tokens(positions: Tensor, batch: int, tokens: int, device: torch.device) -> Selection | None:
    """The tokens at ``positions``, or None if so many are wanted that a selection saves nothing.

    Args:
        positions: Indices into the flattened (B x T) tokens, in any order, (M,). If they are on the host, the device is not waited for.
        batch: Rows B.
        tokens: Tokens of a row, T.
        device: Where the model computes.
    """
    positions = positions.long()
    rows = positions // tokens  # (M,)
    order = torch.argsort(rows, stable=True)
    counts = torch.bincount(rows, minlength=batch)  # (B,)
    most = int(counts.max()) if len(counts) else 0
    if most == 0 or 2 * most > tokens:
        return None
    starts = counts.cumsum(0) - counts
    slots = torch.empty_like(rows)
    slots[order] = torch.arange(len(rows), device=rows.device) - starts[rows[order]]  # its number among those of its row
    places = rows * most + slots
    grid = (torch.arange(batch, device=rows.device) * tokens)[:, None].repeat(1, most)
    grid.view(-1)[places] = positions
    return Selection(_moved(grid, device), _moved(places, device))


def _moved(x: Tensor, device: torch.device) -> Tensor:
    if x.device == device or device.type == "cpu":
        return x.to(device)
    return x.pin_memory().to(device, non_blocking=True)  # only from pinned memory does the host not wait
