import numpy as np
import pytest

from dnabert.data.datasets.example import Example
from dnabert.data.finish import containment
from dnabert.data.finish.near_duplicates import Comparison, accuracy_text, find_near_duplicates, similar_training_rows
from dnabert.data.finish.sketch import SKETCH_KMER
from tests.data.finish.rows import make_row, other_strand, random_bases

# Rows of 55 bases have 40 16-mers, and are taken whole.
LENGTH_BP = 55


def begun_as(text: str, num_bases: int, seed: int) -> str:
    """The first bases of a row, another one than follows there, and random ones."""
    other = "ACGT"[("ACGT".index(text[num_bases]) + 1) % 4]
    return text[:num_bases] + other + random_bases(LENGTH_BP - num_bases - 1, seed)


def one_comparison(rows: list[Example]) -> Comparison:
    (comparison,) = find_near_duplicates(rows).comparisons
    return comparison


def test_half_of_a_row_in_a_training_row_is_half() -> None:
    original = random_bases(LENGTH_BP, 1)
    half = begun_as(original, 35, 2)
    rows = [make_row("other", random_bases(LENGTH_BP, 3)), make_row("original", original), make_row("half", half, split="test")]
    found = find_near_duplicates(rows)
    (pair,) = found.pairs
    assert (pair.id, pair.split, pair.other_id, pair.other_split, pair.containment) == ("half", "test", "original", "train", 0.5)
    assert (pair.region, pair.other_region) == (str(rows[2].region), str(rows[1].region))
    assert (found.kmer, found.sampled_share) == (16, 1.0)
    (comparison,) = found.comparisons
    assert (comparison.num_rows, comparison.num_compared, comparison.num_above_half) == (1, 1, 0)
    assert comparison.histogram == tuple(int(place == 10) for place in range(20))


def test_the_other_strand_of_a_row_is_the_row() -> None:
    original = random_bases(LENGTH_BP, 1)
    comparison = one_comparison([make_row("a", original), make_row("b", other_strand(original), split="valid")])
    assert (comparison.split, comparison.other) == ("valid", "train")
    assert (comparison.num_above_half, comparison.num_above_four_fifths, comparison.histogram[-1]) == (1, 1, 1)


def test_it_is_the_best_single_row_that_counts() -> None:
    original = random_bases(LENGTH_BP, 1)
    rows = [make_row("a", begun_as(original, 35, 2)), make_row("b", other_strand(begun_as(other_strand(original), 30, 3)))]
    found = find_near_duplicates([*rows, make_row("c", original, split="test")])
    assert [(pair.other_id, pair.containment) for pair in found.pairs] == [("a", 0.5)]


def test_all_three_pairs_of_splits_are_compared() -> None:
    original = random_bases(LENGTH_BP, 1)
    rows = [make_row("a", random_bases(LENGTH_BP, 2)), make_row("b", original, split="valid"), make_row("c", original, split="test")]
    found = find_near_duplicates(rows)
    above = {(each.split, each.other): each.num_above_four_fifths for each in found.comparisons}
    assert above == {("test", "train"): 0, ("valid", "train"): 0, ("valid", "test"): 1}


def test_the_largest_share_agrees_with_sets_of_kmers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    pieces = [random_bases(11, seed) for seed in range(12)]
    texts = ["".join(pieces[number] for number in rng.integers(0, 12, 5)) for _ in range(120)]
    rows = [make_row(f"row{number}", text, split="train" if number < 80 else "test") for number, text in enumerate(texts)]

    def kmers(text: str) -> set[str]:
        parts = (text[start : start + SKETCH_KMER] for start in range(len(text) - SKETCH_KMER + 1))
        return {min(part, other_strand(part)) for part in parts}

    sets = [kmers(text) for text in texts]
    expected = [max(len(own & other) / len(own) for other in sets[:80]) for own in sets[80:] if len(own) >= 8]
    comparison = one_comparison(rows)
    assert comparison.histogram == tuple(np.histogram(expected, bins=20, range=(0, 1))[0].tolist())
    assert comparison.num_above_half == sum(value > 0.5 for value in expected) > 0
    too_similar = [number for number in range(80) if any(len(own & sets[number]) / len(own) > 0.4 for own in sets[80:] if len(own) >= 8)]
    assert similar_training_rows(rows, 0.4) == too_similar
    assert 0 < len(too_similar) < 80
    monkeypatch.setattr(containment, "_BLOCK_PAIRS", 1)
    assert one_comparison(rows) == comparison
    assert similar_training_rows(rows, 0.4) == too_similar


def test_rows_of_400_bases_are_told_to_the_kmer() -> None:
    # The test rows share 185 to 204 of their 385 16-mers with a training row.
    originals = [random_bases(400, seed) for seed in range(20)]
    rows = [make_row(f"train{number}", text) for number, text in enumerate(originals)]
    for number, text in enumerate(originals):
        other = "ACGT"[("ACGT".index(text[200 + number]) + 1) % 4]
        rows.append(make_row(f"test{number}", text[: 200 + number] + other + random_bases(199 - number, 50 + number), split="test"))
    found = find_near_duplicates(rows)
    assert [(pair.id, pair.containment) for pair in found.pairs] == [
        (f"test{number}", (185 + number) / 385) for number in range(19, -1, -1)
    ]
    assert found.comparisons[0].num_above_half == 12
    assert similar_training_rows(rows, 0.5) == list(range(8, 20))
    assert accuracy_text(found.sampled_share, found.comparisons) == "exact: every 16-mer counts"


def test_estimates_are_said_to_be_some() -> None:
    whole = Comparison("test", "train", 1, 1, 0, 0, (0,) * 20)
    without = Comparison("valid", "train", 1, 1, 0, 0, (0,) * 20, 3, 100)
    assert accuracy_text(0.25, [whole]) == "estimates, from a sample of 25% of the 16-mers: a row near a limit may be on either side of it"
    assert accuracy_text(0.25, [whole, without]) == (
        "estimates, from a sample of 25% of the 16-mers and without the 16-mers of the most frequent repeats: a row near a limit may be on"
        " either side of it"
    )


def test_frequent_repeats_are_left_out_on_either_side_when_there_is_too_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    repeat, own = random_bases(LENGTH_BP, 1), random_bases(LENGTH_BP, 2)
    rows = [make_row(f"train{number}", repeat[:40] + random_bases(15, 100 + number)) for number in range(10)]
    rows += [make_row("twin", own), make_row("mixed", repeat[:31] + own[31:], split="test"), make_row("repeat", repeat[:38], split="test")]
    whole = one_comparison(rows)
    # The ten training rows share 25 16-mers; the test rows hold 16 of them (of 40), and 23 (of 23): these.
    assert (whole.num_compared, whole.num_frequent_hashes, whole.most_rows_of_a_hash) == (2, 0, None)
    assert whole.num_above_four_fifths == 1
    monkeypatch.setattr(containment, "_MAX_PAIRS", 50)
    limited = one_comparison(rows)
    assert (limited.num_compared, limited.num_frequent_hashes, limited.most_rows_of_a_hash) == (1, 23, 9)
    assert limited.num_above_four_fifths == 0


def test_a_row_of_too_few_kmers_is_not_compared() -> None:
    rows = [make_row("a", "A" * LENGTH_BP), make_row("b", "A" * LENGTH_BP, split="test"), make_row("c", "ACGT", split="test")]
    comparison = one_comparison(rows)
    assert (comparison.num_rows, comparison.num_compared, sum(comparison.histogram)) == (2, 0, 0)


def test_splits_that_are_not_there_are_not_compared() -> None:
    rows = [make_row("a", random_bases(LENGTH_BP, 1), split="valid")]
    assert find_near_duplicates(rows).comparisons == ()
    assert find_near_duplicates([]).comparisons == ()
    assert similar_training_rows(rows, 0.5) == []


def test_the_most_alike_of_all_comparisons_are_listed() -> None:
    originals = [random_bases(LENGTH_BP, seed) for seed in range(30)]
    rows = [make_row(f"train{number}", text) for number, text in enumerate(originals)]
    rows += [make_row(f"test{number}", begun_as(text, 16 + number, 50 + number), split="test") for number, text in enumerate(originals)]
    pairs = find_near_duplicates(rows).pairs
    assert [pair.id for pair in pairs] == [f"test{number}" for number in range(29, 9, -1)]
    assert pairs[0].containment == 30 / 40
