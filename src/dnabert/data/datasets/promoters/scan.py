"""The surroundings of start sites cut into windows: those with a TSS are promoters, the rest is none.

Where the surroundings of two sites overlap they are one stretch, so that no window is there twice. Where the first window of a stretch
begins is drawn among the places that give as many windows; else every TSS would have the same index in its window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.example import Example, SplitName
from dnabert.data.datasets.promoters.sites import Reach, Sites
from dnabert.data.datasets.promoters.streams import Stream, open_stream
from dnabert.data.datasets.splits import SPLITS
from dnabert.data.genome import GenomeStore
from dnabert.dna.regions import Region

__all__ = ["Contents", "Cuts", "cut_windows", "find_contents", "read_scanned", "surplus_negatives"]

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_NO_TSS = "no-TSS"


@dataclass(frozen=True)
class Cuts:
    """Windows around start sites.

    Attributes:
        starts: First base of each in the store, ascending on each contig; may be beyond the ends of its contig, shape (N,).
        anchors: A TSS near each, which tells its contig, shape (N,).
    """

    starts: IntArray
    anchors: IntArray


@dataclass(frozen=True)
class Contents:
    """Which start sites lie in windows. Sites are told by their index, and those of a window follow each other.

    Attributes:
        first: The first site at least a margin from the ends of the window, shape (N,).
        end: One past the last of them, shape (N,).
        is_promoter: Whether there is one, shape (N,).
        is_avoided: Whether there is no site in the window but one that is avoided, shape (N,).
        is_clear: Whether there is one, or no site at all in the window and none that is avoided, shape (N,).
    """

    first: IntArray
    end: IntArray
    is_promoter: BoolArray
    is_avoided: BoolArray
    is_clear: BoolArray

    def num_sites(self, rows: BoolArray) -> int:
        """Number of sites in the windows where ``rows``, of shape (N,), is set."""
        chosen = rows & self.is_promoter
        return len(
            {site for first, end in zip(self.first[chosen].tolist(), self.end[chosen].tolist(), strict=True) for site in range(first, end)}
        )


def cut_windows(store: GenomeStore, sites: Sites, reach: Reach, window_bp: int, stride_bp: int, rng: np.random.Generator) -> Cuts:
    """The surroundings of all sites, cut into windows.

    Args:
        store: The genome.
        sites: The start sites.
        reach: How far the surroundings go, at least one window.
        window_bp: Length of a window, in bases.
        stride_bp: Bases from the start of one window to that of the next.
        rng: Source of randomness.
    """
    contigs = np.searchsorted(store.contig_starts, sites.positions, side="right").tolist()
    starts = reach.starts(sites.positions, sites.is_reverse)
    found: list[IntArray] = []
    anchors: list[int] = []
    stretch: list[int] | None = None  # start, end, a site, contig
    for index in [*np.lexsort((starts, contigs)).tolist(), None]:
        start = 0 if index is None else int(starts[index])
        if stretch and index is not None and contigs[index] == stretch[3] and start < stretch[1]:
            stretch[1] = max(stretch[1], start + reach.window_bp)
            continue
        if stretch:
            last, slack = divmod(stretch[1] - stretch[0] - window_bp, stride_bp)
            found.append(stretch[0] + int(rng.integers(0, slack + 1)) + stride_bp * np.arange(last + 1))
            anchors += [stretch[2]] * (last + 1)
        if index is not None:
            stretch = [start, start + reach.window_bp, int(sites.positions[index]), contigs[index]]
    return Cuts(np.concatenate(found), np.array(anchors, dtype=np.int64))


def find_contents(sites: Sites, starts: IntArray, window_bp: int, margin_bp: int) -> Contents:
    """Which start sites lie in each window.

    Args:
        sites: The start sites, by position.
        starts: First base of each window, shape (N,); it lies within one contig.
        window_bp: Their length, in bases.
        margin_bp: A site makes a promoter of a window if so many bases of the window lie on either side of it.
    """
    first = np.searchsorted(sites.positions, starts + margin_bp)
    end = np.searchsorted(sites.positions, starts + window_bp - margin_bp)
    is_promoter, is_avoided = end > first, _has_site(sites.avoided, starts, window_bp)
    is_empty = ~_has_site(sites.positions, starts, window_bp)
    return Contents(first, end, is_promoter, is_empty & is_avoided, is_promoter | (is_empty & ~is_avoided))


def _has_site(positions: IntArray, starts: IntArray, window_bp: int) -> BoolArray:
    has: BoolArray = np.searchsorted(positions, starts) < np.searchsorted(positions, starts + window_bp)
    return has


def surplus_negatives(contents: Contents, splits: Sequence[SplitName], per_positive: float, seed: int) -> BoolArray:
    """Windows without a TSS that are more than are wanted, drawn at random, shape (N,).

    Args:
        contents: What lies in the windows.
        splits: Their splits; an empty text for none.
        per_positive: Most windows without a TSS of a split, for each with one, above 0; a share is rounded up.
        seed: Seed of the draw, which is another in each split.
    """
    names = np.array(splits, dtype=object)
    surplus = np.zeros(len(names), dtype=bool)
    for split in SPLITS:
        rows = np.flatnonzero((names == split) & contents.is_clear & ~contents.is_promoter)
        most = math.ceil(round(per_positive * int(((names == split) & contents.is_promoter).sum()), 9))
        surplus[open_stream(seed, Stream.SCAN_NEGATIVES, split).permutation(rows)[most:]] = True
    return surplus


def read_scanned(
    store: GenomeStore, sites: Sites, classes: Sequence[str], regions: Sequence[Region], contents: Contents, splits: Sequence[SplitName]
) -> list[Example]:
    """The rows of all windows that are clear and in a split, promoters first.

    Args:
        store: The genome.
        sites: The start sites.
        classes: ``TATA`` or ``non-TATA`` for each of them; a window with several is ``TATA`` if one of them is.
        regions: The windows.
        contents: What lies in them.
        splits: Their splits; an empty text for none.
    """
    promoters, rest = [], []
    for row, (region, split) in enumerate(zip(regions, splits, strict=True)):
        if not (split and contents.is_clear[row]):
            continue
        if contents.is_promoter[row]:
            inner = slice(int(contents.first[row]), int(contents.end[row]))
            names, category = sites.names[inner], "TATA" if "TATA" in classes[inner] else "non-TATA"
            named = Region(region.contig, region.start, region.end, f"{names[0]}/{region}", ".")
            promoters.append(Example(named, store.read(region), "1", f"tss:{','.join(names)}", category, split))
        else:
            named = Region(region.contig, region.start, region.end, f"negative:{region}", ".")
            rest.append(Example(named, store.read(region), "0", "genomic-flank", _NO_TSS, split))
    return promoters + rest
