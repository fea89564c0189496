"""Peaks of ChIP-seq, ATAC-seq and the like, and their summits.

Source: UCSC formats narrowPeak (BED6+4) and broadPeak (BED6+3).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dnabert.dna.regions import Region, read_bed_rows
from dnabert.errors import DataFileError, RegionError

__all__ = ["Peak", "read_peaks"]

_NUM_NARROW_COLUMNS = 10
_SIGNAL_COLUMN, _SCORE_COLUMN = 6, 4


@dataclass(frozen=True)
class Peak:
    """A peak.

    Attributes:
        region: Its interval.
        summit: Position of its highest base, 0-based.
        score: Signal value (column 7) of narrowPeak and broadPeak, else the score of BED (column 5), 0 where there is none.
        where: ``file:line``, for messages.
    """

    region: Region
    summit: int
    score: float
    where: str


def read_peaks(path: Path, summit: Literal["required", "center"]) -> list[Peak]:
    """Peaks of a narrowPeak, broadPeak or BED file, in its order; an interval of one base is its own summit.

    Args:
        path: The file, plain or gzip.
        summit: ``required``: as column 10 of narrowPeak has it; ``center``: the middle of each peak, whatever the file has.

    Raises:
        DataFileError: The file cannot be read, has no peak, or one without a summit where it is required.
        RegionError: A line is malformed, or a summit outside its peak; the message gives its line.
    """
    return [
        Peak(region, _center(region) if summit == "center" else _summit(region, fields), _score(region, fields), region.where)
        for region, fields in read_bed_rows(path)
    ]


def _center(region: Region) -> int:
    return (region.start + region.end) // 2


def _summit(region: Region, fields: list[str]) -> int:
    length = region.end - region.start
    if length == 1:
        return region.start
    if len(fields) != _NUM_NARROW_COLUMNS:
        raise _no_summit(region, f"{len(fields)} columns, and narrowPeak has {_NUM_NARROW_COLUMNS}")
    text = fields[_NUM_NARROW_COLUMNS - 1]
    try:
        offset = int(text)
    except ValueError:
        raise RegionError(f"{region.where}: the summit {text!r} (column 10) must be a whole number, counted from the start") from None
    if offset == -1:
        raise _no_summit(region, "column 10 is -1")
    if not 0 <= offset < length:
        raise RegionError(
            f"{region.where}: the summit {offset} (column 10) is outside the peak of {length} bases; it is counted from the peak's start"
        )
    return region.start + offset


def _no_summit(region: Region, reason: str) -> DataFileError:
    return DataFileError(
        f"{region.where}: the peak has no summit ({reason}); take the middle with  --summit center  or give the signal as a bigWig"
    )


def _score(region: Region, fields: list[str]) -> float:
    column = _SIGNAL_COLUMN if len(fields) in (_NUM_NARROW_COLUMNS - 1, _NUM_NARROW_COLUMNS) else _SCORE_COLUMN
    text = fields[column] if len(fields) > column else "0"
    try:
        score = float(text) if text != "." else 0.0
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise RegionError(f"{region.where}: the score {text!r} (column {column + 1}) is not a number")
    return score
