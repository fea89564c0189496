"""Small annotations for the tests of splice sets, and their sites worked out on text: every strand is read from its own 5' end."""

import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splice import Scorer, SpliceConfig, build_splice
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import GenomeStore
from tests.data.stores import opposite, random_bases, store_of

NAMED = SplitConfig(valid_contigs=("c1",), test_contigs=("c2",))
"""c0 is for training, c1 for validation, c2 for the test."""


class Gene(NamedTuple):
    """A transcript; exons are 0-based and half-open on the forward strand."""

    contig: str
    strand: str
    exons: Sequence[tuple[int, int]]
    name: str
    gene: str = ""
    source: str = "toy"
    is_coding: bool = False


class Site(NamedTuple):
    """A splice site; ``place`` is the 0-based base on the forward strand: the first of the intron, or the first of the exon."""

    kind: str
    contig: str
    place: int
    strand: str


def gtf_line(gene: Gene, feature: str, start: int, end: int) -> str:
    ids = f'gene_id "{gene.gene or gene.name}"; transcript_id "{gene.name}"; gene_name "{(gene.gene or gene.name).upper()}";'
    return f"{gene.contig}\t{gene.source}\t{feature}\t{start + 1}\t{end}\t.\t{gene.strand}\t.\t{ids}\n"


def write_gtf(path: Path, genes: Sequence[Gene]) -> Path:
    features = [("exon", "CDS") if gene.is_coding else ("exon",) for gene in genes]
    path.write_text(
        "".join(
            gtf_line(gene, feature, start, end)
            for gene, kinds in zip(genes, features, strict=True)
            for start, end in gene.exons
            for feature in kinds
        )
    )
    return path


def sites_of(texts: Mapping[str, str], genes: Sequence[Gene], min_intron_bp: int = 4) -> set[Site]:
    """Donors and acceptors of all introns of at least ``min_intron_bp`` bases."""
    found = set()
    for gene in genes:
        length = len(texts[gene.contig])
        turned = [(length - end, length - start) if gene.strand == "-" else (start, end) for start, end in gene.exons]
        turned.sort()
        for before, after in pairwise(turned):
            if after[0] - before[1] < min_intron_bp:
                continue
            for kind, step in (("donor", before[1]), ("acceptor", after[0])):
                place = length - 1 - step if gene.strand == "-" else step
                found.add(Site(kind, gene.contig, place, gene.strand))
    return found


def window_of(texts: Mapping[str, str], site: Site, window_bp: int) -> str | None:
    """The window with the place at index ``window_bp // 2``; None where it is not wholly there."""
    text = texts[site.contig]
    step = len(text) - 1 - site.place if site.strand == "-" else site.place
    start = step - window_bp // 2
    window = (opposite(text) if site.strand == "-" else text)[max(start, 0) : start + window_bp]
    return window if start >= 0 and len(window) == window_bp else None


def pair_places(text: str, strand: str, pair: str, offset: int) -> set[int]:
    """Places on the forward strand where two bases stand ``offset`` bases from the place on a strand."""
    bases = opposite(text) if strand == "-" else text
    steps = {step - offset for step in range(len(bases) - 1) if bases[step : step + 2] == pair}
    return {len(text) - 1 - step if strand == "-" else step for step in steps if 0 <= step < len(text)}


def three_genes(contig_bp: int = 2000, seed: int = 0) -> tuple[dict[str, str], list[Gene]]:
    """Random contigs c0, c1, c2, each with a gene of three exons on either strand, all introns GT-AG."""
    texts, genes = {}, []
    for number, contig in enumerate(("c0", "c1", "c2")):
        text = random_bases(contig_bp, seed + number)
        for strand, first in (("+", 300), ("-", 1100)):
            exons = [(first, first + 100), (first + 200, first + 300), (first + 450, first + 550)]
            genes.append(Gene(contig, strand, exons, f"{contig}{'f' if strand == '+' else 'r'}"))
            for before, after in pairwise(exons):
                left, right = ("GT", "AG") if strand == "+" else ("CT", "AC")
                text = text[: before[1]] + left + text[before[1] + 2 : after[0] - 2] + right + text[after[0] :]
        texts[contig] = text
    return texts, genes


def store_from(texts: Mapping[str, str]) -> GenomeStore:
    return store_of(*(texts[name] for name in sorted(texts)))


def build(texts: Mapping[str, str], genes: Sequence[Gene], seed: int = 1, scorers: Sequence[Scorer] = (), **settings_: object) -> Draft:
    """A set of 40-base windows of an annotation."""
    values = {"window_bp": 40, "min_intron_bp": 4, "splits": NAMED, **settings_}
    with tempfile.TemporaryDirectory() as folder:
        path = write_gtf(Path(folder, "genes.gtf"), genes)
        return build_splice(store_from(texts), path, SpliceConfig.model_validate(values), seed, scorers)


def site_of(row: Example) -> Site:
    """Where the base at the middle index of a window is."""
    half = len(row.codes) // 2
    region = row.region
    return Site(row.label, region.contig, region.end - 1 - half if region.strand == "-" else region.start + half, region.strand)


@st.composite
def annotated_genomes(draw: st.DrawFn, max_bp: int = 160) -> tuple[dict[str, str], list[Gene]]:
    """Random contigs c0, c1, c2 and transcripts on them; each contig has an intron at least 20 bases from its ends."""
    texts = {f"c{number}": random_bases(draw(st.integers(80, max_bp)), draw(st.integers(0, 99))) for number in range(3)}
    genes = []
    for number in range(draw(st.integers(3, 6))):
        contig = f"c{number}" if number < 3 else draw(st.sampled_from(sorted(texts)))
        edge = 20 if number < 3 else 0
        borders = sorted(draw(st.sets(st.integers(edge, len(texts[contig]) - edge), min_size=4, max_size=8)))
        exons = list(zip(borders[::2], borders[1::2], strict=False))
        genes.append(Gene(contig, draw(st.sampled_from("+-")), exons, f"t{number}", f"g{draw(st.integers(0, 2))}"))
    return texts, genes
