import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.simulate import Gene, SimulatedGenome, SpliceWindow
from dnabert.data.simulate.genes.planting import plant_gene
from dnabert.data.simulate.genes.signals import ACCEPTOR, DONOR, draw_acceptor, draw_donor
from dnabert.data.simulate.genes.structure import draw_structure, max_gene_bp
from dnabert.dna.sequence import decode_bases, encode_bases
from tests.data.simulate.reading import read_fasta, read_lines, read_on, read_table

Exon = tuple[int, int]


def read_gtf(path: Path) -> dict[str, dict[str, list[tuple[str, int, int, str, str]]]]:
    """Rows by transcript (genes under their own id) and feature: contig, 0-based start, end, strand, frame."""
    found: dict[str, dict[str, list[tuple[str, int, int, str, str]]]] = defaultdict(lambda: defaultdict(list))
    for contig, _, feature, start, end, _, strand, frame, facts in read_lines(path):
        attributes = dict(re.findall(r'(\w+) "?([^";]+)"?;', facts))
        name = attributes["gene_id"] if feature == "gene" else attributes["transcript_id"]
        found[name][feature].append((contig, int(start) - 1, int(end), strand, frame))
    return found


def spliced(contigs: dict[str, str], rows: list[tuple[str, int, int, str, str]]) -> str:
    """Bases of the intervals one after the other, in reading direction."""
    ordered = sorted(rows, key=lambda row: row[1], reverse=rows[0][3] == "-")
    return "".join(read_on(contigs, contig, start, end, strand) for contig, start, end, strand, _ in ordered)


def donors_and_acceptors(gene: Gene) -> list[tuple[str, int]]:
    """Boundaries on the forward strand, between the base before and the one at the position."""
    pairs = [(intron.start, intron.end) if gene.strand == "+" else (intron.end, intron.start) for intron in gene.introns]
    return [("donor", first) for first, _ in pairs] + [("acceptor", last) for _, last in pairs]


# ---- structure


@given(st.integers(35, 249), st.integers(0, 2**32))
def test_every_transcript_of_a_structure_has_whole_codons_and_room_for_its_signals(downstream_bp: int, seed: int) -> None:
    structure = draw_structure(downstream_bp, np.random.default_rng(seed))
    assert structure.length_bp <= max_gene_bp(downstream_bp)
    assert structure.start_codon > downstream_bp
    assert 3 <= len(structure.exons) <= 5
    assert all(last - first >= 130 for first, last in structure.introns)
    assert structure.exons[0][0] == 0
    assert structure.start_codon + 3 <= structure.exons[0][1]
    assert structure.exons[-1][0] < structure.stop_codon < structure.length_bp
    assert structure.skipped[0] is None
    for transcript in range(len(structure.skipped)):
        places = [place for exon in structure.transcript_exons(transcript) for place in range(*exon)]
        assert (places.index(structure.stop_codon) - places.index(structure.start_codon)) % 3 == 0


@given(st.sampled_from("+-"), st.integers(0, 2**32), st.sampled_from(["T", "A", "TAG", "TGA", "CTAGTTAAC"]))
def test_no_stop_codon_is_left_in_frame_whatever_the_background(strand: str, seed: int, unit: str) -> None:
    rng = np.random.default_rng(seed)
    structure = draw_structure(50, rng)
    codes = np.resize(encode_bases(unit), 8000)
    gene = plant_gene(codes, "c", 4000, "+" if strand == "+" else "-", structure, rng)
    contigs = {"c": decode_bases(codes)}
    for transcript in gene.transcripts:
        coding = spliced(contigs, [("c", *part, gene.strand, ".") for part in transcript.coding])
        codons = [coding[place : place + 3] for place in range(0, len(coding), 3)]
        assert len(coding) % 3 == 0
        assert codons[0] == "ATG"
        assert not {"TAA", "TAG", "TGA"} & set(codons)
        assert read_on(contigs, "c", *transcript.stop_codon, gene.strand) in {"TAA", "TAG", "TGA"}
    for element in gene.elements:
        assert element.sequence == read_on(contigs, "c", element.start, element.end, element.strand)


# ---- genes in the genome


def test_genes_begin_at_promoters_of_their_own(rich: SimulatedGenome) -> None:
    tss_of = {site.id: (site.contig, site.anchor, site.strand) for site in rich.promoters}
    assert len({gene.promoter for gene in rich.genes}) == len(rich.genes) == 28
    assert {gene.strand for gene in rich.genes} == {"+", "-"}
    for gene in rich.genes:
        assert tss_of[gene.promoter] == (gene.contig, gene.tss, gene.strand)


def test_promoter_windows_hold_nothing_of_the_gene_but_untranslated_bases(rich: SimulatedGenome) -> None:
    windows = {site.id: site for site in rich.promoters}
    for gene in rich.genes:
        window = windows[gene.promoter]
        planted = [(element.start, element.end) for element in gene.elements]
        planted += [part for transcript in gene.transcripts for part in transcript.coding]
        assert all(end <= window.start or window.end <= start for start, end in planted)


def test_introns_begin_with_gt_or_gc_and_end_with_ag(rich: SimulatedGenome) -> None:
    for gene in rich.genes:
        for intron in gene.introns:
            sequence = rich.sequence(gene.contig, intron.start, intron.end, gene.strand)
            assert sequence[:2] in {"GT", "GC"}
            assert sequence[-2:] == "AG"


def test_one_donor_in_a_hundred_has_gc_and_every_acceptor_ag() -> None:
    rng = np.random.default_rng(0)
    donors = Counter(decode_bases(draw_donor(rng))[3:5] for _ in range(5000))
    assert set(donors) == {"GT", "GC"}
    assert donors["GC"] / 5000 == pytest.approx(0.01, abs=0.004)
    assert {decode_bases(draw_acceptor(rng))[16:18] for _ in range(500)} == {"AG"}


def test_signals_stand_at_their_distance_from_the_splice_site(rich: SimulatedGenome) -> None:
    lawful = {  # of the leftmost base in reading direction, from the first base after the junction
        ("donor", "donor"): range(-3, -2),
        ("donor", "exon-enhancer"): range(-60, -13),
        ("donor", "intron-enhancer"): range(8, 51),
        ("acceptor", "acceptor"): range(-18, -17),
        ("acceptor", "branch-point"): range(-46, -27),
        ("acceptor", "exon-enhancer"): range(6, 51),
    }
    seen = Counter[tuple[str, str]]()
    for gene in rich.genes:
        for intron in gene.introns:
            for label, elements in (("donor", intron.donor_elements), ("acceptor", intron.acceptor_elements)):
                is_start = (label == "donor") == (gene.strand == "+")
                boundary = intron.start if is_start else intron.end
                for element in elements:
                    offset = element.start - boundary if gene.strand == "+" else boundary - element.end
                    assert offset in lawful[label, element.name]
                    assert element.strand == gene.strand
                    assert element.sequence == rich.sequence(gene.contig, element.start, element.end, element.strand)
                    seen[label, element.name] += 1
    assert set(seen) == set(lawful)
    num_introns = sum(len(gene.introns) for gene in rich.genes)
    assert seen["donor", "donor"] == seen["acceptor", "acceptor"] == seen["acceptor", "branch-point"] == num_introns


# ---- GTF


def test_the_gtf_says_what_the_truth_says(rich_files: Path, rich: SimulatedGenome) -> None:
    found = read_gtf(rich_files / "annotation.gtf")
    assert len(found) == len(rich.genes) + sum(len(gene.transcripts) for gene in rich.genes)
    assert {len(gene.transcripts) for gene in rich.genes} == {1, 2, 3}
    for gene in rich.genes:
        assert found[gene.id]["gene"] == [(gene.contig, gene.start, gene.end, gene.strand, ".")]
        for transcript in gene.transcripts:
            rows = found[transcript.id]
            assert [row[1:3] for row in rows["exon"]] == list(transcript.exons)
            assert [row[1:3] for row in rows["CDS"]] == list(transcript.coding)
            assert [row[1:3] for row in rows["start_codon"]] == [transcript.start_codon]
            assert [row[1:3] for row in rows["stop_codon"]] == [transcript.stop_codon]
            assert [row[1:3] for row in rows["transcript"]] == [(gene.start, gene.end)]


def test_every_transcript_of_the_gtf_can_be_translated(rich_files: Path) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    num_transcripts = 0
    for rows in read_gtf(rich_files / "annotation.gtf").values():
        if "transcript" not in rows:
            continue
        num_transcripts += 1
        coding = spliced(contigs, rows["CDS"])
        codons = [coding[place : place + 3] for place in range(0, len(coding), 3)]
        assert len(coding) % 3 == 0
        assert codons[0] == "ATG" == spliced(contigs, rows["start_codon"])
        assert not {"TAA", "TAG", "TGA"} & set(codons)
        assert spliced(contigs, rows["stop_codon"]) in {"TAA", "TAG", "TGA"}
        in_frame = 0
        for _, start, end, _, frame in rows["CDS"]:
            assert (int(frame) + in_frame) % 3 == 0  # so many bases are left until the next codon begins
            in_frame += end - start
        for (contig, start, end, strand, _), (_, next_start, next_end, _, _) in pairwise(rows["exon"]):
            intron = read_on(contigs, contig, *((end, next_start) if strand == "+" else (next_end, start)), strand)
            assert intron[:2] in {"GT", "GC"}
            assert intron[-2:] == "AG"
    assert num_transcripts >= 28


# ---- labelled windows


def splice_rows(folder: Path) -> list[dict[str, str]]:
    return [row for split in ("train", "valid", "test") for row in read_table(folder / "splice" / f"{split}.csv")]


def test_the_middle_of_a_splice_window_is_the_junction(rich_files: Path, rich: SimulatedGenome) -> None:
    contigs = read_fasta(rich_files / "genome.fa")
    rows = splice_rows(rich_files)
    junctions = {(gene.contig, gene.strand, *site) for gene in rich.genes for site in donors_and_acceptors(gene)}
    labelled = set()
    for row in rows:
        sequence = read_on(contigs, row["contig"], int(row["start"]), int(row["end"]), row["strand"])
        assert row["sequence"] == sequence
        assert len(sequence) == 400
        assert "N" not in sequence
        if row["class"] in {"donor-GT", "decoy-donor", "misplaced-donor", "GT"}:
            assert sequence[200:202] in ({"GT"} if row["class"] in {"donor-GT", "GT"} else {"GT", "GC"})
        if row["class"] in {"acceptor", "decoy-acceptor", "misplaced-acceptor", "AG"}:
            assert sequence[198:200] == "AG"
        if row["label"] != "none":
            labelled.add((row["contig"], row["strand"], row["label"], int(row["start"]) + 200))
    assert labelled == junctions
    counts = Counter(row["label"] for row in rows)
    assert counts["donor"] == counts["acceptor"] == counts["none"] / 2 == len(junctions) / 2
    assert {row["class"] for row in rows} >= {
        "decoy-donor",
        "misplaced-donor",
        "decoy-acceptor",
        "misplaced-acceptor",
        "GT",
        "AG",
        "random",
    }


def test_no_transcript_uses_the_middle_of_a_window_without_a_splice_site(rich: SimulatedGenome) -> None:
    middles = np.array([junction for gene in rich.genes if gene.contig == "sim1" for _, junction in donors_and_acceptors(gene)])
    negatives = [window for window in rich.splice_windows if window.label == "none" and window.contig == "sim1"]
    assert len(negatives) == len(middles)
    for window in negatives:
        assert np.abs(middles - (window.start + window.end) // 2).min() >= 10


def splice_decoys(genome: SimulatedGenome) -> list[SpliceWindow]:
    return [window for window in genome.splice_windows if window.site_class.startswith(("decoy-", "misplaced-"))]


def test_planted_decoys_are_strong_and_lack_what_belongs_beside_them(rich: SimulatedGenome) -> None:
    motif_of = {"donor": DONOR, "acceptor": ACCEPTOR}
    lawful = {"exon-enhancer": {"donor": range(-60, -13), "acceptor": range(6, 51)}, "intron-enhancer": {"donor": range(8, 51)}}
    lawful["branch-point"] = {"acceptor": range(-46, -27)}
    decoys = splice_decoys(rich)
    assert len(decoys) > 40
    for window in decoys:
        kind, label = window.site_class.split("-")
        (core,) = (element for element in window.elements if element.name == label)
        if label == "acceptor" or core.sequence[3:5] == "GT":  # a GC in place of GT costs 7 bits
            assert motif_of[label].bits(encode_bases(core.sequence)) >= (8 if label == "donor" else 9) - 0.1
        context = [element for element in window.elements if element.name != label]
        assert bool(context) == (kind == "misplaced")
        middle = (window.start + window.end) // 2
        for element in window.elements:
            assert element.sequence == rich.sequence(window.contig, element.start, element.end, element.strand)
        for element in context:
            offset = element.start - middle if window.strand == "+" else middle - element.end
            assert offset not in lawful[element.name][label]


def test_planted_decoys_stand_apart_from_all_other_sites(rich: SimulatedGenome) -> None:
    own = {window.id for window in splice_decoys(rich)}
    others = [(contig, element.start, element.end) for contig, site, element in rich.elements() if site not in own]
    for window in splice_decoys(rich):
        for element in window.elements:
            assert not any(contig == window.contig and start < element.end and element.start < end for contig, start, end in others)


@pytest.mark.parametrize("label", ["donor", "acceptor"])
def test_windows_of_introns_name_them(rich: SimulatedGenome, label: str) -> None:
    introns = {intron.id for gene in rich.genes for intron in gene.introns}
    windows = [window for window in rich.splice_windows if window.label == label]
    assert {window.intron for window in windows} == introns
    assert len(windows) == len(introns)
