"""What was planted where, in the formats of annotation: BED, narrowPeak and GTF."""

from collections.abc import Iterator

from dnabert.data.simulate.genes.planting import Gene, Interval, Transcript
from dnabert.data.simulate.genome import SimulatedGenome

__all__ = ["elements_bed", "gene_gtf", "narrow_peaks", "tss_bed"]


def tss_bed(simulated: SimulatedGenome, heading: str) -> str:
    """The transcription start site of every promoter."""
    rows = [f"{site.contig}\t{site.anchor}\t{site.anchor + 1}\t{site.id}\t0\t{site.strand}\n" for site in simulated.promoters]
    return _opening(simulated, heading) + "".join(rows)


def elements_bed(simulated: SimulatedGenome, heading: str) -> str:
    """Every planted element, also of decoys, by position, named ``element|site id``."""
    rows = [
        f"{contig}\t{element.start}\t{element.end}\t{element.name}|{site}\t0\t{element.strand}\n"
        for contig, site, element in simulated.elements()
    ]
    return _opening(simulated, heading) + "".join(rows)


def narrow_peaks(simulated: SimulatedGenome, heading: str, factor: str) -> str:
    """The peaks of one factor.

    Source: ENCODE narrowPeak (BED6+4): signal, -log10 p, -log10 q, and the summit counted from the start.
    """
    rows = [
        f"{peak.contig}\t{peak.start}\t{peak.end}\t{site.id}\t{peak.score}\t.\t{peak.signal}\t{peak.p_value}\t{peak.q_value}"
        f"\t{peak.summit - peak.start}\n"
        for site, peak in simulated.peaks
        if peak.factor == factor
    ]
    return _opening(simulated, heading) + "".join(rows)


def gene_gtf(simulated: SimulatedGenome, heading: str) -> str:
    """Genes, transcripts, exons, coding parts, start and stop codons; 1-based, both ends included.

    Source: GTF 2.2: the coding part does not include the stop codon.
    """
    return _opening(simulated, heading) + "".join(f"{row}\n" for gene in simulated.genes for row in _gene_rows(gene))


def _gene_rows(gene: Gene) -> Iterator[str]:
    facts = f'gene_id "{gene.id}"; gene_name "{gene.id}"; gene_type "protein_coding";'
    yield _gtf_row(gene, "gene", (gene.start, gene.end), ".", f'{facts} promoter "{gene.promoter}";')
    for transcript in gene.transcripts:
        own = f'gene_id "{gene.id}"; transcript_id "{transcript.id}"; gene_name "{gene.id}"; gene_type "protein_coding";'
        own += ' transcript_type "protein_coding";'
        starts, ends = zip(*transcript.exons, strict=True)
        yield _gtf_row(gene, "transcript", (min(starts), max(ends)), ".", own)
        yield from _transcript_rows(gene, transcript, own)


def _transcript_rows(gene: Gene, transcript: Transcript, facts: str) -> Iterator[str]:
    num_before = 0
    coding = {exon: part for part in transcript.coding for exon in transcript.exons if exon[0] <= part[0] and part[1] <= exon[1]}
    for number, exon in enumerate(transcript.exons, start=1):
        yield _gtf_row(gene, "exon", exon, ".", f"{facts} exon_number {number};")
        if exon in coding:
            part = coding[exon]
            yield _gtf_row(gene, "CDS", part, str(-num_before % 3), f"{facts} exon_number {number};")
            num_before += part[1] - part[0]
    yield _gtf_row(gene, "start_codon", transcript.start_codon, "0", f"{facts} exon_number 1;")
    yield _gtf_row(gene, "stop_codon", transcript.stop_codon, "0", f"{facts} exon_number {len(transcript.exons)};")


def _gtf_row(gene: Gene, feature: str, interval: Interval, frame: str, facts: str) -> str:
    start, end = interval
    return f"{gene.contig}\tdnabert\t{feature}\t{start + 1}\t{end}\t.\t{gene.strand}\t{frame}\t{facts}"


def _opening(simulated: SimulatedGenome, heading: str) -> str:
    return f"{heading}# simulated genome: seed {simulated.seed}, config {simulated.config.model_dump_json()}\n"
