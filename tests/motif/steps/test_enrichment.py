import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.motif.steps.enrichment import enrichment_of, hypergeometric_log_p, hypergeometric_p
from tests.motif.recipe import benjamini_hochberg, tail


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[int], list[int], int, int]:
    positives, negatives = draw(st.integers(1, 40)), draw(st.integers(0, 40))
    rows = draw(st.lists(st.tuples(st.integers(0, positives), st.integers(0, negatives)), min_size=1, max_size=8))
    return [row[0] for row in rows], [row[1] for row in rows], positives, negatives


@settings(deadline=None)
@given(tables())
def test_p_and_q_are_those_of_exact_fractions(table: tuple[list[int], list[int], int, int]) -> None:
    x, y, K, rest = table
    wanted = [float(tail(a, a + b, K, K + rest)) for a, b in zip(x, y, strict=True)]
    found = enrichment_of(np.array(x), np.array(y), K, rest)
    assert found.p == pytest.approx(wanted, rel=1e-9)
    assert found.q == pytest.approx(benjamini_hochberg(wanted), rel=1e-9)


@settings(deadline=None)
@given(tables())
def test_the_logarithm_is_that_of_p(table: tuple[list[int], list[int], int, int]) -> None:
    x, y, K, rest = table
    n = np.array(x) + np.array(y)
    assert np.exp(hypergeometric_log_p(np.array(x), n, K, K + rest)) == pytest.approx(
        hypergeometric_p(np.array(x), n, K, K + rest), rel=1e-7
    )


def test_the_logarithm_goes_on_where_p_is_too_small_for_a_number() -> None:
    x = np.array([2000])
    assert hypergeometric_p(x, x, 2000, 4000)[0] == 0.0
    wanted = -(math.lgamma(4001) - 2 * math.lgamma(2001))
    assert hypergeometric_log_p(x, x, 2000, 4000)[0] == pytest.approx(wanted, rel=1e-6)


def test_no_strings_have_no_tests() -> None:
    found = enrichment_of(np.empty(0, np.int64), np.empty(0, np.int64), 3, 3)
    assert len(found.p) == len(found.q) == 0
