"""Where factors would bind in given bases, planted or by chance, and how chance is taken away.

The rule is the one that sites are planted by: a motif that is good enough, on either strand, and beside it the partner at a lawful distance
if the factor has one. What is said of a window is true only if no factor binds in it that is not named.
"""

from collections.abc import Iterable, Iterator, Set

import numpy as np

from dnabert.data.simulate.tfbs.factors import FACTORS, Factor
from dnabert.dna.sequence import AMBIGUOUS, Codes, reverse_complement

__all__ = ["clear_chance_sites", "find_bound", "find_bound_factors"]

_FLANK_BP = 4
"""Bases to either side of a place whose order is changed with it, so that a place of which most was planted can be broken, too."""

_MAX_SHUFFLES = 50


def find_bound(codes: Codes, factor: Factor) -> Iterator[tuple[int, int]]:
    """Start and end of every place that the factor would bind, its partner included, on either strand; 0-based, half-open.

    Args:
        codes: Base codes, shape (L,), values 0-4.
        factor: The factor.
    """
    for is_reverse in (False, True):
        strand = reverse_complement(codes) if is_reverse else codes
        if len(strand) < factor.motif.length_bp:
            return
        starts = np.flatnonzero(factor.motif.scan(strand) >= factor.bound_bits)
        for start in starts.tolist():
            for length_bp in _bound_lengths(strand, start, factor):
                yield (len(codes) - start - length_bp, len(codes) - start) if is_reverse else (start, start + length_bp)


def find_bound_factors(codes: Codes) -> frozenset[str]:
    """The factors that would bind somewhere in the bases, by name."""
    return frozenset(factor.name for factor in FACTORS if next(find_bound(codes, factor), None) is not None)


def clear_chance_sites(
    codes: Codes, start: int, end: int, bound_by: Set[str], planted: Iterable[tuple[int, int]], rng: np.random.Generator
) -> bool:
    """Change the order of bases until no factor binds in a stretch but those named; G+C stays as it was.

    Args:
        codes: Base codes of a contig, shape (contig_bp,); changed in place between ``start`` and ``end``.
        start: First base of the stretch.
        end: One past its last base; the stretch has no ambiguous base.
        bound_by: The factors that may bind.
        planted: Start and end of what must stay as it is.
        rng: Source of randomness.

    Returns:
        Whether it could be done: not where what was planted makes a place by itself.
    """
    is_free = codes[start:end] != AMBIGUOUS
    for first, last in planted:
        is_free[max(first - start, 0) : max(last - start, 0)] = False
    for _ in range(_MAX_SHUFFLES):
        stretch = codes[start:end]
        spans = (span for factor in FACTORS if factor.name not in bound_by for span in find_bound(stretch, factor))
        span = next(spans, None)
        if span is None:
            return True
        first = max(span[0] - _FLANK_BP, 0)
        places = first + np.flatnonzero(is_free[first : span[1] + _FLANK_BP])
        if not is_free[span[0] : span[1]].any():
            return False
        stretch[places] = rng.permutation(stretch[places])
    return False


def _bound_lengths(codes: Codes, start: int, factor: Factor) -> Iterator[int]:
    """Bases from a motif that is good enough to the end of its partner, for every lawful distance at which there is one."""
    length_bp = factor.motif.length_bp
    if factor.partner is None:
        yield length_bp
        return
    for gap_bp, _ in factor.gap_probs:
        first = start + length_bp + gap_bp
        last = first + factor.partner.length_bp
        if last <= len(codes) and float(factor.partner.scan(codes[first:last])[0]) >= factor.partner_bits:
            yield last - start
