"""Intervals on a genome: BED in, sequences out.

0-based, half-open, on the forward strand, as in BED.

Source: UCSC BED format (first six columns).
"""

import gzip
import logging
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, NoReturn, Self

from dnabert.dna.contigs import ContigNames
from dnabert.dna.indexed_fasta import IndexedFasta
from dnabert.dna.packing import check_bgzip_end, first_bytes, packing_of
from dnabert.dna.sequence import Codes, reverse_complement
from dnabert.dna.twobit import TwoBitFile, is_twobit
from dnabert.errors import DataFileError, RegionError, SequenceError

__all__ = ["Genome", "Region", "Strand", "open_text", "read_bed", "read_bed_rows", "require_strand", "source_of"]

log = logging.getLogger(__name__)

Strand = Literal["+", "-", "."]
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_LINE_OR_PLACE = re.compile(r":\d+$|: .*$")


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


def require_strand(region: Region, element: str) -> Literal["+", "-"]:
    """The strand of a region that must have one.

    Args:
        region: The region.
        element: What it is, for the message: ``TSS``, ``splice site``.

    Raises:
        RegionError: It is ``.``.
    """
    if region.strand == ".":
        raise RegionError(
            f"{region.where or region}: has no strand, and a {element} has a direction; write + or - in column 6 of BED, or leave it out"
        )
    return region.strand


def source_of(where: str) -> str:
    """The file of a place such as ``file:line`` or ``file: record``.

    Examples:
        >>> source_of("peaks.bed:17"), source_of("calls.vcf.gz: chr1:123"), source_of("peaks.bed")
        ('peaks.bed', 'calls.vcf.gz', 'peaks.bed')
    """
    return _LINE_OR_PLACE.sub("", where)


def open_text(path: Path) -> IO[str]:
    """A text file, plain or gzip, in UTF-8, without a byte-order mark, line ends as a single newline character.

    Raises:
        DataFileError: It cannot be opened, or is a bgzip file without its end.
    """
    packing = packing_of(first_bytes(path))
    try:
        if packing == "bgzip":
            with path.open("rb") as handle:
                check_bgzip_end(handle, path)
        return path.open(encoding="utf-8-sig") if packing == "plain" else gzip.open(path, "rt", encoding="utf-8-sig")
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_bed(path: Path, on_error: Callable[[RegionError], None] | None = None) -> Iterator[Region]:
    """Regions of a BED file (3 to 6 columns used, more allowed).

    Comment, ``track`` and ``browser`` lines are passed over wherever they stand, and so is, with a line in the log, one of column
    names.

    Args:
        path: BED file.
        on_error: Takes the error of a malformed line, which is then passed over; None raises it.

    Raises:
        DataFileError: The file cannot be read or has no region.
        RegionError: A line is malformed; the message gives its number.
    """
    return (region for region, _ in read_bed_rows(path, on_error))


def read_bed_rows(path: Path, on_error: Callable[[RegionError], None] | None = None) -> Iterator[tuple[Region, list[str]]]:
    """Regions of a BED file as by :func:`read_bed`, each with all columns of its line."""
    found = False
    try:
        with open_text(path) as handle:
            for number, line in enumerate(handle, start=1):
                fields = _fields(line)
                where = f"{path}:{number}"
                if not fields:
                    continue
                if _is_column_names(fields):
                    log.info("%s: column names, passed over", where)
                    continue
                if not found and _is_one_based_point(fields):
                    _refuse_points(fields, handle, where)
                found = True
                try:
                    region = _parse(fields, where)
                except RegionError as error:
                    if on_error is None:
                        raise
                    on_error(error)
                    continue
                yield region, fields
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: is no BED text file, or is damaged: {error}") from error
    if not found:
        raise DataFileError(f"{path}: holds no regions; a BED line is contig, start, end, separated by tabs")


def _fields(line: str) -> list[str]:
    """The columns of a line; none, if it is no line of data."""
    text = line.rstrip("\r\n")
    if not text.strip() or text.startswith("#"):
        return []
    fields = text.split("\t") if "\t" in text else text.split()
    return [] if text.split(None, 1)[0] in ("track", "browser") else fields


def _is_column_names(fields: list[str]) -> bool:
    return len(fields) >= 3 and "start" in fields[1].lower() and ("end" in fields[2].lower() or "stop" in fields[2].lower())


def _is_one_based_point(fields: list[str]) -> bool:
    return len(fields) >= 3 and fields[1] == fields[2] and _WHOLE_NUMBER.fullmatch(fields[1]) is not None


def _refuse_points(fields: list[str], rest: IO[str], where: str) -> NoReturn:
    rule = f"end {fields[2]} is not after start {fields[1]}; BED intervals are 0-based, half-open"
    others = [other for other in map(_fields, rest) if other]
    if all(map(_is_one_based_point, others)):
        rule = f"start and end are both {fields[1]}, and alike on every other line: the file is 1-based, BED is 0-based, half-open"
    raise RegionError(f"{where}: {rule}; if the file is 1-based, take 1 from every start")


def _parse(fields: list[str], where: str) -> Region:
    if len(fields) < 3:
        raise RegionError(f"{where}: {len(fields)} columns; a BED line has at least contig, start and end")
    if not (_WHOLE_NUMBER.fullmatch(fields[1]) and _WHOLE_NUMBER.fullmatch(fields[2])):
        if len(fields) >= 8 and _WHOLE_NUMBER.fullmatch(fields[3]) and _WHOLE_NUMBER.fullmatch(fields[4]):
            raise RegionError(f"{where}: this is a line of GTF or GFF3, and BED is wanted; give the file as an annotation (.gtf, .gff3)")
        raise RegionError(f"{where}: start {fields[1]!r} and end {fields[2]!r} must be whole numbers")
    start, end = int(fields[1]), int(fields[2])
    if start < 0:
        raise RegionError(f"{where}: start {start} is before the contig; BED intervals are 0-based, half-open")
    if end < start:
        raise RegionError(f"{where}: end {end} is before start {start}; BED intervals are 0-based, half-open")
    if end == start:
        rule = f"end {end} is not after start {start}; BED intervals are 0-based, half-open"
        raise RegionError(f"{where}: {rule}; if the file is 1-based, take 1 from every start")
    strands: dict[str, Strand] = {"+": "+", "-": "-", ".": "."}
    strand = strands.get(fields[5] if len(fields) > 5 else ".")
    if strand is None:
        raise RegionError(f"{where}: strand {fields[5]!r} is not one of + - .")
    name = fields[3] if len(fields) > 3 and fields[3] != "." else ""
    return Region(fields[0], start, end, name, strand, where)


class Genome:
    """Random access to the bases of a genome, from any process or thread; closed at the end of the ``with`` block.

    A process that was forked, or that got the object pickled, opens the file anew and never reads with another's handle.

    Args:
        path: FASTA, plain or bgzip, indexed as :class:`~dnabert.dna.fasta.IndexedFasta` says; or 2bit.

    Attributes:
        path: The file.
        lengths: Bases by contig.
        names: What other files may call the contigs.

    Raises:
        DataFileError: It cannot be opened or indexed.
    """

    def __init__(self, path: Path) -> None:
        self._file: TwoBitFile | IndexedFasta = TwoBitFile(path) if is_twobit(path) else IndexedFasta(path)
        self.path = path
        self.lengths = self._file.lengths
        self.names = ContigNames(self.lengths, str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def codes(self, region: Region) -> Codes:
        """Base codes of a region, read on its strand; its contig may have another name, if that is unambiguous.

        Raises:
            RegionError: The contig is unknown, or the region goes beyond its ends.
            DataFileError: The file is damaged, or was changed since it was opened.
            SequenceError: A letter is no nucleotide; the message gives its line in the file.
        """
        place = region.where or str(region)
        contig = self.names.find(region.contig, place, source_of(region.where))
        if region.end > self.lengths[contig]:
            raise RegionError(f"{place}: end {region.end} is beyond {contig}, which has {self.lengths[contig]} bases")
        if not 0 <= region.start < region.end:
            raise RegionError(f"{place}: {region} is no interval of {contig}; 0 <= start < end must hold")
        try:
            codes = self._file.codes(contig, region.start, region.end)
        except SequenceError as error:
            raise SequenceError(f"{place}: {error}") from error
        return reverse_complement(codes) if region.strand == "-" else codes
