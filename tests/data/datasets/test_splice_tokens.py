import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.labelled import read_set
from dnabert.data.targets import find_classes, make_targets
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError
from tests.data.datasets.splice_genes import Gene, annotated_genomes, build, sites_of, store_from, three_genes


def bases_of(row: Example) -> list[tuple[str, int, str]]:
    """Contig, place on the forward strand and strand of each base of a window, in the order in which it is read."""
    places = range(row.region.start, row.region.end)
    return [(row.region.contig, place, row.region.strand) for place in (reversed(places) if row.region.strand == "-" else places)]


def letters_of(texts: dict[str, str], genes: list[Gene]) -> dict[tuple[str, int, str], set[str]]:
    """Letters by base: the last one of an exon before an intron, and the first one after it."""
    letters: dict[tuple[str, int, str], set[str]] = {}
    for site in sites_of(texts, genes):
        step = {"+": -1, "-": 1}[site.strand] if site.kind == "donor" else 0
        letters.setdefault((site.contig, site.place + step, site.strand), set()).add(site.kind[0])
    return letters


def with_site(draft: Draft) -> list[Example]:
    return [row for row in draft.examples if row.source == "gene-with-site"]


def build_if_possible(texts: dict[str, str], genes: list[Gene], window_bp: int) -> Draft | None:
    """A set; None where all introns, or all windows with a site of a contig, are left out."""
    try:
        return build(texts, genes, level="token", window_bp=window_bp, negatives_per_positive=2)
    except DataFileError as error:
        if not re.search("no window of .* has a splice site|none of the .* positive windows|none of its introns is left", str(error)):
            raise
        return None


@settings(max_examples=25, deadline=None)
@given(genome=annotated_genomes(), window_bp=st.integers(4, 12))
def test_letters_stand_on_the_last_and_first_bases_of_exons(genome: tuple[dict[str, str], list[Gene]], window_bp: int) -> None:
    texts, genes = genome
    letters = letters_of(texts, genes)
    draft = build_if_possible(texts, genes, window_bp)
    assume(draft is not None)
    assert draft is not None
    seen: Counter[tuple[str, int, str]] = Counter()
    for row in draft.examples:
        assert decode_bases(row.codes) == decode_bases(store_from(texts).read(row.region))
        expected = [letters.get(base, {"n"}) for base in bases_of(row)]
        assert all(len(kinds) == 1 for kinds in expected)
        assert row.label == "".join(kind for kinds in expected for kind in kinds)
        assert (set(row.label) != {"n"}) == (row.source == "gene-with-site")
        seen.update(bases_of(row))
    assert max(seen.values()) == 1 or any(row.source == "between-genes" for row in draft.examples)
    assert len({row.region.name for row in draft.examples}) == len(draft.examples)


def test_a_gene_is_cut_from_its_5_prime_end_on_its_strand() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=50)
    rows = [row for row in with_site(draft) if row.region.contig == "c0"]
    assert [(row.region.start - 300) % 50 for row in rows if row.region.strand == "+"] == [0] * 4
    assert [(row.region.end - 1650) % 50 for row in rows if row.region.strand == "-"] == [0] * 4
    first = rows[0]
    assert first.region.name == "tile:c0:350-400(+)"
    assert (first.label, first.category, first.split) == ("n" * 49 + "d", "C0F", "train")
    assert decode_bases(first.codes) == texts["c0"][350:400]
    assert rows[1].label == "a" + "n" * 49
    assert draft.facts["bases of windows with a site"] == {"a": 12, "d": 12, "n": 24 * 49}


def test_a_site_of_the_other_strand_has_no_letter() -> None:
    texts, genes = three_genes()
    genes.append(Gene("c0", "-", [(300, 340), (460, 560)], "over"))
    rows = build(texts, genes, level="token", window_bp=50).examples
    own = next(row for row in rows if row.region.name == "tile:c0:350-400(+)")
    assert Counter(own.label) == {"n": 49, "d": 1}


def test_windows_without_a_site_come_from_genes_and_from_between_them() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=20, negatives_per_positive=2, intergenic_share=0.25)
    assert len(with_site(draft)) == 24
    assert Counter(row.source for row in draft.examples) == {"gene-with-site": 24, "gene-without-site": 36, "between-genes": 12}
    spans = [(gene.contig, gene.exons[0][0], gene.exons[-1][1]) for gene in genes]
    for row in draft.examples:
        if row.source == "between-genes":
            assert not any(
                row.region.contig == contig and row.region.start < end and start < row.region.end for contig, start, end in spans
            )
            assert row.category == ""
    assert Counter(row.split for row in draft.examples) == {"train": 24, "valid": 24, "test": 24}
    assert {row.source for row in build(texts, genes, level="token", intergenic_share=0).examples} == {
        "gene-with-site",
        "gene-without-site",
    }
    assert {row.source for row in build(texts, genes, level="token", negatives_per_positive=0).examples} == {"gene-with-site"}


def test_windows_that_there_is_no_room_for_are_counted() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=100, negatives_per_positive=50, intergenic_share=0)
    num_empty = sum(row.source == "gene-without-site" for row in draft.examples)
    assert draft.counts["windows without a site that there is no room for"] == 50 * len(with_site(draft)) - num_empty > 0


def test_windows_with_a_site_that_is_left_out_are_left_out() -> None:
    texts, genes = three_genes()
    extra = Gene("c0", "+", [(300, 340), (460, 560)], "odd", "c0f", source="other")
    before = {row.region.name for row in with_site(build(texts, genes, level="token", window_bp=50))}
    draft = build(texts, [*genes, extra], level="token", window_bp=50, sources=("toy",), negatives_per_positive=100)
    names = {row.region.name for row in draft.examples}
    assert draft.counts["windows with a site that is left out or avoided, left out"] == 2
    assert not {"tile:c0:300-350(+)", "tile:c0:450-500(+)"} & names
    assert before <= names


def test_windows_keep_away_from_transcripts_that_cannot_be_used() -> None:
    texts, genes = three_genes()
    # Exons 311-340 and 331-345 overlap; the last exon is far from all genes.
    odd = Gene("c0", "+", [(310, 340), (330, 345), (1900, 1950)], "odd")
    values = {"level": "token", "window_bp": 50, "negatives_per_positive": 100}
    before = {row.region.name: row.source for row in build(texts, genes, **values).examples}
    draft = build(texts, [*genes, odd], **values)
    assert before["tile:c0:300-350(+)"] == "gene-without-site"
    assert "tile:c0:300-350(+)" not in {row.region.name for row in draft.examples}
    assert draft.counts["windows with a site that is left out or avoided, left out"] == 1
    between = [row.region for row in draft.examples if row.source == "between-genes" and row.region.contig == "c0"]
    assert between
    assert all(region.end <= 310 or region.start >= 1950 for region in between)


def test_counts_of_windows_add_up() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=20, max_per_class=7, negatives_per_positive=2)
    sources = Counter(row.source for row in draft.examples)
    assert draft.counts["windows with a site"] == sources["gene-with-site"] == 7
    assert draft.counts["windows with a site beyond max_per_class, left out"] == 24 - 7
    assert draft.counts["windows of genes without a site"] == sources["gene-without-site"]
    assert draft.counts["windows between genes"] == sources["between-genes"]
    num_found = 2 * 7 - draft.counts["windows without a site that there is no room for"]
    num_kept = sources["gene-without-site"] + sources["between-genes"]
    assert draft.counts["windows without a site beyond max_per_class, left out"] == num_found - num_kept > 0


def test_a_base_that_is_donor_and_acceptor_leaves_its_window_out() -> None:
    texts, genes = three_genes()
    genes[0] = genes[0]._replace(exons=[(300, 400), (500, 501), (750, 850)])
    draft = build(texts, genes, level="token", window_bp=50)
    assert draft.counts["windows with a base that is donor and acceptor, left out"] == 1
    assert "tile:c0:500-550(+)" not in {row.region.name for row in draft.examples}


def test_windows_are_limited_and_the_same_for_a_seed() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=20, max_per_class=7)
    assert Counter(row.source == "gene-with-site" for row in draft.examples) == {True: 7, False: 7}
    again = build(texts, genes, level="token", window_bp=20, max_per_class=7)
    assert [(row.region, row.label) for row in again.examples] == [(row.region, row.label) for row in draft.examples]


@pytest.mark.parametrize("kmer", [1, 6])
def test_a_table_of_the_windows_is_read_as_a_token_task(tmp_path: Path, kmer: int) -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, level="token", window_bp=20)
    path = tmp_path / "train.tsv"
    with path.open("w", newline="") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        table.writerows([("id", "sequence", "label"), *((row.region.name, decode_bases(row.codes), row.label) for row in draft.examples)])
    data = read_set(path, kmer)
    classes = find_classes(data, "token")
    assert classes == ("a", "d", "n")
    targets = make_targets(data, "token", classes)
    assert targets.offsets is not None
    for number, row in enumerate(draft.examples):
        own = targets.values[targets.offsets[number] : targets.offsets[number + 1]]
        assert "".join(classes[int(value)] for value in own) == row.label
