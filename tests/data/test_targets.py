from collections.abc import Sequence

import numpy as np
import pytest

from dnabert.choices import Task, TokenLevel
from dnabert.data.labelled import LabelledSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import find_classes, make_targets
from dnabert.dna.sequence import encode_bases
from dnabert.errors import DataFileError


def labelled(labels: Sequence[str], texts: Sequence[str] | None = None) -> LabelledSet:
    sequences = [encode_bases(text) for text in texts or ["ACGTA"] * len(labels)]
    names = tuple(f"row{number}" for number in range(1, len(labels) + 1))
    where = tuple(f"t.csv:{number}" for number in range(2, len(labels) + 2))
    return LabelledSet(SequenceSet(names, pack(sequences)), tuple(labels), where, "t.csv")


@pytest.mark.parametrize("task", ["classify", "pair"])
def test_classes_become_numbers_in_their_order(task: Task) -> None:
    data = labelled(["donor", "acceptor", "neither", "donor"])
    classes = find_classes(data, task)
    assert classes == ("acceptor", "donor", "neither")
    values = make_targets(data, task, classes).values
    assert values.tolist() == [1, 0, 2, 1]
    assert values.dtype == np.int64


def test_whole_numbers_are_ordered_as_numbers_and_come_before_names() -> None:
    assert find_classes(labelled(["10", "9", "other", "0", "2"]), "classify") == ("0", "2", "9", "10", "other")


def test_multilabel_takes_names_between_semicolons_and_none_is_no_label() -> None:
    data = labelled(["CTCF; p53", "none", "p53", "None", "CTCF;CTCF"])
    classes = find_classes(data, "multilabel")
    assert classes == ("CTCF", "p53")
    targets = make_targets(data, "multilabel", classes).values
    assert targets.tolist() == [[1, 1], [0, 0], [0, 1], [0, 0], [1, 0]]
    assert targets.dtype == np.float32


def test_one_label_is_enough_for_multilabel_but_not_none_at_all() -> None:
    assert find_classes(labelled(["CTCF", "none"]), "multilabel") == ("CTCF",)
    with pytest.raises(DataFileError, match=r"t\.csv: no label is ever set; training needs at least 1 classes"):
        find_classes(labelled(["none", "none"]), "multilabel")


def test_regression_takes_one_number_or_several() -> None:
    one = labelled(["1.5", "-2e-3", "7"])
    assert find_classes(one, "regress") == ("value",)
    values = make_targets(one, "regress", ("value",)).values
    assert values.dtype == np.float32
    assert values == pytest.approx(np.array([[1.5], [-0.002], [7]], dtype=np.float32))
    two = labelled(["1; 2", "3;4"])
    assert find_classes(two, "regress") == ("value0", "value1")
    assert make_targets(two, "regress", ("value0", "value1")).values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("high", r"t\.csv:3: the label 'high' is no number; the task is regress"),
        ("1,5", r"t\.csv:3: the label '1,5' is no number"),
        ("nan", r"t\.csv:3: the label 'nan' must be 1 finite number\(s\)"),
        ("inf", r"t\.csv:3: the label 'inf' must be 1 finite number\(s\)"),
        ("1e39", r"t\.csv:3: the label '1e39' must be 1 finite number\(s\)"),  # more than float32 holds
        ("1;2", r"t\.csv:3: the label '1;2' must be 1 finite number\(s\)"),
    ],
)
def test_a_regression_label_that_is_no_finite_number_is_named_with_its_line(label: str, message: str) -> None:
    with pytest.raises(DataFileError, match=message):
        make_targets(labelled(["1", label]), "regress", ("value",))


@pytest.mark.parametrize(
    ("level", "kmer", "labels"),
    [
        ("base", 3, ["01100", "111"]),
        ("kmer", 3, ["011", "1"]),
        ("base", 3, ["0 1 1 0 0", "1 1 1"]),
    ],
)
def test_token_labels_have_one_class_for_every_base_or_kmer(level: TokenLevel, kmer: int, labels: list[str]) -> None:
    data = labelled(labels, ["ACGTA", "GGG"])
    classes = find_classes(data, "token")
    assert classes == ("0", "1")
    targets = make_targets(data, "token", classes, level, kmer)
    flat = [int(letter) for label in labels for letter in label.replace(" ", "")]
    assert targets.values.tolist() == flat
    assert targets.offsets is not None
    assert targets.offsets.tolist() == [0, len(labels[0].replace(" ", "")), len(flat)]


def test_token_labels_may_be_names_between_blanks() -> None:
    data = labelled(["exon exon intron", "10 9 exon"], ["ACG", "GGG"])
    classes = find_classes(data, "token")
    assert classes == ("9", "10", "exon", "intron")
    assert make_targets(data, "token", classes).values.tolist() == [2, 2, 3, 1, 0, 2]


def test_a_token_label_of_another_length_than_its_sequence_says_both_lengths() -> None:
    data = labelled(["01100", "0110"])
    message = r"t\.csv:3: 4 labels for 5 bases; a token label has one letter for every base, or names separated by blanks"
    with pytest.raises(DataFileError, match=message):
        make_targets(data, "token", ("0", "1"), "base", 3)
    with pytest.raises(DataFileError, match=r"t\.csv:2: 5 labels for 3 kmers"):
        make_targets(data, "token", ("0", "1"), "kmer", 3)


@pytest.mark.parametrize(("task", "label"), [("classify", "2"), ("pair", "2"), ("multilabel", "0;2"), ("token", "01102")])
def test_a_label_that_training_never_saw_is_named_with_its_line(task: Task, label: str) -> None:
    first = "01100" if task == "token" else "0"
    with pytest.raises(DataFileError, match=r"t\.csv:3: the label '2' is not among those of the training data \(0, 1\)"):
        make_targets(labelled([first, label]), task, ("0", "1"))


@pytest.mark.parametrize(("task", "label"), [("classify", "1"), ("pair", "1"), ("token", "11111")])
def test_one_class_only_is_an_error_that_names_it(task: Task, label: str) -> None:
    with pytest.raises(
        DataFileError, match=r"t\.csv: the only label is '1'; training needs at least 2 classes: add examples of another one"
    ):
        find_classes(labelled([label, label]), task)
