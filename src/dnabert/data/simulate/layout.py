"""What stands where along a contig, decided before any base is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnabert.data.simulate.elements import Strand, forward_interval
from dnabert.data.simulate.room import SITE_SPACING_BP

__all__ = ["Lot", "Plan", "lay_out"]

_ISLAND_ARM_BP = (250, 500)
"""Range of the bases a CpG island reaches to either side of its anchor (our choice; covers the widest promoter window)."""


@dataclass(frozen=True)
class Lot:
    """Something that wants a place on a contig."""

    upstream_bp: int
    """Bases of room before its anchor, in reading direction."""
    downstream_bp: int
    """Bases of room from its anchor on."""
    reach_upstream_bp: int
    """Bases before its anchor that no gap may touch, fewer than its room."""
    reach_downstream_bp: int
    """Bases after its anchor that no gap may touch, fewer than its room."""
    kinds: tuple[tuple[float, float], ...]
    """The kinds that one is drawn of: share among them, and probability to lie in a CpG island, 0-1."""


@dataclass(frozen=True)
class Plan:
    """The place of a lot."""

    anchor: int
    strand: Strand
    kind: int
    """Index of the kind that was drawn."""
    island: tuple[int, int] | None
    """Start and end of the CpG island around the anchor, if it lies in one."""
    kept: tuple[int, int]
    """Start and end of what no gap may touch."""


def lay_out(contig_bp: int, lots: Sequence[Lot], rng: np.random.Generator) -> list[Plan]:
    """The place of each lot, in the order given; along the contig they stand in random order and never share room.

    Args:
        contig_bp: Length of the contig, in bases.
        lots: What wants a place.
        rng: Source of randomness.
    """
    end_bp = SITE_SPACING_BP // 2
    slack_bp = contig_bp - 2 * end_bp - sum(lot.upstream_bp + lot.downstream_bp for lot in lots)
    assert slack_bp >= 0, f"the lots need {-slack_bp} bp more than the contig has"
    slacks = np.sort(rng.integers(0, slack_bp + 1, len(lots))).tolist()
    plans: dict[int, Plan] = {}
    room_start = end_bp
    for slack, index in zip(slacks, rng.permutation(len(lots)).tolist(), strict=True):
        lot = lots[index]
        kind = _draw_kind(lot, rng)
        strand: Strand = "+" if rng.random() < 0.5 else "-"
        left_bp, right_bp = rng.integers(_ISLAND_ARM_BP[0], _ISLAND_ARM_BP[1] + 1, 2).tolist()
        in_island = rng.random() < lot.kinds[kind][1]
        anchor = room_start + slack + (lot.upstream_bp if strand == "+" else lot.downstream_bp)
        island = (anchor - left_bp, anchor + right_bp) if in_island else None
        kept = forward_interval(anchor, strand, -lot.reach_upstream_bp, lot.reach_downstream_bp + 1)
        plans[index] = Plan(anchor, strand, kind, island, kept)
        room_start += lot.upstream_bp + lot.downstream_bp
    return [plans[index] for index in range(len(lots))]


def _draw_kind(lot: Lot, rng: np.random.Generator) -> int:
    if len(lot.kinds) == 1:
        return 0
    cumulated = np.cumsum([share for share, _ in lot.kinds])
    return int((rng.random() * cumulated[-1] >= cumulated[:-1]).sum())
