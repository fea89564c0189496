"""Sequences from UCSC's 2bit files, whole or in part.

The reader is our own because ``py2bit`` reads past the end of a truncated file and returns wrong bases without an error.

Source: UCSC Genome Browser FAQ, "twoBit sequence archive format", versions 0 (32-bit offsets) and 1 (64-bit offsets), either byte order.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.dna.handles import OwnHandle
from dnabert.dna.packing import first_bytes
from dnabert.dna.sequence import Codes, encode_bases
from dnabert.errors import DataFileError

__all__ = ["TwoBitFile", "is_twobit", "read_twobit"]

_BYTE_ORDERS = {b"\x43\x27\x41\x1a": "<", b"\x1a\x41\x27\x43": ">"}
_LETTERS = np.frombuffer(b"TCAG", dtype=np.uint8)
_LETTERS_OF_BYTE: npt.NDArray[np.uint8] = _LETTERS[(np.arange(256)[:, None] >> np.array([6, 4, 2, 0])) & 3]
_LOWER_CASE = 0x20


def is_twobit(path: Path) -> bool:
    """Whether the file is 2bit, by its first bytes.

    Raises:
        DataFileError: The file cannot be read.
    """
    return first_bytes(path, 4) in _BYTE_ORDERS


def read_twobit(path: Path) -> Iterator[tuple[str, str]]:
    """Name and letters of each sequence, in the order of the file; soft-masked bases are in lower case, as from ``twoBitToFa``.

    Raises:
        DataFileError: The file is truncated or damaged.
    """
    try:
        with closing(_Reader(path)) as reader:
            for name, offset in reader.index():
                record = reader.record(offset)
                letters = reader.letters(record, 0, record.length)
                for start, size in reader.masked(record):
                    letters[start : start + size] |= _LOWER_CASE
                yield name, letters.tobytes().decode("ascii")
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


class TwoBitFile:
    """Random access to the sequences of a 2bit file, from any process or thread.

    Args:
        path: 2bit file.

    Attributes:
        path: The file.
        lengths: Bases by name of sequence.

    Raises:
        DataFileError: The file is truncated or damaged, or has a name twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers = OwnHandle(lambda: _Reader(path))
        try:
            self._records = _records(self._readers.get(), path)
        except DataFileError:
            self.close()
            raise
        self.lengths = {name: record.length for name, record in self._records.items()}

    def __reduce__(self) -> tuple[type["TwoBitFile"], tuple[Path]]:
        return type(self), (self.path,)

    def codes(self, name: str, start: int, end: int) -> Codes:
        """Base codes of bases [start, end) of a sequence, shape (end-start,).

        Raises:
            DataFileError: The file became shorter since it was opened.
        """
        return encode_bases(self._readers.get().letters(self._records[name], start, end).tobytes())

    def close(self) -> None:
        """Closes the file."""
        self._readers.close()


@dataclass(frozen=True)
class _Record:
    """Where the parts of a sequence stand.

    Attributes:
        length: Its bases.
        unknown: Runs of N, as rows of start and size, shape (R, 2).
        masked_offset: Where in the file the table of soft-masked runs begins.
        packed_offset: Where the bases begin, four to a byte.
    """

    length: int
    unknown: npt.NDArray[np.int64]
    masked_offset: int
    packed_offset: int


def _records(reader: "_Reader", path: Path) -> dict[str, _Record]:
    records: dict[str, _Record] = {}
    for name, offset in reader.index():
        if name in records:
            raise DataFileError(f"{path}: the name {name} occurs twice; give each sequence a name of its own")
        records[name] = reader.record(offset)
    return records


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = path.open("rb")
        self._size = os.fstat(self._handle.fileno()).st_size
        try:
            self._order = _BYTE_ORDERS[self._bytes(4)]
        except DataFileError:
            self._handle.close()
            raise

    def close(self) -> None:
        self._handle.close()

    def _bytes(self, count: int) -> bytes:
        if self._handle.tell() + count > self._size:
            raise self._damage()
        return self._handle.read(count)

    def _damage(self) -> DataFileError:
        return DataFileError(f"{self._path}: the 2bit file is truncated or damaged; fetch it again")

    def _number(self, kind: str = "I") -> int:
        value: int
        (value,) = struct.unpack(self._order + kind, self._bytes(struct.calcsize(kind)))
        return value

    def index(self) -> list[tuple[str, int]]:
        self._handle.seek(4)
        version, count, _ = self._number(), self._number(), self._number()
        if version not in (0, 1):
            raise DataFileError(f"{self._path}: is 2bit version {version}; only versions 0 and 1 are known")
        names = []
        for _ in range(count):
            name = self._bytes(self._number("B")).decode("utf-8", "backslashreplace")
            names.append((name, self._number("Q" if version else "I")))
        return names

    def record(self, offset: int) -> _Record:
        self._handle.seek(min(offset, self._size))
        length = self._number()
        unknown = self._blocks()
        masked_offset = self._handle.tell()
        self._handle.seek(8 * self._number(), os.SEEK_CUR)
        self._number()  # reserved
        packed_offset = self._handle.tell()
        if packed_offset + (length + 3) // 4 > self._size:
            raise self._damage()
        return _Record(length, unknown, masked_offset, packed_offset)

    def masked(self, record: _Record) -> npt.NDArray[np.int64]:
        """Soft-masked runs, as rows of start and size, shape (R, 2)."""
        self._handle.seek(record.masked_offset)
        return self._blocks()

    def letters(self, record: _Record, start: int, end: int) -> npt.NDArray[np.uint8]:
        """Upper-case letters of bases [start, end), shape (end-start,)."""
        first = start // 4
        self._handle.seek(record.packed_offset + first)
        packed = np.frombuffer(self._bytes((end + 3) // 4 - first), dtype=np.uint8)
        letters = _LETTERS_OF_BYTE[packed].reshape(-1)[start - 4 * first : end - 4 * first]
        run_starts, run_ends = record.unknown[:, 0], record.unknown.sum(axis=1)
        for run in np.flatnonzero((run_starts < end) & (run_ends > start)):
            letters[max(run_starts[run] - start, 0) : run_ends[run] - start] = ord("N")
        return letters

    def _blocks(self) -> npt.NDArray[np.int64]:
        count = self._number()
        table = np.frombuffer(self._bytes(8 * count), dtype=f"{self._order}u4")
        return table.reshape(2, count).T.astype(np.int64)
