"""A mismatch stops a benchmark before anything is timed."""

import numpy as np
import pytest

from benchmarks.speed.agreement import MismatchError, check_close, check_equal, relative_difference


def test_the_difference_is_relative_to_the_length_of_the_slow_path() -> None:
    assert relative_difference([3.0, 4.5], [3.0, 4.0]) == pytest.approx(0.1)  # 0.5 of length 5
    assert relative_difference(np.zeros((2, 2)), np.ones((2, 2))) == 1.0


def test_close_outputs_agree_and_the_difference_is_kept() -> None:
    found = check_close("logits", "float32", [1.001, 1.0], [1.0, 1.0], 1e-2)
    assert (found.what, found.against, found.tolerance) == ("logits", "float32", 1e-2)
    assert found.difference == pytest.approx(0.001 / np.sqrt(2))


def test_outputs_beyond_the_tolerance_stop_the_benchmark() -> None:
    with pytest.raises(MismatchError, match=r"^logits: differs from float32 by 0.1 \(relative\), more than 0.01; nothing was timed$"):
        check_close("logits", "float32", [3.0, 4.5], [3.0, 4.0], 1e-2)


def test_an_output_that_is_no_number_stops_the_benchmark() -> None:
    with pytest.raises(MismatchError, match="by nan"):
        check_close("logits", "float32", [float("nan"), 1.0], [1.0, 1.0], 1e-2)


def test_outputs_of_another_number_stop_the_benchmark() -> None:
    with pytest.raises(MismatchError, match="3 values where the slow path has 2"):
        check_close("logits", "float32", [1.0, 1.0, 1.0], [1.0, 1.0], 1e-2)


def test_equal_ids_agree() -> None:
    found = check_equal("ids", "slices", [5, 6], np.array([5, 6], np.uint16))
    assert (found.tolerance, found.difference) == (0, 0)


def test_a_single_other_id_stops_the_benchmark() -> None:
    with pytest.raises(MismatchError, match=r"^ids: 1 of 3 ids differ from slices; nothing was timed$"):
        check_equal("ids", "slices", [5, 6, 7], [5, 6, 8])


def test_ids_of_another_shape_stop_the_benchmark() -> None:
    with pytest.raises(MismatchError, match=r"^ids: shape \(2,\) where slices has \(3,\); nothing was timed$"):
        check_equal("ids", "slices", [5, 6], [5, 6, 8])
