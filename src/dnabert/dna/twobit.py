"""Sequences from UCSC's 2bit files.

The reader is our own because ``py2bit`` reads past the end of a truncated file and returns wrong bases without an error.

Source: UCSC Genome Browser FAQ, "twoBit sequence archive format", versions 0 (32-bit offsets) and 1 (64-bit offsets), either byte order.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from dnabert.errors import DataFileError

__all__ = ["is_twobit", "read_twobit"]

_BYTE_ORDERS = {b"\x43\x27\x41\x1a": "<", b"\x1a\x41\x27\x43": ">"}
_LETTERS = np.frombuffer(b"TCAG", dtype=np.uint8)
_LETTERS_OF_BYTE: npt.NDArray[np.uint8] = _LETTERS[(np.arange(256)[:, None] >> np.array([6, 4, 2, 0])) & 3]


def is_twobit(path: Path) -> bool:
    """Whether the file is 2bit, by its first bytes.

    Raises:
        DataFileError: The file cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return handle.read(4) in _BYTE_ORDERS
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_twobit(path: Path) -> Iterator[tuple[str, str]]:
    """Name and upper-case letters of each sequence, in the order of the file.

    Raises:
        DataFileError: The file is truncated or damaged.
    """
    try:
        with path.open("rb") as handle:
            reader = _Reader(handle, path)
            for name, offset in reader.index():
                yield name, reader.sequence(offset)
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


class _Reader:
    def __init__(self, handle: BinaryIO, path: Path) -> None:
        self._handle = handle
        self._path = path
        self._size = os.fstat(handle.fileno()).st_size
        self._order = _BYTE_ORDERS[self._bytes(4)]

    def _bytes(self, count: int) -> bytes:
        if self._handle.tell() + count > self._size:
            raise DataFileError(f"{self._path}: the 2bit file is truncated or damaged; fetch it again")
        return self._handle.read(count)

    def _number(self, kind: str = "I") -> int:
        value: int
        (value,) = struct.unpack(self._order + kind, self._bytes(struct.calcsize(kind)))
        return value

    def index(self) -> list[tuple[str, int]]:
        version, count, _ = self._number(), self._number(), self._number()
        if version not in (0, 1):
            raise DataFileError(f"{self._path}: is 2bit version {version}; only versions 0 and 1 are known")
        names = []
        for _ in range(count):
            name = self._bytes(self._number("B")).decode("utf-8", "backslashreplace")
            names.append((name, self._number("Q" if version else "I")))
        return names

    def sequence(self, offset: int) -> str:
        self._handle.seek(min(offset, self._size))
        length = self._number()
        unknown = self._blocks()
        self._blocks()  # the lower-case blocks: case is the same to us
        self._number()  # reserved
        packed = np.frombuffer(self._bytes((length + 3) // 4), dtype=np.uint8)
        letters = _LETTERS_OF_BYTE[packed].reshape(-1)[:length]
        for start, size in unknown:
            letters[start : start + size] = ord("N")
        return letters.tobytes().decode("ascii")

    def _blocks(self) -> npt.NDArray[np.int64]:
        count = self._number()
        table = np.frombuffer(self._bytes(8 * count), dtype=f"{self._order}u4")
        return table.reshape(2, count).T.astype(np.int64)
