"""Times of things that are compared: in turn, round after round, so that a noisy machine disturbs all alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["MAX_SPREAD", "MIN_ROUNDS", "Spread", "per_round", "refusal", "seconds", "spread_of", "take_turns"]

MIN_ROUNDS = 5
"""Fewer give no ratio."""

MAX_SPREAD = 0.30
"""Largest middle half (interquartile range) of the rounds, as a share of their median, that still gives a ratio."""

Case = Callable[[], float]
"""Does its work and returns its seconds for one unit (a step, a million bases, ...)."""


@dataclass(frozen=True)
class Spread:
    """Where the values of the rounds lie.

    Attributes:
        median: The middle one.
        q1: A quarter is below.
        q3: A quarter is above.
        low: The lowest.
        high: The highest.
    """

    median: float
    q1: float
    q3: float
    low: float
    high: float


def spread_of(values: Sequence[float]) -> Spread:
    """The spread of one or more values; quartiles lie between neighbours, as numpy's do."""
    if len(values) == 1:
        return Spread(*[values[0]] * 5)
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, q1, q3, min(values), max(values))


def refusal(values: Sequence[float]) -> str | None:
    """Why these values must not be summed up in one number; None where they may."""
    if len(values) < MIN_ROUNDS:
        return f"too few rounds: {len(values)} of {MIN_ROUNDS}"
    spread = spread_of(values)
    wide = spread.q3 - spread.q1
    if wide > MAX_SPREAD * abs(spread.median):
        share = f"{100 * wide / abs(spread.median):.0f} %" if spread.median else "more than all"
        return f"spread too wide: the middle half of {len(values)} rounds is {share} of the median (limit {100 * MAX_SPREAD:.0f} %)"
    return None


def per_round(reference: Sequence[float], ours: Sequence[float]) -> tuple[float, ...]:
    """Reference over ours in each round: how many times faster ours was."""
    return tuple(theirs / own for theirs, own in zip(reference, ours, strict=True))


def seconds(work: Callable[[], object], count: float = 1, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of one call for each of the ``count`` units that it works through."""
    start = clock()
    work()
    return (clock() - start) / count


def take_turns(
    cases: Mapping[str, Case], rounds: int, warmups: int = 1, report: Callable[[str], None] | None = None
) -> dict[str, tuple[float, ...]]:
    """Seconds of every case in every round.

    Args:
        cases: What to time, by name.
        rounds: Rounds that count.
        warmups: Rounds before, that do not.
        report: Told a line after each round.

    Returns:
        For each case its seconds, one for each round. Each round begins with another case, so that none always follows the same one.
    """
    names = list(cases)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-warmups, rounds):
        first = number % len(names)
        times = {}
        gc.collect()
        for name in names[first:] + names[:first]:
            times[name] = cases[name]()
        if report:
            label = f"round {number + 1} of {rounds}" if number >= 0 else "warm-up"
            report(f"{label}: " + ", ".join(f"{name} {times[name]:.4g}" for name in names))
        if number >= 0:
            for name in names:
                found[name].append(times[name])
    return {name: tuple(values) for name, values in found.items()}
