"""What lies over the background: interspersed repeats, microsatellites, and runs of N."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.simulate.elements import Strand
from dnabert.data.simulate.landscape.background import BackgroundModel, sample_background
from dnabert.data.simulate.room import MAX_GAP_BP
from dnabert.data.simulate.streams import Stream, open_stream
from dnabert.dna.sequence import AMBIGUOUS, BASES, Codes, reverse_complement
from dnabert.errors import ConfigError

__all__ = [
    "Feature",
    "RepeatFamily",
    "build_repeat_families",
    "find_gaps",
    "place_gaps",
    "place_microsatellites",
    "place_repeats",
]

_FAMILY_SIZES_BP = {"SINE1": 300, "SINE2": 280, "SINE3": 310, "LINE1": 1000, "LINE2": 950}
"""Our own families; lengths after Alu (about 300 bp) and a truncated L1 (most copies are about 1 kb).
Source: Lander et al. 2001, section on interspersed repeats."""

_FAMILY_SHARES = {"SINE1": 0.25, "SINE2": 0.15, "SINE3": 0.1, "LINE1": 0.3, "LINE2": 0.2}
"""Share of the repeat bases that each family covers (our choice)."""

_TAIL_BP = 18
"""Length of the A-rich tail of each consensus."""

_DIVERGENCE = (0.05, 0.20)
"""Range of a copy's share of substituted bases."""

_MIN_GAP_BP = 50


@dataclass(frozen=True)
class Feature:
    """A stretch of the simulated genome that is no element: 0-based, half-open, forward strand."""

    kind: str
    """``cpg-island``, ``repeat``, ``microsatellite`` or ``gap``."""
    name: str
    """Family of a repeat, unit of a microsatellite, else empty."""
    contig: str
    start: int
    end: int
    strand: Strand


@dataclass(frozen=True)
class RepeatFamily:
    """A repeat's ancestral sequence."""

    name: str
    consensus: Codes
    """Base codes, shape (length,)."""


def build_repeat_families(model: BackgroundModel, species_seed: int) -> tuple[RepeatFamily, ...]:
    """The repeat families of a species: each a stretch of G+C-richer DNA with an A-rich tail."""
    rng = open_stream(species_seed, Stream.REPEAT_FAMILIES)
    families = []
    for name, length_bp in _FAMILY_SIZES_BP.items():
        level = model.island_level - 1 if name.startswith("SINE") else model.island_level // 2
        consensus = sample_background(model, np.full(length_bp, level, dtype=np.int16), rng)
        consensus[-_TAIL_BP:] = BASES.index("A")
        families.append(RepeatFamily(name, consensus))
    return tuple(families)


def place_repeats(
    codes: Codes, contig: str, families: tuple[RepeatFamily, ...], repeat_fraction: float, rng: np.random.Generator
) -> list[Feature]:
    """The copies written into ``codes``, in the order planted (a later one may cover an earlier one).

    A copy has 5-20 % substituted bases and stands on either strand; half of the copies have lost part of their 5' end.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        families: Families of the species.
        repeat_fraction: Bases planted per base of the contig, 0-1.
        rng: Source of randomness.
    """
    features = []
    for family in families:
        wanted_bp = len(codes) * repeat_fraction * _FAMILY_SHARES[family.name]
        while wanted_bp > 0:
            full_bp = len(family.consensus)
            length_bp = full_bp if rng.random() < 0.5 else int(rng.integers(full_bp // 3, full_bp))
            copy = _diverge(family.consensus[full_bp - length_bp :], rng)
            start = int(rng.integers(0, len(codes) - length_bp))
            strand: Strand = "+" if rng.random() < 0.5 else "-"
            codes[start : start + length_bp] = copy if strand == "+" else reverse_complement(copy)
            features.append(Feature("repeat", family.name, contig, start, start + length_bp, strand))
            wanted_bp -= length_bp
    return features


def place_microsatellites(codes: Codes, contig: str, per_mb: float, rng: np.random.Generator) -> list[Feature]:
    """The short tandem repeats written into ``codes``: 15-60 bases of a unit of 1-6 bases; a unit of one is A or T."""
    features = []
    for _ in range(round(len(codes) * per_mb / 1e6)):
        unit_bp = int(rng.integers(1, 7))
        unit = rng.integers(0, 2 if unit_bp == 1 else 4, unit_bp).astype(np.uint8)
        length_bp = int(rng.integers(15, 61))
        start = int(rng.integers(0, len(codes) - length_bp))
        codes[start : start + length_bp] = np.resize(unit, length_bp)
        name = "".join(BASES[code] for code in unit)
        features.append(Feature("microsatellite", name, contig, start, start + length_bp, "+"))
    return features


def place_gaps(codes: Codes, contig: str, num_gaps: int, forbidden: npt.NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Write runs of N into ``codes``, none over a forbidden base and no two touching; see :func:`find_gaps`.

    Args:
        codes: Base codes of the contig, shape (contig_bp,); changed in place.
        contig: Name of the contig.
        num_gaps: Runs to write, 50-800 bases each, shorter only where no run of the length that was drawn finds room.
        forbidden: True at the bases to keep, shape (contig_bp,).
        rng: Source of randomness.

    Raises:
        ConfigError: There is no room left for the shortest run.
    """
    forbidden = forbidden.copy()
    for number in range(num_gaps):
        longest_bp = max((end - start for start, end in _runs(~forbidden)), default=0)
        if longest_bp < _MIN_GAP_BP:
            raise ConfigError(
                f"gaps_per_contig = {num_gaps} is too many: {contig} has room for {number} between what is planted; "
                "make it smaller, or contig_bp larger"
            )
        length_bp = min(int(rng.integers(_MIN_GAP_BP, MAX_GAP_BP + 1)), longest_bp)
        blocked = np.concatenate([[0], np.cumsum(forbidden)])
        start = int(rng.choice(np.flatnonzero(blocked[length_bp:] == blocked[:-length_bp])))
        codes[start : start + length_bp] = AMBIGUOUS
        forbidden[max(start - 1, 0) : start + length_bp + 1] = True


def find_gaps(codes: Codes, contig: str) -> list[Feature]:
    """The runs of N by position, as they are in the finished contig: an element outside its labelled window may lie over a gap."""
    return [Feature("gap", "", contig, start, end, "+") for start, end in _runs(codes == AMBIGUOUS)]


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of True, by position."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _diverge(consensus: Codes, rng: np.random.Generator) -> Codes:
    """A copy in which a random share of the bases is replaced by another base."""
    share = _DIVERGENCE[0] + (_DIVERGENCE[1] - _DIVERGENCE[0]) * rng.random()
    is_changed = rng.random(len(consensus)) < share
    shift = rng.integers(1, 4, len(consensus)).astype(np.uint8)
    result: Codes = np.where(is_changed, (consensus + shift) % 4, consensus).astype(np.uint8)
    return result
