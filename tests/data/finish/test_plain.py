import pytest

from dnabert.data.datasets.example import Example
from dnabert.data.finish.duplicates import DatasetTask
from dnabert.data.finish.plain import PlainFigures, class_names, labels_of, plain_figures
from tests.data.finish.rows import make_row


def rows(*pairs: tuple[str, str]) -> list[Example]:
    return [make_row(f"row{number}", sequence, label) for number, (sequence, label) in enumerate(pairs)]


def with_gc(num_strong: int) -> str:
    """Ten bases, so many of them G or C."""
    return "G" * num_strong + "A" * (10 - num_strong)


def test_auroc_of_gc_by_hand() -> None:
    train = rows((with_gc(9), "1"), (with_gc(1), "0"))
    test = rows((with_gc(8), "1"), (with_gc(4), "1"), (with_gc(6), "0"), (with_gc(2), "0"))
    assert plain_figures(train, test, "classify").gc_only == 0.75


def test_what_is_learnt_the_wrong_way_round_counts_against_it() -> None:
    train = rows((with_gc(1), "1"), (with_gc(9), "0"))
    test = rows((with_gc(9), "1"), (with_gc(1), "0"))
    assert plain_figures(train, test, "classify").gc_only == 0.0


def test_a_class_in_the_middle_shows_in_bins_only() -> None:
    data = rows(*[(with_gc(number), "1" if 3 <= number <= 7 else "0") for number in (1, 2, 3, 4, 5, 6, 7, 8, 9) for _ in range(20)])
    figures = plain_figures(data, data, "classify")
    assert figures.gc_only == 0.5
    assert figures.gc_binned == 1.0


def test_length_counts_only_where_it_varies() -> None:
    train = rows(("A" * 30, "1"), ("A" * 20, "0"))
    assert plain_figures(train, train, "classify") == PlainFigures(0.5, 0.5, 1.0)
    same = rows(("A" * 20, "1"), ("A" * 20, "0"))
    assert plain_figures(same, same, "classify").length_only is None


def test_classes_are_told_from_all_others_and_the_mean_is_given() -> None:
    data = rows((with_gc(9), "rich"), (with_gc(5), "even"), (with_gc(1), "poor"))
    # rich and poor are perfect, even has one row on either side
    assert plain_figures(data, data, "classify").gc_only == pytest.approx((1 + 1 + 0.5) / 3)


def test_several_labels_are_told_one_by_one_and_none_is_no_label() -> None:
    data = rows((with_gc(9), "A;B"), (with_gc(8), "A"), (with_gc(1), "none"), (with_gc(2), "none"))
    assert plain_figures(data, data, "multilabel").gc_only == 1.0


def test_a_class_that_the_test_lacks_is_left_out() -> None:
    train = rows((with_gc(9), "1"), (with_gc(1), "0"), (with_gc(5), "2"))
    test = rows((with_gc(9), "1"), (with_gc(1), "0"))
    assert plain_figures(train, test, "classify").gc_only == 1.0


@pytest.mark.parametrize("task", ["token", "classify"])
def test_nothing_is_measured_without_classes(task: DatasetTask) -> None:
    one = rows(("ACGT", "nnnn"), ("ACGG", "nnnn"))
    assert plain_figures(one, one, task) == PlainFigures()
    assert plain_figures(one, [], task) == PlainFigures()


def test_classes_are_in_the_order_of_numbers_then_words_then_none() -> None:
    data = rows(("ACGT", "10"), ("ACGT", "none"), ("ACGT", "2"), ("ACGT", "donor"))
    assert class_names(data, "classify") == ["2", "10", "donor", "none"]
    assert list(labels_of("none", "multilabel")) == ["none"]
    assert list(labels_of("ndn", "token")) == ["n", "d", "n"]
