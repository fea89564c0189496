"""What a report tells of a simulated genome: how large it is, what was planted, and what guessing reaches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnabert.dna.fasta import read_fasta
from dnabert.plot.performance.distributions import position_figure
from dnabert.report.page import Block, Cell, Paragraph, Picture, Pictures, Section, Table
from dnabert.report.simulation.truth import Truth
from dnabert.report.wording import plural

__all__ = ["frequent_base_share", "simulation_section"]

_FEATURES = {"cpg-island": "CpG island", "repeat": "interspersed repeat", "microsatellite": "microsatellite", "gap": "run of N"}
_POSITION_BIN_BP = 2


def frequent_base_share(genome: Path, contigs: Sequence[str], *, both_strands: bool) -> float | None:
    """What always naming the most frequent base of the contigs reaches, 0-1; None if they hold no base.

    Args:
        genome: FASTA file.
        contigs: Names of the contigs that count.
        both_strands: Whether either strand is read, so that A is as frequent as T, and C as G.

    Raises:
        DataFileError: The genome cannot be read.
    """
    wanted = set(contigs)
    counts = np.zeros(4)
    for record in read_fasta(genome):
        if record.name in wanted:
            letters = record.sequence.upper()
            counts += [letters.count(base) for base in "ATCG"]
    if both_strands:
        counts = np.repeat([counts[:2].mean(), counts[2:].mean()], 2)
    return float(counts.max() / counts.sum()) if counts.sum() else None


def simulation_section(truth: Truth, title: str) -> Section:
    """What was made up: genome, sites, what they are made of."""
    length_bp = sum(contig.length_bp for contig in truth.contigs)
    features = {kind: sum(feature.kind == kind for feature in truth.features) for kind in _FEATURES}
    found = [plural(count, _FEATURES[kind]).replace("run of Ns", "runs of N") for kind, count in features.items() if count]
    around = f", with {', '.join(found[:-1])} and {found[-1]} in it" if len(found) > 1 else ""
    lead = (
        f"The genome is made up: {plural(len(truth.contigs), 'contig')}, {length_bp / 1e6:.1f} million bases{around}. At"
        f" {len(truth.promoters):,} places a promoter was planted: the short sequence elements that textbooks describe, at their textbook"
        f" distances from the transcription start site (TSS). As many windows are no promoters, and many of them are decoys that carry the"
        " same elements in the wrong place or company. **What is planted where is known exactly, so every claim below can be checked.**"
    )
    blocks: list[Block] = [Paragraph(lead), _split_table(truth)]
    pictures = _position_pictures(truth)
    return Section(title, (*blocks, *pictures))


def _split_table(truth: Truth) -> Table:
    names = {"train": "training", "valid": "validation", "test": "test"}
    rows: list[tuple[str | Cell, ...]] = []
    for split, name in names.items():
        contigs = [contig for contig in truth.contigs if contig.split == split]
        own = {contig.name for contig in contigs}
        sizes = [sum(site.contig in own for site in sites) for sites in (truth.promoters, truth.negatives)]
        length = sum(contig.length_bp for contig in contigs)
        rows.append((name, ", ".join(contig.name for contig in contigs), f"{length:,}", *(f"{size:,}" for size in sizes)))
    caption = "Whole contigs are kept apart, so that no test sequence overlaps one that the classifier was trained on."
    return Table(("Set", "Contigs", ">Bases", ">Promoters", ">Not promoters"), tuple(rows), caption)


def _position_pictures(truth: Truth) -> list[Block]:
    offsets: dict[str, list[int]] = {}
    for site in truth.promoters:
        for element in site.elements:
            offsets.setdefault(element.name, []).append(site.offset(element))
    if not offsets:
        return []
    names = sorted(offsets, key=lambda name: float(np.median(offsets[name])))
    low, high = min(map(min, offsets.values())), max(map(max, offsets.values()))
    edges = np.arange(low // 10 * 10 - 10, high + 20, _POSITION_BIN_BP, dtype=np.float64)
    counts = np.array([np.histogram(offsets[name], bins=edges)[0] for name in names])
    figure = position_figure(edges, counts, names, "First base of the element, from the TSS (bp; 0 = TSS)", "Elements (count)")
    caption = (
        f"Every planted element of the {len(truth.promoters):,} promoters, in reading direction, in bins of {_POSITION_BIN_BP} bases."
        " A model that has understood the promoters must know not only the elements but their distances."
    )
    return [Pictures((Picture.of(figure, "What was planted where", caption, is_wide=True),))]
