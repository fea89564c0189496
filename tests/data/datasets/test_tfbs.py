from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.datasets.tfbs import TfbsConfig, build_tfbs
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.regions import Region
from dnabert.dna.sequence import decode_bases
from dnabert.errors import ConfigError, DataFileError

MOTIF = "TGACTCA"
OTHER = "CACGTGG"
SPLITS = {"splits": {"valid_contigs": ["c4"], "test_contigs": ["c5"]}}
NUM_CONTIGS, CONTIG_BP = 6, 3000


def planted(seed: int, places: dict[int, str]) -> str:
    """Random bases without the motifs, and the motifs with their middles at the places."""
    rng = np.random.default_rng(seed)
    text = "".join(rng.choice(list("ACGT"), CONTIG_BP))
    for motif in (MOTIF, OTHER):
        text = text.replace(motif, "A" * len(motif))
    for place, motif in places.items():
        text = text[: place - 3] + motif + text[place + 4 :]
    assert len(text) == CONTIG_BP
    return text


PLACES = {f"c{number}": {400: MOTIF, 900: MOTIF, 1400: OTHER, 2010: MOTIF, 2045: OTHER} for number in range(NUM_CONTIGS)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> GenomeStore:
    folder = tmp_path_factory.mktemp("genome")
    contigs = {name: planted(number, places) for number, (name, places) in enumerate(PLACES.items())}
    contigs["c5"] = contigs["c5"][:2500] + "N" * 100 + contigs["c5"][2600:]
    (folder / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    return build_genome([folder / "g.fa"], folder / "cache")


def narrow(path: Path, peaks: Iterable[tuple[str, int, int, int, float]], strand: str = ".") -> Path:
    """A narrowPeak file of contig, start, end, summit and signal."""
    rows = [f"{contig}\t{start}\t{end}\tp\t0\t{strand}\t{signal}\t-1\t-1\t{summit - start}" for contig, start, end, summit, signal in peaks]
    path.write_text("\n".join(rows) + "\n")
    return path


def peaks_of(motif: str, path: Path, strand: str = ".") -> Path:
    """A peak of 60 bases on each place of a motif; the signal falls along the contig."""
    return narrow(
        path,
        [(name, at - 20, at + 40, at, 3000 - at) for name, places in PLACES.items() for at, here in places.items() if here == motif],
        strand,
    )


def build(store: GenomeStore, paths: list[Path], seed: int = 1, **changes: object) -> Draft:
    return build_tfbs(store, paths, TfbsConfig.model_validate({**SPLITS, **changes}), seed)


def rows(draft: Draft) -> list[tuple[object, ...]]:
    return [(row.region, row.codes.tobytes(), row.label, row.source, row.category, row.split) for row in draft.examples]


def labelled(draft: Draft, *labels: str) -> list[Example]:
    return [row for row in draft.examples if row.label in labels]


def overlap(one: Region, other: Region, distance_bp: int = 0) -> bool:
    return one.contig == other.contig and one.start < other.end + distance_bp and other.start < one.end + distance_bp


def test_windows_have_the_motif_in_the_middle_and_negatives_have_none(store: GenomeStore, tmp_path: Path) -> None:
    draft = build(store, [peaks_of(MOTIF, tmp_path / "AP1.narrowPeak")])
    positives, negatives = labelled(draft, "1"), labelled(draft, "0")
    assert draft.examples == positives + negatives
    assert len(positives) == len(negatives) == 3 * NUM_CONTIGS
    assert all(decode_bases(row.codes)[50 - 3 : 50 + 4] == MOTIF for row in positives)
    assert not any(MOTIF in decode_bases(row.codes) for row in negatives)
    assert positives[0].region == Region("c0", 350, 451, "AP1:c0:350-451", ".")
    assert positives[0].source == "peak:AP1.narrowPeak:1"
    assert (positives[0].category, positives[0].split) == ("AP1", "train")
    first = negatives[0].region
    assert (first.name, first.strand) == (f"negative:{first.contig}:{first.start}-{first.end}", ".")
    assert {row.source for row in negatives} == {"genomic-matched"}
    assert {row.category for row in negatives} == {""}


def test_counts_and_facts_tell_the_whole_story(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(
        tmp_path / "X.narrowPeak",
        [
            ("c0", 0, 60, 49, 9),  # window begins at -1
            ("c0", 2940, 3000, 2949, 9),  # ends at the end of the contig
            ("c5", 2300, 2460, 2450, 9),  # window has one N
            ("c1", 500, 600, 550, 1),  # in the window of the next
            ("c1", 500, 600, 599, 2),
            ("c1", 500, 700, 649, 2),
            ("c2", 700, 800, 750, 9),
            ("c4", 700, 800, 750, 9),
            ("c5", 700, 800, 750, 9),
        ],
    )
    draft = build(store, [path])
    assert draft.name == "tfbs"
    assert draft.counts == {
        "peaks read": 9,
        "peaks of contigs that the genome lacks": 0,
        "windows beyond the end of a contig": 1,
        "windows with ambiguous bases": 1,
        "summits less than 50 bases from a stronger one, in its window": 1,
        "windows in no split": 0,
        "negatives not found": 0,
        "positives": 6,
        "negatives": 6,
    }
    assert draft.facts == {
        "mode": "binary",
        "labels": {"1": "bound", "0": "not bound"},
        "window_bp": 101,
        "summit_index": 50,
        "summit": "required",
        "merge_bp": 50,
        "negatives": "matched",
        "factors": {"X": {"file": "X.narrowPeak", "peaks": 9, "windows": {"train": 4, "valid": 1, "test": 1}}},
        "distance_bp": 0,
        "repeats": draft.facts["repeats"],
    }
    assert {split: match.num_found for split, match in draft.matching.items()} == {"train": 4, "valid": 1, "test": 1}


PEAK = st.tuples(
    st.integers(0, NUM_CONTIGS - 1), st.integers(0, CONTIG_BP - 1), st.integers(1, 150), st.floats(0, 0.999), st.integers(0, 3)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(PEAK, max_size=20),
    st.sampled_from([1, 4, 20, 101, 150]),
    st.sampled_from(["+", "-", "."]),
    st.integers(0, 40),
    st.booleans(),
)
def test_rules_hold_for_any_peaks(
    store: GenomeStore,
    tmp_path: Path,
    drawn: list[tuple[int, int, int, float, int]],
    window_bp: int,
    strand: str,
    distance_bp: int,
    only_good: bool,
) -> None:
    peaks = [(f"c{number}", 1500, 1520, 1510, 9.0) for number in (3, 4, 5)]
    for number, start, length, share, score in drawn:
        end = min(CONTIG_BP, start + length)
        peaks.append((f"c{number}", start, end, start + int(share * (end - start)), float(score)))
    path = narrow(tmp_path / "X.narrowPeak", peaks, strand)
    changes = {"min_score": 2} if only_good else {}
    draft = build(store, [path], window_bp=window_bp, distance_bp=distance_bp, **changes)
    positives, negatives = labelled(draft, "1"), labelled(draft, "0")
    assert len({row.region.name for row in draft.examples}) == len(draft.examples)
    for group in (positives, negatives):
        assert [store.position(row.region) for row in group] == sorted(store.position(row.region) for row in group)
    for row in draft.examples:
        assert row.codes.tolist() == store.read(row.region).tolist()
        assert len(row.codes) == window_bp
        assert row.codes.max() < 4
        assert row.split == {"c4": "valid", "c5": "test"}.get(row.region.contig, "train")
    for row in positives:
        contig, _, _, summit, score = peaks[int(row.source.rpartition(":")[2]) - 1]
        region = row.region
        assert (region.contig, region.strand) == (contig, strand)
        assert (region.end - 1 - summit if strand == "-" else summit - region.start) == window_bp // 2
        assert score >= 2 or not only_good
    for number, row in enumerate(negatives):
        assert (row.region.strand == ".") == (strand == ".")
        assert not any(overlap(row.region, Region(contig, start, end), distance_bp) for contig, start, end, _, _ in peaks)
        assert not any(overlap(row.region, other.region) for other in (*positives, *negatives[:number]))
    lost = sum(number for words, number in draft.counts.items() if words.startswith(("peaks with", "windows", "summits")))
    assert len(positives) == len(peaks) - lost
    assert len(negatives) == len(positives) - draft.counts["negatives not found"]


def test_negatives_keep_away_from_peaks_that_give_no_windows_and_from_other_files(store: GenomeStore, tmp_path: Path) -> None:
    good = [(f"c{number}", 100, 200, 150, 9.0) for number in range(NUM_CONTIGS)]
    weak = [(f"c{number}", 400, 2000, 1000, 1.0) for number in range(NUM_CONTIGS)]
    other = tmp_path / "bad.bed"
    other.write_text("".join(f"{name}\t2150\t{CONTIG_BP}\n" for name in PLACES) + "chrUn\t5\t9\n")
    path = narrow(tmp_path / "X.narrowPeak", good + weak)
    draft = build(store, [path], min_score=2, avoid=[other], negatives_per_positive=2)
    assert draft.facts["avoided"] == ["bad.bed"]
    assert len(labelled(draft, "0")) == 2 * NUM_CONTIGS - draft.counts["negatives not found"] > NUM_CONTIGS
    for row in labelled(draft, "0"):
        assert (
            row.region.end <= 100 or 200 <= row.region.start < row.region.end <= 400 or (2000 <= row.region.start < row.region.end <= 2150)
        )


def test_variants_are_no_regions_to_be_avoided(store: GenomeStore, tmp_path: Path) -> None:
    path = tmp_path / "calls.vcf"
    path.write_text("##fileformat=VCFv4.2\n")
    with pytest.raises(DataFileError) as caught:
        build(store, [peaks_of(MOTIF, tmp_path / "A.narrowPeak")], avoid=(path,))
    assert str(caught.value) == f"{path}: is VCF, which lists variants; give regions to be avoided (BED)"


def test_negatives_have_the_gc_of_the_positives(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    text = ["".join(rng.choice(list("ACGT"), 20_000, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])) for gc in (0.3, 0.7)]
    names = ("a", "b", "c", "d")
    (tmp_path / "g.fa").write_text("".join(f">{name}\n{text[0]}{text[1]}\n" for name in names))
    peaks = [(name, place, place + 50, place + 25, 1.0) for name in names for place in range(20_500, 26_000, 500)]
    draft = build_tfbs(build_genome([tmp_path / "g.fa"], tmp_path / "cache"), [narrow(tmp_path / "X.narrowPeak", peaks)], TfbsConfig(), 3)
    gc = {label: np.mean([np.isin(row.codes, (2, 3)).mean() for row in labelled(draft, label)]) for label in "10"}
    assert gc["1"] > 0.65
    assert abs(gc["1"] - gc["0"]) < 0.01
    assert all(match.mean_gc_difference < 0.01 for match in draft.matching.values())


def test_the_same_seed_gives_the_same_rows_and_another_one_other_negatives(store: GenomeStore, tmp_path: Path) -> None:
    paths = [peaks_of(MOTIF, tmp_path / "A.narrowPeak"), peaks_of(OTHER, tmp_path / "B.narrowPeak")]
    draft = build(store, paths)
    assert rows(build(store, paths[::-1])) == rows(draft)
    other = build(store, paths, seed=2)
    num_positives = draft.counts["positives"]
    assert rows(other)[:num_positives] == rows(draft)[:num_positives]
    assert rows(other)[num_positives:] != rows(draft)[num_positives:]


def test_a_peak_less_in_one_split_changes_no_negative_of_another(store: GenomeStore, tmp_path: Path) -> None:
    every = [(name, place, place + 60, place + 30, 1.0) for name in PLACES for place in (300, 1000, 2000)]
    drafts = [
        build(store, [narrow(tmp_path / "X.narrowPeak", peaks)]) for peaks in (every, [peak for peak in every if peak[:2] != ("c0", 300)])
    ]
    first, second = ([row[0] for row in rows(draft) if row[5] in ("valid", "test")] for draft in drafts)
    assert first == second


def test_shuffles_keep_dinucleotides_region_and_split(store: GenomeStore, tmp_path: Path) -> None:
    path = peaks_of(MOTIF, tmp_path / "AP1.narrowPeak", "-")
    draft = build(store, [path], negatives="shuffle", negatives_per_positive=2)
    positives = {row.region.name: row for row in labelled(draft, "1")}
    negatives = labelled(draft, "0")
    assert len(negatives) == 2 * len(positives)
    assert draft.matching == {}
    for row in negatives:
        name, _, number = row.region.name.partition("/negative")
        positive = positives[name]
        assert number in ("1", "2")
        assert row.source == f"dinucleotide-shuffle:{name}"
        own, shuffled = (decode_bases(codes) for codes in (positive.codes, row.codes))
        assert own != shuffled
        assert Counter(pairwise(own)) == Counter(pairwise(shuffled))
        region = positive.region
        assert row.region == Region(region.contig, region.start, region.end, row.region.name, "-")
        assert row.split == positive.split
    assert rows(build(store, [path], negatives="shuffle", negatives_per_positive=2)) == rows(draft)


def test_a_shuffle_does_not_depend_on_the_other_peaks(store: GenomeStore, tmp_path: Path) -> None:
    every = [(name, place, place + 60, place + 30, 1.0) for name in PLACES for place in (300, 1000, 2000)]
    path = tmp_path / "X.narrowPeak"
    few, many = (
        {row.region.name: row.codes.tobytes() for row in labelled(build(store, [narrow(path, peaks)], negatives="shuffle"), "0")}
        for peaks in (every[::3], every)
    )
    assert len(few) == NUM_CONTIGS
    assert few.items() < many.items()


@pytest.fixture
def repetitive(tmp_path: Path) -> GenomeStore:
    rng = np.random.default_rng(1)
    (tmp_path / "r.fa").write_text("".join(f">c{number}\n{'AC' * 150}{''.join(rng.choice(list('ACGT'), 300))}\n" for number in range(6)))
    return build_genome([tmp_path / "r.fa"], tmp_path / "cache")


def test_a_positive_without_another_order_has_no_shuffle_and_is_counted(repetitive: GenomeStore, tmp_path: Path) -> None:
    peaks = [(f"c{number}", place, place + 20, place + 10, 1.0) for number in range(6) for place in (100, 450)]
    draft = build(repetitive, [narrow(tmp_path / "X.narrowPeak", peaks)], negatives="shuffle")
    assert (draft.counts["positives"], draft.counts["negatives"], draft.counts["negatives not found"]) == (12, 6, 6)


def test_when_no_positive_has_another_order_it_is_an_error(repetitive: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "X.narrowPeak", [(f"c{number}", 100, 120, 110, 1.0) for number in range(6)])
    with pytest.raises(DataFileError) as caught:
        build(repetitive, [path], negatives="shuffle")
    assert str(caught.value) == (
        "none of the 6 positives of 101 bases has another order of its dinucleotides; take longer windows, or negatives = matched"
    )


def test_labels_of_several_files_are_the_factors_that_bind(store: GenomeStore, tmp_path: Path) -> None:
    paths = [peaks_of(OTHER, tmp_path / "Z.narrowPeak"), peaks_of(MOTIF, tmp_path / "A.narrowPeak")]
    draft = build(store, paths)
    by_place = {(row.region.contig, row.region.start + 50): row for row in draft.examples if row.label != "none"}
    # The summits at 2010 and 2045 are one window: that of A is in the last third of its file, that of Z in the last half, which is better.
    assert {place for contig, place in by_place if contig == "c1"} == {400, 900, 1400, 2045}
    labels = {400: "A", 900: "A", 1400: "Z", 2045: "A;Z"}
    assert all(row.label == labels[place] for (_, place), row in by_place.items())
    assert by_place["c1", 2045].category == "Z"
    assert len(labelled(draft, "none")) == len(by_place) == 4 * NUM_CONTIGS
    assert draft.counts["summits less than 50 bases from a stronger one, in its window"] == NUM_CONTIGS
    assert draft.facts["mode"] == "multilabel"
    assert draft.facts["labels"] == "names of the factors that bind, or none"
    assert draft.facts["factors"]["A"] == {  # type: ignore[index]
        "file": "A.narrowPeak",
        "peaks": 3 * NUM_CONTIGS,
        "windows": {"train": 12, "valid": 3, "test": 3},
    }


def test_a_peak_over_the_central_base_counts_unless_only_summits_do(store: GenomeStore, tmp_path: Path) -> None:
    sharp = narrow(tmp_path / "sharp.narrowPeak", [(name, 900, 920, 910, 1.0) for name in PLACES])
    broad = narrow(tmp_path / "broad.narrowPeak", [(name, 850, 1400, 1300, 1.0) for name in PLACES])
    edge = narrow(tmp_path / "edge.narrowPeak", [(name, 911, 1000, 961, 1.0) for name in PLACES])

    def labels(**changes: object) -> dict[int, str]:
        draft = build(store, [sharp, broad, edge], **changes)
        return {row.region.start + 50: row.label for row in draft.examples if row.label != "none"}

    # The window on 910 has the bases 860-960; the peak of edge begins right of its middle and its summit is one beyond its end.
    assert labels() == {910: "broad;sharp", 961: "broad;edge", 1300: "broad"}
    assert labels(bound_by="summit") == {910: "sharp", 961: "edge", 1300: "broad"}


@pytest.mark.parametrize("changes", [{"top": NUM_CONTIGS}, {"min_score": 5}])
@pytest.mark.parametrize("bound_by", ["peak", "summit"])
def test_a_peak_that_gives_no_window_binds_in_the_window_of_another(
    store: GenomeStore, tmp_path: Path, changes: dict[str, object], bound_by: str
) -> None:
    first = narrow(tmp_path / "A.narrowPeak", [(name, 900, 960, 930, 9.0) for name in PLACES])
    both = [(name, 500, 560, 530, 9.0) for name in PLACES] + [(name, 910, 970, 935, 1.0) for name in PLACES]
    draft = build(store, [first, narrow(tmp_path / "B.narrowPeak", both)], bound_by=bound_by, **changes)
    assert {(row.region.start + 50, row.label) for row in draft.examples if row.label != "none"} == {(930, "A;B"), (530, "B")}
    assert draft.facts["factors"]["B"]["windows"] == {"train": 8, "valid": 2, "test": 2}  # type: ignore[index]


def test_merge_of_one_base_keeps_each_summit(store: GenomeStore, tmp_path: Path) -> None:
    peaks = [(name, 900, 950, summit, 1.0) for name in PLACES for summit in (910, 911, 911)]
    path = narrow(tmp_path / "X.narrowPeak", peaks)
    assert build(store, [path], merge_bp=1).counts["positives"] == 2 * NUM_CONTIGS
    assert build(store, [path]).counts["positives"] == NUM_CONTIGS


def test_summits_of_neighbouring_contigs_are_never_merged(store: GenomeStore, tmp_path: Path) -> None:
    peaks = [(name, place, place + 1, place, 1.0) for name in PLACES for place in (10, 2990)]
    draft = build(
        store,
        [narrow(tmp_path / "X.narrowPeak", peaks)],
        window_bp=21,
        merge_bp=10,
        splits={"valid_contigs": ["c1"], "test_contigs": ["c3"]},
    )
    assert draft.counts["positives"] == 12 - 6 + 0  # a window of 21 on 2990 ends one base beyond the contig
    draft = build(store, [narrow(tmp_path / "X.narrowPeak", peaks)], window_bp=3, merge_bp=1)
    assert draft.counts["positives"] == 12


def test_one_file_may_be_multilabel_and_several_binary(store: GenomeStore, tmp_path: Path) -> None:
    paths = [peaks_of(OTHER, tmp_path / "Z.narrowPeak"), peaks_of(MOTIF, tmp_path / "A.narrowPeak")]
    assert {row.label for row in build(store, paths[:1], mode="multilabel").examples} == {"Z", "none"}
    both = build(store, paths, mode="binary")
    assert {(row.label, row.category) for row in both.examples} == {("1", "A"), ("1", "Z"), ("0", "")}
    assert {row.label for row in build(store, paths[:1], mode="separate").examples} == {"1", "0"}


def test_multilabel_may_do_without_negatives_but_binary_may_not(store: GenomeStore, tmp_path: Path) -> None:
    paths = [peaks_of(OTHER, tmp_path / "Z.narrowPeak"), peaks_of(MOTIF, tmp_path / "A.narrowPeak")]
    draft = build(store, paths, negatives_per_positive=0)
    assert (draft.counts["negatives"], draft.counts["negatives not found"], draft.matching) == (0, 0, {})
    with pytest.raises(ConfigError) as caught:
        build(store, paths[:1], negatives_per_positive=0)
    assert str(caught.value) == "negatives_per_positive = 0 leaves the label 1 only, from which nothing is learnt; set it to 1 or more"


def test_separate_sets_are_built_one_by_one(store: GenomeStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        build(store, [tmp_path / "a.bed", tmp_path / "b.bed"], mode="separate")
    assert str(caught.value) == "mode = separate makes a set of one peak file at a time, and 2 are given; build each on its own"
    with pytest.raises(DataFileError, match="no peak file is given"):
        build(store, [])


def test_windows_that_all_go_beyond_their_contigs_are_an_error(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "X.narrowPeak", [("c0", 0, 60, 49, 9), ("c5", 2500, 2600, 2550, 9)])
    with pytest.raises(DataFileError) as caught:
        build(store, [path])
    assert str(caught.value) == (
        "X.narrowPeak: none of the 2 windows of 101 bases can be used: 1 go beyond the end of a contig, 1 have ambiguous bases"
    )


def test_a_split_without_peaks_is_an_error(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "X.narrowPeak", [(f"c{number}", 500, 600, 550, 9) for number in (0, 1, 4)])
    with pytest.raises(DataFileError, match="none of the 3 positive windows lies wholly in what is for test"):
        build(store, [path])


def test_windows_in_no_split_are_left_out_and_counted(store: GenomeStore, tmp_path: Path) -> None:
    split = tmp_path / "split.bed"
    split.write_text("c0\t0\t1500\ttrain\nc0\t1500\t3000\ttest\n")
    path = narrow(
        tmp_path / "X.narrowPeak", [("c0", at, at + 9, at, 1.0) for at in (300, 1000, 1449, 1450, 1550, 2500)] + [("c1", 5, 90, 60, 1.0)]
    )
    draft = build_tfbs(store, [path], TfbsConfig(splits=SplitConfig(file=split), merge_bp=1), 1)
    assert draft.counts["windows in no split"] == 2
    assert [(row.region.start + 50, row.split) for row in labelled(draft, "1")] == [
        (300, "train"),
        (1000, "train"),
        (1449, "train"),
        (1550, "test"),
        (2500, "test"),
    ]
    assert all((row.region.end <= 1500) == (row.split == "train") for row in labelled(draft, "0"))


def test_no_room_for_negatives_is_an_error_with_numbers(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "X.narrowPeak", [(name, 50, 2960, 150, 9) for name in PLACES])
    with pytest.raises(DataFileError) as caught:
        build(store, [path])
    assert str(caught.value) == (
        "the split train has 4 negatives to find and no room for a window of 101 bases: 360 of its 12,000 bases are unambiguous and"
        " at least 0 bases off all peaks; lower distance_bp or negatives_per_positive, shorten the windows, take more of the genome for the"
        " split, or take negatives = shuffle"
    )


def test_too_little_room_for_negatives_is_told_and_counted(store: GenomeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = narrow(tmp_path / "X.narrowPeak", [(name, 50, 2880, at, 9) for name in PLACES for at in (150, 300)])
    draft = build(store, [path])
    found = {split: match.num_found for split, match in draft.matching.items()}
    assert 0 < found["train"] <= 4
    assert (found["valid"], found["test"]) == (1, 1)  # 120 bases at the end of each contig are free
    assert (draft.counts["positives"], draft.counts["negatives"]) == (12, sum(found.values()))
    assert draft.counts["negatives not found"] == 12 - sum(found.values())
    assert len(caplog.messages) == 3
    assert caplog.messages[1].startswith(
        "the split valid has room for 1 of 2 negatives: 170 of its 3,000 bases are unambiguous and at least 0"
    )


def test_a_factor_without_a_window_in_training_is_an_error_and_in_the_test_a_warning(
    store: GenomeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    everywhere = peaks_of(MOTIF, tmp_path / "A.narrowPeak")
    held_out = narrow(tmp_path / "B.narrowPeak", [("c4", 500, 600, 550, 9), ("c5", 500, 600, 550, 9)])
    with pytest.raises(DataFileError) as caught:
        build(store, [everywhere, held_out])
    assert str(caught.value) == (
        "1 of 2 factors bind in no window of train (B), and could not be learnt; leave their files out, or split otherwise"
    )
    narrow(held_out, [("c0", 500, 600, 550, 9), ("c5", 500, 600, 550, 9)])
    build(store, [everywhere, held_out])
    assert caplog.messages == ["1 of 2 factors bind in no window of valid (B): there will be no figures for them"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"merge_bp": 60}, "merge_bp = 60 is more than half of a window of 101 bases: summits would lie outside"),
        ({"negatives": "shuffle", "distance_bp": 5}, "distance_bp = 5 has no meaning for negatives = shuffle; leave it out"),
        ({"negatives": "shuffle", "avoid": ["b.bed"]}, "avoid = .* has no meaning for negatives = shuffle; leave it out"),
        ({"negatives": "shuffle", "repeats": "r.bed"}, "repeats = r.bed has no meaning for negatives = shuffle; leave it out"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TfbsConfig.model_validate(settings)


@pytest.mark.parametrize(("window_bp", "reach_bp"), [(101, 50), (500, 50), (60, 30), (3, 1), (1, 1)])
def test_merging_reaches_at_most_half_a_window(window_bp: int, reach_bp: int) -> None:
    assert TfbsConfig(window_bp=window_bp).reach_bp == reach_bp
