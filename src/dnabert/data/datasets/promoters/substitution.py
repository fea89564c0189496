"""Negatives made from positives: most of a promoter is replaced by random bases, the rest stays where it is.

Source: Oubounyt et al. 2019 (DeePromoter), Front. Genet. 10:286: 20 parts, of which 12 drawn at random are replaced and 8 stay.
"""

import numpy as np

from dnabert.dna.sequence import BASES, Codes

__all__ = ["NUM_KEPT", "NUM_PARTS", "part_edges", "substitute_parts"]

NUM_PARTS = 20
"""Parts of a sequence."""

NUM_KEPT = 8
"""Parts that stay."""


def part_edges(length_bp: int) -> list[int]:
    """Where the parts begin, and where the last one ends: 21 positions.

    Parts are as even as can be, the longer ones first: 70 bases make ten parts of 4 and ten of 3.

    Args:
        length_bp: Bases of the sequence, at least 20.

    Examples:
        >>> part_edges(22)[:5]
        [0, 2, 4, 5, 6]
    """
    short, num_long = divmod(length_bp, NUM_PARTS)
    return [part * short + min(part, num_long) for part in range(NUM_PARTS + 1)]


def substitute_parts(codes: Codes, rng: np.random.Generator) -> Codes:
    """Each sequence with 8 of its 20 parts left as they are and 12 filled with random bases, all four alike, shape (N, L).

    A part that came out as it was is drawn again, so that no more than 8 stay.

    Args:
        codes: Base codes, shape (N, L), at least 20 bases each.
        rng: Source of randomness.
    """
    edges = np.array(part_edges(codes.shape[1]))
    part_of_base = np.repeat(np.arange(NUM_PARTS), np.diff(edges))
    is_filled = rng.permuted(np.tile(np.arange(NUM_PARTS) >= NUM_KEPT, (len(codes), 1)), axis=1)  # (N, 20)
    result = codes.copy()
    is_open = is_filled
    while is_open.any():
        rows = np.flatnonzero(is_open.any(axis=1))
        fill = rng.integers(0, len(BASES), (len(rows), codes.shape[1]), dtype=np.uint8)
        result[rows] = np.where(is_open[rows][:, part_of_base], fill, result[rows])
        is_open = is_filled & ~np.logical_or.reduceat(result != codes, edges[:-1], axis=1)
    return result
