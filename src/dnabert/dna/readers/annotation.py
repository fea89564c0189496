"""Transcripts from GTF and GFF3, and the lengths of contigs that GFF3 states.

Source: GTF 2.2 (Brent lab), as GENCODE, Ensembl, NCBI and UCSC write it; GFF3 1.26 (Sequence Ontology).
"""

import logging
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote

from dnabert.dna.contigs import ContigNames
from dnabert.dna.readers.features import Feature, FeatureFile
from dnabert.dna.readers.genes import LEAF_KINDS, Entry, add_entry, read_entry
from dnabert.dna.readers.transcripts import LeftOut, Transcript, TranscriptDraft
from dnabert.errors import DataFileError, RegionError

__all__ = [
    "LeftOut",
    "Transcript",
    "check_stated_lengths",
    "read_all_transcripts",
    "read_transcripts",
    "stated_lengths",
]

log = logging.getLogger(__name__)


def read_transcripts(path: Path) -> list[Transcript]:
    """Transcripts of a GTF or GFF3 file that have exons, in the order of their first lines.

    In GFF3 whatever has exons for children is a transcript. A transcript with exons that overlap, or on several contigs or strands,
    is left out, and the log tells how many and the first of them; :func:`read_all_transcripts` gives them, too.

    Raises: as :func:`read_all_transcripts`.
    """
    return read_all_transcripts(path)[0]


def read_all_transcripts(path: Path) -> tuple[list[Transcript], list[LeftOut]]:
    """What :func:`read_transcripts` gives, and what it leaves out: transcripts that are not whole, and entries with CDS but no exons.

    Raises:
        DataFileError: The file cannot be read, or has no exons (the message lists what it has), or none of its transcripts is whole.
        RegionError: An exon or coding part is malformed, or lacks a strand or the id of its transcript; the message gives its line.
    """
    file = FeatureFile(path)
    drafts: dict[str, TranscriptDraft] = {}
    entries: dict[str, Entry] = {}
    for feature in file.read(lambda kind: kind not in LEAF_KINDS):
        if feature.kind in ("exon", "CDS"):
            _add_part(drafts, feature)
        elif feature.is_gff3:
            add_entry(entries, feature)
    with_exons = [draft for draft in drafts.values() if draft.has_exons]
    if not with_exons:
        raise file.lacks("exon")
    if len(with_exons) < len(drafts):
        log.info("%s: %d entries with CDS but without exons are not used", path, len(drafts) - len(with_exons))
    problems = [(draft.id, problem) for draft in with_exons if (problem := draft.problem())]
    if len(problems) == len(with_exons):
        raise DataFileError(f"{path}: none of its {len(problems)} transcripts can be used; the first is {': '.join(problems[0])}")
    if problems:
        place = ": ".join(problems[0])
        log.warning("%s: %d of %d transcripts are left out; the first is %s", path, len(problems), len(with_exons), place)
    unusable = {name for name, _ in problems}
    left_out = [part for draft in drafts.values() if draft.id in unusable or not draft.has_exons for part in draft.parts()]
    return [draft.finish(entries) for draft in with_exons if draft.id not in unusable], left_out


def stated_lengths(path: Path) -> dict[str, int]:
    """Bases by contig, as the ``##sequence-region`` lines of a GFF3 file state them; none where there are no such lines.

    Raises:
        DataFileError: The file cannot be read.
    """
    file = FeatureFile(path)
    for _ in file.read(lambda _: False):
        pass
    return file.lengths


def check_stated_lengths(path: Path, names: ContigNames, used: Collection[str]) -> None:
    """Compare the lengths of contigs that a GFF3 file states with the genome's; other files, told by their names, state none.

    Args:
        path: The file.
        names: The genome's contigs.
        used: Those, by the genome's names, that matter.

    Raises:
        RegionError: One has another length.
        DataFileError: The file cannot be read.
    """
    if not path.name.lower().removesuffix(".gz").removesuffix(".bgz").endswith((".gff", ".gff3")):
        return
    for name, length in stated_lengths(path).items():
        if names.knows(name) and names.find(name, str(path), str(path)) in used:
            names.check_length(name, length, str(path))


def _add_part(drafts: dict[str, TranscriptDraft], part: Feature) -> None:
    key = "Parent" if part.is_gff3 else "transcript_id"
    stated = part.attribute(key)
    owners = [unquote(parent) for parent in stated.split(",") if parent] if part.is_gff3 else [stated] if stated else []
    if not owners and part.kind == "exon":
        known = ", ".join(part.parse_attributes()) or "none"
        raise RegionError(f"{part.where}: the exon has no {key}, so that its transcript is not known; its attributes are: {known}")
    for owner in owners:
        draft = drafts.get(owner)
        if draft is None:
            entry = read_entry(part)
            names = entry.gene_id, entry.gene_name
            draft = drafts[owner] = TranscriptDraft(owner, *names, part.contig, part.require_strand(), part.source, part.where)
        draft.add(part)
