"""Intervals on a genome: BED in, sequences out.

0-based, half-open, on the forward strand, as in BED.

Source: UCSC BED format (first six columns).
"""

import gzip
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import pysam
from pysam.utils import SamtoolsError

from dnabert.dna.fasta import is_bgzip
from dnabert.dna.sequence import Codes, encode_bases, reverse_complement
from dnabert.errors import DataFileError, RegionError

__all__ = ["Genome", "Region", "open_text", "read_bed"]

log = logging.getLogger(__name__)

Strand = Literal["+", "-", "."]
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Region:
    """An interval: bases [start, end) of a contig.

    Attributes:
        contig: Name of the contig.
        start: First base, 0-based.
        end: One past the last base.
        name: BED column 4; an empty string where there is none, or a dot.
        strand: ``+``, ``-`` or ``.``.
        where: ``file:line``, for messages.
    """

    contig: str
    start: int
    end: int
    name: str = ""
    strand: Strand = "."
    where: str = ""

    def __str__(self) -> str:
        return f"{self.contig}:{self.start}-{self.end}" + (f"({self.strand})" if self.strand != "." else "")


def open_text(path: Path) -> IO[str]:
    """A text file, plain or gzip, in UTF-8, without a byte-order mark, line ends as a single newline character.

    Raises:
        DataFileError: It cannot be opened.
    """
    try:
        with path.open("rb") as handle:
            packed = handle.read(2) == _GZIP_MAGIC
        if packed:
            return gzip.open(path, "rt", encoding="utf-8-sig")
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_bed(path: Path) -> Iterator[Region]:
    """Regions of a BED file (3 to 6 columns used, more allowed); comment, ``track`` and ``browser`` lines are passed over.

    Raises:
        DataFileError: The file cannot be read or has no region.
        RegionError: A line is malformed; the message gives its number.
    """
    found = False
    try:
        with open_text(path) as handle:
            for number, line in enumerate(handle, start=1):
                text = line.rstrip("\r\n")
                if not text.strip() or text.startswith("#") or text.split(None, 1)[0] in ("track", "browser"):
                    continue
                found = True
                yield _parse(text, f"{path}:{number}")
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: is no BED text file, or is damaged: {error}") from error
    if not found:
        raise DataFileError(f"{path}: holds no regions; a BED line is contig, start, end, separated by tabs")


def _parse(text: str, where: str) -> Region:
    fields = text.split("\t") if "\t" in text else text.split()
    if len(fields) < 3:
        raise RegionError(f"{where}: {len(fields)} columns; a BED line has at least contig, start and end")
    try:
        start, end = int(fields[1]), int(fields[2])
    except ValueError:
        raise RegionError(f"{where}: start {fields[1]!r} and end {fields[2]!r} must be whole numbers") from None
    if start < 0:
        raise RegionError(f"{where}: start {start} is before the contig; BED intervals are 0-based, half-open")
    if end <= start:
        rule = "is before" if end < start else "is not after"
        raise RegionError(f"{where}: end {end} {rule} start {start}; BED intervals are 0-based, half-open")
    strands: dict[str, Strand] = {"+": "+", "-": "-", ".": "."}
    strand = strands.get(fields[5] if len(fields) > 5 else ".")
    if strand is None:
        raise RegionError(f"{where}: strand {fields[5]!r} is not one of + - .")
    name = fields[3] if len(fields) > 3 and fields[3] != "." else ""
    return Region(fields[0], start, end, name, strand, where)


class Genome:
    """Random access to an indexed FASTA file; opened here, closed at the end of the ``with`` block, never shared across a fork.

    An index beside the file is used, or made if there is none. Where it is older than the file, or cannot be written, an index of
    this run's own is made: htslib takes the bases of an outdated index for true.

    Args:
        path: FASTA, plain or bgzip.

    Raises:
        DataFileError: It cannot be opened or indexed.
    """

    def __init__(self, path: Path) -> None:
        pysam.set_verbosity(0)
        bgzip = _is_bgzip_genome(path)
        try:
            self._file = _open_indexed(path, bgzip)
        except (OSError, ValueError, SamtoolsError) as error:
            raise DataFileError(
                f"{path}: cannot be indexed; a FASTA record is a line '>name' and lines of one length, without blank lines between them"
            ) from error
        self.path = path
        self.lengths: dict[str, int] = dict(zip(self._file.references, self._file.lengths, strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def codes(self, region: Region) -> Codes:
        """Base codes of a region, read on its strand.

        Raises:
            RegionError: The contig is unknown, or the region goes beyond its end.
            DataFileError: The file is damaged, or its index is of another file.
        """
        length = self.lengths.get(region.contig)
        place = region.where or str(region)
        if length is None:
            known = ", ".join(list(self.lengths)[:3])
            raise RegionError(f"{place}: contig {region.contig} is not in {self.path} (it has {known}, ...)")
        if region.end > length:
            raise RegionError(f"{place}: end {region.end} is beyond {region.contig}, which has {length} bases")
        try:
            letters = self._file.fetch(region.contig, region.start, region.end)
        except (OSError, ValueError) as error:
            raise DataFileError(f"{self.path}: {region} cannot be read: the file is damaged, or its index is of another file") from error
        codes = encode_bases(letters, place)
        return reverse_complement(codes) if region.strand == "-" else codes


def _is_bgzip_genome(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            start = handle.read(16)
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if start[:2] == _GZIP_MAGIC and not is_bgzip(start):
        raise DataFileError(f"{path}: is gzip, which has no index; make it bgzip:  gunzip {path} && bgzip {path.with_suffix('')}")
    return is_bgzip(start)


def _open_indexed(path: Path, bgzip: bool) -> pysam.FastaFile:
    indices = [Path(f"{path}.fai"), *([Path(f"{path}.gzi")] if bgzip else [])]
    present = [index for index in indices if index.exists()]
    outdated = [index for index in present if index.stat().st_mtime_ns < path.stat().st_mtime_ns]
    if not outdated and (len(present) == len(indices) or os.access(path.parent, os.W_OK)):
        return pysam.FastaFile(str(path))
    why = f"{outdated[0]} is older than the genome" if outdated else f"{path.parent} cannot be written and has no index"
    log.warning("%s: this run makes an index of its own; run  samtools faidx %s  to spare the time", why, path)
    with tempfile.TemporaryDirectory(prefix="dnabert-index-") as folder:
        own = [str(Path(folder) / index.name) for index in indices]
        pysam.faidx(str(path), "--fai-idx", own[0], *(["--gzi-idx", own[1]] if bgzip else []))
        return pysam.FastaFile(str(path), filepath_index=own[0], filepath_index_compressed=own[1] if bgzip else None)
