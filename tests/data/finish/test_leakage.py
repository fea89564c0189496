import json
from dataclasses import replace

import pytest

from dnabert.data.datasets.example import Example
from dnabert.data.datasets.negatives import Matching
from dnabert.data.finish.duplicates import DatasetTask, DuplicateCounts
from dnabert.data.finish.leakage import Leakage, leakage_record, leakage_warnings, measure_leakage
from dnabert.data.finish.near_duplicates import Comparison, NearDuplicates, find_near_duplicates
from dnabert.data.finish.plain import PlainFigures
from dnabert.errors import RegionError
from tests.data.finish.rows import make_draft, make_row, many_rows

NO_DUPLICATES = DuplicateCounts({}, {}, {})


def measured(rows: list[Example], task: DatasetTask = "classify") -> Leakage:
    return measure_leakage(make_draft(rows), rows, task, NO_DUPLICATES, find_near_duplicates(rows))


@pytest.fixture(scope="module")
def plain_leakage() -> Leakage:
    leakage = measured(many_rows())
    return replace(leakage, plain=PlainFigures(0.5, 0.5, None))


def test_rows_are_counted_by_split_and_class() -> None:
    leakage = measured(
        [make_row("a", "ACGT", "1"), make_row("b", "ACGA", "0"), make_row("c", "ACGC", "1"), make_row("d", "CC", "1", "test")]
    )
    assert leakage.num_rows == {"train": 3, "valid": 0, "test": 1}
    assert leakage.classes == {"train": {"0": 1, "1": 2}, "valid": {"0": 0, "1": 0}, "test": {"0": 0, "1": 1}}


def test_bases_are_counted_where_they_are_labelled_and_every_one_of_several_labels() -> None:
    assert measured([make_row("a", "ACGT", "nddn")], "token").classes["train"] == {"d": 2, "n": 2}
    rows = [make_row("a", "ACGT", "B;A"), make_row("b", "ACGA", "A"), make_row("c", "ACTA", "none")]
    assert measured(rows, "multilabel").classes["train"] == {"A": 2, "B": 1, "none": 1}


def test_overlapping_splits_stop_the_work() -> None:
    rows = [make_row("a", "ACGT", start=10), replace(make_row("b", "ACGT", start=12), split="test")]
    with pytest.raises(RegionError, match="overlap"):
        measured(rows)


def test_the_record_can_be_written_and_says_it_all(plain_leakage: Leakage) -> None:
    record = json.loads(json.dumps(leakage_record(replace(plain_leakage, kmer_only_auroc=0.123456789)), allow_nan=False))
    assert list(record) == [
        "task",
        "splits",
        "rows",
        "classes",
        "duplicates_left_out",
        "made_from_left_out",
        "near_duplicates",
        "smallest_distance_bp",
        "matching",
        "gc_only_auroc",
        "gc_binned_auroc",
        "length_only_auroc",
        "kmer_only_auroc",
        "warnings",
    ]
    assert record["splits"]["method"] == "by hand"
    assert record["splits"]["contigs"]["valid"] == ["chr-valid"]
    assert record["near_duplicates"]["figures"] == "exact: every 16-mer counts"
    assert record["made_from_left_out"] == {}
    assert record["smallest_distance_bp"] == {"train-valid": None, "train-test": None, "valid-test": None}
    assert record["matching"]["train"] == {
        "num_wanted": 4,
        "num_found": 4,
        "mean_gc_difference": 0.012346,
        "mean_repeat_difference": 0.25,
    }
    assert (record["kmer_only_auroc"], record["length_only_auroc"], record["warnings"]) == (0.123457, None, [])


def test_nothing_to_say_is_no_warning(plain_leakage: Leakage) -> None:
    assert leakage_warnings(plain_leakage) == []


@pytest.mark.parametrize("plain", [PlainFigures(0.7, 0.6, None), PlainFigures(0.6, 0.7, None)])
def test_telling_gc_is_a_warning(plain_leakage: Leakage, plain: PlainFigures) -> None:
    assert leakage_warnings(replace(plain_leakage, plain=plain)) == [
        "G+C alone tells the classes apart: AUROC 0.70 on the test rows, over 0.65; a model may learn nothing else:"
        " match the negatives, or compare every figure with this one"
    ]


def test_telling_length_is_a_warning(plain_leakage: Leakage) -> None:
    (text,) = leakage_warnings(replace(plain_leakage, plain=PlainFigures(0.5, 0.5, 0.9)))
    assert text.startswith("the length alone tells the classes apart: AUROC 0.90")


def test_many_near_duplicates_are_a_warning(plain_leakage: Leakage) -> None:
    comparisons = (Comparison("test", "train", 200, 200, 3, 1, (0,) * 20), Comparison("valid", "test", 200, 200, 2, 0, (0,) * 20))
    leakage = replace(plain_leakage, near_duplicates=NearDuplicates(16, 1.0, comparisons, ()))
    start = "3 of 200 test rows (1.5%) are by more than half in one training row: figures on them are too good"
    assert leakage_warnings(leakage) == [f"{start}; leave such training rows out with --drop-near-duplicates 0.5"]
    assert leakage_warnings(replace(leakage, dropped_above=0.8, num_dropped=1)) == [start]


def test_small_and_missing_classes_are_warnings(plain_leakage: Leakage) -> None:
    classes = {"train": {"0": 100, "1": 30}, "valid": {"0": 10, "1": 19}, "test": {"0": 10, "1": 0}}
    assert leakage_warnings(replace(plain_leakage, classes=classes)) == [
        "all 120 test rows are of one class (0 10; none of 1): no figure that compares classes is defined on them; give --split FILE, or"
        " a larger --set splits.test_fraction=SHARE",
        "fewer than 50 rows of 1 (49): too few to learn from, and to measure with",
    ]


def test_a_split_without_rows_or_without_a_class_is_a_warning_with_a_way_out(plain_leakage: Leakage) -> None:
    counts = {"0": 90, "1": 80, "2": 70}
    classes = {"train": {**counts, "1": 0}, "valid": dict.fromkeys(counts, 0), "test": dict.fromkeys(counts, 0)}
    sizes = {"train": 160, "valid": 0, "test": 0}
    assert leakage_warnings(replace(plain_leakage, classes=classes, num_rows=sizes))[:3] == [
        "the 160 training rows hold none of 1 (0 90, 2 70); give --split FILE",
        "valid.tsv has no row (training 160): dnabert finetune holds out some training rows in its place, drawn without regard to contigs;"
        " give --split FILE, or a larger --set splits.valid_fraction=SHARE",
        "test.tsv has no row (training 160): there will be no figures on rows that had no part in the training; give --split FILE, or a"
        " larger --set splits.test_fraction=SHARE",
    ]
    (text,) = leakage_warnings(replace(plain_leakage, classes={**plain_leakage.classes, "train": {"0": 120, "1": 0}}))
    assert text.startswith("all 120 training rows are of one class (0 120; none of 1): nothing can be learnt from them; give --split FILE")


def test_many_small_classes_are_not_all_listed(plain_leakage: Leakage) -> None:
    counts = {str(number): 1 for number in range(9)}
    (text,) = leakage_warnings(replace(plain_leakage, task="token", classes=dict.fromkeys(("train", "valid", "test"), counts)))
    assert text.startswith("fewer than 50 bases of 0 (3), 1 (3), 2 (3), 3 (3), 4 (3), ...: too few")


def test_missing_negatives_are_a_warning(plain_leakage: Leakage) -> None:
    leakage = replace(plain_leakage, matching={"valid": Matching(1200, 1100, 0.0, 0.0)})
    assert leakage_warnings(leakage) == ["1,100 of 1,200 negatives were found for validation: the genome has no room for more"]
