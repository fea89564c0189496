import numpy as np
import pytest

from dnabert.checkpoint import ModelInfo
from dnabert.cli.jobs.report.kinds import draw, kinds_of, positive_number
from dnabert.errors import ConfigError
from dnabert.infer.embedding.analysis import label_groups
from dnabert.model.config import HeadConfig


def test_each_class_that_occurs_is_a_kind_and_a_positive_one_of_several_is_set_against_the_rest() -> None:
    targets = np.array([0, 2, 0, 2])
    assert [(kind.name, kind.rows.tolist()) for kind in kinds_of("classify", "abc", targets, 4, None)] == [("a", [0, 2]), ("c", [1, 3])]
    found = kinds_of("classify", "abc", targets, 4, 2)
    assert [(kind.name, kind.rows.tolist()) for kind in found] == [("c", [1, 3]), ("not c", [0, 2])]
    assert [kind.name for kind in kinds_of("classify", "ab", np.array([0, 1]), 2, 1)] == ["a", "b"]


def test_the_most_frequent_eight_of_many_classes_are_kept_in_their_order() -> None:
    targets = np.repeat(np.arange(10), np.arange(1, 11))
    assert [kind.name for kind in kinds_of("classify", "abcdefghij", targets, len(targets), None)] == list("cdefghij")


def test_values_are_set_high_against_low_by_thirds_and_labels_may_be_none() -> None:
    values = np.array([[3.0], [1.0], [2.0], [0.0], [5.0], [4.0]])
    found = kinds_of("regress", ["x"], values, 6, None)
    assert [(kind.name, kind.rows.tolist()) for kind in found] == [("highest third", [4, 5]), ("lowest third", [1, 3])]
    hot = np.array([[1, 0], [1, 1], [0, 0]], np.float32)
    found = kinds_of("multilabel", "ab", hot, 3, None)
    assert [(kind.name, kind.rows.tolist()) for kind in found] == [("a", [0, 1]), ("b", [1]), ("no label", [2])]
    assert [kind.rows.tolist() for kind in kinds_of("multilabel", "ab", hot, 3, 1)] == [[1], [0, 2]]
    assert kinds_of("token", "ab", np.zeros(9, np.int64), 3, None)[0].rows.tolist() == [0, 1, 2]


def test_a_draw_is_in_order_repeats_itself_and_takes_all_where_there_are_few() -> None:
    rows = np.arange(0, 200, 2)
    found = draw(rows, 10, 3)
    assert found.tolist() == sorted(set(found.tolist()) & set(rows.tolist()))
    assert len(found) == 10
    assert np.array_equal(found, draw(rows, 10, 3))
    assert draw(rows, 100, 3) is rows


def test_rare_labels_are_one_group() -> None:
    texts = [name for number, name in enumerate("abcdefghij") for _ in range(number + 1)]
    numbers, names = label_groups(texts)
    assert names[0] == "d (n = 4)"
    assert names[-1] == "3 other labels (n = 6)"
    assert (numbers == len(names) - 1).sum() == 6
    assert label_groups(["b", "a", "b"])[1] == ("a (n = 1)", "b (n = 2)")


def test_of_two_classes_the_second_is_positive_and_of_more_none() -> None:
    two, three = (HeadConfig(task="classify", num_outputs=count) for count in (2, 3))
    assert positive_number(ModelInfo(head=two, labels=("a", "b")), None) == 1
    assert positive_number(ModelInfo(head=three, labels=("a", "b", "c")), None) is None
    assert positive_number(ModelInfo(head=three, labels=("a", "b", "c")), "a") == 0
    with pytest.raises(ConfigError, match="--positive-class z: the model knows no such class; it has a, b"):
        positive_number(ModelInfo(head=two, labels=("a", "b")), "z")
