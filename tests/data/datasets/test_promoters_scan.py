"""Windows cut from the surroundings of start sites."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import SplitName
from dnabert.data.datasets.promoters import PromoterConfig, build_promoters
from dnabert.data.datasets.promoters.scan import Contents, surplus_negatives
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError
from tests.data.datasets.promoter_files import Tss, planted, random_bases, write_genome, write_split, write_tss

BOX = "GTATAAAAGGCGGGG"


def scan(folder: Path, contigs: dict[str, str], sites: list[Tss], seed: int = 1, **settings: object) -> Draft:
    splits = write_split(folder, dict.fromkeys(contigs, "train")).model_dump()
    config = PromoterConfig.model_validate({"kind": "scan", "splits": splits, **settings})
    return build_promoters(write_genome(folder, contigs), write_tss(folder, sites), config, seed)


def places(draft: Draft) -> list[tuple[int, int]]:
    return sorted((example.region.start, example.region.end) for example in draft.examples)


def test_ten_kilobases_around_a_site_are_nine_windows_side_by_side_of_which_one_has_the_site(tmp_path: Path) -> None:
    bases = random_bases(12_000, 1)
    draft = scan(tmp_path, {"c": bases}, [Tss("c", 6_000, "-", "t")])
    found = places(draft)
    assert len(found) == 9
    assert all(end - start == 1001 for start, end in found)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(found))
    # On the reverse strand the 5000 bases upstream are those to the right.
    assert found[0][0] >= 6_000 - 4_999
    assert found[-1][1] <= 6_000 + 5_000 + 1
    first, *rest = draft.examples
    assert (first.label, first.source, first.category) == ("1", "tss:t", "non-TATA")
    assert first.region.start <= 6_000 < first.region.end
    assert first.region.name == f"t/{first.region}"
    assert {(example.label, example.source, example.category) for example in rest} == {("0", "genomic-flank", "no-TSS")}
    for example in draft.examples:
        assert example.region.strand == "."
        assert decode_bases(example.codes) == bases[example.region.start : example.region.end]
    assert draft.facts["scanned"] == "TSS-5000..TSS+4999"


def test_the_site_is_not_at_the_same_index_of_its_window_everywhere(tmp_path: Path) -> None:
    sites = [Tss(f"c{number}", 6_000, "+", f"t{number}") for number in range(40)]
    draft = scan(tmp_path, {site.contig: random_bases(12_000, 1) for site in sites}, sites)
    indices = [6_000 - example.region.start for example in draft.examples if example.label == "1"]
    assert len(set(indices)) > 30
    assert max(indices) - min(indices) > 800


_PLACES = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 299), st.sampled_from("+-")), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(_PLACES, st.integers(1, 30), st.integers(1, 40), st.integers(0, 9), st.integers(0, 2**31))
def test_windows_are_labelled_by_the_sites_in_them_and_none_is_there_twice(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, int, str]], window_bp: int, stride_bp: int, margin_bp: int, seed: int
) -> None:
    margin_bp = min(margin_bp, (window_bp - 1) // 2)
    contigs = {"a": random_bases(300, 1), "b": random_bases(300, 2)}
    sites = [Tss(*place, f"t{number}") for number, place in enumerate(found)]
    reach = {"upstream_bp": 40, "downstream_bp": 31}
    # A site in the middle of its contig makes sure that there is a promoter, whatever the margin.
    sites.append(Tss("b", 150, "+", "middle"))
    stride_bp = min(stride_bp, window_bp - 2 * margin_bp)
    cut = {"scan_window_bp": window_bp, "scan_stride_bp": stride_bp, "scan_margin_bp": margin_bp}
    draft = scan(tmp_path_factory.mktemp("scan"), contigs, sites, seed, **reach, **cut)
    regions = [(example.region.contig, example.region.start) for example in draft.examples]
    assert len(set(regions)) == len(regions)
    around: dict[str, set[int]] = {"a": set(), "b": set()}
    for tss in sites:
        before, after = (40, 31) if tss.strand == "+" else (31, 40)
        around[tss.contig].update(range(tss.position - before, tss.position + after + 1))
    for example in draft.examples:
        region = example.region
        assert region.end - region.start == window_bp
        offsets = [tss.position - region.start for tss in sites if tss.contig == region.contig]
        inside = [offset for offset in offsets if 0 <= offset < window_bp]
        assert (example.label == "1") == any(margin_bp <= offset < window_bp - margin_bp for offset in inside)
        assert example.label == "1" or not inside
        assert set(range(region.start, region.end)) <= around[region.contig]
    assert draft.counts["windows cut"] == (
        len(draft.examples) + draft.counts["windows beyond the end of a contig"] + draft.counts["windows with a TSS too near to an end"]
    )
    assert draft.counts["positives"] + draft.counts["negatives"] == len(draft.examples)


def test_the_surroundings_of_near_sites_are_one_stretch(tmp_path: Path) -> None:
    sites = [Tss("c", 6_000, "+", "left"), Tss("c", 9_000, "-", "right")]
    draft = scan(tmp_path, {"c": random_bases(16_000, 1)}, sites)
    found = places(draft)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(found))
    # 1,000 to 14,001 are 13,001 bases, 12 windows.
    assert len(found) == 12
    assert draft.counts["positives"] == 2
    assert draft.counts["TSS in no window"] == 0


def test_neighbouring_contigs_are_not_one_stretch(tmp_path: Path) -> None:
    contigs = {"a": random_bases(6_000, 1), "b": random_bases(6_000, 2)}
    draft = scan(tmp_path, contigs, [Tss("a", 4_900, "+", "end"), Tss("b", 1_100, "+", "start")])
    assert draft.counts["windows cut"] == 18
    assert draft.counts["windows beyond the end of a contig"] == 18 - len(draft.examples)
    assert all(start >= 0 and end <= 6_000 for start, end in places(draft))
    assert 10 <= len(draft.examples) <= 12
    assert draft.counts["positives"] == 2


def test_windows_that_overlap_are_cut_where_the_stride_is_short(tmp_path: Path) -> None:
    draft = scan(tmp_path, {"c": random_bases(12_000, 1)}, [Tss("c", 6_000, "+", "t")], scan_stride_bp=50)
    found = places(draft)
    assert np.diff([start for start, _ in found]).tolist() == [50] * (len(found) - 1)
    assert len(found) == (10_000 - 1_001) // 50 + 1
    # A base lies in 20 or 21 windows of 1001 bases, 50 apart.
    assert draft.counts["positives"] in (20, 21)


def test_a_window_with_a_site_in_its_margin_is_left_out(tmp_path: Path) -> None:
    bases, sites = random_bases(12_000, 1), [Tss("c", 6_000, "+", "t")]
    draft = scan(tmp_path, {"c": bases}, sites, scan_stride_bp=50, scan_margin_bp=400)
    assert draft.counts["positives"] in (4, 5)
    assert draft.counts["positives"] + draft.counts["windows with a TSS too near to an end"] in (20, 21)
    assert not any(example.region.start <= 6_000 < example.region.end for example in draft.examples if example.label == "0")


def test_a_window_with_several_sites_names_them_and_has_a_box_if_one_of_them_has(tmp_path: Path) -> None:
    bases = planted("GC" * 6_000, BOX, 6_010 - 31)
    draft = scan(tmp_path, {"c": bases}, [Tss("c", 6_000, "+", "near"), Tss("c", 6_010, "+", "boxed")], scan_stride_bp=50)
    found = {example.source: example.category for example in draft.examples if example.label == "1"}
    assert found["tss:near,boxed"] == "TATA"
    assert found.items() <= {"tss:near": "non-TATA", "tss:boxed": "TATA", "tss:near,boxed": "TATA"}.items()
    assert draft.counts["positives with a TATA box"] == sum(example.category == "TATA" for example in draft.examples)


def test_windows_over_ambiguous_bases_are_counted(tmp_path: Path) -> None:
    bases = planted(random_bases(12_000, 1), "N" * 10, 3_000)
    draft = scan(tmp_path, {"c": bases}, [Tss("c", 6_000, "+", "t")])
    assert draft.counts["windows with ambiguous bases"] in (1, 2)
    assert draft.counts["windows cut"] == 9
    assert len(draft.examples) == 9 - draft.counts["windows with ambiguous bases"]


def test_the_same_seed_cuts_at_the_same_places_and_another_one_elsewhere(tmp_path: Path) -> None:
    bases, sites = random_bases(12_000, 1), [Tss("c", 6_000, "+", "t")]
    first, again, other = (places(scan(tmp_path, {"c": bases}, sites, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_margin_that_leaves_no_promoter_is_refused(tmp_path: Path) -> None:
    # The one window that fits has the site at its last base.
    sites = [Tss("c", 20, "+", "t")]
    with pytest.raises(DataFileError) as caught:
        scan(tmp_path, {"c": random_bases(50, 1)}, sites, upstream_bp=20, downstream_bp=0, scan_window_bp=21, scan_margin_bp=1)
    assert str(caught.value) == f"{tmp_path}/tss.bed: none of the 1 windows has a TSS at least 1 bases from its ends"


def test_windows_of_contigs_in_no_split_are_counted(tmp_path: Path) -> None:
    contigs = {"a": random_bases(12_000, 1), "b": random_bases(12_000, 2)}
    path = write_tss(tmp_path, [Tss("a", 6_000, "+", "t"), Tss("b", 6_000, "+", "u")])
    config = PromoterConfig(kind="scan", splits=write_split(tmp_path, {"a": "train"}))
    draft = build_promoters(write_genome(tmp_path, contigs), path, config, 1)
    assert draft.counts["windows in no split"] == 9
    assert {(example.region.contig, example.split) for example in draft.examples} == {("a", "train")}
    assert draft.counts["TSS in no window"] == 1


def test_windows_with_only_a_site_that_is_avoided_are_left_out_and_counted(tmp_path: Path) -> None:
    bases, sites = random_bases(12_000, 1), [Tss("c", 6_000, "+", "t")]
    without = scan(tmp_path, {"c": bases}, sites)
    other = tmp_path / "more.bed"
    other.write_text("c\t6000\t6001\ta\t0\t-\nc\t8000\t8001\tb\t0\t+\nc\t8001\t8002\tb\t0\t+\n")
    draft = scan(tmp_path, {"c": bases}, sites, also_avoid=(other,))
    left_out = set(places(without)) - set(places(draft))
    assert [start <= 8_000 < end for start, end in left_out] == [True] * len(left_out)
    assert draft.counts["windows without a TSS but with one that is avoided"] == len(left_out) in (1, 2)
    assert draft.counts["windows with a TSS too near to an end"] == 0
    assert draft.counts["positives"] == 1


def test_so_many_windows_without_a_site_are_drawn_as_are_wanted(tmp_path: Path) -> None:
    bases, sites = random_bases(12_000, 1), [Tss("c", 6_000, "+", "t")]
    whole = scan(tmp_path, {"c": bases}, sites, scan_stride_bp=100)
    few = scan(tmp_path, {"c": bases}, sites, scan_stride_bp=100, scan_negatives_per_positive=1.55)
    wanted = math.ceil(1.55 * whole.counts["positives"])
    assert few.counts["positives"] == whole.counts["positives"]
    assert few.counts["negatives"] == wanted < whole.counts["negatives"]
    assert few.counts["windows without a TSS that were not drawn"] == whole.counts["negatives"] - wanted
    assert few.counts["windows in no split"] == whole.counts["windows in no split"]
    assert set(places(few)) < set(places(whole))
    more = scan(tmp_path, {"c": bases}, sites, scan_stride_bp=100, scan_negatives_per_positive=1000)
    assert places(more) == places(whole)
    assert more.counts["windows without a TSS that were not drawn"] == 0


def test_a_share_is_rounded_up_and_not_the_error_of_a_product() -> None:
    contents = Contents(*(np.zeros(200, np.int64),) * 2, np.arange(200) < 50, np.zeros(200, bool), np.ones(200, bool))
    splits: list[SplitName] = ["train"] * 200
    assert surplus_negatives(contents, splits, 1.1, 1).sum() == 150 - 55
    assert surplus_negatives(contents, splits, 1.11, 1).sum() == 150 - 56
    assert not surplus_negatives(contents, splits, 3, 1).any()
