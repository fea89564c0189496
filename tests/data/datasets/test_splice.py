from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splice import SpliceConfig, build_splice
from dnabert.data.datasets.splits import SplitConfig
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, DnabertError, RegionError
from tests.data.datasets.splice_genes import (
    NAMED,
    Gene,
    annotated_genomes,
    build,
    gtf_line,
    pair_places,
    site_of,
    sites_of,
    store_from,
    three_genes,
    window_of,
    write_gtf,
)
from tests.data.stores import opposite, random_bases, store_of

OFFSETS = {"GT": 0, "GC": 0, "AG": -2}


def positives(draft: Draft) -> list[Example]:
    return [row for row in draft.examples if row.label != "none"]


def negatives(draft: Draft, source: str = "") -> list[Example]:
    return [row for row in draft.examples if row.label == "none" and row.source.startswith(source)]


@settings(max_examples=25, deadline=None)
@given(genome=annotated_genomes(), window_bp=st.integers(4, 31))
def test_windows_are_those_cut_from_the_text_of_each_strand(genome: tuple[dict[str, str], list[Gene]], window_bp: int) -> None:
    texts, genes = genome
    sites = sites_of(texts, genes)
    kinds = Counter((site.contig, site.place, site.strand) for site in sites)
    expected = {site: window for site in sites if kinds[site[1:]] == 1 and (window := window_of(texts, site, window_bp)) is not None}
    assume({site.contig for site in expected} == {"c0", "c1", "c2"})
    draft = build(texts, genes, window_bp=window_bp)
    assert {site_of(row): decode_bases(row.codes) for row in positives(draft)} == expected
    for row in draft.examples:
        assert decode_bases(row.codes) == decode_bases(store_from(texts).read(row.region))
        assert row.split == {"c0": "train", "c1": "valid", "c2": "test"}[row.region.contig]
    assert draft.counts["sites at places that are donor and acceptor, left out"] == sum(count for count in kinds.values() if count > 1)
    names = [row.region.name for row in draft.examples]
    assert len(set(names)) == len(names)


@settings(max_examples=25, deadline=None)
@given(genome=annotated_genomes(), seed=st.integers(0, 5), gc_decoys=st.booleans())
def test_decoys_have_their_two_bases_in_their_gene_and_are_at_no_site_of_any_transcript(
    genome: tuple[dict[str, str], list[Gene]], seed: int, gc_decoys: bool
) -> None:
    texts, genes = genome
    sites = sites_of(texts, genes)
    kinds = Counter((site.contig, site.place, site.strand) for site in sites)
    assume({site.contig for site in sites if kinds[site[1:]] == 1 and window_of(texts, site, 6)} == {"c0", "c1", "c2"})
    draft = build(texts, genes, seed, window_bp=6, gc_decoys=gc_decoys)
    used = {site[1:] for site in sites_of(texts, genes, min_intron_bp=1)}
    found = [site_of(row)[1:] for row in negatives(draft)]
    assert not used & set(found)
    assert len(set(found)) == len(found)
    for row in negatives(draft, "decoy"):
        pair = row.source.removeprefix("decoy:")
        _, contig, place, strand = site_of(row)
        assert place in pair_places(texts[contig], strand, pair, OFFSETS[pair])
        own = [gene for gene in genes if gene.contig == contig and gene.strand == strand and gene.gene.upper() == row.category]
        assert any(gene.exons[0][0] <= place < gene.exons[-1][1] for gene in own)
        assert row.region.name == f"decoy-{pair}:{contig}:{place}({strand})"


def test_each_gene_gets_as_many_decoys_as_it_has_donors_and_acceptors() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes)
    wanted = Counter({(gene.name.upper(), pair): 2 for gene in genes for pair in ("GT", "AG")})
    assert Counter((row.category, row.source[-2:]) for row in negatives(draft, "decoy")) == wanted
    assert draft.counts["decoys that their genes have not"] == 0
    assert Counter(row.split for row in negatives(draft, "random")) == {"train": 2, "valid": 2, "test": 2}
    assert build(texts, genes, negatives_per_positive=3, random_per_donor=0).counts["decoys that their genes have not"] == 0
    assert len(negatives(build(texts, genes, negatives_per_positive=3, random_per_donor=0))) == 3 * 24
    assert len(negatives(build(texts, genes, negatives_per_positive=0, random_per_donor=1.5))) == 18


def test_decoys_that_a_gene_has_not_are_counted_and_other_genes_give_none() -> None:
    text = "A" * 20 + "CCCCC" + "GTAAAAAAAG" + "CCCCC" + "A" * 20 + "GTGTGTAGAG" * 5
    texts = {"c0": text, "c1": text, "c2": text}
    genes = [Gene(contig, "+", [(20, 25), (35, 40)], contig) for contig in texts]
    draft = build(texts, genes, window_bp=10, random_per_donor=0)
    assert negatives(draft) == []
    assert draft.counts["decoys that their genes have not"] == 6


def test_a_donor_with_gc_is_answered_by_gc_where_asked_for() -> None:
    text = random_bases(400, 3).replace("GC", "GA")
    text = text[:150] + "GC" + text[152:198] + "AG" + text[200:220] + "GC" + text[222:]
    texts = {"c0": text, "c1": text, "c2": text}
    genes = [Gene(contig, "+", [(100, 150), (200, 260)], contig) for contig in texts]
    draft = build(texts, genes, gc_decoys=True)
    assert {row.region.name for row in negatives(draft, "decoy:GC")} == {f"decoy-GC:{contig}:220(+)" for contig in texts}
    assert Counter(row.source for row in negatives(build(texts, genes), "decoy")) == {"decoy:GT": 3, "decoy:AG": 3}
    assert draft.facts["donors"] == {
        "GT": {"count": 0, "percent": 0.0},
        "GC": {"count": 3, "percent": 100.0},
        "AT": {"count": 0, "percent": 0.0},
        "other": {"count": 0, "percent": 0.0},
    }


def test_labels_sources_categories_ids_and_order() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes)
    first = draft.examples[0]
    assert (first.label, first.source, first.category) == ("donor", "transcript:c0f", "C0F")
    assert first.region.name == "donor:c0:400(+)"
    assert decode_bases(first.codes)[20:22] == "GT"
    second = draft.examples[1]
    assert (second.region.name, decode_bases(second.codes)[18:20]) == ("acceptor:c0:500(+)", "AG")
    reverse = next(row for row in draft.examples if row.source == "transcript:c0r" and row.label == "donor")
    assert reverse.region.name == "donor:c0:1299(-)"
    assert decode_bases(reverse.codes)[20:22] == "GT"
    kinds = [row.source.split(":")[0] for row in draft.examples]
    assert [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before] == ["transcript", "decoy", "random"]
    places = [(row.region.contig, row.region.start) for row in positives(draft)]
    assert places == sorted(places)
    assert draft.name == "splice"
    assert draft.facts["labels"] == {
        "acceptor": "AG at index 18-19 (0-based), first base of the exon at 20",
        "donor": "first base of the intron at index 20, GT at 20-21",
        "none": "the base at index 20 is the place of no donor or acceptor of any transcript",
    }


def test_a_seed_gives_the_same_set_and_another_seed_other_negatives() -> None:
    texts, genes = three_genes()
    once, again, other = build(texts, genes, 7), build(texts, genes, 7), build(texts, genes, 8)
    for left, right in zip(once.examples, again.examples, strict=True):
        assert (left.region, left.label, left.split, left.codes.tolist()) == (right.region, right.label, right.split, right.codes.tolist())
    assert [row.region for row in positives(once)] == [row.region for row in positives(other)]
    assert {row.region for row in negatives(once)} != {row.region for row in negatives(other)}


def test_settings_of_one_kind_of_negative_leave_the_draws_of_the_others_alone() -> None:
    texts, genes = three_genes()
    random = {row.region.name for row in negatives(build(texts, genes, random_per_donor=1), "random")}
    few = {row.region.name for row in negatives(build(texts, genes, random_per_donor=0), "decoy")}
    assert few == {row.region.name for row in negatives(build(texts, genes, random_per_donor=1), "decoy")}
    assert (
        len(random & {row.region.name for row in negatives(build(texts, genes, random_per_donor=1, negatives_per_positive=0), "random")})
        >= 11
    )


def test_classes_are_limited_alike() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, max_per_class=5)
    assert Counter(row.label for row in draft.examples) == {"donor": 5, "acceptor": 5, "none": 5}
    assert {row.region.name for row in positives(draft)} < {row.region.name for row in positives(build(texts, genes))}


def test_sites_of_other_annotations_are_never_negatives(tmp_path: Path) -> None:
    texts, genes = three_genes()
    names = {row.region.name for row in negatives(build(texts, genes, negatives_per_positive=500))}
    decoy = next(name for name in sorted(names) if name.startswith("decoy-GT:c0:") and name.endswith("(+)"))
    place = int(decoy.split(":")[2].removesuffix("(+)"))
    other = write_gtf(
        tmp_path / "other.gtf", [Gene("c0", "+", [(place - 3, place), (place + 20, place + 30)], "x"), Gene("zz", "+", [(0, 9)], "y")]
    )
    draft = build(texts, genes, negatives_per_positive=500, also_avoid=(other,))
    kept = {row.region.name for row in negatives(draft)}
    assert decoy in names
    assert f":c0:{place}(+)" not in {name[name.index(":") :] for name in kept}
    assert draft.counts["sites of other annotations, avoided"] == 2
    assert len(positives(draft)) == 24


def test_transcripts_that_give_no_sites_still_keep_negatives_away() -> None:
    texts, genes = three_genes()
    extra = Gene("c0", "+", [(340, 360), (420, 440)], "odd", "c0f", source="other", is_coding=True)
    for values in ({"sources": ("toy",)}, {"sources": ("toy", "more")}):
        draft = build(texts, [*genes, extra], negatives_per_positive=500, **values)
        assert len(positives(draft)) == 24
        assert draft.counts["transcripts of other sources, left out"] == 1
        assert not {("c0", 360, "+"), ("c0", 420, "+")} & {site_of(row)[1:] for row in negatives(draft)}
    coding = build(texts, [*genes, *(extra._replace(contig=contig, name=contig) for contig in texts)], coding_only=True)
    assert {row.source for row in positives(coding)} == {"transcript:c0", "transcript:c1", "transcript:c2"}
    assert coding.counts["transcripts without a CDS, left out"] == 6


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        # exons 341-360 and 351-370 overlap; a further exon is 421-440
        ([("exon", "+", 340, 360), ("exon", "+", 350, 370), ("exon", "+", 420, 440)], {(360, "+"), (350, "+"), (370, "+"), (420, "+")}),
        (
            [("exon", "-", 1140, 1160), ("exon", "-", 1150, 1170), ("exon", "-", 1420, 1440)],
            {(1149, "-"), (1159, "-"), (1419, "-"), (1169, "-")},
        ),
        ([("exon", "+", 340, 360), ("exon", "-", 1420, 1440)], {(340, "+"), (360, "+"), (1419, "-"), (1439, "-")}),
        ([("CDS", "+", 340, 360), ("CDS", "+", 420, 440)], {(360, "+"), (420, "+")}),
    ],
)
def test_no_negative_is_at_an_end_of_an_intron_of_a_transcript_that_cannot_be_used(
    tmp_path: Path, lines: list[tuple[str, str, int, int]], places: set[tuple[int, str]]
) -> None:
    texts, genes = three_genes()
    for place, strand in places:  # GT and AG at each, so that it would be a decoy
        pair = ["AG", "GT"] if strand == "+" else ["AC", "CT"]
        first = place - 2 if strand == "+" else place - 1
        texts["c0"] = texts["c0"][:first] + "".join(pair) + texts["c0"][first + 4 :]
    path = write_gtf(tmp_path / "genes.gtf", genes)
    names = {"window_bp": 40, "min_intron_bp": 4, "splits": NAMED, "negatives_per_positive": 500, "random_per_donor": 40}
    config = SpliceConfig.model_validate(names)
    without = build_splice(store_from(texts), path, config, 1)
    other = tmp_path / "other.gtf"
    other.write_text("".join(gtf_line(Gene("c0", strand, [], "odd"), kind, start, end) for kind, strand, start, end in lines))
    own = {site_of(row)[2:] for row in negatives(without) if row.region.contig == "c0"}
    assert places & own
    path.write_text(path.read_text() + other.read_text())
    draft = build_splice(store_from(texts), path, config, 1)
    assert not places & {site_of(row)[2:] for row in negatives(draft) if row.region.contig == "c0"}
    assert len(positives(draft)) == 24
    is_coding = lines[0][0] == "CDS"
    assert draft.counts["transcripts read"] == 7 - is_coding
    assert draft.counts["transcripts whose exons overlap or are in several places, left out"] == 1 - is_coding
    assert draft.counts["entries with CDS but without exons, left out"] == is_coding


def test_a_transcript_that_cannot_be_used_must_fit_its_contig_too(tmp_path: Path) -> None:
    texts, genes = three_genes()
    path = write_gtf(
        tmp_path / "genes.gtf", [*genes, Gene("c0", "+", [(10, 30), (20, 2001)], "odd"), Gene("c9", "+", [(1, 9), (5, 9)], "far")]
    )
    with pytest.raises(RegionError, match=r"gtf:19: transcript odd ends at 2001, but c0 has 2000 bases"):
        build_splice(store_from(texts), path, SpliceConfig(), 0)


def test_files_of_one_name_may_name_the_contigs_each_in_its_own_way(tmp_path: Path) -> None:
    texts, genes = three_genes()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    path = write_gtf(tmp_path / "a" / "genes.gtf", genes)
    other = write_gtf(tmp_path / "b" / "genes.gtf", [gene._replace(contig=f"chr{gene.contig}") for gene in genes])
    config = SpliceConfig(window_bp=40, splits=NAMED, also_avoid=(other,))
    assert build_splice(store_from(texts), path, config, 0).counts["sites of other annotations, avoided"] == 24


def test_what_is_wanted_of_one_kind_of_decoy_leaves_the_others_alone() -> None:
    texts, genes = three_genes()
    for contig in texts:  # the first donor of each gene has GC
        texts[contig] = texts[contig][:401] + "C" + texts[contig][402:]
    plain, with_gc = ({row.region.name for row in negatives(build(texts, genes, gc_decoys=flag), "decoy")} for flag in (False, True))
    assert len(plain) == len(with_gc) == 24
    gone = plain - with_gc
    assert len(gone) == 3
    assert {name.split(":")[0] for name in gone} == {"decoy-GT"}
    assert {name.split(":")[0] for name in with_gc - plain} == {"decoy-GC"}


@pytest.mark.parametrize("max_per_class", [None, 5])
def test_counts_add_up(max_per_class: int | None) -> None:
    texts, genes = three_genes()
    texts["c1"] = texts["c1"][:395] + "N" + texts["c1"][396:]
    genes.append(Gene("c2", "+", [(5, 10), (30, 60)], "near"))
    draft = build(texts, genes, max_per_class=max_per_class, negatives_per_positive=2)
    counts = draft.counts
    limited = {
        kind: counts.get(f"{kind} beyond max_per_class, left out", 0) for kind in ("donors", "acceptors", "decoys", "random windows")
    }
    lost = [
        "sites at places that are donor and acceptor, left out",
        "windows beyond the end of a contig, left out",
        "windows with ambiguous bases, left out",
        "sites in no split, or across a border of two, left out",
    ]
    sites = counts["different donors"] + counts["different acceptors"]
    assert sites == sum(counts[name] for name in lost) + sum(counts[kind] + limited[kind] for kind in ("donors", "acceptors"))
    for kind, missing in (("decoys", "decoys that their genes have not"), ("random windows", "random windows that there is no room for")):
        assert counts[f"{kind} wanted"] == counts[missing] + counts[kind] + limited[kind]
    rows = Counter(row.source.split(":")[0] if row.label == "none" else f"{row.label}s" for row in draft.examples)
    assert rows == {
        "donors": counts["donors"],
        "acceptors": counts["acceptors"],
        "decoy": counts["decoys"],
        "random": counts["random windows"],
    }
    assert all(limited.values()) == (max_per_class is not None)


def test_only_gt_ag_introns_are_kept_where_asked_for() -> None:
    texts, genes = three_genes()
    texts["c0"] = texts["c0"][:400] + "AT" + texts["c0"][402:]
    assert len(positives(build(texts, genes))) == 24
    draft = build(texts, genes, canonical_only=True)
    assert not {site for site in map(site_of, positives(draft)) if site[1:] in {("c0", 400, "+"), ("c0", 500, "+")}}
    assert len(positives(draft)) == 22
    assert draft.counts["introns that are not GT-AG, left out"] == 1


def test_short_introns_give_neither_sites_nor_decoys() -> None:
    texts, genes = three_genes()
    extra = Gene("c0", "+", [(310, 320), (344, 360)], "gap", "c0f")
    draft = build(texts, [*genes, extra], min_intron_bp=25, negatives_per_positive=500)
    assert len(positives(draft)) == 24
    assert draft.counts["introns shorter than 25 bases, left out"] == 1
    assert not {("c0", 320, "+"), ("c0", 344, "+")} & {site_of(row)[1:] for row in negatives(draft)}
    assert len(positives(build(texts, [*genes, extra], min_intron_bp=24))) == 26


def test_windows_beyond_a_contig_or_with_n_are_left_out_and_counted() -> None:
    texts, genes = three_genes()
    texts["c1"] = texts["c1"][:395] + "N" + texts["c1"][396:]
    genes.append(Gene("c2", "+", [(5, 10), (30, 60)], "near"))
    draft = build(texts, genes)
    assert draft.counts["windows beyond the end of a contig, left out"] == 1  # the donor at 10
    assert draft.counts["windows with ambiguous bases, left out"] == 1  # the donor at 400
    assert len(positives(draft)) == 24
    assert all("N" not in decode_bases(row.codes) for row in draft.examples)


def test_contigs_are_found_by_their_other_names() -> None:
    texts, genes = three_genes()
    plain = build(texts, genes)
    renamed = build(texts, [gene._replace(contig=f"chr{gene.contig}") for gene in genes])
    assert [row.region for row in renamed.examples] == [row.region for row in plain.examples]


def test_an_annotation_that_counts_from_0_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    texts, genes = three_genes()
    build(texts, genes)
    assert caplog.messages == []
    from_0 = [gene._replace(exons=[(start - 1, end) for start, end in gene.exons]) for gene in genes]
    draft = build(texts, from_0)
    assert "0.0% of 6 donors on strand - are GT, but 100.0% one base after: column 4 is 1 too low" in caplog.text
    assert "0.0% of 6 acceptors on strand + are AG, but 100.0% one base after: column 4 is 1 too low" in caplog.text
    assert len(draft.facts["warnings"]) == 2  # type: ignore[arg-type]


def test_an_annotation_of_another_assembly_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    texts, genes = three_genes()
    build({name: random_bases(2000, 9 + number) for number, name in enumerate(texts)}, genes)
    assert "0.0% of 6 donors on strand + are GT; 16.7% of 6 donors on strand - are GT: the file is of another assembly" in caplog.text


def test_hidden_shift_is_told_also_when_only_gt_ag_introns_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    texts, genes = three_genes()
    shifted = [gene._replace(exons=[(start + 1, end + 1) for start, end in gene.exons]) for gene in genes]
    with pytest.raises(DataFileError, match="none of its introns is left"):
        build(texts, shifted, canonical_only=True)
    assert "100.0% one base before" in caplog.text


def lines_of(*genes: Gene) -> str:
    return "".join(gtf_line(gene, "exon", start, end) for gene in genes for start, end in gene.exons)


TWO_EXONS = Gene("c0", "+", [(300, 400), (500, 600)], "t")


@pytest.mark.parametrize(
    ("text", "values", "error", "message"),
    [
        (gtf_line(TWO_EXONS, "gene", 0, 90), {}, DataFileError, r"genes\.gtf.*exon"),
        (
            lines_of(TWO_EXONS._replace(exons=[(300, 400)])),
            {},
            DataFileError,
            r"none of 1 transcripts has an intron; splice sites need .* two exons",
        ),
        (lines_of(TWO_EXONS._replace(exons=[(300, 400), (399, 500)])), {}, DataFileError, r"exons 301-400 and 400-500 overlap"),
        (
            lines_of(TWO_EXONS),
            {"min_intron_bp": 101},
            DataFileError,
            r"none of its introns is left with --set min_intron_bp=101; ask for less",
        ),
        (
            lines_of(TWO_EXONS),
            {"window_bp": 801},
            DataFileError,
            r"none of 2 splice sites has a window of 801 bases: 0 go beyond the end of a contig, 2 hold ambiguous bases",
        ),
        (
            lines_of(TWO_EXONS),
            {"window_bp": 801, "level": "token"},
            DataFileError,
            r"no window of 801 bases along the genes has a splice site",
        ),
        (
            lines_of(TWO_EXONS),
            {"sources": ("NCBI",)},
            DataFileError,
            r"no transcript has the source NCBI of --set sources; column 2 of its exons is toy",
        ),
        (lines_of(TWO_EXONS), {"coding_only": True}, DataFileError, r"no transcript has a CDS, and --set coding_only=true wants one"),
        (lines_of(TWO_EXONS._replace(contig="c9")), {}, RegionError, r"genes\.gtf:1: contig c9 is not in"),
        (
            lines_of(TWO_EXONS._replace(exons=[(300, 400), (500, 2001)])),
            {},
            RegionError,
            r"gtf:1: transcript t ends at 2001, but c0 has 1000 bases",
        ),
        (lines_of(TWO_EXONS._replace(strand=".")), {}, RegionError, r"genes\.gtf:1: .*strand"),
    ],
)
def test_what_is_wrong_with_an_annotation_is_told(
    tmp_path: Path, text: str, values: dict[str, object], error: type[DnabertError], message: str
) -> None:
    path = tmp_path / "genes.gtf"
    path.write_text(text)
    store = store_of(random_bases(390, 0) + "N" * 20 + random_bases(590, 1))
    with pytest.raises(error, match=message):
        build_splice(store, path, SpliceConfig.model_validate({"window_bp": 20, **values}), 0)


def test_contigs_that_the_genome_lacks_are_passed_over_where_asked_for() -> None:
    texts, genes = three_genes()
    draft = build(texts, [*genes, Gene("c9", "+", [(0, 10), (50, 60)], "far")], skip_unknown_contigs=True)
    assert draft.counts["transcripts of contigs that the genome lacks, left out"] == 1
    assert len(positives(draft)) == 24
    with pytest.raises(DataFileError, match=r"all 1 transcripts are on contigs that the genome lacks \(c9, \.\.\.\)"):
        build(texts, [Gene("c9", "+", [(0, 10), (50, 60)], "far")], skip_unknown_contigs=True)


@pytest.mark.parametrize("level", ["sequence", "token"])
def test_sites_in_no_split_are_left_out_and_counted(tmp_path: Path, level: str) -> None:
    texts, genes = three_genes()
    bed = tmp_path / "splits.bed"
    bed.write_text("c0\t0\t510\ttrain\nc1\t0\t2000\tvalid\nc2\t0\t2000\ttest\n")
    draft = build(texts, genes, splits=SplitConfig(file=bed), level=level)
    told = "sites" if level == "sequence" else "windows with a site"
    assert draft.counts[f"{told} in no split, or across a border of two, left out"] > 0
    assert all(row.region.contig != "c0" or row.region.end <= 510 for row in draft.examples)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window_bp": 3}, "window_bp"),
        ({"window": 400}, "Extra inputs"),
        ({"intergenic_share": 0.3}, "intergenic_share = 0.3 has no meaning for level = sequence; leave it out"),
        ({"level": "token", "gc_decoys": True}, "gc_decoys = true has no meaning for level = token"),
        ({"level": "token", "hard": {"per_donor": 1}}, r"hard\.per_donor = 1\.0 has no meaning for level = token"),
        ({"hard": {"threshold": 1}}, "threshold"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SpliceConfig.model_validate(values)


def test_both_strands_of_one_genome_read_backwards_give_the_same_windows() -> None:
    texts, genes = three_genes()
    turned_texts = {name: opposite(text) for name, text in texts.items()}
    turned = [
        gene._replace(strand="-" if gene.strand == "+" else "+", exons=[(2000 - end, 2000 - start) for start, end in gene.exons][::-1])
        for gene in genes
    ]
    windows, mirrored = (
        Counter((row.label, decode_bases(row.codes)) for row in positives(build(*pair)))
        for pair in ((texts, genes), (turned_texts, turned))
    )
    assert windows == mirrored
