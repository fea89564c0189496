import logging
from dataclasses import replace

import pytest

from dnabert.data.finish.dataset import finish_dataset
from dnabert.errors import DataFileError
from tests.data.finish.rows import make_draft, make_row, many_rows, random_bases


def test_every_row_is_accounted_for() -> None:
    original = random_bases(55, 1)
    rows = [
        make_row("a", original),
        make_row("again", original),
        make_row("b", random_bases(55, 2)),
        make_row("in-test", random_bases(55, 3), split="train"),
        make_row("test", random_bases(55, 3), "1", "test"),
        make_row("conflict1", random_bases(55, 4), "0"),
        make_row("conflict2", random_bases(55, 4), "1"),
        make_row("valid", original[:50] + "ACGTA", "0", "valid"),
    ]
    dataset = finish_dataset(make_draft(rows), drop_near_duplicates=0.8)
    assert dataset.counts == {
        "windows read": 8,
        "rows before duplicates are left out": 8,
        "left out: the sequence occurs with another label": 2,
        "left out: the sequence is in another split as well": 1,
        "left out: the sequence is in the same split already": 1,
        "left out: a training row that holds more than 0.8 of a row of another split": 1,
        "left out: the row that it was made from was left out": 0,
        "rows in train": 1,
        "rows in valid": 1,
        "rows in test": 1,
    }
    assert [row.region.name for row in dataset.examples] == ["b", "test", "valid"]
    assert [row.region.name for row in dataset.rows("valid")] == ["valid"]
    assert all(comparison.num_above_half == 0 for comparison in dataset.leakage.near_duplicates.comparisons)
    assert (dataset.name, dataset.task, dataset.facts) == ("made-up", "classify", {"share of GT": 0.5})


def test_contigs_that_were_drawn_without_a_positive_are_counted_first() -> None:
    draft = make_draft([make_row("a", random_bases(55, 1))])
    plan = replace(draft.splits, counts={"contigs without a positive, for test": 3})
    counts = finish_dataset(replace(draft, splits=plan)).counts
    assert list(counts.items())[:2] == [("contigs without a positive, for test", 3), ("windows read", 1)]


def test_a_shuffle_of_a_row_that_stays_in_the_test_only_is_not_learnt() -> None:
    same, half = random_bases(300, 1), random_bases(300, 2)
    rows = [
        make_row("a", same),
        replace(make_row("a/negative1", same[:150] + random_bases(150, 3), "0"), source="substitution:a"),
        make_row("b", random_bases(300, 4)),
        replace(make_row("b/negative1", random_bases(300, 5), "0"), source="substitution:b"),
        make_row("c", half),
        replace(make_row("c/negative1", random_bases(300, 6), "0"), source="substitution:c"),
        make_row("test1", same, split="test"),
        make_row("test2", half[:280], split="test"),
    ]
    dataset = finish_dataset(make_draft(rows))
    assert [row.region.name for row in dataset.examples] == ["b", "b/negative1", "c", "c/negative1", "test1", "test2"]
    assert dataset.counts["left out: the row that it was made from was left out"] == 1
    assert dataset.leakage.made_from_absent == {"train": 1}
    dropped = finish_dataset(make_draft(rows), drop_near_duplicates=0.5)
    assert [row.region.name for row in dropped.examples] == ["b", "b/negative1", "test1", "test2"]
    assert dropped.leakage.made_from_absent == {"train": 2}


def test_near_duplicates_stay_unless_told_otherwise() -> None:
    original = random_bases(55, 1)
    rows = [make_row("a", original), make_row("b", original[:54], split="test")]
    assert len(finish_dataset(make_draft(rows)).examples) == 2


def test_united_labels_are_counted() -> None:
    rows = [make_row("a", "ACGTACCC", "A"), make_row("b", "ACGTACCC", "B")]
    dataset = finish_dataset(make_draft(rows), "multilabel")
    assert dataset.counts["sequences with the labels of several rows"] == 1
    assert dataset.examples[0].label == "A;B"


def test_an_id_that_occurs_twice_is_an_error() -> None:
    with pytest.raises(DataFileError) as caught:
        finish_dataset(make_draft([make_row("a", "ACGT", start=5), make_row("a", "ACCT", start=50)]))
    assert str(caught.value) == "chr-train:50-54(+): the id a occurs twice; ids must be unique: rename one in the input"


def test_a_split_that_loses_all_its_rows_is_an_error() -> None:
    with pytest.raises(DataFileError) as caught:
        finish_dataset(make_draft([make_row("a", "ACGT"), make_row("b", "ACGT", split="test")]))
    assert str(caught.value) == (
        "no row is left in train: all are duplicates of others, or too like them; split otherwise with --split FILE, raise"
        " --drop-near-duplicates if it is given, or give more input"
    )
    with pytest.raises(DataFileError, match="no row is left in any split"):
        finish_dataset(make_draft([]))


def test_warnings_are_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    rows = [make_row("a", "ACGT"), make_row("b", "AAAA", "0"), make_row("c", "ACCC", split="test"), make_row("d", "TTTA", "0", "valid")]
    with caplog.at_level(logging.WARNING):
        finish_dataset(make_draft(rows))
    assert "made-up: fewer than 50 rows of 0 (2), 1 (2): too few to learn from, and to measure with" in caplog.messages


def test_a_split_is_a_labelled_set_and_can_be_thinned_out_evenly() -> None:
    dataset = finish_dataset(make_draft(many_rows(10)))
    whole = dataset.labelled("test")
    assert (len(whole), whole.source, whole.labels) == (20, "test.tsv", ("1",) * 10 + ("0",) * 10)
    assert dataset.labelled("test", 4).sequences.ids == ("test1-0", "test1-5", "test0-0", "test0-5")
    assert len(dataset.labelled("test", 500)) == 20


def test_the_figure_of_a_baseline_is_put_on_record() -> None:
    dataset = finish_dataset(make_draft(many_rows(3)))
    assert dataset.leakage.kmer_only_auroc is None
    assert dataset.with_kmer_auroc(0.75).leakage.kmer_only_auroc == 0.75
