"""Contigs drawn for the splits until each has about the share that is wanted."""

from collections.abc import Mapping, Sequence

from dnabert.data.datasets.example import SplitName

__all__ = ["draw_shares", "fill_shares"]


def draw_shares(order: Sequence[str], weights: Mapping[str, int], wanted: Mapping[SplitName, float]) -> dict[SplitName, list[str]]:
    """Contigs for each split, until they weigh about what is wanted; at least one each, and at least one is left over.

    The splits are served one after the other, with the contigs in order: with each that brings it nearer to its share and overshoots by no
    more than half. A split that gets none that way takes one of the lightest.

    Args:
        order: The contigs, more than there are splits.
        weights: The weight of each.
        wanted: The weight that each split is to have.
    """
    chosen: dict[SplitName, list[str]] = {}
    left = dict.fromkeys(order)
    for split, share in wanted.items():
        num_kept = len(wanted) - len(chosen)  # for the splits to come and for training
        names = _take(left, weights, share, num_kept)
        if not names:
            lightest = min(weights[name] for name in left)
            names.append(next(name for name in left if weights[name] <= lightest + share / 2))
            del left[names[0]]
        chosen[split] = names
    return chosen


def fill_shares(order: Sequence[str], weights: Mapping[str, int], wanted: Mapping[SplitName, float]) -> dict[SplitName, list[str]]:
    """The same, but a split gets no contig where none brings it nearer to its share without overshooting by more than half."""
    left = dict.fromkeys(order)
    return {split: _take(left, weights, share, 0) for split, share in wanted.items()}


def _take(left: dict[str, None], weights: Mapping[str, int], share: float, num_kept: int) -> list[str]:
    """Takes contigs out of those that are left, of which ``num_kept`` are to stay at least."""
    missing = share
    names: list[str] = []
    for name in list(left):
        if weights[name] < 2 * missing and weights[name] <= missing + share / 2 and len(left) > num_kept:
            names.append(name)
            missing -= weights[name]
            del left[name]
    return names
