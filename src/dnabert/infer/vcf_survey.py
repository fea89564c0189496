"""A VCF or BCF file read through before any work on it: how long it is, in what order, and whether it is of the genome at hand."""

import logging
from dataclasses import dataclass
from pathlib import Path

from dnabert.dna.readers.variants import Variant, VariantHeader, check_references, read_records
from dnabert.dna.regions import Genome
from dnabert.errors import DataFileError

__all__ = ["Survey", "survey_file"]

log = logging.getLogger(__name__)

_NUM_COMPARED = 1000
"""Reference alleles that are compared with the genome before the work."""


@dataclass(frozen=True)
class Survey:
    """What a reading of the whole file tells before any work.

    Attributes:
        num_records: Its records.
        is_sorted: Whether each contig stands in one piece, its records by position.
        longest_bp: Bases of its longest contig, as the header states it or as far as records reach.
        full_header: Its header with a line for each contig, filter and key of its records, also where its own has none: readers need them.
    """

    num_records: int
    is_sorted: bool
    longest_bp: int
    full_header: str


def survey_file(path: Path, header: VariantHeader, genome: Genome) -> Survey:
    """Read a file through: a malformed line stops the work before it begins.

    The log tells where contigs are named otherwise than in the genome, and where most of the first reference alleles disagree with it.

    Args:
        path: VCF or BCF.
        header: Its header.
        genome: The genome.

    Raises:
        DataFileError: The file cannot be read, or has no records.
        RegionError: The header states another length for a contig, or one contig has two names.
    """
    count, is_sorted = 0, True
    longest = max((length or 0 for length in header.lengths.values()), default=0)
    own: dict[str, str | None] = {}
    last_contig, last_position = "", -1
    first: list[Variant] = []
    read_header = None
    for record in read_records(path):
        count += 1
        read_header = record.header  # htslib adds what records have and the header has not
        contig, position = record.contig, record.pos - 1  # POS is 1-based
        longest = max(longest, record.stop)
        if contig != last_contig:
            is_sorted = is_sorted and contig not in own
            last_contig, last_position = contig, -1
        is_sorted = is_sorted and position >= last_position
        last_position = position
        if contig not in own:
            own[contig] = _own_name(contig, path, header, genome)
        name, reference = own[contig], record.ref or ""
        if len(first) < _NUM_COMPARED and name is not None and 0 <= position <= genome.lengths[name] - len(reference):
            first.append(Variant(name, position, reference, (), "", ""))  # named as the genome does
    if read_header is None:
        raise DataFileError(f"{path}: holds no records")
    explanation = check_references(first, genome.codes).explanation(str(path)) if first else None
    if explanation:
        log.warning("%s (of the first %d records)", explanation, len(first))
    return Survey(count, is_sorted, longest, str(read_header))


def _own_name(contig: str, path: Path, header: VariantHeader, genome: Genome) -> str | None:
    if not genome.names.knows(contig):
        return None
    stated = header.lengths.get(contig)
    if stated is not None:
        genome.names.check_length(contig, stated, str(path))
    return genome.names.find(contig, str(path), str(path))
