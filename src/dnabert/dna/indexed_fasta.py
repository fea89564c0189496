"""Random access to FASTA files, plain or bgzip, by an index (``.fai``, of bgzip also ``.gzi``) that must fit the file."""

import gzip
import logging
import os
import struct
import tempfile
import zlib
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pysam
from pysam.utils import SamtoolsError

from dnabert.dna.fasta import Record, check_letters, read_fasta
from dnabert.dna.handles import OwnHandle
from dnabert.dna.packing import BYTE_ORDER_MARK, first_bytes, open_bytes, packing_of
from dnabert.dna.sequence import Codes, encode_bases
from dnabert.errors import DataFileError, SequenceError

__all__ = ["IndexedFasta"]

log = logging.getLogger(__name__)

_NUM_CHECKED = 32
_MAX_HEADER = 1 << 16
_MAX_BLOCK = 1 << 16
"""Bases of a bgzip block, at most. Source: SAM/BAM format specification v1, section 4.1."""


class IndexedFasta:
    """Random access to a FASTA file, plain or bgzip, from any process or thread.

    An index beside the file is used, or made if there is none. Where it is older than the file, does not fit it, or cannot be
    written, an index of this run's own is made: htslib takes the bases that an outdated index leads to for true.

    Args:
        path: FASTA, plain or bgzip.

    Attributes:
        path: The file.
        lengths: Bases by contig.

    Raises:
        DataFileError: The file cannot be opened or indexed; the message gives the line that is in the way.
    """

    def __init__(self, path: Path) -> None:
        pysam.set_verbosity(0)
        self.path = path
        self._refusals: dict[str, str] = {}
        indices = _index_paths(path)
        try:
            self._own_index = _own_index(path, indices)
            self._open_handles()
            first = self._handles.get()
        except (OSError, ValueError, SamtoolsError) as error:
            raise DataFileError(_why_not_indexed(path)) from error
        self.lengths: dict[str, int] = dict(zip(first.references, first.lengths, strict=True))

    def _open_handles(self) -> None:
        path, own_index = self.path, self._own_index
        self._handles = OwnHandle(lambda: _open_indexed(path, own_index))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_handles"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        pysam.set_verbosity(0)
        self._open_handles()

    def codes(self, contig: str, start: int, end: int) -> Codes:
        """Base codes of bases [start, end) of a contig, shape (end-start,).

        Raises:
            DataFileError: The file was changed since it was opened.
            SequenceError: A letter is no nucleotide; the message gives its line.
        """
        letters = self._fetch(contig, start, end)
        try:
            return encode_bases(letters)
        except SequenceError as error:
            if contig not in self._refusals:
                # Looking for the line takes a reading of the file, and there may be many such regions.
                self._refusals[contig] = self._refusal(contig, end)
            raise SequenceError(self._refusals[contig]) from error

    def _refusal(self, contig: str, end: int) -> str:
        """What is wrong with the first letter of a contig that is no nucleotide."""
        try:
            check_letters(Record(contig, "", self._fetch(contig, 0, end).encode()), self.path)
        except SequenceError as error:
            return str(error)
        raise AssertionError(f"{contig}: all letters before {end} are nucleotides")

    def _fetch(self, contig: str, start: int, end: int) -> str:
        try:
            letters: str = self._handles.get().fetch(contig, start, end)
        except (OSError, ValueError) as error:
            raise self._damage(contig, start, end) from error
        # htslib returns what it got of a file that ends too soon.
        if len(letters) != end - start:
            raise self._damage(contig, start, end)
        return letters

    def _damage(self, contig: str, start: int, end: int) -> DataFileError:
        return DataFileError(
            f"{self.path}: {contig}:{start}-{end} cannot be read: the file is damaged, or its index is of another file; remove its .fai"
        )

    def close(self) -> None:
        """Closes the file."""
        self._handles.close()


def _index_paths(path: Path) -> list[Path]:
    packing = packing_of(first_bytes(path))
    if packing == "gzip":
        raise DataFileError(f"{path}: is gzip, which has no index; make it bgzip:  gunzip {path} && bgzip {path.with_suffix('')}")
    return [Path(f"{path}{suffix}") for suffix in ((".fai", ".gzi") if packing == "bgzip" else (".fai",))]


def _own_index(path: Path, indices: list[Path]) -> tuple[bytes, ...] | None:
    """The content of an index of this run's own, or None where the one beside the file will do, or can be made there."""
    present = [index for index in indices if index.exists()]
    outdated = [index for index in present if index.stat().st_mtime_ns < path.stat().st_mtime_ns]
    is_whole = len(present) == len(indices)
    if outdated:
        why = f"{outdated[0]} is older than the genome"
    elif is_whole and not _index_fits(path, indices):
        why = f"{indices[0]} is not of the genome as it is now"
    elif is_whole:
        return None
    else:
        why = f"{path.parent} cannot be written and has no index"
    key = _version_of(path)
    if key in _made:
        return _made[key]
    _check_records(path)
    if not outdated and not is_whole and os.access(path.parent, os.W_OK):
        return None
    log.warning("%s: this run makes an index of its own; run  samtools faidx %s  to spare the time", why, path)
    with tempfile.TemporaryDirectory(prefix="dnabert-index-") as folder:
        own = [Path(folder) / index.name for index in indices]
        pysam.faidx(str(path), "--fai-idx", str(own[0]), *(["--gzi-idx", str(own[1])] if len(own) > 1 else []))
        return _made.setdefault(key, tuple(index.read_bytes() for index in own))


_made: dict[tuple[Path, int, int, int], tuple[bytes, ...]] = {}
"""Indices of this process's own: made, and told of, once however often a file is opened."""


def _version_of(path: Path) -> tuple[Path, int, int, int]:
    """The file, its times of change, and its size."""
    file = path.stat()
    return path.resolve(), file.st_mtime_ns, file.st_ctime_ns, file.st_size


def _check_records(path: Path) -> None:
    """Nothing, if each record has a name of its own and letters; htslib passes over those that have not without a word.

    Raises:
        DataFileError: One has not; the message gives its line.
    """
    for _ in read_fasta(path):
        pass


def _why_not_indexed(path: Path) -> str:
    """The message that a file whose records have names and letters cannot be indexed, with the line that is in the way."""
    way_out = f"so that the file cannot be indexed;  dnabert genome get {path}  writes it anew"
    first = last = None  # letters and bytes of lines of a record
    with open_bytes(path) as handle:
        for number, line in enumerate(handle, start=1):
            if number == 1 and line.startswith(BYTE_ORDER_MARK):
                return f"{path}:1: begins with a byte-order mark, {way_out}"
            if line.startswith(b">"):
                first = last = None
                continue
            num_letters = len(b"".join(line.split()))
            if num_letters and first and num_letters > first[0]:
                return f"{path}:{number}: {num_letters} letters in a record whose first line has {first[0]}, {way_out}"
            if num_letters and last != first and last and first:
                found = f"{last[0]} letters on" if last[0] != first[0] else "blanks at the end of"
                return f"{path}:{number - 1}: {found} a line within a record whose first line has {first[0]} letters, {way_out}"
            last = num_letters, len(line)
            first = first or last
    return f"{path}: cannot be indexed; a FASTA file is of lines '>name', each with lines of letters of one length below it"


class _Entry(NamedTuple):
    """A line of ``.fai``: where the letters of a record begin, and how they are laid out; all lengths in bytes.

    Source: the manual page faidx(5) of samtools.
    """

    name: bytes
    length: int
    offset: int
    line_bases: int
    line_width: int

    @property
    def end(self) -> int:
        """One past the last letter."""
        full, rest = divmod(self.length - 1, self.line_bases)
        return self.offset + full * self.line_width + rest + 1


def _parse_entry(line: bytes) -> _Entry:
    name, length, offset, line_bases, line_width = line.split(b"\t")
    return _Entry(name, int(length), int(offset), int(line_bases), int(line_width))


def _index_fits(path: Path, indices: list[Path]) -> bool:
    """Whether an index is of the file, by the first records and the last: their names, where they begin, and what is behind them."""
    try:
        lines = sorted(indices[0].read_bytes().splitlines(), key=lambda line: int(line.split(b"\t")[2]))
        first = [_parse_entry(line) for line in lines[: _NUM_CHECKED + 1]]
        blocks = _read_blocks(indices[1]) if len(indices) > 1 else None
        with path.open("rb") as handle:
            read = _reader(handle, blocks)
            return all(_fits(read, *pair) for pair in pairwise(first)) and _fits(read, _parse_entry(lines[-1]), None)
    except (OSError, EOFError, zlib.error, struct.error, ValueError, IndexError, ZeroDivisionError):
        return False  # an index that leads nowhere


def _fits(read: Callable[[int, int], bytes], entry: _Entry, following: _Entry | None) -> bool:
    """Whether a record is where its entry says, and the next entry, if there is one, tells of what comes behind it.

    Args:
        read: Bytes of the unpacked file, from a place on.
        entry: The entry.
        following: The next one; None for the last.
    """
    first, end = max(entry.offset - _MAX_HEADER, 0), entry.end
    *_, header, rest = (b"\n" + read(first, entry.offset - first)).split(b"\n")
    if rest or _name(header) != entry.name or not read(end - 1, 1).strip():
        return False
    if entry.length > entry.line_bases and read(entry.offset + entry.line_bases, entry.line_width - entry.line_bases).strip():
        return False
    behind = read(end, following.offset - end if following else _MAX_HEADER).strip()
    return _name(behind) == following.name if following else not behind


def _name(header: bytes) -> bytes:
    """The name in a line ``>name ...``; empty for what is no such line, or more than one."""
    return header[1:].split(None, 1)[0] if header[:1] == b">" and header[1:].strip() and b"\n" not in header else b""


def _read_blocks(index: Path) -> list[tuple[int, int]]:
    """Where each block of a bgzip file begins, unpacked and packed, by its ``.gzi``; that does not name the first."""
    content = index.read_bytes()
    (count,) = struct.unpack_from("<Q", content)
    pairs = struct.iter_unpack("<QQ", content[8 : 8 + 16 * count])
    return [(0, 0), *((unpacked, packed) for packed, unpacked in pairs)]


def _reader(handle: BinaryIO, blocks: list[tuple[int, int]] | None) -> Callable[[int, int], bytes]:
    """What reads as many bytes of a file as there are from a place on, unpacked by the blocks of bgzip if there are blocks."""

    def read(place: int, count: int) -> bytes:
        if not 0 <= count <= _MAX_HEADER:
            raise ValueError(f"{count} bytes are no header")
        if blocks is None:
            handle.seek(place)
            return handle.read(count)
        unpacked, packed = blocks[bisect_right(blocks, place, key=lambda block: block[0]) - 1]
        if place - unpacked > _MAX_BLOCK:
            raise ValueError(f"no block of {handle.name} holds the place {place}")
        handle.seek(packed)
        with gzip.open(handle) as content:
            content.read(place - unpacked)
            return content.read(count)

    return read


def _open_indexed(path: Path, own_index: tuple[bytes, ...] | None) -> pysam.FastaFile:
    if own_index is None:
        return pysam.FastaFile(str(path))
    with tempfile.TemporaryDirectory(prefix="dnabert-index-") as folder:
        names = [str(Path(folder) / suffix) for suffix in ("own.fai", "own.gzi")]
        for name, content in zip(names, own_index, strict=False):
            Path(name).write_bytes(content)
        return pysam.FastaFile(str(path), filepath_index=names[0], filepath_index_compressed=names[1] if len(own_index) > 1 else None)
