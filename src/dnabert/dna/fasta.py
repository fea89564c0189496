"""Sequences from FASTA files (plain, gzip, bgzip, stdin), and the contigs of a genome in FASTA or 2bit.

The reader of whole files is our own because ``pysam.FastxFile`` loses bases without a word: it ends a sequence at a NUL byte (a
download that was never finished), and drops what follows a line that begins with ``+``. Here every byte of a record comes out, so
that :func:`dnabert.dna.sequence.encode_bases` can name what is no nucleotide.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dnabert.dna.packing import BYTE_ORDER_MARK, open_bytes
from dnabert.dna.sequence import encode_bases, find_invalid
from dnabert.dna.twobit import is_twobit, read_twobit
from dnabert.errors import DataFileError

__all__ = ["Record", "check_letters", "read_contigs", "read_fasta"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Record:
    """One sequence of a file.

    Attributes:
        name: First word of the header.
        comment: Rest of the header.
        letters: Letters as they stand in the file, without line ends.
        line: Line of the header, from 1; 0 where a file has no lines (2bit). It does not count when records are compared.
    """

    name: str
    comment: str
    letters: bytes
    line: int = field(default=0, compare=False)

    @property
    def sequence(self) -> str:
        """The letters as text; bytes that are none are written out."""
        return _text(self.letters)


def read_fasta(path: Path | str, on_error: Callable[[DataFileError], None] | None = None) -> Iterator[Record]:
    """Records of a FASTA file in their order; ``-`` is stdin.

    Args:
        path: FASTA, plain, gzip or bgzip.
        on_error: Takes the error of a record without name or letters, or with a name that was there before, which is then passed over;
            None raises it.

    Raises:
        DataFileError: The file is missing, empty, not FASTA, truncated, or has a header without a name, an empty record, or a name twice;
            of a record the message gives the line.
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
        yield from _checked((Record(name, "", sequence.encode()) for name, sequence in read_twobit(path)), path)
    else:
        yield from read_fasta(path)


def check_letters(record: Record, path: Path | str) -> None:
    """Nothing, if each letter of a record is a nucleotide.

    Args:
        record: A record of a file.
        path: The file that :func:`read_contigs` had it from; it is read again to find the line of the letter.

    Raises:
        SequenceError: One is not; the message gives its line, and its position in the record.
    """
    if find_invalid(record.letters) is None:
        return
    sequence = record.sequence  # where letters are characters, of one byte or several
    index = find_invalid(sequence)
    if index is not None:
        encode_bases(sequence[: index + 1], f"{_place_of_letter(path, record.name, index)}: {record.name}")


def _place_of_letter(path: Path | str, name: str, index: int) -> str:
    """``file:line`` of a letter of a record, told by its index; the file alone where it has no lines or can be read once only."""
    if str(path) == "-" or not Path(path).is_file() or is_twobit(Path(path)):
        return str(path)
    is_here, num_seen = False, 0
    with open_bytes(path) as handle:
        for number, line in enumerate(handle, start=1):
            text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            if text.startswith(b">"):
                is_here = _parse_header(text[1:])[0] == name
            elif is_here:
                num_seen += len(_text(_letters(text)[0]))
                if num_seen > index:
                    return f"{path}:{number}"
    return str(path)


def _records(handle: BinaryIO, path: Path | str) -> Iterator[Record]:
    header: bytes | None = None
    header_line, line = 0, 1  # the line that what is read next begins in
    pieces: list[bytes] = []
    is_line_start = True
    for block in _blocks(handle):
        # Most blocks of a genome hold no header, and to look for one byte is many times faster than to split.
        if b">" in block:
            before, *texts = (b"\n" * is_line_start + block).split(b"\n>")
            line -= is_line_start  # its end was put there
        else:
            before, texts = block, []
        is_line_start = block.endswith(b"\n")
        if header is None and before.strip():
            start = before.lstrip(b"\r\n").splitlines()[0][:20].decode("utf-8", "replace")
            hint = " (samtools fasta makes one of FASTQ)" if start[0] == "@" else ""
            raise DataFileError(f"{path}: begins with {start!r}, not with '>': this is no FASTA file{hint}")
        letters, num_ends = _letters(before)
        pieces.append(letters)
        line += num_ends
        for text in texts:
            if header is not None:
                yield _record(header, pieces, header_line)
            header, line_end, sequence = text.partition(b"\n")
            header_line = line + 1
            letters, num_ends = _letters(sequence)
            pieces = [letters]
            line = header_line + len(line_end) + num_ends
    if header is not None:
        yield _record(header, pieces, header_line)


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    """Blocks that end within no header; they may end within a line of letters, since a chromosome may stand on a single one."""
    block = handle.read(_BLOCK).removeprefix(BYTE_ORDER_MARK)
    while block:
        last_line = block.rfind(b"\n") + 1
        yield block + handle.readline() if block.startswith(b">", last_line) else block
        block = handle.read(_BLOCK)


def _letters(lines: bytes) -> tuple[bytes, int]:
    """The letters on lines, and how many ends of lines are among them."""
    letters = lines.replace(b"\n", b"")
    return letters.replace(b"\r", b""), len(lines) - len(letters)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _record(header: bytes, pieces: list[bytes], line: int) -> Record:
    name, comment = _parse_header(header)
    return Record(name, comment, pieces[0] if len(pieces) == 1 else b"".join(pieces), line)


def _parse_header(header: bytes) -> tuple[str, str]:
    """Name and comment of a header, which comes without its ``>``; no name where a blank comes first."""
    title = _text(header).rstrip()
    name, comment = (*title.split(None, 1), "", "")[:2] if title[:1].strip() else ("", title)
    return name, comment


def _checked(records: Iterable[Record], path: Path | str, on_error: Callable[[DataFileError], None] | None = None) -> Iterator[Record]:
    lines: dict[str, int] = {}
    count = 0
    for count, record in enumerate(records, start=1):
        fault = _fault(record, count, lines)
        lines.setdefault(record.name, record.line)
        if not fault:
            yield record
            del record  # a chromosome is large, and the next one is read before the name is bound anew
            continue
        error = DataFileError(f"{path}:{record.line}: {fault}" if record.line else f"{path}: {fault}")
        if on_error is None:
            raise error
        on_error(error)
    if not count:
        raise DataFileError(f"{path}: holds no sequences; a FASTA record is a line '>name' and lines of letters")


def _fault(record: Record, number: int, lines: Mapping[str, int]) -> str:
    """What is wrong with the record of a number, after those whose names are on the given lines; an empty text for nothing."""
    if not record.name:
        return f"record {number} has no name; give each '>' line a unique first word"
    if not record.letters:
        return f"record {record.name} is empty; remove it or add its sequence"
    if record.name in lines:
        first = f" (first on line {lines[record.name]})" if record.line else ""
        return f"the name {record.name} occurs twice{first}; give each record a unique first word"
    return ""
