"""Sequences from FASTA (plain, gzip, bgzip, stdin), FASTQ and 2bit files, through pysam and py2bit.

Handles are opened where they are used and closed there; none is ever shared with another process.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import py2bit
import pysam

from dnabert.errors import DataFileError

__all__ = ["Record", "is_twobit", "read_contigs", "read_fasta"]

_GZIP_MAGIC = b"\x1f\x8b"
_TWOBIT_MAGIC = (b"\x43\x27\x41\x1a", b"\x1a\x41\x27\x43")


@dataclass(frozen=True)
class Record:
    """One sequence of a file.

    Attributes:
        name: First word of the header.
        comment: Rest of the header.
        sequence: Letters as they stand in the file, without line ends.
    """

    name: str
    comment: str
    sequence: str


def read_fasta(path: Path | str) -> Iterator[Record]:
    """Records of a FASTA or FASTQ file in their order; ``-`` is stdin.

    Raises:
        DataFileError: The file is missing, empty, not FASTA, truncated, or has a header without a name, an empty record, or a name twice.
    """
    if str(path) != "-":
        _check_is_fasta(Path(path))
    pysam.set_verbosity(0)
    seen: set[str] = set()
    try:
        with pysam.FastxFile(str(path)) as handle:
            for entry in handle:
                name, sequence = entry.name or "", entry.sequence or ""
                if not name:
                    raise DataFileError(f"{path}: record {len(seen) + 1} has no name; give each '>' line a unique first word")
                if not sequence:
                    raise DataFileError(f"{path}: record {name} is empty; remove it or add its sequence")
                if name in seen:
                    raise DataFileError(f"{path}: the name {name} occurs twice; give each record a unique first word")
                seen.add(name)
                yield Record(name, entry.comment or "", sequence)
    except (OSError, ValueError) as error:
        raise DataFileError(f"{path}: cannot be read to its end ({error}); is the file complete?") from error
    if not seen:
        raise DataFileError(f"{path}: holds no sequences; a FASTA record is a line '>name' and lines of letters")


def _check_is_fasta(path: Path) -> None:
    start = _first_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise DataFileError(f"{path}: is empty")
    if start[:1] not in (b">", b"@"):
        word = start.split(None, 1)[0][:20].decode("utf-8", "replace")
        raise DataFileError(f"{path}:1: begins with {word!r}, not with '>': this is no FASTA file")


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            start = handle.read(65536)
        if start[:2] == _GZIP_MAGIC:
            with gzip.open(path, "rb") as handle:
                return handle.read(65536)
        return start
    except EOFError:
        raise DataFileError(f"{path}: the gzip file is truncated; fetch it again") from None
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def is_twobit(path: Path) -> bool:
    """Whether the file is in UCSC's 2bit format, by its first bytes."""
    try:
        with path.open("rb") as handle:
            return handle.read(4) in _TWOBIT_MAGIC
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_contigs(path: Path) -> Iterator[Record]:
    """Contigs of a genome file, FASTA or 2bit, in their order.

    Raises:
        DataFileError: As :func:`read_fasta`.
    """
    if not is_twobit(path):
        yield from read_fasta(path)
        return
    try:
        handle = py2bit.open(str(path))
    except RuntimeError as error:
        raise DataFileError(f"{path}: cannot be read as 2bit: {error}") from error
    try:
        for name in handle.chroms():
            yield Record(name, "", handle.sequence(name))
    finally:
        handle.close()
