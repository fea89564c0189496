"""Background DNA: an order-k Markov chain whose G+C share drifts along the contig.

One table of conditional probabilities per level of G+C. The weight of a (k+1)-mer is the product of its base
composition, a random taste of its own (that of its reverse complement too, so that both strands look alike), a penalty
for CpG, a gain for TpG and CpA, which deamination turns it into, and a gain for runs of A or T. Each table is scaled so
that the stationary G+C share of the chain is the level's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate.streams import Stream, open_stream
from dnabert.dna.sequence import BASES, Codes

__all__ = ["BackgroundModel", "build_background_model", "gc_level_track", "sample_background"]

FloatArray = npt.NDArray[np.float64]

_ISOCHORE_OFFSETS = np.linspace(-0.06, 0.06, 7)
"""G+C share of the isochore levels relative to the mean (our choice; human isochores span about 0.35 to 0.53)."""

_ISLAND_GC = 0.64
"""Source: Gardiner-Garden and Frommer 1987 ask for more than 0.5; human islands average about 0.65."""

_CPG_WEIGHT = 0.22
"""Observed over expected CpG of bulk vertebrate DNA. Source: Bird 1980, about one fifth."""

_ISLAND_CPG_WEIGHT = 0.85
"""The same in islands. Source: Gardiner-Garden and Frommer 1987 ask for more than 0.6."""

_DEAMINATION_GAIN = 1.15
"""Weight of TpG and CpA outside islands (our choice)."""

_RUN_GAIN = 1.35
"""Weight of one more A after k A, and the same for T (our choice; makes poly-A and poly-T tracts)."""

_TASTE_SD = 0.18
"""Standard deviation of the natural logarithm of a (k+1)-mer's own weight (our choice)."""

_DRIFT_STEP_BP = 25_000
"""Distance between the knots of the isochore drift (our choice)."""

_WALK_BP = 1000
"""Bases per walk: all walks of a contig advance together, one base at a time."""

_BURN_IN_BP = 12
"""Bases thrown away at the start of each walk, so that its random start is forgotten."""

_POWER_STEPS = 40
"""Multiplications that find an eigenvector: the chain forgets within a few bases, so these are plenty."""


@dataclass(frozen=True)
class BackgroundModel:
    """Tables of the background chain."""

    order: int
    """Bases that the next one depends on."""
    level_gc: FloatArray
    """Stationary G+C share of each level, 0-1, shape (levels,); the last level is the CpG island."""
    thresholds: npt.NDArray[np.float32]
    """Cumulated conditional probabilities of the codes 0, 1, 2, shape (levels * 4**order, 3); the row is
    ``level * 4**order + context``."""

    @property
    def island_level(self) -> int:
        """Index of the CpG island's level."""
        return len(self.level_gc) - 1


def build_background_model(order: int, gc_fraction: float, species_seed: int) -> BackgroundModel:
    """The background tables of a species.

    Args:
        order: Bases that the next one depends on, 3-5.
        gc_fraction: Mean G+C share outside islands, 0-1.
        species_seed: Seed of the tastes of the (k+1)-mers.
    """
    level_gc = np.append(gc_fraction + _ISOCHORE_OFFSETS, _ISLAND_GC)
    weights = np.stack([_taste_weights(order, species_seed)] * len(level_gc))
    for level in range(len(level_gc)):
        weights[level] *= _dinucleotide_weights(order, is_island=level == len(level_gc) - 1)
    # The stationary share grows with the composition, so halving the interval finds the composition that gives it.
    low, high = np.full(len(level_gc), 0.02), np.full(len(level_gc), 0.98)
    for _ in range(25):
        middle = (low + high) / 2
        too_low = _stationary_gc(_conditional_probs(weights, middle)) < level_gc
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    probs = _conditional_probs(weights, (low + high) / 2)
    thresholds = np.cumsum(probs, axis=2)[:, :, :3].reshape(-1, 3).astype(np.float32)
    return BackgroundModel(order, level_gc, thresholds)


def gc_level_track(
    model: BackgroundModel, contig_bp: int, islands: list[tuple[int, int]], rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """The level of each base: isochores that drift slowly, and islands.

    Args:
        model: Tables of the species.
        contig_bp: Length of the contig, in bases.
        islands: Start and end of each CpG island, 0-based half-open.
        rng: Source of randomness.

    Returns:
        Level indices, shape (contig_bp,).
    """
    num_knots = contig_bp // _DRIFT_STEP_BP + 2
    knots = np.empty(num_knots)
    drift = 0.0
    for index in range(num_knots):
        drift = 0.75 * drift + 0.03 * (2 * rng.random() - 1)
        knots[index] = drift
    positions = np.arange(contig_bp) / _DRIFT_STEP_BP
    offsets = np.interp(positions, np.arange(num_knots), knots)
    step = _ISOCHORE_OFFSETS[1] - _ISOCHORE_OFFSETS[0]
    nearest = np.rint((offsets - _ISOCHORE_OFFSETS[0]) / step).clip(0, len(_ISOCHORE_OFFSETS) - 1)
    levels: npt.NDArray[np.int16] = nearest.astype(np.int16)
    for start, end in islands:
        levels[start:end] = model.island_level
    return levels


def sample_background(model: BackgroundModel, levels: npt.NDArray[np.int16], rng: np.random.Generator) -> Codes:
    """Base codes of a contig without elements, repeats or gaps.

    The contig is cut into pieces of 1000 bases that are walked side by side; each starts anew after a short burn-in.

    Args:
        model: Tables of the species.
        levels: Level of each base, shape (contig_bp,).
        rng: Source of randomness.

    Returns:
        Codes 0-3, shape (contig_bp,).
    """
    contig_bp = len(levels)
    num_walks = -(-contig_bp // _WALK_BP)
    num_contexts = 4**model.order
    padded = np.append(levels, np.repeat(levels[-1:], num_walks * _WALK_BP - contig_bp))
    first_rows = padded.reshape(num_walks, _WALK_BP).T.astype(np.int64) * num_contexts  # (_WALK_BP, num_walks)
    contexts = rng.integers(0, num_contexts, num_walks)
    walked = np.empty((_WALK_BP, num_walks), dtype=np.uint8)
    for position in range(-_BURN_IN_BP, _WALK_BP):
        thresholds = model.thresholds[first_rows[max(position, 0)] + contexts]  # (num_walks, 3)
        drawn = rng.random(num_walks, dtype=np.float32)
        bases = (drawn[:, None] >= thresholds).sum(axis=1)
        contexts = (contexts * 4 + bases) % num_contexts
        if position >= 0:
            walked[position] = bases
    return np.ascontiguousarray(walked.T).reshape(-1)[:contig_bp]


def _taste_weights(order: int, species_seed: int) -> FloatArray:
    """Weight of each (k+1)-mer of its own, the same for its reverse complement, shape (4**k, 4)."""
    digits = _digits(order + 1)
    powers = 4 ** np.arange(order, -1, -1)
    reverse_complements = (digits[:, ::-1] ^ 1) @ powers
    noise = open_stream(species_seed, Stream.BACKGROUND_TABLE, order).standard_normal(len(digits))
    weights: FloatArray = np.exp(_TASTE_SD * (noise + noise[reverse_complements]) / np.sqrt(2))
    return weights.reshape(-1, 4)


def _dinucleotide_weights(order: int, *, is_island: bool) -> FloatArray:
    """CpG, deamination and run weights of each (k+1)-mer, shape (4**k, 4)."""
    digits = _digits(order + 1)
    last_pair = digits[:, -2:]
    code = {base: index for index, base in enumerate(BASES)}
    weights = np.ones(len(digits))
    weights[(last_pair == (code["C"], code["G"])).all(axis=1)] = _ISLAND_CPG_WEIGHT if is_island else _CPG_WEIGHT
    if not is_island:
        weights[(last_pair == (code["T"], code["G"])).all(axis=1)] *= _DEAMINATION_GAIN
        weights[(last_pair == (code["C"], code["A"])).all(axis=1)] *= _DEAMINATION_GAIN
        weights[(digits == code["A"]).all(axis=1) | (digits == code["T"]).all(axis=1)] *= _RUN_GAIN
    return weights.reshape(-1, 4)


def _digits(length: int) -> npt.NDArray[np.int64]:
    """Base codes of every word of ``length`` bases, shape (4**length, length)."""
    return np.arange(4**length)[:, None] // 4 ** np.arange(length - 1, -1, -1) % 4


def _conditional_probs(weights: FloatArray, composition_gc: FloatArray) -> FloatArray:
    """Probability of the next code, shape (levels, 4**k, 4); ``composition_gc`` is shape (levels,).

    A sequence shall be as probable as the product of its weights, which is what makes both strands alike. Scaling each
    context's weights to sum 1 would not do: the penalty for CpG would cost G and not C. So each weight is first
    multiplied by what the rest of the sequence is worth after it, the right eigenvector of the matrix of weights.
    """
    levels, num_contexts, _ = weights.shape
    weak, strong = (1 - composition_gc) / 2, composition_gc / 2
    composition = np.stack([weak, weak, strong, strong], axis=1)  # (levels, 4), order A, T, C, G
    weighted = (weights * composition[:, None, :]).reshape(levels, 4, num_contexts // 4, 4)
    worth = np.ones((levels, num_contexts))
    for _ in range(_POWER_STEPS):
        # Context d,r (first digit, rest) followed by base b is context r,b.
        worth = (weighted * worth.reshape(levels, 1, -1, 4)).sum(axis=3).reshape(levels, num_contexts)
        worth /= worth.sum(axis=1, keepdims=True)
    unscaled = (weighted * worth.reshape(levels, 1, -1, 4)).reshape(levels, num_contexts, 4)
    result: FloatArray = unscaled / unscaled.sum(axis=2, keepdims=True)
    return result


def _stationary_gc(probs: FloatArray) -> FloatArray:
    """G+C share of the chain in the long run, shape (levels,)."""
    levels, num_contexts, _ = probs.shape
    share = np.full((levels, num_contexts), 1 / num_contexts)
    for _ in range(_POWER_STEPS):
        share = (share[:, :, None] * probs).reshape(levels, 4, num_contexts).sum(axis=1)
    result: FloatArray = share.reshape(levels, -1, 4)[:, :, 2:].sum(axis=(1, 2))
    return result
