from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.datasets.example import Example
from dnabert.data.finish.duplicates import Duplicate, DuplicateCounts, label_names, remove_duplicates
from dnabert.dna.sequence import decode_bases
from tests.data.finish.rows import make_row, other_strand


def names(rows: list[Example]) -> list[str]:
    return [row.region.name for row in rows]


def canonical(row: Example) -> str:
    sequence = decode_bases(row.codes)
    return min(sequence, other_strand(sequence))


def test_the_first_row_of_a_split_stays() -> None:
    kept, counts = remove_duplicates([make_row("a", "AACG"), make_row("b", "AAAA"), make_row("c", "AACG")])
    assert names(kept) == ["a", "b"]
    assert counts == DuplicateCounts({"train": 1}, {}, {}, 0, (Duplicate("within split", "c", "train", "1", "a", "train", "1"),))


def test_a_reverse_complement_is_the_same_sequence() -> None:
    kept, counts = remove_duplicates([make_row("a", "AACG"), make_row("b", "CGTT"), make_row("c", "AACC")])
    assert names(kept) == ["a", "c"]
    assert counts.within_split == {"train": 1}


def test_lengths_are_told_apart() -> None:
    assert len(remove_duplicates([make_row("a", "AAA"), make_row("b", "AAAA"), make_row("c", "TTTTT")])[0]) == 3


def test_across_splits_the_test_goes_before_validation_and_that_before_training() -> None:
    rows = [
        make_row("train1", "AACG", split="train"),
        make_row("valid1", "CGTT", split="valid"),
        make_row("test1", "AACG", split="test"),
        make_row("test2", "CGTT", split="test"),
        make_row("train2", "GGGG", split="train"),
        make_row("valid2", "CCCC", split="valid"),
    ]
    kept, counts = remove_duplicates(rows)
    assert names(kept) == ["test1", "valid2"]
    assert counts.across_splits == {"valid": 1, "train": 2}
    assert counts.within_split == {"test": 1}
    assert [(sample.reason, sample.id, sample.other_id) for sample in counts.samples] == [
        ("across splits", "train1", "test1"),
        ("across splits", "valid1", "test1"),
        ("across splits", "train2", "valid2"),
        ("within split", "test2", "test1"),
    ]


def test_all_rows_of_a_sequence_with_two_labels_are_left_out() -> None:
    rows = [make_row("a", "AACG", "1"), make_row("b", "CGTT", "0", "test"), make_row("c", "AACG", "1"), make_row("d", "GGGG", "0")]
    kept, counts = remove_duplicates(rows)
    assert names(kept) == ["d"]
    assert counts.conflicting == {"test": 1, "train": 2}
    assert counts.samples[0] == Duplicate("conflict", "a", "train", "1", "b", "test", "0")
    assert not counts.within_split
    assert not counts.across_splits


def test_labels_of_a_multi_label_set_are_united() -> None:
    rows = [make_row("a", "AACG", "REST;CTCF"), make_row("b", "CGTT", "none"), make_row("c", "AACG", "SP1"), make_row("d", "GGGG", "none")]
    kept, counts = remove_duplicates(rows, "multilabel")
    assert [(row.region.name, row.label) for row in kept] == [("a", "CTCF;REST;SP1"), ("d", "none")]
    assert (counts.within_split, counts.conflicting, counts.num_united) == ({"train": 2}, {}, 1)


def test_united_labels_go_with_the_row_that_stays() -> None:
    kept, counts = remove_duplicates([make_row("a", "AACG", "A"), make_row("b", "AACG", "B", "test")], "multilabel")
    assert [(row.region.name, row.label) for row in kept] == [("b", "A;B")]
    assert (counts.across_splits, counts.num_united) == ({"train": 1}, 1)


def test_the_order_of_names_is_no_other_label() -> None:
    kept, counts = remove_duplicates([make_row("a", "AACG", "B;A"), make_row("b", "AACG", "A;B")], "multilabel")
    assert [row.label for row in kept] == ["B;A"]
    assert counts.num_united == 0


def test_none_is_the_lack_of_any_label() -> None:
    assert [label_names(text) for text in ("none", "", "A; B;", "None")] == [[], [], ["A", "B"], []]


def test_labels_of_bases_belong_to_their_strand() -> None:
    rows = [make_row("a", "AACG", "ndnn"), make_row("b", "CGTT", "nnnn"), make_row("c", "AACG", "ndnn")]
    kept, counts = remove_duplicates(rows, "token")
    assert names(kept) == ["a", "b"]
    assert counts.within_split == {"train": 1}


def test_labels_of_bases_that_differ_on_one_strand_are_a_conflict() -> None:
    rows = [make_row("a", "AACG", "ndnn"), make_row("b", "AACG", "nnnn"), make_row("c", "CGTT", "nnnn")]
    kept, counts = remove_duplicates(rows, "token")
    assert names(kept) == ["c"]
    assert counts.conflicting == {"train": 2}


def test_across_splits_both_strands_count_also_where_bases_are_labelled() -> None:
    kept, counts = remove_duplicates([make_row("a", "AACG", "ndnn"), make_row("b", "CGTT", "nnnn", "test")], "token")
    assert names(kept) == ["b"]
    assert counts.across_splits == {"train": 1}


def test_only_the_first_few_of_a_reason_are_listed() -> None:
    _, counts = remove_duplicates([make_row(f"row{number}", "AACG") for number in range(20)])
    assert counts.within_split == {"train": 19}
    assert [sample.id for sample in counts.samples] == ["row1", "row2", "row3", "row4", "row5"]


def test_no_rows_are_no_duplicates() -> None:
    assert remove_duplicates([]) == ([], DuplicateCounts({}, {}, {}))


@given(st.lists(st.tuples(st.text("ACGT", min_size=1, max_size=3), st.sampled_from("01"), st.sampled_from(["train", "valid", "test"]))))
def test_what_stays_is_what_the_rules_say(drawn: list[tuple[str, str, str]]) -> None:
    rows = [make_row(f"row{number}", *row) for number, row in enumerate(drawn)]
    by_sequence: dict[str, list[Example]] = {}
    for row in rows:
        by_sequence.setdefault(canonical(row), []).append(row)
    expected = set()
    for group in by_sequence.values():
        if len({row.label for row in group}) == 1:
            split = next(name for name in ("test", "valid", "train") if any(row.split == name for row in group))
            expected.add(next(row.region.name for row in group if row.split == split))
    kept, counts = remove_duplicates(rows)
    assert names(kept) == [row.region.name for row in rows if row.region.name in expected]
    left_out = (counts.within_split, counts.across_splits, counts.conflicting)
    assert sum(number for part in left_out for number in part.values()) == len(rows) - len(kept)
