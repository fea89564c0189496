"""What to loosen when a step of the search leaves nothing."""

import math

from dnabert.motif.settings import MotifSettings
from dnabert.motif.steps.enrichment import Enrichment
from dnabert.motif.steps.islands import FoundIslands

__all__ = ["hint_for_islands", "hint_for_motifs", "hint_for_strings"]


def hint_for_islands(found: FoundIslands, settings: MotifSettings) -> str:
    """Why there are no islands, and what to try."""
    if found.num_constant == found.num_sequences:
        return (
            "all scores are equal: no base stands out in any of the sequences; try another layer (--set layer=0), --from attribution, or"
            " see with dnabert evaluate whether the model has learnt its task"
        )
    if not found.num_runs:
        return (
            f"no base scores above {settings.min_factor:g} times the lowest score of its sequence (at most {found.largest_ratio:.3g} times"
            f" are reached); lower it with --set min_factor={_below(found.largest_ratio / 2):g}, or turn the rule off with"
            " --set min_factor=0"
            if found.num_stopped_by_min
            else f"no base scores above {settings.mean_factor:g} times the mean of its sequence; lower it with --set mean_factor=1"
        )
    return (
        f"the longest run of high bases has {found.longest_bp}, fewer than {settings.min_len_bp}; lower it with"
        f" --set min_len_bp={max(found.longest_bp, 2)}, or lower --set min_factor, so that runs grow"
    )


def hint_for_strings(tested: Enrichment, num_positives: int, num_negatives: int) -> str:
    """Why no string is enriched, and what to try."""
    best = float(tested.q.min())
    often = int(tested.in_positives.max())
    return (
        f"no string occurs in more positives than chance lets expect: the lowest q is {best:.3g}, and the most frequent string is in"
        f" {often:,} of {num_positives:,} positives ({num_negatives:,} negatives); raise --set max_q={min(1.0, _above(best)):g}, give more"
        " sequences, or shorten the islands with a larger --set mean_factor, so that strings repeat"
    )


def hint_for_motifs(most_sites: int, num_outside: int, settings: MotifSettings) -> str:
    """Why no motif has enough sites, and what to try."""
    cause = f"; {num_outside:,} windows leave their sequence: shorten them with --set window_bp={max(settings.window_bp // 2, 4)}"
    return f"no group has {settings.min_sites} windows (at most {most_sites}); lower it with --set min_sites={max(most_sites, 1)}" + (
        cause if num_outside else ""
    )


def _below(value: float) -> float:
    """One digit, rounded down."""
    if not math.isfinite(value) or value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    return math.floor(value / unit) * unit


def _above(value: float) -> float:
    """One digit, rounded up to more than the value."""
    if value <= 0:
        return 0.01
    unit = 10.0 ** math.floor(math.log10(value))
    return round((math.floor(value / unit) + 1) * unit, 12)
