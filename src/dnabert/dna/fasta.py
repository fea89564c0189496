"""Sequences from FASTA files (plain, gzip, bgzip, stdin), and the contigs of a genome in FASTA or 2bit.

The reader is our own because ``pysam.FastxFile`` loses bases without a word: it ends a sequence at a NUL byte (a download that was
never finished), and drops what follows a line that begins with ``+``. Here every byte of a record comes out, so that
:func:`dnabert.dna.sequence.encode_bases` can name what is no nucleotide.
"""

import contextlib
import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from dnabert.dna.twobit import is_twobit, read_twobit
from dnabert.errors import DataFileError

__all__ = ["BGZF_END", "Record", "is_bgzip", "read_contigs", "read_fasta"]

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every bgzip file. Source: SAM/BAM format specification v1, section 4.1.2."""

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLOCK = 1 << 20


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
    """Records of a FASTA file in their order; ``-`` is stdin.

    Raises:
        DataFileError: The file is missing, empty, not FASTA, truncated, or has a header without a name, an empty record, or a name twice.
    """
    try:
        with _open_bytes(path) as handle:
            yield from _checked(_records(handle, path), path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: the gzip file is truncated or damaged ({error}); fetch it again") from error
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_contigs(path: Path) -> Iterator[Record]:
    """Contigs of a genome file, FASTA or 2bit, in their order.

    Raises:
        DataFileError: As :func:`read_fasta`.
    """
    if is_twobit(path):
        yield from _checked((Record(name, "", sequence) for name, sequence in read_twobit(path)), path)
    else:
        yield from read_fasta(path)


def is_bgzip(start: bytes) -> bool:
    """Whether a file that begins with ``start`` (16 bytes or more) is bgzip, the gzip that can be indexed."""
    return start[:4] == BGZF_END[:4] and start[12:14] == BGZF_END[12:14]


@contextlib.contextmanager
def _open_bytes(path: Path | str) -> Iterator[BinaryIO]:
    with contextlib.ExitStack() as stack:
        raw = cast(BufferedReader, sys.stdin.buffer) if str(path) == "-" else stack.enter_context(Path(path).open("rb"))
        start = raw.peek(16)
        if start[:2] != _GZIP_MAGIC:
            yield raw
            return
        if is_bgzip(start) and raw.seekable():
            _check_bgzip_end(raw, path)
        yield cast(BinaryIO, stack.enter_context(gzip.open(raw)))


def _check_bgzip_end(raw: BinaryIO, path: Path | str) -> None:
    raw.seek(-min(len(BGZF_END), raw.seek(0, os.SEEK_END)), os.SEEK_END)
    end = raw.read()
    raw.seek(0)
    if end != BGZF_END:
        raise DataFileError(f"{path}: the bgzip file is truncated (its end block is missing); fetch it again")


def _records(handle: BinaryIO, path: Path | str) -> Iterator[Record]:
    header: bytes | None = None
    pieces: list[str] = []
    for block in _blocks_of_lines(handle):
        # Most blocks of a genome hold no header, and to look for one byte is many times faster than to split.
        before, *texts = (b"\n" + block).split(b"\n>") if b">" in block else [block]
        if header is None and before.strip():
            start = before.lstrip(b"\r\n").splitlines()[0][:20].decode("utf-8", "replace")
            hint = " (samtools fasta makes one of FASTQ)" if start[0] == "@" else ""
            raise DataFileError(f"{path}: begins with {start!r}, not with '>': this is no FASTA file{hint}")
        pieces.append(_letters(before))
        for text in texts:
            if header is not None:
                yield _record(header, pieces)
            header, _, sequence = text.partition(b"\n")
            pieces = [_letters(sequence)]
    if header is not None:
        yield _record(header, pieces)


def _blocks_of_lines(handle: BinaryIO) -> Iterator[bytes]:
    block = handle.read(_BLOCK).removeprefix(_BYTE_ORDER_MARK)
    while block:
        yield block + handle.readline()
        block = handle.read(_BLOCK)


def _letters(lines: bytes) -> str:
    return _text(lines.replace(b"\n", b"").replace(b"\r", b""))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _record(header: bytes, pieces: list[str]) -> Record:
    title = _text(header).rstrip()
    name, comment = (*title.split(None, 1), "", "")[:2] if title[:1].strip() else ("", title)
    return Record(name, comment, "".join(pieces))


def _checked(records: Iterable[Record], path: Path | str) -> Iterator[Record]:
    seen: set[str] = set()
    for record in records:
        if not record.name:
            raise DataFileError(f"{path}: record {len(seen) + 1} has no name; give each '>' line a unique first word")
        if not record.sequence:
            raise DataFileError(f"{path}: record {record.name} is empty; remove it or add its sequence")
        if record.name in seen:
            raise DataFileError(f"{path}: the name {record.name} occurs twice; give each record a unique first word")
        seen.add(record.name)
        yield record
    if not seen:
        raise DataFileError(f"{path}: holds no sequences; a FASTA record is a line '>name' and lines of letters")
