"""Files of sequences, variants or signal that were given where intervals are wanted."""

import gzip
import zlib
from pathlib import Path

from dnabert.dna.packing import BYTE_ORDER_MARK, open_bytes
from dnabert.errors import DataFileError

__all__ = ["refuse_other_kinds"]

_NUM_TELLING = 64
_KINDS = {
    b"##fileformat=VCF": "VCF, which lists variants",
    b"#CHROM\tPOS\tID\tREF": "VCF, which lists variants",
    b"BCF\2": "BCF, which lists variants",
    b">": "FASTA, which holds sequences",
    b"@HD\t": "SAM, which holds aligned reads",
    b"BAM\1": "BAM, which holds aligned reads",
    b"\x43\x27\x41\x1a": "2bit, which holds sequences",
    b"\x1a\x41\x27\x43": "2bit, which holds sequences",
    b"\x26\xfc\x8f\x88": "bigWig, which holds a signal",
    b"\x88\x8f\xfc\x26": "bigWig, which holds a signal",
    b"\xeb\xf2\x89\x87": "bigBed; bigBedToBed (UCSC) makes BED of it",
    b"\x87\x89\xf2\xeb": "bigBed; bigBedToBed (UCSC) makes BED of it",
}
"""What a file is, by how it begins."""


def refuse_other_kinds(path: Path, wanted: str) -> None:
    """Nothing, unless a file, plain or packed, begins as one of variants, sequences or signal does.

    Args:
        path: The file.
        wanted: What it should hold, for the message.

    Raises:
        DataFileError: It is such a file, or cannot be read.
    """
    try:
        with open_bytes(path) as handle:
            start = handle.read(_NUM_TELLING).removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFileError(f"{path}: the gzip file is truncated or damaged ({error}); fetch it again") from error
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    for begin, kind in _KINDS.items():
        if start.startswith(begin):
            raise DataFileError(f"{path}: is {kind}; give {wanted}")
