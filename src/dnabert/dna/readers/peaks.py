"""Peaks of ChIP-seq, ATAC-seq and the like, and their summits.

Source: UCSC formats narrowPeak (BED6+4), broadPeak (BED6+3) and BED9 (with thickStart, thickEnd and itemRgb).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from dnabert.dna.regions import Region, read_bed_rows
from dnabert.errors import DataFileError, RegionError

__all__ = ["Peak", "read_peaks"]

_NUM_NARROW_COLUMNS = 10
_NUM_BROAD_COLUMNS = 9
"""Of broadPeak, and of BED9."""
_SCORE_COLUMN, _SIGNAL_COLUMN, _THICK_END_COLUMN, _COLOUR_COLUMN = 4, 6, 7, 8


@dataclass(frozen=True)
class Peak:
    """A peak.

    Attributes:
        region: Its interval.
        summit: Position of its highest base, 0-based.
        score: Signal value (column 7) of narrowPeak and broadPeak, else the score of BED (column 5), also of BED9; 0 where there is none.
        where: ``file:line``, for messages.
    """

    region: Region
    summit: int
    score: float
    where: str


def read_peaks(path: Path, summit: Literal["required", "center"]) -> list[Peak]:
    """Peaks of a narrowPeak, broadPeak or BED file, in its order; an interval of one base is its own summit.

    A file of 9 columns is BED9, not broadPeak, if column 9 is a colour such as ``255,0,0`` in a line, or if in every line column 9 is one
    whole number and columns 7 and 8 are what thickStart and thickEnd can be: whole numbers within the peak, or both 0.

    Args:
        path: The file, plain or gzip.
        summit: ``required``: as column 10 of narrowPeak has it; ``center``: the middle of each peak, whatever the file has.

    Raises:
        DataFileError: The file cannot be read, has no peak, or one without a summit where it is required.
        RegionError: A line is malformed, or a summit outside its peak; the message gives its line.
    """
    peaks: list[Peak] = []
    nine_columns: list[tuple[int, list[str]]] = []
    for region, fields in read_bed_rows(path):
        if len(fields) == _NUM_BROAD_COLUMNS:
            nine_columns.append((len(peaks), fields))
        place = _center(region) if summit == "center" else _summit(region, fields)
        peaks.append(Peak(region, place, _score(region, fields), region.where))
    if _are_bed9([(peaks[row].region, fields) for row, fields in nine_columns]):
        for row, fields in nine_columns:
            peaks[row] = replace(peaks[row], score=_number(peaks[row].region, fields, _SCORE_COLUMN))
    return peaks


def _are_bed9(lines: Sequence[tuple[Region, list[str]]]) -> bool:
    """Whether lines of 9 columns are BED9."""
    return any("," in fields[_COLOUR_COLUMN] for _, fields in lines) or all(_is_thick(region, fields) for region, fields in lines)


def _is_thick(region: Region, fields: list[str]) -> bool:
    """Whether columns 7 to 9 can be thickStart, thickEnd and a colour; a q-value that is not known is -1, and no colour."""
    columns = [fields[column] for column in (_SIGNAL_COLUMN, _THICK_END_COLUMN, _COLOUR_COLUMN)]
    if not all(text.isascii() and text.isdecimal() for text in columns):
        return False
    first, end, _ = map(int, columns)
    return region.start <= first <= end <= region.end or (first, end) == (0, 0)


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
    return _number(region, fields, _SIGNAL_COLUMN if len(fields) in (_NUM_BROAD_COLUMNS, _NUM_NARROW_COLUMNS) else _SCORE_COLUMN)


def _number(region: Region, fields: list[str], column: int) -> float:
    """A number of a line, 0 where there is none."""
    text = fields[column] if len(fields) > column else "0"
    try:
        score = float(text) if text != "." else 0.0
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise RegionError(f"{region.where}: the score {text!r} (column {column + 1}) is not a number")
    return score
