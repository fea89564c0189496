import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.simulate import ALL_MOTIFS, Element, Motif, Placement
from dnabert.data.simulate.elements import Misplacement, Strand, forward_interval, plant_elements
from dnabert.dna.sequence import decode_bases, encode_bases
from tests.data.simulate.reading import reverse_complement_text


@given(st.sampled_from("+-"), st.integers(60, 140), st.integers(-20, 20), st.integers(0, 2**32))
def test_a_planted_motif_reads_back_on_its_strand(strand: Strand, anchor: int, offset: int, seed: int) -> None:
    codes = encode_bases("T" * 200).copy()
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(offset, offset), (0.0, 1.0))
    (planted,) = plant_elements(codes, [element], anchor, strand, np.random.default_rng(seed))
    text = decode_bases(codes)
    found = text[planted.start : planted.end]
    assert (found if strand == "+" else reverse_complement_text(found)) == "ACCGA"
    assert text.replace(found, "", 1) == "T" * 195
    assert planted.start == (anchor + offset if strand == "+" else anchor - offset - 4)


def test_elements_that_belong_outside_the_stretch_are_not_misplaced() -> None:
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(-60, -60), (0.0, 1.0))
    misplaced = Misplacement(first=-34, last=35, margin_bp=6)
    (planted,) = plant_elements(np.zeros(200, np.uint8), [element], 100, "+", np.random.default_rng(0), misplaced)
    assert planted.start == 40


def test_an_element_without_room_is_left_out() -> None:
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(0, 2), (0.0, 0.0, 1.0))
    planted = plant_elements(np.zeros(200, np.uint8), [element], 100, "+", np.random.default_rng(0))
    assert len(planted) == 1


def test_motif_follows_its_consensus() -> None:
    motif = Motif.from_consensus("m", "ANY", 0.9)
    np.testing.assert_allclose(motif.probs, [[0.9, 0.033333, 0.033333, 0.033333], [0.25] * 4, [0.05, 0.45, 0.05, 0.45]])
    np.testing.assert_allclose(motif.code_probs[2], [0.05, 0.45, 0.45, 0.05])  # A, T, C, G
    assert motif.bits(encode_bases("AGC")) == pytest.approx(np.log2(3.6) + np.log2(1.8))
    rng = np.random.default_rng(0)
    sampled = np.stack([motif.sample(rng) for _ in range(4000)])
    counts = np.stack([(sampled == code).mean(axis=0) for code in range(4)], axis=1)
    np.testing.assert_allclose(counts, motif.code_probs, atol=0.03)


def test_bits_are_log2_odds_summed_over_the_positions() -> None:
    motif = Motif("m", ((0.5, 0.25, 0.125, 0.125), (0.25, 0.25, 0.25, 0.25)))
    assert motif.bits(encode_bases("AG")) == 1.0
    assert motif.bits(encode_bases("GT")) == -1.0
    assert motif.max_bits == 1.0
    assert motif.information_bits == pytest.approx(0.25)  # 0.5 * 1 + 0.25 * 0 + 2 * 0.125 * -1
    np.testing.assert_array_equal(motif.scan(encode_bases("AGTNA")), [1, -1, -np.inf, -np.inf])


@given(st.sampled_from(ALL_MOTIFS), st.text("ACGT", min_size=30, max_size=40))
def test_a_scan_scores_every_place_as_if_it_stood_alone(motif: Motif, text: str) -> None:
    codes = encode_bases(text)
    expected = [motif.bits(codes[start : start + motif.length_bp]) for start in range(len(text) - motif.length_bp + 1)]
    np.testing.assert_allclose(motif.scan(codes), expected)
    np.testing.assert_allclose(motif.scan(np.stack([codes, codes]))[1], expected)


def test_instances_of_a_range_score_within_it() -> None:
    motif, rng = ALL_MOTIFS[0], np.random.default_rng(0)
    scores = [motif.bits(motif.sample_between(2.0, 5.0, rng, softness=0.3)) for _ in range(200)]
    assert 2.0 <= min(scores) < max(scores) < 5.0


@pytest.mark.parametrize("motif", ALL_MOTIFS, ids=lambda motif: motif.name)
def test_rows_of_every_matrix_are_probabilities(motif: Motif) -> None:
    np.testing.assert_allclose(np.sum(motif.probs, axis=1), 1, atol=1e-5)
    assert np.min(motif.probs) > 0


@given(st.sampled_from("+-"), st.integers(100, 200), st.integers(-50, 50), st.integers(1, 50))
def test_offsets_count_from_the_anchor_in_reading_direction(strand: Strand, anchor: int, first: int, length_bp: int) -> None:
    start, end = forward_interval(anchor, strand, first, first + length_bp)
    direction = 1 if strand == "+" else -1
    assert set(range(start, end)) == {anchor + direction * (first + step) for step in range(length_bp)}


def test_elements_keep_off_what_is_occupied() -> None:
    element = Element(Motif.from_consensus("m", "ACCGA", 1.0), Placement(0, 10), (0.0, 1.0))
    codes = np.zeros(200, np.uint8)
    first = plant_elements(codes, [element], 100, "+", np.random.default_rng(0))
    for seed in range(20):
        second = plant_elements(codes.copy(), [element], 100, "+", np.random.default_rng(seed), occupied=first)
        assert all(item.end <= first[0].start or item.start >= first[0].end for item in second)
