"""Transcription start sites on a genome, each with a name of its own, and those that are only to be kept away from."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.rules import find_contig
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.annotation import check_stated_lengths
from dnabert.dna.readers.kinds import refuse_other_kinds
from dnabert.dna.readers.starts import read_starts
from dnabert.dna.regions import Region, read_bed
from dnabert.errors import DataFileError, RegionError

__all__ = ["Reach", "Sites", "is_annotation", "read_sites"]

log = logging.getLogger(__name__)

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_WANTED = "transcription start sites (BED with strands, GTF or GFF3)"
_ANNOTATION_ENDINGS = (".gtf", ".gff", ".gff3")


@dataclass(frozen=True)
class Reach:
    """How far a window goes from its TSS, in the direction of transcription.

    Attributes:
        upstream_bp: Bases before the TSS; also the index of the TSS in the window.
        downstream_bp: Bases after it.
    """

    upstream_bp: int
    downstream_bp: int

    @property
    def window_bp(self) -> int:
        """Bases of the window, that of the TSS included."""
        return self.upstream_bp + 1 + self.downstream_bp

    def starts(self, tss: IntArray, is_reverse: BoolArray) -> IntArray:
        """First base of each window on the forward strand, shape (N,)."""
        return tss - np.where(is_reverse, self.downstream_bp, self.upstream_bp)

    def tss(self, starts: IntArray, is_reverse: BoolArray) -> IntArray:
        """Where the TSS is in windows with these starts, shape (N,)."""
        return starts + np.where(is_reverse, self.downstream_bp, self.upstream_bp)

    def __str__(self) -> str:
        return f"TSS-{self.upstream_bp}..TSS+{self.downstream_bp}"


@dataclass(frozen=True)
class Sites:
    """Transcription start sites, by contig and position.

    Attributes:
        names: Their names, no two the same.
        positions: Their bases in the store, shape (N,).
        is_reverse: Whether they are on the reverse strand, shape (N,).
        avoided: Bases in the store of other start sites, which give no promoters and which no negative may be near; ascending, shape (M,).
    """

    names: tuple[str, ...]
    positions: IntArray
    is_reverse: BoolArray
    avoided: IntArray

    def __len__(self) -> int:
        return len(self.names)

    def chosen(self, keep: BoolArray) -> "Sites":
        """Those where ``keep``, of shape (N,), is set."""
        names = tuple(name for name, kept in zip(self.names, keep.tolist(), strict=True) if kept)
        return Sites(names, self.positions[keep], self.is_reverse[keep], self.avoided)


def _tell_of_wide(regions: Sequence[Region], path: Path, counts: Counter[str]) -> None:
    """Count regions of more than one base, of which the first counts: intervals about a TSS would give windows beside it."""
    wide = [region for region in regions if region.end - region.start > 1]
    if wide:
        counts["TSS regions of more than one base, whose first is taken"] = len(wide)
        log.warning(
            "%s: %d of %d regions have more than one base, the first at %s: the TSS is taken to be the first base in the direction of"
            " transcription; give the TSS alone if that is not it",
            path,
            len(wide),
            len(regions),
            wide[0].where,
        )


def is_annotation(path: Path) -> bool:
    """Whether a file is GTF or GFF3, by its name; if not, it is taken for BED."""
    return _ending(path) in _ANNOTATION_ENDINGS


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz").removesuffix(".bgz")).suffix


def read_sites(
    store: GenomeStore,
    path: Path,
    skip_unknown_contigs: bool,
    counts: Counter[str],
    *,
    merge_bp: int = 1,
    also_avoid: Sequence[Path] = (),
) -> Sites:
    """The start sites that a file has on a genome; of those at one base and strand, or closer than ``merge_bp``, the first.

    Those that are left out for being close, uncertain ones (:func:`dnabert.dna.readers.starts.read_starts`), and those
    of other files are avoided.

    Args:
        store: The genome.
        path: GTF, GFF3 or BED. In BED each region has a strand, and the site is its first base in that direction.
        skip_unknown_contigs: Whether sites of contigs that the genome lacks are left out; if not, they are an error.
        counts: What was read and left out is added to it.
        merge_bp: Of sites of one strand that are closer than this, in bases, the first is taken.
        also_avoid: More such files, whose sites are avoided; contigs that the genome lacks are passed over in them.

    Raises:
        DataFileError: The file cannot be read, is of another kind, or all of its sites are on contigs that the genome lacks.
        RegionError: A line is malformed, has no strand, goes beyond its contig, or its contig is not in the genome.
    """
    certain, uncertain = _read_starts(store, path)
    used, unsure = (
        [region for region in found if not skip_unknown_contigs or store.names.knows(region.contig)] for found in (certain, uncertain)
    )
    num_read = len(certain) + len(uncertain)
    counts["TSS read"] = num_read
    counts["TSS of contigs that the genome lacks"] = num_read - len(used) - len(unsure)
    found: dict[tuple[int, bool], str] = {}
    merged: set[tuple[int, bool]] = set()
    cells: dict[tuple[str, str, int], int] = {}
    taken: set[str] = set()
    for region in used:
        contig, position = _place(store, region, path)
        key = position, region.strand == "-"
        if key in found or key in merged:
            continue
        if _is_near(cells, contig, region.strand, position, merge_bp):
            merged.add(key)
            continue
        cells[contig, region.strand, position // merge_bp] = position
        found[key] = _unique_name(region.name or f"{contig}:{_first_base(region).start}({region.strand})", taken)
    lost = {(_place(store, region, path)[1], region.strand == "-") for region in unsure} - found.keys() - merged
    _tell_of_wide(certain, path, counts)
    counts["TSS at the base and strand of another"] = len(used) + len(unsure) - len(found) - len(merged) - len(lost)
    counts["uncertain TSS, avoided"] = len(lost)
    counts["TSS nearer than merge_bp to another, avoided"] = len(merged)
    if not found:
        raise DataFileError(f"{path}: all {len(certain)} TSS are on contigs that the genome lacks ({certain[0].contig}, ...)")
    check_stated_lengths(path, store.names, {store.names.find(region.contig, region.where, str(path)) for region in used})
    others = _positions_of_files(store, also_avoid)
    counts["TSS of other files, avoided"] = len(others)
    ordered = sorted(found)
    return Sites(
        tuple(found[key] for key in ordered),
        np.array([position for position, _ in ordered], dtype=np.int64),
        np.array([is_reverse for _, is_reverse in ordered], dtype=np.bool_),
        np.array(sorted(others | {position for position, _ in merged | lost}), dtype=np.int64),
    )


def _read_starts(store: GenomeStore, path: Path) -> tuple[list[Region], list[Region]]:
    """The start sites of a file, and the uncertain ones; no transcript of an annotation goes beyond its contig."""
    refuse_other_kinds(path, _WANTED)
    if not is_annotation(path):
        return list(read_bed(path)), []
    parts: tuple[list[Region], list[Region]] = ([], [])
    for start in read_starts(path):
        region = start.region
        if store.names.knows(region.contig):
            contig = store.names.find(region.contig, region.where, str(path))
            store.names.check_end(f"transcript {start.transcript or region.name}", start.end, contig, region.where)
        parts[not start.is_certain].append(region)
    return parts


def _place(store: GenomeStore, region: Region, path: Path) -> tuple[str, int]:
    """Contig of a start site, as the genome names it, and its base in the store."""
    contig = find_contig(store, region.contig, region.where, str(path))
    first = _first_base(region)
    whole = Region(contig, region.start, region.end, where=region.where)
    return contig, store.position(whole) + first.start - region.start


def _positions_of_files(store: GenomeStore, paths: Iterable[Path]) -> set[int]:
    """Bases in the store of all start sites of files, the uncertain ones too; contigs that the genome lacks are passed over."""
    found: set[int] = set()
    for path in paths:
        certain, uncertain = _read_starts(store, path)
        known = [region for region in (*certain, *uncertain) if store.names.knows(region.contig)]
        found |= {_place(store, region, path)[1] for region in known}
        check_stated_lengths(path, store.names, {store.names.find(region.contig, region.where, str(path)) for region in known})
    return found


def _is_near(cells: Mapping[tuple[str, str, int], int], contig: str, strand: str, position: int, merge_bp: int) -> bool:
    """Whether a site of the strand is closer than ``merge_bp``; a cell of so many bases has one at most."""
    cell = position // merge_bp
    near = (cells.get((contig, strand, other)) for other in (cell - 1, cell, cell + 1))
    return any(other is not None and abs(other - position) < merge_bp for other in near)


def _first_base(region: Region) -> Region:
    if region.strand == ".":
        raise RegionError(f"{region.where}: has no strand; a TSS needs + or - in column 6, which decides what is upstream of it")
    start = region.start if region.strand == "+" else region.end - 1
    return Region(region.contig, start, start + 1, region.name, region.strand, region.where)


def _unique_name(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}.{number}"
    taken.add(candidate)
    return candidate
