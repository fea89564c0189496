"""Intervals on a genome: BED in, sequences out.

0-based, half-open, on the forward strand, as in BED.

Source: UCSC BED format (first six columns).
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import pysam

from dnabert.dna.sequence import Codes, encode_bases, reverse_complement
from dnabert.errors import DataFileError, RegionError

__all__ = ["Genome", "Region", "open_text", "read_bed"]

Strand = Literal["+", "-", "."]


@dataclass(frozen=True)
class Region:
    """An interval: bases [start, end) of a contig.

    Attributes:
        contig: Name of the contig.
        start: First base, 0-based.
        end: One past the last base.
        name: BED column 4, or an empty string.
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
            packed = handle.read(2) == b"\x1f\x8b"
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
                if not text.strip() or text.startswith(("#", "track", "browser")):
                    continue
                found = True
                yield _parse(text, f"{path}:{number}")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
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
    if start < 0 or end <= start:
        rule = "is before" if end < start else "is not after"
        raise RegionError(f"{where}: end {end} {rule} start {start}; BED intervals are 0-based, half-open")
    strands: dict[str, Strand] = {"+": "+", "-": "-", ".": "."}
    strand = strands.get(fields[5] if len(fields) > 5 else ".")
    if strand is None:
        raise RegionError(f"{where}: strand {fields[5]!r} is not one of + - .")
    return Region(fields[0], start, end, fields[3] if len(fields) > 3 else "", strand, where)


class Genome:
    """Random access to an indexed FASTA file; opened here, closed at the end of the ``with`` block, never shared across a fork.

    Args:
        path: FASTA, plain or bgzip; an index is made beside it when missing.

    Raises:
        DataFileError: It cannot be opened or indexed.
    """

    def __init__(self, path: Path) -> None:
        pysam.set_verbosity(0)
        try:
            self._file = pysam.FastaFile(str(path))
        except (OSError, ValueError) as error:
            raise DataFileError(
                f"{path}: cannot be opened as an indexed FASTA ({error}); a compressed genome must be bgzip, and its folder"
                " writable for the index (or run  samtools faidx  on it)"
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
        """
        length = self.lengths.get(region.contig)
        place = region.where or str(region)
        if length is None:
            known = ", ".join(list(self.lengths)[:3])
            raise RegionError(f"{place}: contig {region.contig} is not in {self.path} (it has {known}, ...)")
        if region.end > length:
            raise RegionError(f"{place}: end {region.end} is beyond {region.contig}, which has {length} bases")
        codes = encode_bases(self._file.fetch(region.contig, region.start, region.end), place)
        return reverse_complement(codes) if region.strand == "-" else codes
