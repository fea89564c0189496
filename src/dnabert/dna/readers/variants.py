"""Variants from VCF and BCF, and whether their reference alleles are those of a genome.

Source: The Variant Call Format specification, VCFv4.3 and BCFv2.2; read by htslib.
"""

import logging
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from dnabert.dna.contigs import ContigNames
from dnabert.dna.packing import first_bytes, packing_of
from dnabert.dna.regions import Region
from dnabert.dna.sequence import Codes, encode_bases
from dnabert.errors import DataFileError, RegionError, SequenceError

__all__ = [
    "ReferenceCheck",
    "Variant",
    "VariantHeader",
    "check_references",
    "check_regular",
    "read_header",
    "read_records",
    "read_variants",
]

log = logging.getLogger(__name__)

# One base agrees by chance three times in ten.
_MIN_SHARE_OF_SAME_ASSEMBLY = 0.5
_MIN_SHARE_OF_SHIFTED = 0.9


@dataclass(frozen=True)
class Variant:
    """One record.

    Attributes:
        contig: Name of the contig, the genome's own where one was given.
        position: First base of the reference allele, 0-based; -1 for VCF's POS 0, the telomere.
        reference: The reference allele, as it stands in the file.
        alternates: The alternate alleles, also symbolic ones such as ``<DEL>`` and ``*``; none for a dot.
        id: Column 3; an empty string for a dot.
        where: File and place as the file has it, 1-based, for messages: ``x.vcf.gz: chr1:123``.
    """

    contig: str
    position: int
    reference: str
    alternates: tuple[str, ...]
    id: str
    where: str

    @property
    def region(self) -> Region:
        """The bases of the reference allele."""
        return Region(self.contig, self.position, self.position + len(self.reference), self.id, ".", self.where)


def check_regular(path: Path) -> None:
    """Stop where a file can be read only once: it is read several times.

    Raises:
        DataFileError: It is a pipe or the like.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DataFileError(
            f"{path}: is a pipe or a device, and variants are read several times, from a regular file: write them to one first, such as"
            "  bcftools view ... > variants.vcf"
        )


def read_variants(path: Path, names: ContigNames | None) -> Iterator[Variant]:
    """Variants of a VCF (plain or bgzip) or BCF file, in its order; no index is needed.

    Args:
        path: The file.
        names: Contigs of the genome, to which the names of the file are matched and the lengths it states compared; None: neither.

    Raises:
        DataFileError: The file is no VCF or BCF, is truncated or damaged, or has a malformed record.
        RegionError: A contig is not in the genome, or is stated to have another length.
    """
    lengths = read_header(path).lengths
    for record in read_records(path):
        where = f"{path}: {record.contig}:{record.pos}"
        contig = record.contig if names is None else _contig(record.contig, lengths, names, where, path)
        # POS is 1-based, position 0-based.
        yield Variant(contig, record.pos - 1, record.ref or "", record.alts or (), record.id or "", where)


@dataclass(frozen=True)
class VariantHeader:
    """What a file says before its records.

    Attributes:
        text: The header, as VCF.
        lengths: Bases by contig, None where they are not stated.
        is_bcf: Whether the file is BCF.
    """

    text: str
    lengths: dict[str, int | None]
    is_bcf: bool


def read_header(path: Path) -> VariantHeader:
    """The header of a VCF (plain or bgzip) or BCF file; the log tells where it has no contig lines.

    Raises:
        DataFileError: The file is no VCF or BCF, or is damaged.
    """
    with _opened(path) as file:
        lengths = {str(name): contig.length for name, contig in file.header.contigs.items()}
        if not lengths:
            log.warning("%s: has no ##contig lines, so that the assembly cannot be compared with the genome's by their lengths", path)
        return VariantHeader(str(file.header), lengths, file.format == "BCF")


def read_records(path: Path) -> Iterator[pysam.VariantRecord]:
    """Records of a VCF (plain or bgzip) or BCF file, in its order, as pysam gives them; no index is needed.

    Raises:
        DataFileError: The file is no VCF or BCF, is truncated or damaged, or has a malformed record.
    """
    last = "its header"
    with _opened(path) as file:
        records = iter(file)
        while True:
            try:
                record = next(records, None)
            except (OSError, ValueError) as error:
                raise _damage(path, last) from error
            if record is None:
                return
            last = f"{record.contig}:{record.pos}"
            yield record


def _opened(path: Path) -> pysam.VariantFile:
    pysam.set_verbosity(0)
    check_regular(path)
    _check_packing(path)
    try:
        return pysam.VariantFile(str(path))
    except (OSError, ValueError) as error:
        raise _damage(path, "its header") from error


def _damage(path: Path, last: str) -> DataFileError:
    return DataFileError(f"{path}: cannot be read as VCF or BCF behind {last}: the file is truncated or damaged, or a line is malformed")


def _contig(name: str, lengths: dict[str, int | None], names: ContigNames, where: str, path: Path) -> str:
    length = lengths.pop(name, None)
    if length is not None:
        names.check_length(name, length, where)
    return names.find(name, where, str(path))


def _check_packing(path: Path) -> None:
    start = first_bytes(path)
    packing = packing_of(start)
    if packing == "gzip":
        raise DataFileError(f"{path}: is gzip, and VCF must be plain or bgzip:  gunzip {path} && bgzip {path.with_suffix('')}")
    if packing == "plain" and not start.startswith((b"##fileformat=VCF", b"BCF")):
        begin = start.splitlines()[0].decode("utf-8", "replace") if start else ""
        raise DataFileError(f"{path}: begins with {begin!r}, not with '##fileformat=VCF': this is no VCF or BCF file")


@dataclass(frozen=True)
class ReferenceCheck:
    """How many reference alleles are the bases of the genome, where they should be and one base beside.

    Attributes:
        num_checked: Variants.
        num_equal: Those whose reference allele is in the genome at its position.
        num_equal_one_before: Those that would agree if the position were one less.
        num_equal_one_after: Those that would agree if the position were one more.
    """

    num_checked: int
    num_equal: int
    num_equal_one_before: int
    num_equal_one_after: int

    def explanation(self, source: str) -> str | None:
        """What is wrong with a file most of whose reference alleles disagree; None if most agree.

        Args:
            source: The file, for the message.
        """
        if self.num_equal >= _MIN_SHARE_OF_SAME_ASSEMBLY * self.num_checked:
            return None
        found = f"{source}: {self.num_checked - self.num_equal:,} of {self.num_checked:,} REF alleles are not the bases of the genome"
        enough = _MIN_SHARE_OF_SHIFTED * self.num_checked
        if self.num_equal_one_after >= enough:
            return f"{found}, but {self.num_equal_one_after:,} are one base further on: the file is 0-based, VCF is 1-based; add 1 to POS"
        if self.num_equal_one_before >= enough:
            return f"{found}, but {self.num_equal_one_before:,} are one base before: take 1 from POS"
        return f"{found}: the file is of another assembly; give the genome that it was made with, or lift it over"


def check_references(variants: Iterable[Variant], read_bases: Callable[[Region], Codes]) -> ReferenceCheck:
    """Counts of the reference alleles that agree with the genome.

    An allele with a letter that is no nucleotide agrees nowhere.

    Args:
        variants: The variants.
        read_bases: Base codes of a region, such as :meth:`dnabert.dna.regions.Genome.codes`.

    Raises:
        RegionError: A reference allele goes beyond its contig, or the contig is unknown.
    """
    counts = np.zeros(3, dtype=np.int64)
    num_checked = 0
    for variant in variants:
        num_checked += 1
        try:
            allele = encode_bases(variant.reference)
        except SequenceError:
            continue
        counts += _agreement(variant, allele, read_bases)
    before, equal, after = counts.tolist()
    return ReferenceCheck(num_checked, equal, before, after)


def _agreement(variant: Variant, allele: Codes, read_bases: Callable[[Region], Codes]) -> list[bool]:
    """Whether an allele is in the genome one base before its position, there, and one base after, shape (3,)."""
    start, length = variant.position, len(allele)
    try:
        bases = read_bases(Region(variant.contig, start - 1, start + length + 1, where=variant.where))
        return [np.array_equal(bases[shift : shift + length], allele) for shift in range(3)]
    except RegionError:
        # At the end of a contig; only the place itself must be within it.
        found = []
        for shift in (-1, 0, 1):
            region = Region(variant.contig, start + shift, start + shift + length, where=variant.where)
            try:
                found.append(np.array_equal(read_bases(region), allele))
            except RegionError:
                if shift == 0 and start >= 0:
                    raise
                found.append(False)
        return found
