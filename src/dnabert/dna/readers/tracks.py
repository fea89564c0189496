"""Signal along a genome, from bigWig.

Source: Kent et al. 2010 (bigWig and bigBed); read by libBigWig.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyBigWig

from dnabert.dna.contigs import ContigNames
from dnabert.dna.handles import OwnHandle
from dnabert.dna.packing import first_bytes
from dnabert.dna.regions import Region, source_of
from dnabert.errors import DataFileError, RegionError

__all__ = ["Track"]

_BIGWIG, _BIGBED = 0x888FFC26, 0x8789F2EB


class Track:
    """A bigWig file, from any process or thread; closed at the end of the ``with`` block.

    A process that was forked, or that got the object pickled, opens the file anew and never reads with another's handle.

    Args:
        path: The file.

    Attributes:
        path: The file.
        lengths: Bases by contig.
        names: What other files may call the contigs.

    Raises:
        DataFileError: It cannot be opened, or is no bigWig.
    """

    def __init__(self, path: Path) -> None:
        _check_kind(path)
        self.path = path
        self._handles: OwnHandle[Any] = OwnHandle(lambda: pyBigWig.open(str(path)))
        try:
            self.lengths: dict[str, int] = dict(self._handles.get().chroms())
        except RuntimeError as error:
            raise DataFileError(f"{path}: the bigWig file is truncated or damaged; fetch it again") from error
        self.names = ContigNames(self.lengths, str(path))

    def __reduce__(self) -> tuple[type["Track"], tuple[Path]]:
        return type(self), (self.path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._handles.close()

    def values(self, contig: str, start: int, end: int) -> npt.NDArray[np.float64]:
        """The value of each base of [start, end), shape (end-start,); NaN where the file has none.

        Raises:
            RegionError: The contig is unknown, or the interval goes beyond its ends.
            DataFileError: The file is damaged.
        """
        return self._values(Region(contig, start, end))

    def summit(self, region: Region) -> int:
        """The position of the highest value in a region, 0-based; the leftmost of several.

        Raises:
            RegionError: As :meth:`values`, or the region has no value at all.
            DataFileError: The file is damaged.
        """
        values = self._values(region)
        if np.isnan(values).all():
            raise RegionError(f"{region.where or region}: {self.path} has no value in {region}; leave the region out, or take its middle")
        return region.start + int(np.nanargmax(values))

    def _values(self, region: Region) -> npt.NDArray[np.float64]:
        place = region.where or str(region)
        contig = self.names.find(region.contig, place, source_of(region.where))
        if not 0 <= region.start < region.end <= self.lengths[contig]:
            raise RegionError(f"{place}: {region} is not within {contig} of {self.path}, which has {self.lengths[contig]} bases")
        try:
            values = self._handles.get().values(contig, region.start, region.end, numpy=True)
        except RuntimeError as error:
            raise DataFileError(f"{self.path}: {region} cannot be read: the bigWig file is truncated or damaged; fetch it again") from error
        return np.asarray(values, dtype=np.float64)


def _check_kind(path: Path) -> None:
    start = first_bytes(path, 4)
    # The byte order is that of the machine that wrote the file.
    kinds = int.from_bytes(start, "little"), int.from_bytes(start, "big")
    if _BIGBED in kinds:
        raise DataFileError(f"{path}: is bigBed, which has intervals; a signal is wanted: give a bigWig file")
    if _BIGWIG not in kinds:
        raise DataFileError(f"{path}: is no bigWig file; wigToBigWig or bedGraphToBigWig (UCSC) make one")
