"""A genome as it comes from a provider, made into bgzip FASTA: the one packing that is both small and indexed."""

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pysam

from dnabert.data.download.contents import ContigContent, describe_contig
from dnabert.dna.fasta import Record, read_contigs
from dnabert.dna.packing import open_bytes
from dnabert.errors import DataFileError

__all__ = ["DAMAGE", "open_bgzip", "write_fasta"]

DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a damaged gzip file raises."""

_LETTERS_PER_LINE = 60
_LINES_PER_WRITE = 1 << 16
_FASTA_ENDINGS = (".fa", ".fna", ".fasta", ".fas")
_TAR_MAGIC, _TAR_MAGIC_AT, _ZIP_MAGIC = b"ustar", 257, b"PK\x03\x04"


def open_bgzip(path: Path) -> pysam.BGZFile:
    """A bgzip file to write to. At level 4 a genome takes a fifth of the time of the default, 6, and 5 % more room."""
    return pysam.BGZFile(str(path), "w4", None)  # type: ignore[arg-type]  # htslib reads the level off the mode


def write_fasta(download: Path, fasta: Path) -> tuple[ContigContent, ...]:
    """What the contigs of a download are made of, which are written as bgzip FASTA: lines of one length, letters and case as they were.

    Args:
        download: FASTA (plain, gzip, bgzip), 2bit, or a tar archive of FASTA files.
        fasta: Where to; scratch files lie beside it.

    Raises:
        DataFileError: The download is damaged, or none of these.
        SequenceError: A letter is no nucleotide.
    """
    contigs = []
    with open_bgzip(fasta) as handle:
        for record in read_contigs(_unpacked_archive(download, fasta.parent)):
            contigs.append(describe_contig(record, str(download)))
            handle.write(f">{record.name} {record.comment}".rstrip().encode() + b"\n")
            for lines in _lines(record):
                handle.write(lines)
    return tuple(contigs)


def _lines(record: Record) -> Iterator[bytes]:
    width = _LETTERS_PER_LINE
    for start in range(0, len(record.letters), width * _LINES_PER_WRITE):
        piece = record.letters[start : start + width * _LINES_PER_WRITE]
        whole = len(piece) // width * width
        rows = np.frombuffer(piece[:whole], dtype=np.uint8).reshape(-1, width)
        yield np.concatenate([rows, np.full((len(rows), 1), ord("\n"), dtype=np.uint8)], axis=1).tobytes()
        if whole < len(piece):
            yield piece[whole:] + b"\n"


def _unpacked_archive(download: Path, place: Path) -> Path:
    """The file itself, or, of a tar archive such as UCSC's chromFa.tar.gz, all its FASTA files as one."""
    try:
        with open_bytes(download) as handle:
            start = handle.read(_TAR_MAGIC_AT + len(_TAR_MAGIC))
    except DAMAGE as error:
        raise DataFileError(f"{download}: the gzip file is truncated or damaged ({error}); fetch it again") from error
    if start.startswith(_ZIP_MAGIC):
        raise DataFileError(f"{download}: is a zip archive; unpack it, and give the FASTA file in it")
    if start[_TAR_MAGIC_AT:] != _TAR_MAGIC:
        return download
    joined = place / "archive.fa"
    try:
        with tarfile.open(download) as archive, joined.open("wb") as target:
            for member in archive:
                content = archive.extractfile(member) if member.name.endswith(_FASTA_ENDINGS) else None
                if content is not None:
                    shutil.copyfileobj(content, target)
                    target.write(b"\n")
    except (tarfile.TarError, *DAMAGE) as error:
        raise DataFileError(f"{download}: is a damaged tar archive: {error}") from error
    return joined
