"""How a file is packed, told by its first bytes: not at all, gzip, or bgzip, the gzip that can be indexed."""

import contextlib
import gzip
import os
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Literal, cast

from dnabert.errors import DataFileError

__all__ = ["BGZF_END", "BYTE_ORDER_MARK", "Packing", "check_bgzip_end", "first_bytes", "is_bgzip", "open_bytes", "packing_of"]

Packing = Literal["plain", "gzip", "bgzip"]

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every bgzip file. Source: SAM/BAM format specification v1, section 4.1.2."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some editors put before the text of a file in UTF-8."""

_GZIP_MAGIC = b"\x1f\x8b"
_NUM_TELLING = 16


def first_bytes(path: Path, count: int = _NUM_TELLING) -> bytes:
    """The first bytes of a file, packed as they are; fewer where it is shorter.

    Args:
        path: The file.
        count: How many; the default is enough for :func:`packing_of`.

    Raises:
        DataFileError: It cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return handle.read(count)
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def packing_of(start: bytes) -> Packing:
    """How a file that begins with ``start`` (16 bytes or more) is packed."""
    if start[:2] != _GZIP_MAGIC:
        return "plain"
    return "bgzip" if is_bgzip(start) else "gzip"


def is_bgzip(start: bytes) -> bool:
    """Whether a file that begins with ``start`` (16 bytes or more) is bgzip."""
    return start[:4] == BGZF_END[:4] and start[12:14] == BGZF_END[12:14]


def check_bgzip_end(raw: BinaryIO, path: Path | str) -> None:
    """Nothing, if an open bgzip file has its end block, without which gzip takes a part of it for the whole; rewinds the file.

    Raises:
        DataFileError: It has not.
    """
    raw.seek(-min(len(BGZF_END), raw.seek(0, os.SEEK_END)), os.SEEK_END)
    end = raw.read()
    raw.seek(0)
    if end != BGZF_END:
        raise DataFileError(f"{path}: the bgzip file is truncated (its end block is missing); fetch it again")


@contextlib.contextmanager
def open_bytes(path: Path | str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is gzip or bgzip; ``-`` is stdin.

    Raises:
        DataFileError: A bgzip file lacks its end; other damage is an error of gzip or zlib while it is read.
    """
    with contextlib.ExitStack() as stack:
        raw = cast(BufferedReader, sys.stdin.buffer) if str(path) == "-" else stack.enter_context(Path(path).open("rb"))
        packing = packing_of(raw.peek(_NUM_TELLING))
        if packing == "plain":
            yield raw
            return
        if packing == "bgzip" and raw.seekable():
            check_bgzip_end(raw, path)
        yield cast(BinaryIO, stack.enter_context(gzip.open(raw)))
