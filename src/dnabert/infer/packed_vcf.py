"""VCF files, plain or bgzip with an index, that appear whole or not at all.

Source: bgzip and tabix by htslib.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pysam

from dnabert.errors import OutputError
from dnabert.output import write_error

__all__ = ["VCF_ENDINGS", "check_ending", "open_variant_output"]

VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz")


@contextmanager
def open_variant_output(path: Path, make_index: bool) -> Iterator[IO[str] | "_BgzipText"]:
    """A VCF file that appears, whole, when the block ends without an error; of a bgzip file the index beside it, too.

    Args:
        path: Ends in .vcf, .vcf.gz or .vcf.bgz.
        make_index: bgzip: make a tabix index; records must be in order.

    Raises:
        OutputError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    index, own_index = Path(f"{temporary}.tbi"), Path(f"{path}.tbi")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".vcf":
            with temporary.open("w", encoding="utf-8", newline="") as handle:
                yield handle
        else:
            with pysam.BGZFile(str(temporary), "w", None) as packed:
                yield _BgzipText(packed)
            if make_index:
                pysam.tabix_index(str(temporary), preset="vcf", force=True)
                index.replace(own_index)
            else:
                own_index.unlink(missing_ok=True)  # one of a file that was here before
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        for left in (temporary, index):
            with suppress(OSError):
                left.unlink(missing_ok=True)


class _BgzipText:
    """Text into a bgzip file."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed

    def write(self, text: str) -> None:
        self._packed.write(text.encode())


def check_ending(path: Path) -> None:
    """Stop where a file could not be written in the form that its name says.

    Raises:
        OutputError: It could not.
    """
    if not path.name.lower().endswith(VCF_ENDINGS):
        raise OutputError(f"{path}: scored variants are written as .vcf, or as .vcf.gz (bgzip, with its .tbi): end the name so")
