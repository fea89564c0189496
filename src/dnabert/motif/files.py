"""Motifs as files that other tools read: MEME, TSV, BED."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.regions import Region, Strand
from dnabert.dna.sequence import Codes, decode_bases
from dnabert.motif.compare import Match, best_match
from dnabert.motif.found import Discovery, FoundMotif
from dnabert.motif.pwm import LETTERS, site_codes

__all__ = ["meme_text", "sites_text", "table_text"]

_TABLE = (
    "name",
    "consensus",
    "sites",
    "sequences",
    "positives_with",
    "negatives_with",
    "p",
    "q",
    "best_string",
    "best_string_q",
    "matrix_positives",
    "matrix_negatives",
    "matrix_p",
    "match",
    "match_name",
    "match_q",
    "match_strand",
    "nearest",
    "nearest_name",
    "nearest_q",
)
_LEGEND = (
    "# p and q are of the sequences that hold one of the strings that a motif was merged from (positives_with, negatives_with);"
    " matrix_positives and matrix_negatives hold a place that its matrix fits as well as the better half of its sites;"
    " motifs are in the order of their matrix_p, which counts own sites and proves nothing\n"
)


def meme_text(motifs: Sequence[FoundMotif], background: npt.NDArray[np.float64], both_strands: bool, comments: str = "") -> str:
    """The motifs in MEME format, version 4.

    Args:
        motifs: The motifs. No ``E=`` is written: readers take it for an E-value, and the q of a motif is none.
        background: Shares of A, C, G, T, (4,).
        both_strands: Whether both strands were searched.
        comments: ``#`` lines, set where readers skip what they do not know.

    Source: https://meme-suite.org/meme/doc/meme-format.html, minimal MEME format.
    """
    strands = "strands: + -\n\n" if both_strands else "strands: +\n\n"
    frequencies = " ".join(f"{letter} {share:.5f}" for letter, share in zip(LETTERS, background, strict=True))
    parts = [f"MEME version 4\n\n{comments}\nALPHABET= ACGT\n\n{strands}Background letter frequencies\n{frequencies}\n"]
    for motif in motifs:
        parts.append(f"\nMOTIF {motif.name} {motif.consensus}\n")
        parts.append(f"letter-probability matrix: alength= 4 w= {len(motif.probs)} nsites= {len(motif.sites)}\n")
        parts += [" ".join(f"{value:.6f}" for value in row) + "\n" for row in motif.probs]
    return "".join(parts)


def table_text(motifs: Sequence[FoundMotif], matches: Mapping[str, Sequence[Match]], comments: str = "") -> str:
    """One line for each motif: consensus, sites, p, q; its best match in the database where it has one, and the nearest in any case.

    Args:
        motifs: The motifs.
        matches: Matches by the name of a motif, best first.
        comments: ``#`` lines before the header.
    """
    legend = _LEGEND if any(motif.q is not None for motif in motifs) else ""
    lines = [comments + legend + "\t".join(_TABLE) + "\n"]
    for motif in motifs:
        best, nearest = best_match(matches, motif.name), next(iter(matches.get(motif.name, ())), None)
        row = (
            motif.name,
            motif.consensus,
            len(motif.sites),
            motif.num_sequences,
            motif.in_positives,
            motif.in_negatives,
            motif.p,
            motif.q,
            motif.best_string,
            motif.best_string_q,
            motif.matrix_positives,
            motif.matrix_negatives,
            motif.matrix_p,
            *((best.id, best.name, best.q, "-" if best.is_reverse else "+") if best else ("", "", None, "")),
            *((nearest.id, nearest.name, nearest.q) if nearest else ("", "", None)),
        )
        lines.append("\t".join(_cell(value) for value in row) + "\n")
    return "".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def sites_text(
    found: Discovery,
    ids: Sequence[str],
    positives: Sequence[Codes],
    comments: str = "",
    regions: Sequence[Region | None] | None = None,
) -> str:
    """Sites as BED6 and the bases as the motif reads them, sorted by sequence and place within each motif.

    The score is the mean score of the island, 1000 being the highest of all sites.

    Args:
        found: The motifs.
        ids: Names of the positives; they stand as the contig where a sequence is of no region.
        positives: Their base codes.
        comments: ``#`` lines before the first site.
        regions: Where each positive lies on a genome; its sites are given there. None: no positive comes from a genome.
    """
    highest = max((float(motif.sites.scores.max()) for motif in found.motifs if len(motif.sites)), default=1.0) or 1.0
    lines = [comments]
    for motif in found.motifs:
        sites = motif.sites
        bases = site_codes(positives, sites.sequences, sites.starts, len(motif.probs), sites.is_reverse)
        rows = zip(sites.sequences.tolist(), sites.starts.tolist(), sites.ends.tolist(), sites.is_reverse.tolist(), strict=True)
        for (number, start, end, flip), score, codes in zip(rows, sites.scores.tolist(), bases, strict=True):
            share = max(0, min(1000, round(1000 * score / highest)))
            contig, first, last, strand = _placed(ids[number], start, end, flip, regions[number] if regions is not None else None)
            lines.append(f"{contig}\t{first}\t{last}\t{motif.name}\t{share}\t{strand}\t{decode_bases(codes)}\n")
    return "".join(lines)


def _placed(name: str, start: int, end: int, is_reverse: bool, region: Region | None) -> tuple[str, int, int, Strand]:
    """A site within a sequence, on the genome where its region is known: one on the reverse strand was read backwards."""
    if region is None:
        return name, start, end, "-" if is_reverse else "+"
    if region.strand == "-":
        return region.contig, region.end - end, region.end - start, "+" if is_reverse else "-"
    return region.contig, region.start + start, region.start + end, "-" if is_reverse else "+"
