"""Where transcripts begin, from GTF and GFF3.

Source: GTF 2.2 (Brent lab), as GENCODE, Ensembl, NCBI and UCSC write it; GFF3 1.26 (Sequence Ontology).
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from dnabert.dna.readers.annotation import read_all_transcripts
from dnabert.dna.readers.features import Feature, FeatureFile
from dnabert.dna.readers.genes import LEAF_KINDS, Entry, add_entry, display_name
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError

__all__ = ["TranscriptStart", "read_starts"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TranscriptStart:
    """Where a transcript begins.

    Attributes:
        region: Its first base, one base long, on its strand; the name is that of the gene, or an id.
        transcript: Id of the transcript; an empty string where it has none.
        end: One past the last base of the transcript on the forward strand, wherever it begins.
        is_certain: Whether it is a start site: False where the true start is stated to be unknown (``mRNA_start_NF``, ``start_range``),
            where the transcript lies within another one (a miRNA in its primary transcript), and, in a file without lines of
            transcripts, where the exons overlap or are in several places.
    """

    region: Region
    transcript: str
    end: int
    is_certain: bool


def read_starts(path: Path) -> list[TranscriptStart]:
    """Starts of the transcripts of a GTF or GFF3 file, in its order, one for each line of a transcript.

    Transcripts are ``transcript``, ``mRNA``, any other ``...RNA``; in a file without them, whatever has exons.

    Raises:
        DataFileError: The file cannot be read, or has neither transcripts nor exons (the message lists what it has), or no start is
            certain.
        RegionError: A transcript is malformed or has no strand; the message gives its line.
    """
    file = FeatureFile(path)
    entries: dict[str, Entry] = {}
    transcript_ids: set[str] = set()
    lines: list[tuple[Region, int, Entry, bool]] = []
    for feature in file.read(lambda kind: kind not in LEAF_KINDS and kind not in ("exon", "CDS")):
        entry = add_entry(entries, feature)
        if _is_transcript(feature.kind):
            transcript_ids.add(entry.id)
            first = feature.start if feature.require_strand() == "+" else feature.end - 1
            region = Region(feature.contig, first, first + 1, "", feature.strand, feature.where)
            lines.append((region, feature.end, entry, _has_unknown_start(feature)))
    if not lines:
        if "exon" not in file.kinds:
            raise file.lacks("transcript or exon")
        return _starts_of_exons(path)
    starts = []
    for region, end, entry, is_unknown in lines:
        named = Region(region.contig, region.start, region.end, display_name(entry, entries), region.strand, region.where)
        is_within = entry.parent != "" and entry.parent in transcript_ids
        starts.append(TranscriptStart(named, entry.transcript_id or entry.id, end, not is_unknown and not is_within))
    num_unknown = sum(is_unknown for *_, is_unknown in lines)
    if num_unknown:
        log.info("%s: %d transcripts have an unknown start, which is no start site", path, num_unknown)
    if not any(start.is_certain for start in starts):
        raise DataFileError(f"{path}: the true start of each of its {num_unknown} transcripts is stated to be unknown")
    return starts


def _starts_of_exons(path: Path) -> list[TranscriptStart]:
    """Starts of what has exons, in a file without lines of transcripts; those of transcripts that are not whole come last."""
    transcripts, left_out = read_all_transcripts(path)
    starts = []
    for row in transcripts:
        region = Region(row.contig, row.tss, row.tss + 1, row.gene_name or row.gene_id or row.id, row.strand, row.where)
        starts.append(TranscriptStart(region, row.id, row.end, is_certain=True))
    for part in left_out:
        if not part.is_coding_only:
            region = Region(part.contig, part.tss, part.tss + 1, part.id, part.strand, part.where)
            starts.append(TranscriptStart(region, part.id, part.span[1], is_certain=False))
    return starts


def _is_transcript(kind: str) -> bool:
    return kind == "transcript" or kind.endswith(("RNA", "_transcript"))


def _has_unknown_start(feature: Feature) -> bool:
    open_end = "start_range=" if feature.strand == "+" else "end_range="
    return "mRNA_start_NF" in feature.attributes or (feature.is_gff3 and open_end in feature.attributes)
