"""Peaks of each factor as arrays, since hundreds of files hold millions of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from dnabert.choices import SummitRule
from dnabert.data.datasets.intervals import IntArray
from dnabert.data.datasets.rules import find_contig
from dnabert.data.datasets.tfbs.config import TfbsConfig
from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.kinds import refuse_other_kinds
from dnabert.dna.readers.peaks import Peak, read_peaks
from dnabert.dna.readers.tracks import Track
from dnabert.dna.regions import Region, Strand
from dnabert.errors import DataFileError

__all__ = ["Factor", "best_peaks", "factor_names", "read_factors"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_ENDINGS = (".gz", ".bgz", ".bed", ".narrowpeak", ".broadpeak")
_NO_LABEL = "none"
_NO_NAME_HAS = frozenset(';#"')
"""What joins the names of a label, and what begins a comment or a quotation in tables."""
_WANTED = "peaks (narrowPeak, broadPeak or BED)"
_SIGNS: dict[Strand, int] = {"-": -1, ".": 0, "+": 1}


@dataclass(frozen=True)
class Factor:
    """Peaks of one file on a genome, ascending by summit; positions are those of the store.

    Attributes:
        name: What the factor is called in labels.
        file: Name of the file.
        starts: First base of each peak, shape (P,).
        ends: One past the last base, shape (P,).
        summits: The summit, shape (P,).
        scores: The score, 0 where the file has none, shape (P,).
        strands: -1, 0 where there is none, or 1, shape (P,).
        lines: Line in the file, shape (P,).
    """

    name: str
    file: str
    starts: IntArray
    ends: IntArray
    summits: IntArray
    scores: FloatArray
    strands: npt.NDArray[np.int8]
    lines: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, keep: BoolArray | IntArray) -> "Factor":
        """The peaks at an index in ascending order, or where a mask of shape (P,) is true."""
        return Factor(
            self.name,
            self.file,
            self.starts[keep],
            self.ends[keep],
            self.summits[keep],
            self.scores[keep],
            self.strands[keep],
            self.lines[keep],
        )

    @property
    def strengths(self) -> FloatArray:
        """Rank of each peak in its file by score, 0-1, the best near 1, so that those of several files can be compared, shape (P,)."""
        ranks: FloatArray = (rankdata(self.scores) - 0.5) / len(self)
        return ranks


def factor_names(paths: Sequence[Path]) -> list[str]:
    """What the factors are called in labels: the names of their files without ``.narrowPeak``, ``.bed``, ``.gz`` and the like.

    Raises:
        DataFileError: A name cannot be a label, two are the same, or a file is given twice.
    """
    found: dict[str, Path] = {}
    for path in paths:
        name = _factor_name(path)
        before = found.setdefault(name, path)
        if before is not path:
            same = (
                "is given twice"
                if before.resolve() == path.resolve()
                else f"names the factor {name}, and so does {before}; rename one of them"
            )
            raise DataFileError(f"{path}: {same}")
    return list(found)


def _factor_name(path: Path) -> str:
    name = path.name
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    name = name.strip()
    if not name or name.lower() == _NO_LABEL or not name.isprintable() or not _NO_NAME_HAS.isdisjoint(name):
        raise DataFileError(
            f"{path}: the file names the factor, and {name!r} cannot be a label and the head of a column: it must not be empty, be 'none',"
            """ or hold ; # " or a tab; rename the file"""
        )
    return name


def read_factors(store: GenomeStore, paths: Sequence[Path], config: TfbsConfig, counts: Counter[str]) -> list[Factor]:
    """All peaks of all files on a genome, by the name of the factor.

    Args:
        store: The genome.
        paths: BED or narrowPeak files.
        config: Where summits come from, and what becomes of contigs that the genome lacks.
        counts: What was read and left out is added to it.

    Raises:
        DataFileError: A file cannot be read, is of another kind, two have the same name or the same peaks, or no peak is left of one.
        RegionError: A line is malformed, has no summit, goes beyond its contig, or its contig is not in the genome.
    """
    counts["peaks read"] = counts["peaks of contigs that the genome lacks"] = 0
    factors: list[Factor] = []
    by_content: dict[str, Path] = {}
    track = None if config.signal is None else Track(config.signal)
    with nullcontext() if track is None else track:
        for name, path in sorted(zip(factor_names(paths), paths, strict=True)):
            factor = _read_factor(store, name, path, config, track, counts)
            content = hashlib.sha256(factor.starts.tobytes() + factor.ends.tobytes() + factor.summits.tobytes()).hexdigest()
            before = by_content.setdefault(content, path)
            if before is not path:
                raise DataFileError(f"{path}: has the same peaks as {before}; leave one of them out")
            factors.append(factor)
    return factors


def _read_factor(store: GenomeStore, name: str, path: Path, config: TfbsConfig, track: Track | None, counts: Counter[str]) -> Factor:
    refuse_other_kinds(path, _WANTED)
    peaks = read_peaks(path, "center" if track is not None else config.summit)
    counts["peaks read"] += len(peaks)
    known = [peak for peak in peaks if not config.skip_unknown_contigs or store.names.knows(peak.region.contig)]
    counts["peaks of contigs that the genome lacks"] += len(peaks) - len(known)
    if not known:
        raise DataFileError(f"{path}: all {len(peaks)} peaks are on contigs that the genome lacks ({peaks[0].region.contig}, ...)")
    # One look for each contig, not for each peak.
    first_of_contig: dict[str, Peak] = {}
    for peak in known:
        first_of_contig.setdefault(peak.region.contig, peak)
    own_names = {contig: find_contig(store, contig, peak.where, str(path)) for contig, peak in first_of_contig.items()}
    offsets = {contig: store.position(Region(own, 0, 1)) for contig, own in own_names.items()}
    for peak in known:
        contig = own_names[peak.region.contig]
        if peak.region.end > store.lengths[contig]:
            store.position(Region(contig, peak.region.start, peak.region.end, where=peak.where))  # raises, with the line
    summits = [peak.summit if track is None else _signal_summit(track, peak, config.summit) for peak in known]
    shift = np.array([offsets[peak.region.contig] for peak in known], dtype=np.int64)
    factor = Factor(
        name,
        path.name,
        np.array([peak.region.start for peak in known], dtype=np.int64) + shift,
        np.array([peak.region.end for peak in known], dtype=np.int64) + shift,
        np.array(summits, dtype=np.int64) + shift,
        np.array([peak.score for peak in known], dtype=np.float64),
        np.array([_SIGNS[peak.region.strand] for peak in known], dtype=np.int8),
        np.array([int(peak.where.rpartition(":")[2]) for peak in known], dtype=np.int32),
    )
    return factor.take(np.lexsort((factor.lines, factor.summits)))


def _signal_summit(track: Track, peak: Peak, rule: SummitRule) -> int:
    region = peak.region
    if rule == "center" and np.isnan(track.values(region.contig, region.start, region.end)).all():
        return peak.summit  # read as the middle
    return track.summit(region)


def best_peaks(factor: Factor, config: TfbsConfig, counts: Counter[str]) -> Factor:
    """The peaks of a factor that give windows: those with the score that is asked for, and the best of them.

    Args:
        factor: All peaks.
        config: What is asked for.
        counts: What is left out is added to it.

    Raises:
        DataFileError: No score is high enough, or all are the same and do not tell which peaks are the best.
    """
    chosen = factor
    if config.min_score is not None:
        chosen = chosen.take(chosen.scores >= config.min_score)
        counts[f"peaks with a score below {config.min_score:g}"] += len(factor) - len(chosen)
        if not len(chosen):
            raise DataFileError(
                f"{factor.file}: no peak has a score of {config.min_score:g} or more; the highest is {factor.scores.max():g}"
            )
    if config.top is not None and len(chosen) > config.top:
        if chosen.scores.min() == chosen.scores.max():
            raise DataFileError(
                f"{factor.file}: all {len(chosen)} peaks have the score {chosen.scores[0]:g}, so none is better than another; leave top"
                " out, or give a file with scores (column 7 of narrowPeak, else column 5)"
            )
        counts[f"peaks beyond the {config.top} best of a file"] += len(chosen) - config.top
        chosen = chosen.take(np.sort(np.lexsort((chosen.lines, -chosen.scores))[: config.top]))
    return chosen
