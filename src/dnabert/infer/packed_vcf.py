"""VCF files, plain or bgzip, and BCF files, the packed ones with an index, that appear whole or not at all.

Source: bgzip, tabix, BCF and CSI by htslib.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

import pysam
import pysam.bcftools
from pysam.utils import SamtoolsError

from dnabert.errors import OutputError
from dnabert.output import write_error

__all__ = ["TABIX_LIMIT_BP", "VCF_ENDINGS", "check_ending", "index_ending", "is_bcf", "open_variant_output"]

VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")

TABIX_LIMIT_BP = 1 << 29
"""Bases of a contig that a tabix index can number: 512 Mbp; a CSI index goes further. Source: SAM specification, section 5.2 (CSIv1)."""

IndexEnding = Literal[".tbi", ".csi"]


def is_bcf(path: Path) -> bool:
    """Whether the name says BCF."""
    return path.suffix.lower() == ".bcf"


def index_ending(path: Path, longest_bp: int) -> IndexEnding:
    """Which index a packed file has: BCF, and VCF with contigs that are too long for tabix, a CSI index.

    Args:
        path: Its name.
        longest_bp: Bases of the longest contig, as far as the header states it or records show it.

    Examples:
        >>> index_ending(Path("x.vcf.gz"), 1 << 29), index_ending(Path("x.vcf.gz"), 1 + (1 << 29)), index_ending(Path("x.bcf"), 9)
        ('.tbi', '.csi', '.csi')
    """
    return ".csi" if is_bcf(path) or longest_bp > TABIX_LIMIT_BP else ".tbi"


@contextmanager
def open_variant_output(path: Path, make_index: bool, longest_bp: int = 0) -> Iterator[IO[str] | "_BgzipText"]:
    """A VCF or BCF file that appears, whole, when the block ends without an error; of a packed file the index beside it, too.

    What is written is VCF, line by line. BCF is made of it when all of it is there, through a bgzip file beside it: its header must name
    every contig, filter and key of the records.

    Args:
        path: Ends in .vcf, .vcf.gz, .vcf.bgz or .bcf.
        make_index: Packed: make an index; records must be in order.
        longest_bp: Bases of the longest contig, which choose the index; see :func:`index_ending`.

    Raises:
        OutputError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    index = Path(f"{temporary}{index_ending(path, longest_bp)}")
    text = Path(f"{temporary}.vcf.gz") if is_bcf(path) else temporary
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".vcf":
            with temporary.open("w", encoding="utf-8", newline="") as handle:
                yield handle
        else:
            with pysam.BGZFile(str(text), "w", None) as packed:
                yield _BgzipText(packed)
            if is_bcf(path):
                _write_bcf(text, temporary, path)
            if make_index:
                preset: Any = "bcf" if is_bcf(path) else "vcf"  # pysam's types do not know of BCF
                pysam.tabix_index(str(temporary), preset=preset, force=True, csi=index.suffix == ".csi")
                index.replace(f"{path}{index.suffix}")
            for ending in (".tbi", ".csi"):
                if not make_index or ending != index.suffix:
                    Path(f"{path}{ending}").unlink(missing_ok=True)  # one of a file that was here before
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        for left in (temporary, index, text):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _write_bcf(source: Path, target: Path, path: Path) -> None:
    """BCF of a VCF file, record by record: ``bcftools view``, whose memory does not grow with the file."""
    try:
        pysam.bcftools.view("--no-version", "--output-type", "b", "--output", str(target), str(source), catch_stdout=False)
    except SamtoolsError as error:
        said = " ".join(str(error).replace("\\n", " ").split())
        raise OutputError(f"{path}: could not be written as BCF ({said}); write .vcf.gz, or give it more room") from error


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
        raise OutputError(
            f"{path}: scored variants are written as .vcf, or as .vcf.gz (bgzip) or .bcf with an index beside it: end the name so"
        )
