"""Promoter windows of 70 and 300 bases, or any other length, and their negatives."""

import gzip
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.promoters import PromoterConfig, build_promoters
from dnabert.data.datasets.promoters.tata import MIN_BITS, class_of_bits, promoter_bits, window_bits
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, RegionError
from tests.data.datasets.promoter_files import Tss, opposite, planted, random_bases, window_text, write_genome, write_split, write_tss

BOX = "GTATAAAAGGCGGGG"


def rows(draft: Draft, label: str) -> list[tuple[str, str]]:
    return [(example.region.name, decode_bases(example.codes)) for example in draft.examples if example.label == label]


# Three contigs of 30 kb; a TSS on each strand, two on one base, one with a TATA box, one too near to the end of its contig.
CONTIGS = {name: random_bases(30_000, seed) for seed, name in enumerate(("one", "two", "three"))}
CONTIGS["one"] = planted(CONTIGS["one"], BOX, 12_000 - 31)
SITES = [
    Tss("one", 5_000, "+", "A_1"),
    Tss("one", 5_600, "-", "A_2"),
    Tss("one", 12_000, "+", "B_1"),
    Tss("two", 9_000, "-", "C_1"),
    Tss("two", 9_000, "-", "C_9"),
    Tss("two", 9_000, "+", "C_1"),
    Tss("three", 20_000, "+"),
    Tss("three", 20, "+", "E_1"),
]
SPLITS = {"one": "train", "two": "valid", "three": "test"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("promoters")


@pytest.fixture(scope="module")
def store(folder: Path) -> GenomeStore:
    return write_genome(folder, CONTIGS)


@pytest.fixture(scope="module")
def tss(folder: Path) -> Path:
    return write_tss(folder, SITES)


@pytest.fixture(scope="module")
def config(folder: Path) -> PromoterConfig:
    return PromoterConfig(kind="core", splits=write_split(folder, SPLITS))


@pytest.fixture
def all_train(tmp_path: Path) -> PromoterConfig:
    """Substitution negatives, and every contig for training."""
    return PromoterConfig(kind="core", negatives="substitution", splits=write_split(tmp_path, dict.fromkeys(CONTIGS, "train")))


def changed(config: PromoterConfig, **settings: object) -> PromoterConfig:
    return PromoterConfig.model_validate({**config.model_dump(), **settings})


_SITES = st.lists(st.tuples(st.sampled_from(["first", "second"]), st.integers(0, 89), st.sampled_from("+-")), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(
    st.text("ACGTN", min_size=90, max_size=90), st.text("ACGT", min_size=90, max_size=90), _SITES, st.integers(0, 40), st.integers(19, 40)
)
def test_windows_of_both_strands_are_those_worked_out_on_text(
    tmp_path_factory: pytest.TempPathFactory,
    first: str,
    second: str,
    places: list[tuple[str, int, str]],
    upstream_bp: int,
    downstream_bp: int,
) -> None:
    folder = tmp_path_factory.mktemp("windows")
    contigs = {"first": first, "second": second}
    store = write_genome(folder, contigs)
    sites = [Tss(*place, f"t{number}") for number, place in enumerate(places)]
    unique = list({site[:3]: site for site in reversed(sites)}.values())
    texts = {site.name: window_text(contigs[site.contig], site, upstream_bp, downstream_bp) for site in unique}
    expected = {name: text for name, text in texts.items() if text is not None and "N" not in text}
    config = PromoterConfig(
        upstream_bp=upstream_bp,
        downstream_bp=downstream_bp,
        negatives="substitution",
        splits=write_split(folder, {"first": "train", "second": "train"}),
    )
    if not expected:
        with pytest.raises(DataFileError, match=r"tss\.bed: none of the \d+ windows"):
            build_promoters(store, write_tss(folder, sites), config, 1)
        return
    draft = build_promoters(store, write_tss(folder, sites), config, 1)
    assert dict(rows(draft, "1")) == expected
    for example in draft.examples:
        if example.label == "1":
            site = next(site for site in unique if site.name == example.region.name)
            base = contigs[site.contig][site.position]
            assert decode_bases(example.codes)[upstream_bp] == (base if site.strand == "+" else opposite(base))
    assert draft.counts["TSS read"] == len(sites)
    assert draft.counts["TSS at the base and strand of another"] == len(sites) - len(unique)
    assert draft.counts["windows beyond the end of a contig"] == sum(text is None for text in texts.values())
    assert draft.counts["windows with ambiguous bases"] == sum(text is not None and "N" in text for text in texts.values())


@pytest.mark.parametrize(("kind", "upstream_bp", "downstream_bp"), [("core", 33, 36), ("300", 249, 50)])
def test_windows_of_the_paper_have_70_and_300_bases(
    store: GenomeStore, tss: Path, config: PromoterConfig, kind: str, upstream_bp: int, downstream_bp: int
) -> None:
    draft = build_promoters(store, tss, changed(config, kind=kind, negatives="substitution"), 1)
    found = dict(rows(draft, "1"))
    assert found["A_1"] == CONTIGS["one"][5_000 - upstream_bp : 5_000 + downstream_bp + 1]
    assert found["A_2"] == opposite(CONTIGS["one"][5_600 - downstream_bp : 5_600 + upstream_bp + 1])
    assert {len(text) for text in found.values()} == {upstream_bp + 1 + downstream_bp}
    assert draft.facts["window"] == f"TSS-{upstream_bp}..TSS+{downstream_bp}"
    assert draft.facts["tss_index"] == upstream_bp


def test_positives_have_unique_ids_sources_classes_and_the_split_of_their_contig(
    store: GenomeStore, tss: Path, config: PromoterConfig
) -> None:
    draft = build_promoters(store, tss, config, 1)
    found = [(e.region.name, e.source, e.category, e.split, str(e.region)) for e in draft.examples if e.label == "1"]
    assert found == [
        ("A_1", "tss:A_1", "non-TATA", "train", "one:4967-5037(+)"),
        ("A_2", "tss:A_2", "non-TATA", "train", "one:5564-5634(-)"),
        ("B_1", "tss:B_1", "TATA", "train", "one:11967-12037(+)"),
        ("C_1", "tss:C_1", "non-TATA", "valid", "two:8964-9034(-)"),
        ("C_1.2", "tss:C_1.2", "non-TATA", "valid", "two:8967-9037(+)"),
        ("three:20000(+)", "tss:three:20000(+)", "non-TATA", "test", "three:19967-20037(+)"),
    ]
    names = [example.region.name for example in draft.examples]
    assert len(set(names)) == len(names)


def test_everything_that_was_read_or_left_out_is_counted(store: GenomeStore, tss: Path, config: PromoterConfig) -> None:
    draft = build_promoters(store, tss, changed(config, negatives_per_positive=2), 1)
    assert draft.counts == {
        "TSS read": 8,
        "TSS of contigs that the genome lacks": 0,
        "uncertain TSS, avoided": 0,
        "TSS at the base and strand of another": 1,
        "TSS nearer than merge_bp to another, avoided": 0,
        "TSS of other files, avoided": 0,
        "windows beyond the end of a contig": 1,
        "windows with ambiguous bases": 0,
        "windows in no split": 0,
        "negatives not found": 0,
        "positives": 6,
        "positives with a TATA box": 1,
        "positives that overlap another by more than half": 2,
        "negatives": 12,
    }


def test_windows_of_contigs_without_a_split_are_counted(store: GenomeStore, tss: Path, config: PromoterConfig, tmp_path: Path) -> None:
    draft = build_promoters(store, tss, changed(config, splits=write_split(tmp_path, {"one": "train"}).model_dump()), 1)
    assert draft.counts["windows in no split"] == 3
    assert {(example.split, example.region.contig) for example in draft.examples} == {("train", "one")}
    assert draft.counts["positives"] == draft.counts["negatives"] == 3


@pytest.mark.parametrize("negatives", ["matched", "tata"])
@pytest.mark.parametrize("min_distance_bp", [1000, 3000])
def test_genomic_negatives_keep_away_from_every_tss_and_from_each_other(
    store: GenomeStore, tss: Path, config: PromoterConfig, negatives: str, min_distance_bp: int
) -> None:
    wanted = changed(config, negatives=negatives, min_distance_bp=min_distance_bp, negatives_per_positive=20)
    draft = build_promoters(store, tss, wanted, 3)
    found = [example for example in draft.examples if example.label == "0"]
    assert len(found) > 60
    for example in found:
        region = example.region
        near = [site.position for site in SITES if site.contig == region.contig]
        assert min(max(region.start - place, place - (region.end - 1)) for place in near) >= min_distance_bp
        assert example.split == SPLITS[region.contig]
        assert example.source == f"genomic-{negatives}"
        assert region.name == f"negative:{region}"
        text = CONTIGS[region.contig][region.start : region.end]
        assert decode_bases(example.codes) == (text if region.strand == "+" else opposite(text))
    ordered = sorted((example.region.contig, example.region.start, example.region.end) for example in found)
    assert all(left[0] != right[0] or left[2] <= right[1] for left, right in itertools.pairwise(ordered))
    assert Counter(example.region.strand for example in found)["+"] in range(len(found) // 4, 3 * len(found) // 4)


def test_a_negative_may_be_just_so_far_from_a_tss_and_no_nearer(tmp_path: Path) -> None:
    # Between the TSS and the end of the contig there is room for one window exactly: bases 1100 to 1119.
    store = write_genome(tmp_path, {"c": random_bases(1_120, 5)})
    config = PromoterConfig(upstream_bp=10, downstream_bp=9, splits=write_split(tmp_path, {"c": "train"}))
    path = write_tss(tmp_path, [Tss("c", 100, "+", "t")])
    draft = build_promoters(store, path, config, 1)
    assert [(example.region.start, example.region.end) for example in draft.examples if example.label == "0"] == [(1_100, 1_120)]
    with pytest.raises(DataFileError) as caught:
        build_promoters(store, path, changed(config, min_distance_bp=1_001), 1)
    assert str(caught.value) == (
        f"{path}: the split train has 1 promoters, but no window for a negative at least 1001 bases from every TSS;"
        " lower min_distance_bp, take more contigs for the split, or take negatives = substitution"
    )


def test_a_negative_never_lies_in_a_window_that_is_longer_than_the_distance(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"c": random_bases(8_000, 6)})
    config = PromoterConfig(
        upstream_bp=2_000, downstream_bp=50, min_distance_bp=1, negatives_per_positive=3, splits=write_split(tmp_path, {"c": "train"})
    )
    draft = build_promoters(store, write_tss(tmp_path, [Tss("c", 2_000, "+", "t")]), config, 1)
    assert all(example.region.start > 2_000 for example in draft.examples if example.label == "0")
    assert draft.counts["negatives"] + draft.counts["negatives not found"] == 3
    assert draft.counts["negatives"] == 1


def test_a_matched_negative_is_as_rich_in_gc_as_its_positive(tmp_path: Path) -> None:
    # Half of the genome has 80 % G+C, and so have the promoters.
    rng = np.random.default_rng(8)
    rich = "".join(rng.choice(list("ACGT"), 30_000, p=[0.1, 0.4, 0.4, 0.1]))
    poor = "".join(rng.choice(list("ACGT"), 30_000, p=[0.4, 0.1, 0.1, 0.4]))
    store = write_genome(tmp_path, {"c": rich + poor})
    sites = [Tss("c", 1_000 + 100 * number, "+", f"t{number}") for number in range(20)]
    draft = build_promoters(store, write_tss(tmp_path, sites), PromoterConfig(kind="core", splits=write_split(tmp_path, {"c": "train"})), 1)
    shares = [float(np.isin(example.codes, [2, 3]).mean()) for example in draft.examples]
    assert np.sort(shares[:20]) == pytest.approx(np.sort(shares[20:]), abs=0.03)
    assert (draft.matching["train"].num_wanted, draft.matching["train"].num_found) == (20, 20)
    assert draft.facts["repeats"] == "16-mers that occur 5 times or more in the genome"


def test_tata_negatives_have_a_box_where_a_promoter_has_it(store: GenomeStore, tss: Path, config: PromoterConfig) -> None:
    draft = build_promoters(store, tss, changed(config, negatives="tata", negatives_per_positive=10), 1)
    found = [example for example in draft.examples if example.label == "0"]
    starts = np.array([store.position(example.region) for example in found])
    is_reverse = np.array([example.region.strand == "-" for example in found])
    bits, _ = promoter_bits(store, starts + np.where(is_reverse, 36, 33), is_reverse)
    assert {class_of_bits(score) for score in bits} == {"TATA"} == {example.category for example in found}
    # The only promoter of train with a box has it at -31, so the boxes of the negatives begin at the index 2.
    train = np.stack([example.codes for example in found if example.split == "train"])
    assert 15 <= len(train) <= 30
    assert (window_bits(train, 33, -31, -31) >= MIN_BITS).all()


def test_substitution_negatives_keep_region_strand_and_split_of_their_promoter(
    store: GenomeStore, tss: Path, config: PromoterConfig
) -> None:
    draft = build_promoters(store, tss, changed(config, negatives="substitution", negatives_per_positive=2), 1)
    positives = {example.region.name: example for example in draft.examples if example.label == "1"}
    found = [example for example in draft.examples if example.label == "0"]
    assert [example.region.name for example in found] == [f"{name}/negative{number}" for name in positives for number in (1, 2)]
    edges = np.cumsum([0] + [4] * 10 + [3] * 10)
    for example in found:
        promoter = positives[example.region.name.split("/")[0]]
        assert example.source == f"substitution:{promoter.region.name}"
        assert str(example.region) == str(promoter.region)
        assert example.split == promoter.split
        same = [(example.codes[a:b] == promoter.codes[a:b]).all() for a, b in itertools.pairwise(edges)]
        assert sum(same) == 8


def test_negatives_of_the_paper_go_by_the_class_of_the_promoter(store: GenomeStore, tss: Path, config: PromoterConfig) -> None:
    draft = build_promoters(store, tss, changed(config, negatives="paper"), 1)
    found = Counter((example.split, example.source.split(":")[0]) for example in draft.examples if example.label == "0")
    assert found == {("train", "genomic-tata"): 1, ("train", "substitution"): 2, ("valid", "substitution"): 2, ("test", "substitution"): 1}
    assert not any(example.source == "substitution:B_1" for example in draft.examples)


@pytest.mark.parametrize("negatives", ["matched", "tata", "substitution", "paper"])
def test_the_same_seed_gives_the_same_rows_and_another_one_other_negatives(
    store: GenomeStore, tss: Path, config: PromoterConfig, negatives: str
) -> None:
    wanted = changed(config, negatives=negatives)
    first, again, other = (build_promoters(store, tss, wanted, seed) for seed in (1, 1, 2))
    assert [(e.region, e.codes.tobytes(), e.source, e.split) for e in first.examples] == [
        (e.region, e.codes.tobytes(), e.source, e.split) for e in again.examples
    ]
    assert rows(first, "1") == rows(other, "1")
    assert rows(first, "0") != rows(other, "0")


def test_the_draws_of_one_split_do_not_depend_on_the_other_splits(
    store: GenomeStore, tss: Path, config: PromoterConfig, tmp_path: Path
) -> None:
    whole = build_promoters(store, tss, config, 1)
    alone = build_promoters(store, tss, changed(config, splits=write_split(tmp_path, {"one": "train", "two": "valid"}).model_dump()), 1)
    assert rows(alone, "0") == [
        (example.region.name, decode_bases(example.codes)) for example in whole.examples if example.label == "0" and example.split != "test"
    ]


def test_a_longer_bed_region_begins_at_its_tss(store: GenomeStore, all_train: PromoterConfig, tmp_path: Path) -> None:
    path = tmp_path / "genes.bed"
    path.write_text("one\t5000\t9000\tA\t0\t+\none\t7000\t12001\tB\t0\t-\n")
    draft = build_promoters(store, path, all_train, 1)
    assert [str(example.region) for example in draft.examples if example.label == "1"] == ["one:4967-5037(+)", "one:11964-12034(-)"]


GTF = (
    'one\tx\ttranscript\t5001\t6000\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; gene_name "A";\n'
    'one\tx\texon\t5001\t6000\t.\t+\t.\tgene_id "G1"; transcript_id "T1"; gene_name "A";\n'
    'two\tx\ttranscript\t7001\t9001\t.\t-\t.\tgene_id "G2"; transcript_id "T2"; gene_name "C";\n'
    'two\tx\texon\t7001\t9001\t.\t-\t.\tgene_id "G2"; transcript_id "T2"; gene_name "C";\n'
)


@pytest.mark.parametrize("packed", [False, True])
def test_transcripts_of_a_gtf_begin_at_the_same_windows_as_a_bed(
    store: GenomeStore, all_train: PromoterConfig, tmp_path: Path, packed: bool
) -> None:
    path = tmp_path / ("genes.gtf.gz" if packed else "genes.gtf")
    path.write_bytes(gzip.compress(GTF.encode(), mtime=0) if packed else GTF.encode())
    draft = build_promoters(store, path, all_train, 1)
    found = [(example.region.name, decode_bases(example.codes)) for example in draft.examples if example.label == "1"]
    bed = write_tss(tmp_path, [Tss("one", 5_000, "+", "A"), Tss("two", 9_000, "-", "C")])
    assert found == rows(build_promoters(store, bed, all_train, 1), "1")


def write_coding(folder: Path, start_shift: int, end_shift: int) -> tuple[GenomeStore, Path]:
    """A genome with 12 coding parts of two exons on both strands, and their GTF, columns 4 and 5 of which are off by some bases."""
    bases, lines = random_bases(30_000, 9).replace("ATG", "ACG").replace("CAT", "CGT"), []
    for number in range(12):
        start = 5_000 + 2_000 * number
        if number % 2:
            bases, exons, strand = planted(bases, "CAT", start + 197), ((start, start + 100), (start + 150, start + 200)), "-"
        else:
            bases, exons, strand = planted(bases, "ATG", start), ((start, start + 50), (start + 100, start + 200)), "+"
        for kind in ("exon", "CDS"):
            lines += [
                f"one\tx\t{kind}\t{first + 1 + start_shift}\t{last + end_shift}\t.\t{strand}\t0\t"
                f'gene_id "g{number}"; transcript_id "t{number}";\n'
                for first, last in exons
            ]
    path = folder / "coding.gtf"
    path.write_text("".join(lines) + 'elsewhere\tx\tCDS\t1\t9\t.\t+\t0\ttranscript_id "u";\n')
    return write_genome(folder, {"one": bases}), path


def test_the_share_of_coding_parts_that_begin_with_atg_is_recorded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, path = write_coding(tmp_path, 0, 0)
    config = PromoterConfig(kind="core", negatives="substitution", splits=write_split(tmp_path, {"one": "train"}))
    draft = build_promoters(store, path, config, 1)
    assert draft.facts["coding_parts_that_begin_with_ATG"] == {"-1": 0.0, "0": 1.0, "+1": 0.0}
    assert not any("ATG" in message for message in caplog.messages)


OFF = "0.0% of 6 starts of coding parts on strand {} are ATG, but 100.0% one base {}"
BED = ", as in a file written with the positions of BED, which count from 0"
RULE = " (GTF and GFF3 count from 1, the end included), or give the genome that the file was made for"


@pytest.mark.parametrize(
    ("start_shift", "end_shift", "message"),
    [
        (-1, 0, f"{OFF.format('+', 'after')}: column 4 is 1 too low{BED}: add 1 to it{RULE}"),
        (-1, -1, f"{OFF.format('+', 'after')}; {OFF.format('-', 'after')}: columns 4 and 5 are 1 too low{BED}: add 1 to both{RULE}"),
        (1, 1, f"{OFF.format('+', 'before')}; {OFF.format('-', 'before')}: columns 4 and 5 are 1 too high: take 1 from both{RULE}"),
        (0, 1, f"{OFF.format('-', 'before')}: column 5 is 1 too high: take 1 from it{RULE}"),
        (0, -1, f"{OFF.format('-', 'after')}: column 5 is 1 too low: add 1 to it{RULE}"),
    ],
)
def test_a_gtf_that_is_one_base_off_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, start_shift: int, end_shift: int, message: str
) -> None:
    store, path = write_coding(tmp_path, start_shift, end_shift)
    config = PromoterConfig(kind="core", negatives="substitution", splits=write_split(tmp_path, {"one": "train"}))
    draft = build_promoters(store, path, config, 1)
    assert draft.facts["warnings"] == [f"{path}: {message}"]
    assert [message for message in caplog.messages if "ATG" in message] == draft.facts["warnings"]


def test_a_gff3_that_states_another_length_of_a_contig_is_refused(store: GenomeStore, config: PromoterConfig, tmp_path: Path) -> None:
    path = tmp_path / "genes.gff3"
    path.write_text("##gff-version 3\n##sequence-region one 1 31000\none\tx\tmRNA\t5001\t6000\t.\t+\t.\tID=T1\n")
    with pytest.raises(
        RegionError, match=r"genes\.gff3: contig one has 31,000 bases, but one of .* has 30,000: the files are of different"
    ):
        build_promoters(store, path, config, 1)


def test_a_site_without_a_strand_is_named(store: GenomeStore, config: PromoterConfig, tmp_path: Path) -> None:
    path = tmp_path / "tss.bed"
    path.write_text("one\t5000\t5001\tA\t0\t+\none\t6000\t6001\tB\n")
    with pytest.raises(RegionError) as caught:
        build_promoters(store, path, config, 1)
    assert str(caught.value) == f"{path}:2: has no strand; a TSS needs + or - in column 6, which decides what is upstream of it"


def test_a_site_beyond_its_contig_is_named(store: GenomeStore, config: PromoterConfig, tmp_path: Path) -> None:
    path = write_tss(tmp_path, [Tss("one", 5_000, "+"), Tss("one", 30_000, "-")])
    with pytest.raises(RegionError) as caught:
        build_promoters(store, path, config, 1)
    assert str(caught.value) == f"{path}:2: one:30000-30001 is not within one, which has 30000 bases"


@pytest.mark.parametrize("role", ["TSS", "also_avoid"])
def test_a_transcript_that_ends_beyond_its_contig_is_named_though_it_begins_on_it(
    store: GenomeStore, tss: Path, config: PromoterConfig, tmp_path: Path, role: str
) -> None:
    path = tmp_path / "genes.gtf"
    path.write_text(GTF + 'one\tx\ttranscript\t29001\t30001\t.\t+\t.\tgene_id "G"; transcript_id "T3";\n')
    given, wanted = (path, config) if role == "TSS" else (tss, changed(config, also_avoid=(path,)))
    with pytest.raises(RegionError) as caught:
        build_promoters(store, given, wanted, 1)
    rule = "give the genome that the annotation was made on"
    assert str(caught.value) == f"{path}:5: transcript T3 ends at 30001, but one has 30000 bases; {rule}"


def test_transcripts_of_a_concatenated_annotation_are_counted_line_by_line_before_they_are_merged(
    store: GenomeStore, tmp_path: Path
) -> None:
    unsure = 'one\tx\ttranscript\t{}\t9000\t.\t+\t.\tgene_id "G"; transcript_id "U"; tag "mRNA_start_NF";\n'
    path = tmp_path / "genes.gtf"
    path.write_text((GTF + unsure.format(5_001) + unsure.format(8_001)) * 2)
    config = PromoterConfig(kind="core", splits=write_split(tmp_path, {"one": "train", "two": "valid"}))
    draft = build_promoters(store, path, config, 1)
    assert [name for name, _ in rows(draft, "1")] == ["A", "C"]
    counts = draft.counts
    assert (counts["TSS read"], counts["TSS at the base and strand of another"], counts["uncertain TSS, avoided"]) == (8, 5, 1)


@pytest.mark.parametrize("role", ["TSS", "also_avoid"])
@pytest.mark.parametrize("name", ["calls.vcf", "calls.gtf"])
def test_a_vcf_is_no_list_of_start_sites(
    store: GenomeStore, tss: Path, config: PromoterConfig, tmp_path: Path, name: str, role: str
) -> None:
    path = tmp_path / name
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\none\t5\t.\tA\tG\t.\t.\t.\n")
    given, wanted = (path, config) if role == "TSS" else (tss, changed(config, also_avoid=(path,)))
    with pytest.raises(DataFileError) as caught:
        build_promoters(store, given, wanted, 1)
    way_out = "give transcription start sites (BED with strands, GTF or GFF3)"
    assert str(caught.value) == f"{path}: is VCF, which lists variants; {way_out}"


def test_a_contig_that_the_genome_lacks_is_an_error_unless_it_may_be_left_out(
    store: GenomeStore, all_train: PromoterConfig, tmp_path: Path
) -> None:
    path = write_tss(tmp_path, [Tss("one", 5_000, "+", "A"), Tss("four", 5_000, "+", "B"), Tss("four", 5_000, "+", "B")])
    with pytest.raises(RegionError, match=rf"^{path}:2: contig four is not in .*"):
        build_promoters(store, path, all_train, 1)
    draft = build_promoters(store, path, changed(all_train, skip_unknown_contigs=True), 1)
    assert draft.counts["TSS of contigs that the genome lacks"] == 2
    assert draft.counts["TSS at the base and strand of another"] == 0
    assert [name for name, _ in rows(draft, "1")] == ["A"]
    path = write_tss(tmp_path, [Tss("four", 5_000, "+", "B")])
    with pytest.raises(DataFileError) as caught:
        build_promoters(store, path, changed(all_train, skip_unknown_contigs=True), 1)
    assert str(caught.value) == f"{path}: all 1 TSS are on contigs that the genome lacks (four, ...)"


def test_sites_of_which_no_window_can_be_used_are_refused(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"c": "ACGT" * 30 + "N" * 10 + "ACGT" * 30})
    path = write_tss(tmp_path, [Tss("c", 5, "+"), Tss("c", 110, "+")])
    with pytest.raises(DataFileError) as caught:
        build_promoters(store, path, PromoterConfig(kind="core", splits=write_split(tmp_path, {"c": "train"})), 1)
    assert str(caught.value) == (
        f"{path}: none of the 2 windows of 70 bases can be used: 1 go beyond the end of a contig, 1 have ambiguous bases"
    )


def places_of_negatives(draft: Draft) -> list[tuple[str, int]]:
    return [(example.region.contig, example.region.start) for example in draft.examples if example.label == "0"]


@pytest.mark.parametrize("ending", ["bed", "gtf"])
@pytest.mark.parametrize("negatives", ["matched", "tata"])
def test_negatives_keep_away_from_the_sites_of_other_files(
    store: GenomeStore, tss: Path, config: PromoterConfig, tmp_path: Path, ending: str, negatives: str
) -> None:
    wanted = changed(config, negatives=negatives, negatives_per_positive=10)
    other = tmp_path / f"tss.{ending}"
    others = [("one", 9_000 + 1_500 * number) for number in range(12)]
    lines = {
        "bed": "{}\t{}\t{}\tx\t0\t-\nelsewhere\t5\t6\tx\t0\t+\n",
        "gtf": 'elsewhere\tx\ttranscript\t5\t6\t.\t+\t.\ttranscript_id "u";\n{0}\tx\ttranscript\t9\t{2}\t.\t-\t.\ttranscript_id "T{1}";\n',
    }
    other.write_text("".join(lines[ending].format(contig, at, at + 1) for contig, at in others))

    def near(draft: Draft) -> int:
        return sum(
            contig == "one" and any(at - 1_069 < start < at + 1_000 for _, at in others) for contig, start in places_of_negatives(draft)
        )

    without = build_promoters(store, tss, wanted, 3)
    draft = build_promoters(store, tss, changed(wanted, also_avoid=(other,)), 3)
    assert near(without) > 5
    assert near(draft) == 0
    assert len(places_of_negatives(draft)) > 30
    assert draft.counts["TSS of other files, avoided"] == 12
    assert draft.counts["TSS read"] == without.counts["TSS read"]
    assert draft.facts["also_avoided"] == [other.name]
    assert rows(draft, "1") == rows(without, "1")


def test_uncertain_starts_of_an_annotation_are_counted_and_avoided_but_no_promoters(
    store: GenomeStore, config: PromoterConfig, tmp_path: Path
) -> None:
    path = tmp_path / "genes.gtf"
    unknown = [10_000 + 2_000 * number for number in range(9)]
    path.write_text(
        GTF
        + "".join(
            f'one\tx\ttranscript\t{at + 1}\t{at + 900}\t.\t+\t.\tgene_id "G"; transcript_id "U{at}"; tag "mRNA_start_NF";\n'
            for at in unknown
        )
        + 'elsewhere\tx\ttranscript\t5\t90\t.\t+\t.\tgene_id "G"; transcript_id "U"; tag "mRNA_start_NF";\n'
    )
    settings = {"splits": write_split(tmp_path, {"one": "train", "two": "valid"}).model_dump(), "negatives_per_positive": 10}
    draft = build_promoters(store, path, changed(config, skip_unknown_contigs=True, **settings), 1)
    assert [name for name, _ in rows(draft, "1")] == ["A", "C"]
    counts = draft.counts
    assert (counts["TSS read"], counts["uncertain TSS, avoided"], counts["TSS of contigs that the genome lacks"]) == (12, 9, 1)
    starts = [start for contig, start in places_of_negatives(draft) if contig == "one"]
    assert len(starts) > 3
    assert not any(at - 1_069 < start < at + 1_000 for start in starts for at in unknown)
    with pytest.raises(RegionError, match=rf"^{path}:14: contig elsewhere is not in .*"):
        build_promoters(store, path, changed(config, **settings), 1)


def test_sites_that_are_close_are_merged_if_wanted_and_those_left_out_are_avoided(store: GenomeStore, tmp_path: Path) -> None:
    config = PromoterConfig(kind="core", splits=write_split(tmp_path, {"one": "train", "two": "valid"}))
    places = [5_030, 5_000, 5_029, 5_060, 5_000]
    sites = [Tss("one", at, "+", f"t{at}") for at in places] + [
        Tss("one", 5_031, "-", "other strand"),
        Tss("two", 5_000, "+", "other contig"),
    ]
    path = write_tss(tmp_path, sites)
    one_by_one = build_promoters(store, path, config, 1)
    assert [name for name, _ in rows(one_by_one, "1")] == ["t5000", "other strand", "t5029", "t5030", "t5060", "other contig"]
    assert one_by_one.counts["positives that overlap another by more than half"] == 5
    draft = build_promoters(store, path, changed(config, merge_bp=31), 1)
    assert [name for name, _ in rows(draft, "1")] == ["other strand", "t5030", "other contig"]
    assert draft.counts["TSS at the base and strand of another"] == 1
    assert draft.counts["TSS nearer than merge_bp to another, avoided"] == 3
    assert draft.counts["positives that overlap another by more than half"] == 2
    assert [name for name, _ in rows(build_promoters(store, path, changed(config, merge_bp=30), 1), "1")] == [
        *("t5000", "other strand", "t5030", "t5060", "other contig"),
    ]


def test_windows_that_share_just_half_of_their_bases_are_not_counted_as_overlapping(
    store: GenomeStore, all_train: PromoterConfig, tmp_path: Path
) -> None:
    for apart_bp, expected in ((34, 2), (35, 0)):
        path = write_tss(tmp_path, [Tss("one", 5_000, "+", "a"), Tss("one", 5_000 + apart_bp, "+", "b"), Tss("one", 9_000, "+", "c")])
        draft = build_promoters(store, path, all_train, 1)
        assert draft.counts["positives that overlap another by more than half"] == expected


def test_two_files_of_one_name_may_name_the_contigs_in_their_own_ways(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"chr1": CONTIGS["one"]})
    for folder, contig, position in (("first", "chr1", 5_000), ("second", "1", 20_000)):
        (tmp_path / folder).mkdir()
        write_tss(tmp_path / folder, [Tss(contig, position, "+", "t")])
    config = PromoterConfig(kind="core", also_avoid=(tmp_path / "second" / "tss.bed",), splits=write_split(tmp_path, {"chr1": "train"}))
    assert build_promoters(store, tmp_path / "first" / "tss.bed", config, 1).counts["TSS of other files, avoided"] == 1
