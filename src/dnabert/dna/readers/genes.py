"""What the lines of transcripts and genes in GTF and GFF3 say of themselves: ids, names, and what belongs to what."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from dnabert.dna.readers.features import Feature

__all__ = ["LEAF_KINDS", "Entry", "add_entry", "display_name", "find_gene", "read_entry"]

LEAF_KINDS = frozenset(
    (
        *("five_prime_UTR", "three_prime_UTR", "five_prime_utr", "three_prime_utr", "UTR", "start_codon", "stop_codon", "intron"),
        *("stop_codon_redefined_as_selenocysteine", "Selenocysteine", "biological_region", "region", "match", "match_part", "cDNA_match"),
    )
)
"""Kinds of features (column 3) that are neither transcripts nor genes nor parts that make them, many to a file; that they are named here
saves time only."""


class Entry(NamedTuple):
    """What a line that is neither exon nor CDS (a transcript, a gene) says of itself; empty strings where it says nothing.

    Attributes:
        id: GFF3's ``ID``.
        parent: The first of GFF3's ``Parent``.
        name: GFF3's ``Name``.
        transcript_id: ``transcript_id``.
        gene_id: ``gene_id``.
        gene_name: ``gene_name`` or ``gene``.
    """

    id: str
    parent: str
    name: str
    transcript_id: str
    gene_id: str
    gene_name: str


def add_entry(entries: dict[str, Entry], feature: Feature) -> Entry:
    """What a line says, also put under its ``ID`` where it has one."""
    entry = read_entry(feature)
    if entry.id:
        entries[entry.id] = entry
    return entry


def read_entry(feature: Feature) -> Entry:
    """What a line says of itself; of an exon or CDS, what it says of its transcript and gene."""
    attributes = feature.parse_attributes()
    gene_name = attributes.get("gene_name") or attributes.get("gene", "")
    if not feature.is_gff3:
        return Entry("", "", "", attributes.get("transcript_id", ""), attributes.get("gene_id", ""), gene_name)
    parent = attributes.get("Parent", "").split(",")[0]
    values = (attributes.get("Name", ""), attributes.get("transcript_id", ""), attributes.get("gene_id", ""), gene_name)
    return Entry(*map(unquote, (attributes.get("ID", ""), parent, *values)))


def find_gene(entry: Entry, entries: Mapping[str, Entry]) -> tuple[str, str]:
    """Id and name of the gene of a transcript: what it says itself, else what the last of its ancestors says."""
    top, seen = entry, {entry.id}
    while top.parent in entries and top.parent not in seen:
        top = entries[top.parent]
        seen.add(top.id)
    gene_id = entry.gene_id or top.gene_id or (top.id if top is not entry else entry.parent or entry.id)
    return gene_id, entry.gene_name or top.gene_name or ("" if top.parent else top.name)


def display_name(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """Name of the gene of a transcript, else the gene's id, else the transcript's."""
    gene_id, gene_name = find_gene(entry, entries)
    return gene_name or gene_id or entry.transcript_id
