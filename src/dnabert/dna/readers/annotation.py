"""Transcripts and their starts from GTF and GFF3.

Source: GTF 2.2 (Brent lab), as GENCODE, Ensembl, NCBI and UCSC write it; GFF3 1.26 (Sequence Ontology).
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from dnabert.dna.contigs import ContigNames
from dnabert.dna.readers.features import Feature, FeatureFile
from dnabert.dna.readers.genes import Entry, add_entry, display_name, read_entry
from dnabert.dna.readers.transcripts import LeftOut, Transcript, TranscriptDraft
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError, RegionError

__all__ = [
    "LeftOut",
    "Transcript",
    "check_stated_lengths",
    "read_all_transcripts",
    "read_transcripts",
    "read_tss",
    "read_uncertain_tss",
    "stated_lengths",
]

log = logging.getLogger(__name__)

# Kinds of GFF3 that are neither transcripts nor genes, many to a file; that they are named here saves time only.
_LEAVES = frozenset(
    (
        *("five_prime_UTR", "three_prime_UTR", "five_prime_utr", "three_prime_utr", "UTR", "start_codon", "stop_codon", "intron"),
        *("stop_codon_redefined_as_selenocysteine", "Selenocysteine", "biological_region", "region", "match", "match_part", "cDNA_match"),
    )
)


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
    for feature in file.read(lambda kind: kind not in _LEAVES):
        if feature.kind in ("exon", "CDS"):
            _add_part(drafts, feature)
        elif feature.is_gff3:
            add_entry(entries, feature)
    with_exons = [draft for draft in drafts.values() if draft.has_exons]
    if not with_exons:
        raise _lacks(file, "exon")
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


def read_tss(path: Path) -> list[Region]:
    """Transcription start sites of a GTF or GFF3 file, one base long, in the order of the file.

    They are those of its transcripts (``transcript``, ``mRNA``, any other ``...RNA``), or of what has exons where there are none.
    A site of several transcripts is there once. The name is that of the gene, or an id. Left out are transcripts within
    transcripts (a miRNA in its primary transcript), and those whose true start is stated to be unknown (``mRNA_start_NF``,
    ``start_range``); :func:`read_uncertain_tss` gives them.

    Raises:
        DataFileError: The file cannot be read, or has neither transcripts nor exons; the message lists what it has.
        RegionError: A transcript is malformed or has no strand; the message gives its line.
    """
    starts = _read_starts(path)
    if starts.num_unknown:
        log.info("%s: %d transcripts with an unknown start are left out", path, starts.num_unknown)
    if not starts.certain:
        raise DataFileError(f"{path}: the true start of each of its {starts.num_unknown} transcripts is stated to be unknown")
    return starts.certain


def read_uncertain_tss(path: Path) -> list[Region]:
    """Starts of the transcripts that :func:`read_tss` leaves out, one base long, each once, in the order of the file.

    They are transcripts whose true start is stated to be unknown, those that lie within another transcript, and, in a file without
    lines of transcripts, those whose exons overlap or are in several places. A start that :func:`read_tss` gives is not among them.

    Raises: as :func:`read_tss`, but a file that has no other starts is no error.
    """
    return _read_starts(path).uncertain


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


@dataclass(frozen=True, slots=True)
class _Starts:
    """Starts of transcripts, the certain and the others, and how many transcripts are stated to have an unknown one."""

    certain: list[Region]
    uncertain: list[Region]
    num_unknown: int


def _read_starts(path: Path) -> _Starts:
    file = FeatureFile(path)
    entries: dict[str, Entry] = {}
    transcript_ids: set[str] = set()
    starts: list[tuple[Region, Entry, bool]] = []
    for feature in file.read(lambda kind: kind not in _LEAVES and kind not in ("exon", "CDS")):
        entry = add_entry(entries, feature)
        if _is_transcript(feature.kind):
            transcript_ids.add(entry.id)
            start = feature.start if feature.require_strand() == "+" else feature.end - 1
            region = Region(feature.contig, start, start + 1, "", feature.strand, feature.where)
            starts.append((region, entry, _has_unknown_start(feature)))
    if not starts:
        if "exon" not in file.kinds:
            raise _lacks(file, "transcript or exon")
        return _starts_of_exons(path)
    named = [
        (replace(region, name=display_name(entry, entries)), not is_unknown and (not entry.parent or entry.parent not in transcript_ids))
        for region, entry, is_unknown in starts
    ]
    return _parted(named, num_unknown=sum(is_unknown for _, _, is_unknown in starts))


def _starts_of_exons(path: Path) -> _Starts:
    """Starts of what has exons, in a file without lines of transcripts."""
    transcripts, left_out = read_all_transcripts(path)
    named = [
        (Region(row.contig, row.tss, row.tss + 1, row.gene_name or row.gene_id or row.id, row.strand, row.where), True)
        for row in transcripts
    ]
    named += [
        (Region(row.contig, row.tss, row.tss + 1, row.id, row.strand, row.where), False) for row in left_out if not row.is_coding_only
    ]
    return _parted(named, num_unknown=0)


def _parted(starts: Sequence[tuple[Region, bool]], num_unknown: int) -> _Starts:
    """The starts that are certain, and the places at which no certain one is; each place once."""
    found: tuple[dict[tuple[str, int, str], Region], ...] = ({}, {})
    for region, is_certain in starts:
        found[is_certain].setdefault((region.contig, region.start, region.strand), region)
    uncertain, certain = found
    return _Starts(list(certain.values()), [region for key, region in uncertain.items() if key not in certain], num_unknown)


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


def _is_transcript(kind: str) -> bool:
    return kind == "transcript" or kind.endswith(("RNA", "_transcript"))


def _has_unknown_start(feature: Feature) -> bool:
    open_end = "start_range=" if feature.strand == "+" else "end_range="
    return "mRNA_start_NF" in feature.attributes or (feature.is_gff3 and open_end in feature.attributes)


def _lacks(file: FeatureFile, kind: str) -> DataFileError:
    found = ", ".join(file.kinds) or "no features at all"
    return DataFileError(f"{file.path}: has no {kind} features (it has {found}); take an annotation that has them")
