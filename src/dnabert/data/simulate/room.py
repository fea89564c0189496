"""How much room everything that is planted gets along a contig, so that nothing covers anything else.

A site's room reaches its arm to either side of its anchor; the rooms of a contig never overlap.
"""

from dnabert.data.simulate.genes.structure import MAX_INTRONS, max_gene_bp

__all__ = [
    "MARGIN_BP",
    "MAX_GAP_BP",
    "NEGATIVE_DISTANCE_BP",
    "SITE_SPACING_BP",
    "SPLICE_ZONE_BP",
    "TFBS_ARM_BP",
    "TFBS_REACH_BP",
    "WIDEST_PROMOTER_ARM_BP",
    "gene_arm_bp",
    "most_gene_bp",
    "splice_arm_bp",
    "unbound_arm_bp",
]

NEGATIVE_DISTANCE_BP = 1000
"""Least distance of a negative promoter window from every transcription start site (TSS) of its contig."""

SITE_SPACING_BP = 1300
"""Least distance between the anchors of two promoters or decoys: a window beside a TSS keeps ``NEGATIVE_DISTANCE_BP`` from
it, however the two are oriented."""

WIDEST_PROMOTER_ARM_BP = 249
"""Bases to either side of the anchor of a promoter or decoy that its window or its elements may cover."""

MAX_GAP_BP = 800
"""Longest run of N: shorter than what two promoters leave between their widest windows, so that a gap always finds room there."""

MARGIN_BP = 26
"""Free bases between what a site covers and the end of its room: two of them hold the shortest run of N."""

TFBS_REACH_BP = 310
"""Bases to either side of the middle of a binding site's motif that its partner, its window and their peaks may cover."""

TFBS_ARM_BP = TFBS_REACH_BP + MARGIN_BP

SPLICE_ZONE_BP = 60
"""Bases to either side of a splice decoy that are free of all other that is planted."""


def unbound_arm_bp(window_bp: int) -> int:
    """Arm of a place that is kept free for an unbound window: one that is chosen elsewhere covers one such place at most."""
    return window_bp + MARGIN_BP


def splice_arm_bp(window_bp: int) -> int:
    """Arm of a place that is kept free for a splice decoy: one that is put elsewhere covers one such place at most."""
    return max(2 * SPLICE_ZONE_BP, window_bp // 2 + MARGIN_BP)


def gene_arm_bp(gene_bp: int, window_bp: int) -> int:
    """Arm after the TSS of a promoter that begins a gene; the splice window of its last exon may reach beyond its end."""
    return max(SITE_SPACING_BP // 2, gene_bp + window_bp // 2 + MARGIN_BP)


def most_gene_bp(downstream_bp: int, window_bp: int, decoy_fraction: float) -> int:
    """Bases that a gene and its splice decoys need beyond the room of its promoter, at most."""
    body_bp = gene_arm_bp(max_gene_bp(downstream_bp), window_bp) - SITE_SPACING_BP // 2
    return body_bp + round(2 * MAX_INTRONS * decoy_fraction + 0.5) * 2 * splice_arm_bp(window_bp)
