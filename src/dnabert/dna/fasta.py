"""Sequences from FASTA files (plain, gzip, bgzip, stdin), the contigs of a genome in FASTA or 2bit, and random access to FASTA.

The reader of whole files is our own because ``pysam.FastxFile`` loses bases without a word: it ends a sequence at a NUL byte (a
download that was never finished), and drops what follows a line that begins with ``+``. Here every byte of a record comes out, so
that :func:`dnabert.dna.sequence.encode_bases` can name what is no nucleotide.
"""

import contextlib
import gzip
import logging
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

import pysam
from pysam.utils import SamtoolsError

from dnabert.dna.handles import OwnHandle
from dnabert.dna.twobit import is_twobit, read_twobit
from dnabert.errors import DataFileError

__all__ = ["BGZF_END", "IndexedFasta", "Record", "check_bgzip_end", "is_bgzip", "open_bytes", "read_contigs", "read_fasta"]

log = logging.getLogger(__name__)

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


def read_fasta(path: Path | str, on_error: Callable[[DataFileError], None] | None = None) -> Iterator[Record]:
    """Records of a FASTA file in their order; ``-`` is stdin.

    Args:
        path: FASTA, plain, gzip or bgzip.
        on_error: Takes the error of a record without name or letters, or with a name that was there before, which is then passed over;
            None raises it.

    Raises:
        DataFileError: The file is missing, empty, not FASTA, truncated, or has a header without a name, an empty record, or a name twice.
    """
    try:
        with open_bytes(path) as handle:
            yield from _checked(_records(handle, path), path, on_error)
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
def open_bytes(path: Path | str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is gzip or bgzip; ``-`` is stdin.

    Raises:
        DataFileError: A bgzip file lacks its end; other damage is an error of gzip or zlib while it is read.
    """
    with contextlib.ExitStack() as stack:
        raw = cast(BufferedReader, sys.stdin.buffer) if str(path) == "-" else stack.enter_context(Path(path).open("rb"))
        start = raw.peek(16)
        if start[:2] != _GZIP_MAGIC:
            yield raw
            return
        if is_bgzip(start) and raw.seekable():
            check_bgzip_end(raw, path)
        yield cast(BinaryIO, stack.enter_context(gzip.open(raw)))


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


def _records(handle: BinaryIO, path: Path | str) -> Iterator[Record]:
    header: bytes | None = None
    pieces: list[str] = []
    is_line_start = True
    for block in _blocks(handle):
        # Most blocks of a genome hold no header, and to look for one byte is many times faster than to split.
        before, *texts = ((b"\n" if is_line_start else b"") + block).split(b"\n>") if b">" in block else [block]
        is_line_start = block.endswith(b"\n")
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


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    """Blocks that end within no header; they may end within a line of letters, since a chromosome may stand on a single one."""
    block = handle.read(_BLOCK).removeprefix(_BYTE_ORDER_MARK)
    while block:
        last_line = block.rfind(b"\n") + 1
        yield block + handle.readline() if block.startswith(b">", last_line) else block
        block = handle.read(_BLOCK)


def _letters(lines: bytes) -> str:
    return _text(lines.replace(b"\n", b"").replace(b"\r", b""))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _record(header: bytes, pieces: list[str]) -> Record:
    title = _text(header).rstrip()
    name, comment = (*title.split(None, 1), "", "")[:2] if title[:1].strip() else ("", title)
    return Record(name, comment, "".join(pieces))


def _checked(records: Iterable[Record], path: Path | str, on_error: Callable[[DataFileError], None] | None = None) -> Iterator[Record]:
    seen: set[str] = set()
    count = 0
    for count, record in enumerate(records, start=1):
        fault = ""
        if not record.name:
            fault = f"record {count} has no name; give each '>' line a unique first word"
        elif not record.sequence:
            fault = f"record {record.name} is empty; remove it or add its sequence"
        elif record.name in seen:
            fault = f"the name {record.name} occurs twice; give each record a unique first word"
        seen.add(record.name)
        if not fault:
            yield record
            del record  # a chromosome is large, and the next one is read before the name is bound anew
        elif on_error is None:
            raise DataFileError(f"{path}: {fault}")
        else:
            on_error(DataFileError(f"{path}: {fault}"))
    if not count:
        raise DataFileError(f"{path}: holds no sequences; a FASTA record is a line '>name' and lines of letters")


class IndexedFasta:
    """Random access to a FASTA file, plain or bgzip, from any process or thread.

    An index beside the file is used, or made if there is none. Where it is older than the file, or cannot be written, an index of
    this run's own is made: htslib takes the bases of an outdated index for true.

    Args:
        path: FASTA, plain or bgzip.

    Attributes:
        path: The file.
        lengths: Bases by contig.

    Raises:
        DataFileError: The file cannot be opened or indexed.
    """

    def __init__(self, path: Path) -> None:
        pysam.set_verbosity(0)
        self.path = path
        bgzip = _is_bgzip_file(path)
        try:
            self._own_index = _own_index(path, bgzip)
            self._open_handles()
            first = self._handles.get()
        except (OSError, ValueError, SamtoolsError) as error:
            raise DataFileError(
                f"{path}: cannot be indexed; a FASTA record is a line '>name' and lines of one length, without blank lines between them"
            ) from error
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

    def fetch(self, contig: str, start: int, end: int) -> str:
        """Letters of bases [start, end) of a contig, as they stand in the file.

        Raises:
            DataFileError: The file is damaged, or its index is of another file.
        """
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


def _is_bgzip_file(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            start = handle.read(16)
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if start[:2] == _GZIP_MAGIC and not is_bgzip(start):
        raise DataFileError(f"{path}: is gzip, which has no index; make it bgzip:  gunzip {path} && bgzip {path.with_suffix('')}")
    return is_bgzip(start)


def _own_index(path: Path, bgzip: bool) -> tuple[bytes, ...] | None:
    """The content of an index of this run's own, or None where the one beside the file will do."""
    suffixes = (".fai", ".gzi") if bgzip else (".fai",)
    indices = [Path(f"{path}{suffix}") for suffix in suffixes]
    present = [index for index in indices if index.exists()]
    outdated = [index for index in present if index.stat().st_mtime_ns < path.stat().st_mtime_ns]
    if not outdated and (len(present) == len(indices) or os.access(path.parent, os.W_OK)):
        return None
    why = f"{outdated[0]} is older than the genome" if outdated else f"{path.parent} cannot be written and has no index"
    log.warning("%s: this run makes an index of its own; run  samtools faidx %s  to spare the time", why, path)
    with tempfile.TemporaryDirectory(prefix="dnabert-index-") as folder:
        own = [Path(folder) / index.name for index in indices]
        pysam.faidx(str(path), "--fai-idx", str(own[0]), *(["--gzi-idx", str(own[1])] if bgzip else []))
        return tuple(index.read_bytes() for index in own)


def _open_indexed(path: Path, own_index: tuple[bytes, ...] | None) -> pysam.FastaFile:
    if own_index is None:
        return pysam.FastaFile(str(path))
    with tempfile.TemporaryDirectory(prefix="dnabert-index-") as folder:
        names = [str(Path(folder) / suffix) for suffix in ("own.fai", "own.gzi")]
        for name, content in zip(names, own_index, strict=False):
            Path(name).write_bytes(content)
        return pysam.FastaFile(str(path), filepath_index=names[0], filepath_index_compressed=names[1] if len(own_index) > 1 else None)
