"""Whether an annotation fits a genome: its coding parts must begin with ATG."""

from pathlib import Path

from dnabert.data.genome import GenomeStore
from dnabert.dna.readers.features import FeatureFile
from dnabert.dna.readers.offsets import SHIFTS, MotifCheck, check_motif, warn_if_shifted
from dnabert.dna.regions import Region, Strand

__all__ = ["check_start_codons", "shares_by_shift", "warnings_of"]

_CODON_BP = 3
_COLUMNS: dict[Strand, int] = {"+": 4, "-": 5}
"""The column of GTF and GFF3 in which the first base of a coding part stands, by strand."""


def check_start_codons(store: GenomeStore, path: Path) -> MotifCheck | None:
    """How many coding parts begin with ATG, in their place and one base beside; None if there are none on the genome.

    Args:
        store: The genome; contigs that it lacks are passed over.
        path: GTF or GFF3 file.

    Raises:
        DataFileError: The file cannot be read.
        RegionError: A coding part is malformed, has no strand, or goes beyond its contig.
    """
    firsts: dict[str, Region] = {}
    for feature in FeatureFile(path).read("CDS".__eq__):
        if not store.names.knows(feature.contig):
            continue
        owner = feature.attribute("Parent" if feature.is_gff3 else "transcript_id") or feature.where
        is_forward = feature.require_strand() == "+"
        before = firsts.get(owner)
        if before is None or (feature.start < before.start if is_forward else feature.end > before.end):
            start = feature.start if is_forward else feature.end - _CODON_BP
            contig = store.names.find(feature.contig, feature.where, str(path))
            firsts[owner] = Region(contig, start, start + _CODON_BP, "", feature.strand, feature.where)
    if not firsts:
        return None
    check = check_motif(firsts.values(), "ATG", store.read)
    return check


def warnings_of(check: MotifCheck, path: Path) -> list[str]:
    """What is told, here and in the log, where most coding parts do not begin with ATG."""
    told = warn_if_shifted(check, "starts of coding parts", str(path), _COLUMNS)
    return [] if told is None else [told]


def shares_by_shift(check: MotifCheck) -> dict[str, float]:
    """The share of coding parts that begin with ATG, by the bases that they are moved along the forward strand; for the record."""
    return {f"{shift:+d}" if shift else "0": round(check.share(shift), 4) for shift in SHIFTS}
