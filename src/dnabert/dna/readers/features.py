"""Lines of GTF and GFF3 files (plain, gzip, bgzip), checked, their positions turned to 0-based and half-open.

The parser of lines is our own because pysam's stops at a semicolon in a quoted value (``product "a; b"``), takes ``50f01`` for the
start 49, and leaves GFF3's ``%`` codes as they are.

Source: GTF 2.2 (Brent lab); GFF3 1.26 (Sequence Ontology).
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple
from urllib.parse import unquote

from dnabert.dna.packing import BYTE_ORDER_MARK, open_bytes
from dnabert.dna.regions import Strand
from dnabert.errors import DataFileError, RegionError

__all__ = ["Feature", "FeatureFile"]

_NUM_COLUMNS = 9
_STRANDS: dict[bytes, Strand] = {b"+": "+", b"-": "-", b".": ".", b"?": "."}
_GFF3_ATTRIBUTES = re.compile(r'\s*[^\s=;"]+=')
_GTF_ATTRIBUTE = re.compile(r'([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)')
_SEQUENCE_REGION = re.compile(rb"##sequence-region\s+(\S+)\s+(\d+)\s+(\d+)\s*$")


class Feature(NamedTuple):
    """One line.

    Attributes:
        contig: Name of the contig.
        source: Column 2.
        kind: Column 3: ``exon``, ``CDS``, ``mRNA``.
        start: First base, 0-based.
        end: One past the last base.
        strand: ``+``, ``-`` or ``.``.
        attributes: Column 9, as it stands there.
        is_gff3: Whether that is in the syntax of GFF3.
        path: The file.
        line: Number of the line.
    """

    contig: str
    source: str
    kind: str
    start: int
    end: int
    strand: Strand
    attributes: str
    is_gff3: bool
    path: Path
    line: int

    @property
    def where(self) -> str:
        """``file:line``, for messages."""
        return f"{self.path}:{self.line}"

    def parse_attributes(self) -> dict[str, str]:
        """Values by name; of a name that is there several times the first. GFF3's ``%`` codes are not yet resolved.

        Raises:
            RegionError: A quote of GTF is not closed.
        """
        found: dict[str, str] = {}
        if self.is_gff3:
            for pair in self.attributes.split(";"):
                name, _, value = pair.partition("=")
                found.setdefault(name.strip(), value.strip())
            return found
        self._check_quotes()
        for name, quoted, bare in _GTF_ATTRIBUTE.findall(self.attributes):
            found.setdefault(name, quoted or bare)
        return found

    def attribute(self, name: str) -> str:
        """What :meth:`parse_attributes` finds for one name, several times faster; an empty string where it is not there."""
        if self.is_gff3:
            found = re.search(rf"(?:^|;)\s*{name}\s*=([^;]*)", self.attributes)
            return found[1].strip() if found else ""
        self._check_quotes()
        found = re.search(rf'(?:^|[\s;]){name}\s+(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)', self.attributes)
        # Within the quotes of another attribute it is not the attribute.
        if found and self.attributes.count('"', 0, found.start()) % 2:
            return self.parse_attributes().get(name, "")
        return (found[1] or found[2] or "") if found else ""

    def _check_quotes(self) -> None:
        if self.attributes.count('"') % 2:
            raise RegionError(f'{self.where}: a quote in column 9 is not closed; GTF attributes are  name "value";')

    def require_strand(self) -> Literal["+", "-"]:
        """The strand, of a feature that must have one.

        Raises:
            RegionError: It has none.
        """
        if self.strand == ".":
            raise RegionError(
                f"{self.where}: the {self.kind} has no strand; column 7 must be + or -: correct it, or leave the transcript out"
            )
        return self.strand


class FeatureFile:
    """A GTF or GFF3 file; which of them, its attributes tell.

    Args:
        path: The file.

    Attributes:
        path: The file.
        kinds: All features (column 3) of the lines that were read so far, in order, and whether they were wanted.
        lengths: Bases by contig, by the ``##sequence-region`` lines that were read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kinds: dict[str, bool] = {}
        self.lengths: dict[str, int] = {}

    def read(self, is_wanted: Callable[[str], bool]) -> Iterator[Feature]:
        """Features of the wanted kinds, in the order of the file; other lines are not looked at closely.

        Comments, blank, ``track`` and ``browser`` lines, and lines of column names are passed over; ``##FASTA`` ends the file.

        Args:
            is_wanted: Whether a kind of feature (column 3) is wanted.

        Raises:
            DataFileError: The file cannot be read, or is not in this format.
            RegionError: A line of a wanted kind is malformed.
        """
        try:
            with open_bytes(self.path) as handle:
                yield from self._features(handle, is_wanted)
        except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
            raise DataFileError(f"{self.path}: is no GTF or GFF3 text file, or is damaged: {error}") from error
        except OSError as error:
            raise DataFileError(f"{self.path}: cannot be read: {error.strerror or error}") from error

    def lacks(self, kind: str) -> DataFileError:
        """The error that there are no features of a kind among the lines that were read; it lists those that there are."""
        found = ", ".join(self.kinds) or "no features at all"
        return DataFileError(f"{self.path}: has no {kind} features (it has {found}); take an annotation that has them")

    def _features(self, handle: BinaryIO, is_wanted: Callable[[str], bool]) -> Iterator[Feature]:
        decisions: dict[bytes, bool] = {}
        names: dict[bytes, str] = {}
        for number, line in enumerate(handle, start=1):
            columns = line.rstrip(b"\r\n").split(b"\t")
            if len(columns) < _NUM_COLUMNS or line[:1] in b"#\xef":
                if number == 1:
                    line = line.removeprefix(BYTE_ORDER_MARK)
                    columns = line.rstrip(b"\r\n").split(b"\t")
                if line.startswith((b"##FASTA", b">")):
                    return
                if line[:1] == b"#":
                    self._read_pragma(line)
                    continue
                if not line.strip() or line.split(None, 1)[0] in (b"track", b"browser"):
                    continue
                self._check_columns(columns, number)
            wanted = decisions.get(columns[2])
            if wanted is None:
                wanted = self._decide(columns, number, is_wanted)
                if wanted is None:
                    continue
                decisions[columns[2]] = wanted
            if wanted:
                yield self._feature(columns, number, names)

    def _read_pragma(self, line: bytes) -> None:
        found = _SEQUENCE_REGION.match(line)
        # One that begins elsewhere tells of a part.
        if found and found[2] == b"1":
            self.lengths[unquote(found[1].decode())] = int(found[3])

    def _check_columns(self, columns: list[bytes], number: int) -> None:
        where = f"{self.path}:{number}"
        if len(columns) >= 3 and columns[1].isdigit() and columns[2].isdigit():
            raise DataFileError(
                f"{where}: this is a line of BED, and GTF or GFF3 is wanted; name BED files .bed, so that they are read as such"
            )
        if len(columns) < _NUM_COLUMNS:
            raise DataFileError(f"{where}: {len(columns)} columns; a line of GTF or GFF3 has {_NUM_COLUMNS}, separated by tabs")

    def _decide(self, columns: list[bytes], number: int, is_wanted: Callable[[str], bool]) -> bool | None:
        """Whether a kind that was not met before is wanted; None for a line of column names."""
        if b"start" in columns[3].lower() and b"end" in columns[4].lower():
            return None
        self._check_columns(columns, number)
        kind = columns[2].decode()
        return self.kinds.setdefault(kind, is_wanted(kind))

    def _feature(self, columns: list[bytes], number: int, names: dict[bytes, str]) -> Feature:
        contig, source, kind, first, last, _, strand, _, attributes = columns[:_NUM_COLUMNS]
        text = attributes.decode()
        is_gff3 = _GFF3_ATTRIBUTES.match(text) is not None
        where = f"{self.path}:{number}"
        if not (first.isdigit() and last.isdigit()):
            raise RegionError(f"{where}: start {first.decode()!r} and end {last.decode()!r} must be whole numbers")
        start, end = int(first) - 1, int(last)  # 1-based, closed -> 0-based, half-open
        if start < 0:
            raise RegionError(f"{where}: start 0 is before the contig; GTF and GFF3 count from 1")
        if end <= start:
            raise RegionError(f"{where}: end {end} is before start {start + 1}; GTF and GFF3 count from 1, the end included")
        direction = _STRANDS.get(strand)
        if direction is None:
            raise RegionError(f"{where}: strand {strand.decode()!r} is not one of + - . ?")
        for name in (contig, source, kind):
            if name not in names:
                names[name] = unquote(name.decode()) if is_gff3 else name.decode()
        return Feature(names[contig], names[source], names[kind], start, end, direction, text, is_gff3, self.path, number)
