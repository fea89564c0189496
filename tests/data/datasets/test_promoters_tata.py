import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets.promoters.tata import TATA_BP, box_bits, class_of_bits, promoter_bits, window_bits
from dnabert.dna.sequence import encode_bases
from tests.data.datasets.promoter_files import opposite, planted, random_bases, write_genome

# Bucher 1990, by position of the box: the matrix is written down a second time here, the other way round.
COUNTS = """
61 145 152 31 | 16 46 18 309 | 352 0 2 35 | 3 10 2 374 | 354 0 5 30 | 268 0 0 121 | 360 3 20 6 | 222 2 44 121
155 44 157 33 | 56 135 150 48 | 83 147 128 31 | 82 127 128 52 | 82 118 128 61 | 68 107 139 75 | 77 101 140 71
"""
ROWS = [[int(count) for count in row.split()] for row in COUNTS.replace("\n", " | ").split("|") if row.strip()]
BEST = "GTATAAAAGGCGGGG"
GC = "GC" * 100


def expected_bits(text: str) -> float:
    if len(text) < 15 or "N" in text:
        return -math.inf
    return sum(math.log2((ROWS[place]["ACGT".index(base)] + 1) / 393 * 4) for place, base in enumerate(text))


def test_every_column_of_the_matrix_has_389_boxes() -> None:
    assert [sum(row) for row in ROWS] == [389] * TATA_BP


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("ACGTN", min_size=1, max_size=40), min_size=1, max_size=3))
def test_scores_of_all_places_on_both_strands_are_those_worked_out_on_text(
    tmp_path_factory: pytest.TempPathFactory, contigs: list[str]
) -> None:
    store = write_genome(tmp_path_factory.mktemp("genome"), {"first": "A", **{f"c{index}": text for index, text in enumerate(contigs)}})
    start = 1
    for text in contigs:
        places = np.arange(len(text)) + start
        forward = box_bits(store, places, np.zeros(len(text), dtype=np.bool_))
        assert forward == pytest.approx([expected_bits(text[place : place + 15]) for place in range(len(text))])
        reverse = box_bits(store, places, np.ones(len(text), dtype=np.bool_))
        assert reverse == pytest.approx([expected_bits(opposite(text[max(place - 14, 0) : place + 1])) for place in range(len(text))])
        start += len(text)


def test_places_outside_of_the_genome_have_no_box(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"c": GC})
    assert box_bits(store, np.array([-5, 190, 300, 14, 13]), np.array([False, False, False, True, True])).tolist()[:3] == [-math.inf] * 3
    assert np.isfinite(box_bits(store, np.array([185, 14]), np.array([False, True]))).all()
    assert box_bits(store, np.array([13, 186]), np.array([True, False])).tolist() == [-math.inf] * 2


@pytest.mark.parametrize("offset", [-34, -31, -29])
def test_a_planted_box_is_found_at_its_offset_on_both_strands(tmp_path: Path, offset: int) -> None:
    forward = planted(GC, BEST, 100 + offset)
    store = write_genome(tmp_path, {"plus": forward, "minus": opposite(forward)})
    bits, offsets = promoter_bits(store, np.array([100, 200 + 199 - 100]), np.array([False, True]))
    assert bits == pytest.approx([expected_bits(BEST)] * 2)
    assert offsets.tolist() == [offset, offset]
    assert [class_of_bits(score) for score in bits] == ["TATA", "TATA"]


@pytest.mark.parametrize("offset", [-40, -24])
def test_a_box_at_another_place_makes_no_tata_promoter(tmp_path: Path, offset: int) -> None:
    store = write_genome(tmp_path, {"c": planted(GC, BEST, 100 + offset)})
    bits, _ = promoter_bits(store, np.array([100]), np.array([False]))
    assert class_of_bits(bits[0]) == "non-TATA"


def test_a_box_on_the_other_strand_makes_no_tata_promoter(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"c": planted(GC, opposite(BEST), 100 - 31)})
    bits, _ = promoter_bits(store, np.array([100]), np.array([False]))
    assert class_of_bits(bits[0]) == "non-TATA"


def test_a_promoter_whose_box_would_lie_over_ambiguous_bases_has_none(tmp_path: Path) -> None:
    store = write_genome(tmp_path, {"c": "N" * 90 + GC})
    bits, _ = promoter_bits(store, np.array([100]), np.array([False]))
    assert bits.tolist() == [-math.inf]
    assert class_of_bits(bits[0]) == "non-TATA"


@given(st.integers(0, 2**32), st.integers(34, 60))
def test_a_window_that_holds_all_places_scores_like_the_genome(seed: int, tss_index: int) -> None:
    text = random_bases(100, seed)
    expected = max(expected_bits(text[tss_index + offset : tss_index + offset + 15]) for offset in range(-34, -28))
    assert window_bits(encode_bases(text)[None], tss_index) == pytest.approx([expected])


def test_places_that_are_not_in_a_window_do_not_count() -> None:
    text = planted("GC" * 35, BEST, 0)
    assert window_bits(encode_bases(text)[None], 34)[0] == pytest.approx(expected_bits(BEST))
    assert class_of_bits(window_bits(encode_bases(text[1:])[None], 33)[0]) == "non-TATA"
    assert window_bits(encode_bases("ACGTACGTACGTACGTACGT")[None], 10).tolist() == [-math.inf]
    assert window_bits(encode_bases(BEST)[None], 40).tolist() == [-math.inf]
