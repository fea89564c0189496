"""Where windows of a scan lie, and the shards that they are worked on in. Nothing here reads a base or needs a model.

A stretch is a contig, or what overlapping or touching regions of a BED file cover together. In a stretch windows begin at its first base
and then every stride; of a token model the last window ends with the stretch. Windows are numbered through all stretches, and a shard
holds a fixed number of them, so that batches are the same whatever the size of a shard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dnabert.device import seed_of
from dnabert.dna.regions import Genome, read_bed, source_of
from dnabert.errors import RegionError
from dnabert.infer.scan.config import Windows

__all__ = ["BaseShard", "Content", "Drawn", "Run", "Segment", "Stretch", "Stretches", "WindowShard", "draw_windows", "find_stretches"]

_SPARE = 4
"""Times as many windows are drawn for the background as are wanted, since those with N are left out."""


@dataclass(frozen=True)
class Stretch:
    """Bases [start, end) of a contig."""

    contig: str
    start: int
    end: int


@dataclass(frozen=True)
class Run:
    """Windows of a stretch that follow each other.

    Attributes:
        contig: The contig.
        start: First base of the first window, 0-based.
        count: Windows.
        is_first: Whether the stretch begins with them.
    """

    contig: str
    start: int
    count: int
    is_first: bool


@dataclass(frozen=True)
class Segment:
    """Bases of a stretch for which a token model answers.

    Attributes:
        stretch: The stretch, which windows are laid out in.
        first: First base.
        last: One past the last base.
    """

    stretch: Stretch
    first: int
    last: int


@dataclass(frozen=True)
class WindowShard:
    """Windows, one score each.

    Attributes:
        runs: Where they are.
    """

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class BaseShard:
    """Bases, one score each.

    Attributes:
        segments: Where they are.
    """

    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Drawn:
    """Windows that are shuffled for the background.

    Attributes:
        places: Contig and first base of each.
        wanted: The first so many of them without N are taken.
        shuffles: Shuffles of each.
        seed: Decides how.
    """

    places: tuple[tuple[str, int], ...]
    wanted: int
    shuffles: int
    seed: int


Content = WindowShard | BaseShard | Drawn
"""What a shard holds."""


@dataclass(frozen=True)
class Stretches:
    """What is scanned.

    Attributes:
        all: The stretches, contigs in the order of the genome, by position.
        num_short: Contigs or merged regions that are shorter than one window and so left out.
    """

    all: tuple[Stretch, ...]
    num_short: int

    def window_shards(self, windows: Windows, size: int) -> Iterator[WindowShard]:
        """Shards of ``size`` windows, one score each; the last may hold fewer."""
        runs: list[Run] = []
        room = size
        for stretch in self.all:
            left, start = num_windows(stretch, windows), stretch.start
            while left:
                count = min(left, room)
                runs.append(Run(stretch.contig, start, count, start == stretch.start))
                left, start, room = left - count, start + count * windows.stride_bp, room - count
                if not room:
                    yield WindowShard(tuple(runs))
                    runs, room = [], size
        if runs:
            yield WindowShard(tuple(runs))

    def base_shards(self, size: int) -> Iterator[BaseShard]:
        """Shards of ``size`` bases, one score each; the last may hold fewer."""
        segments: list[Segment] = []
        room = size
        for stretch in self.all:
            first = stretch.start
            while first < stretch.end:
                last = min(stretch.end, first + room)
                segments.append(Segment(stretch, first, last))
                room -= last - first
                first = last
                if not room:
                    yield BaseShard(tuple(segments))
                    segments, room = [], size
        if segments:
            yield BaseShard(tuple(segments))


def num_windows(stretch: Stretch, windows: Windows) -> int:
    """Windows in a stretch."""
    return max(0, (stretch.end - stretch.start - windows.window_bp) // windows.stride_bp + 1)


def find_stretches(genome: Genome, regions: Path | None, min_bp: int) -> Stretches:
    """What is scanned.

    Args:
        genome: The genome.
        regions: BED file; None is all contigs.
        min_bp: Fewest bases of a stretch.

    Raises:
        RegionError: A region is malformed or outside the genome, or no stretch is long enough.
        DataFileError: The file cannot be read.
    """
    found = [Stretch(name, 0, length) for name, length in genome.lengths.items()] if regions is None else _merged(genome, regions)
    kept = tuple(stretch for stretch in found if stretch.end - stretch.start >= min_bp)
    if not kept:
        what = "contig" if regions is None else "merged region"
        raise RegionError(f"{regions or genome.path}: no {what} is as long as a window of {min_bp} bases; take a shorter --window")
    return Stretches(kept, len(found) - len(kept))


def _merged(genome: Genome, regions: Path) -> list[Stretch]:
    by_contig: dict[str, list[tuple[int, int]]] = {name: [] for name in genome.lengths}
    for region in read_bed(regions):
        contig = genome.names.find(region.contig, region.where, source_of(region.where))
        if region.end > genome.lengths[contig]:
            raise RegionError(f"{region.where}: end {region.end} is beyond {contig}, which has {genome.lengths[contig]} bases")
        by_contig[contig].append((region.start, region.end))
    found: list[Stretch] = []
    for contig, spans in by_contig.items():
        for start, end in sorted(spans):
            if found and found[-1].contig == contig and start <= found[-1].end:
                found[-1] = Stretch(contig, found[-1].start, max(end, found[-1].end))
            else:
                found.append(Stretch(contig, start, end))
    return found


def draw_windows(stretches: Stretches, windows: Windows, wanted: int, shuffles: int, seed: int) -> Drawn:
    """Windows for the background, drawn evenly from what is scanned, of the length that one score is made of.

    Args:
        stretches: What is scanned.
        windows: The windows.
        wanted: Windows without N; fewer are found where there are not so many.
        shuffles: Shuffles of each.
        seed: Source of randomness.
    """
    longer = Windows(windows.evaluation_bp, windows.stride_bp)
    counts = np.cumsum([num_windows(stretch, longer) for stretch in stretches.all])
    total = int(counts[-1]) if len(counts) else 0
    if not total:  # a token model reads stretches that are shorter than a window
        return Drawn((), wanted, shuffles, seed)
    rng = np.random.default_rng(seed_of(seed, "background"))
    numbers = rng.permutation(np.unique(rng.integers(0, total, size=_SPARE * wanted)))
    owners = np.searchsorted(counts, numbers, side="right")
    within = numbers - np.concatenate(([0], counts))[owners]
    places = [
        (stretches.all[owner].contig, stretches.all[owner].start + place * windows.stride_bp)
        for owner, place in zip(owners.tolist(), within.tolist(), strict=True)
    ]
    return Drawn(tuple(places), wanted, shuffles, seed)
