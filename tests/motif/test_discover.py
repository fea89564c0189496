import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import decode_bases, encode_bases
from dnabert.motif.discover import centre_windows, discover_motifs
from dnabert.motif.found import Discovery
from dnabert.motif.settings import MotifSettings
from dnabert.motif.steps.islands import smoothed
from tests.motif import recipe

WHOLE = MotifSettings(window_bp=9, max_q=0.3, min_sites=2, trim_bits=0.0)
PLANT = "ACGATAAGC"


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[list[float]], list[str], list[str]]:
    """Short sequences out of few pieces, so that strings repeat, with high scores over some of them."""
    pieces = st.lists(st.sampled_from(["GATAAG", "CTTATC", "ACCTG", "TTTTN", "CAGGTG", "A", "CG"]), min_size=2, max_size=5)
    positives = ["".join(draw(pieces)) for _ in range(draw(st.integers(1, 8)))]
    negatives = ["".join(draw(pieces)) for _ in range(draw(st.integers(0, 5)))]
    scores = []
    for text in positives:
        row = [1.0] * len(text)
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, len(text) - 1))
            row[start : start + draw(st.integers(4, 8))] = [50.0] * len(row[start : start + 8])
            row = row[: len(text)]
        scores.append(row + [1.0] * (len(text) - len(row)))
    return scores, positives, negatives


def run(scores: list[list[float]], positives: list[str], negatives: list[str], config: MotifSettings) -> Discovery:
    codes = [[encode_bases(text) for text in part] for part in (positives, negatives)]
    return discover_motifs([np.array(row) for row in scores], codes[0], codes[1], config)


def windows_of(found: Discovery) -> list[tuple[str, list[tuple[int, int, int, bool]]]]:
    parts = []
    for motif in found.motifs:
        sites = motif.sites
        rows = zip(sites.sequences.tolist(), sites.starts.tolist(), sites.ends.tolist(), sites.is_reverse.tolist(), strict=True)
        parts.append((motif.strings[0], sorted(rows)))
    return sorted(parts)


@settings(max_examples=150, deadline=None)
@given(searches(), st.booleans())
def test_motifs_are_those_of_the_recipe(search: tuple[list[list[float]], list[str], list[str]], both: bool) -> None:
    found = run(*search, WHOLE.model_copy(update={"both_strands": both}))
    assert windows_of(found) == recipe.discover(*search, both=both, max_q=0.3, size=9, min_sites=2)


@settings(deadline=None)
@given(searches(), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_sequences_does_not_matter(
    search: tuple[list[list[float]], list[str], list[str]], random: "object", both: bool
) -> None:
    config = WHOLE.model_copy(update={"both_strands": both})
    scores, positives, negatives = search
    order = list(range(len(positives)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first = run(scores, positives, negatives, config)
    second = run([scores[number] for number in order], [positives[number] for number in order], negatives[::-1], config)
    assert first.steps == second.steps
    for one, other in zip(first.motifs, second.motifs, strict=True):
        assert (one.name, one.strings, one.p, one.q, one.consensus) == (other.name, other.strings, other.p, other.q, other.consensus)
        assert np.array_equal(one.probs, other.probs)
        assert sorted(order[number] for number in other.sites.sequences.tolist()) == one.sites.sequences.tolist()


def planted(seed: int, turn: bool) -> tuple[list[list[float]], list[str], list[str], list[int]]:
    """200 random sequences of 60 bases, half with a planted string, of which some bases were changed; scores are high about it."""
    rng = np.random.default_rng(seed)
    texts = [decode_bases(rng.integers(0, 4, 60).astype(np.uint8)) for _ in range(200)]
    scores, starts = [], []
    for number in range(100):
        start, string = int(rng.integers(10, 40)), list(PLANT)
        if number % 3 == 0:
            string[int(rng.integers(0, 9))] = "ACGT"[int(rng.integers(0, 4))]
        written = "".join(string)
        if turn and number % 2:
            written = recipe.turned(written)
        texts[number] = texts[number][:start] + written + texts[number][start + 9 :]
        first, last = int(rng.integers(0, 3)), int(rng.integers(0, 3))
        row = rng.uniform(0.05, 0.2, 60)
        row[start - first : start + 9 + last] = rng.uniform(3, 5, 9 + first + last)
        scores.append(row.tolist())
        starts.append(start)
    return scores, texts[:100], texts[100:], starts


@pytest.mark.parametrize("turn", [False, True])
def test_a_planted_motif_is_found_with_its_sites(turn: bool) -> None:
    scores, positives, negatives, starts = planted(3, turn)
    # Strings with other flanks are rare: each is in one or two sequences.
    found = run(scores, positives, negatives, MotifSettings(both_strands=turn, max_q=0.6, trim_bits=1.0))
    top = found.motifs[0]
    assert top.consensus in (PLANT, recipe.turned(PLANT))
    assert len(top.sites) >= 80
    at_plant = sum(start == starts[number] for number, start in zip(top.sites.sequences.tolist(), top.sites.starts.tolist(), strict=True))
    assert at_plant >= 0.95 * len(top.sites)
    if turn:
        is_odd = np.array([number % 2 == 1 for number in top.sites.sequences.tolist()])
        assert max((top.sites.is_reverse == is_odd).mean(), (top.sites.is_reverse != is_odd).mean()) >= 0.95
    assert top.in_positives is not None
    assert top.in_positives > 5 * (top.in_negatives or 1)


@pytest.mark.parametrize(("num_positives", "smooth_bp", "num_sites"), [(300, 1, 200), (1000, 5, 20)])
def test_a_planted_motif_is_found_at_the_default_settings(num_positives: int, smooth_bp: int, num_sites: int) -> None:
    """Scores made by hand, as attention is read (as it is) and as attribution is; three sites in ten have a changed base.

    Smoothing widens each island by two random bases at either end, so that its string is rare: few strings of many sites are kept.
    """
    rng = np.random.default_rng(0)
    site = encode_bases("TGACTCATCG")
    positives, scores, starts = [], [], []
    for _ in range(num_positives):
        codes, start = rng.integers(0, 4, 100).astype(np.uint8), int(rng.integers(12, 66))
        codes[start : start + 10] = site
        if rng.random() < 0.3:
            codes[start + rng.integers(0, 10)] = rng.integers(0, 4)
        row = np.maximum(rng.normal(0, 0.1, 100), 0)
        row[start : start + 10] = rng.uniform(0.5, 1.5, 10)
        positives.append(codes)
        scores.append(smoothed(row, smooth_bp))
        starts.append(start)
    negatives = [rng.integers(0, 4, 100).astype(np.uint8) for _ in range(num_positives)]
    (motif,) = discover_motifs(scores, positives, negatives).motifs
    assert "TGACTCATCG" in motif.consensus
    first = motif.consensus.index("TGACTCATCG")
    at_plant = [starts[number] == place + first for number, place in zip(motif.sites.sequences, motif.sites.starts, strict=True)]
    assert len(at_plant) >= num_sites
    assert np.mean(at_plant) > 0.95
    assert motif.best_string_q is not None
    assert motif.best_string_q < 0.005
    # Half of the sites fit as well as the median one, and hardly any random sequence does.
    assert motif.matrix_positives is not None
    assert motif.matrix_positives >= len(motif.sites) / 2
    assert motif.matrix_negatives == 0


def test_a_window_is_centred_and_one_more_base_lies_behind_an_odd_gap() -> None:
    starts, ends = np.array([10, 10, 10, 10]), np.array([16, 15, 15, 37])
    found = centre_windows(starts, ends, np.array([False, False, True, False]), 24)
    assert found.tolist() == [1, 1, 0, 12]


def test_a_window_that_ends_with_its_sequence_is_kept() -> None:
    # 24 bases about 9..15: exactly 0..24. 2021 lost it.
    text = "CCACCACCCGATAAGCACCACCCA"
    scores = [[0.1] * 9 + [5.0] * 6 + [0.1] * 9] * 3
    found = run(scores, [text] * 3, ["A" * 24] * 3, MotifSettings(max_q=0.5, trim_bits=0.0))
    assert [motif.sites.ends.tolist() for motif in found.motifs] == [[24, 24, 24]]
    shorter = run([row[:-1] for row in scores], [text[:-1]] * 3, ["A" * 24] * 3, MotifSettings(max_q=0.5, trim_bits=0.0))
    assert not shorter.motifs
    assert "3 windows of 24 bases leave their sequence" in shorter.steps[6].note


def test_every_step_leaves_its_number() -> None:
    scores, positives, negatives, _ = planted(3, False)
    found = run(scores, positives, negatives, MotifSettings(max_q=0.6))
    assert [step.name for step in found.steps] == ["positives", "runs", "islands", "candidates", "kept", "merged", "windows", "motifs"]
    counts = [step.count for step in found.steps]
    assert counts[0] == counts[1] == counts[2] == 100
    assert counts[2] >= counts[3] >= counts[4] >= counts[5] >= counts[7] >= 1
    assert found.hint == ""


@pytest.mark.parametrize(
    ("scores", "positive", "changed", "hint"),
    [
        ([0.3] * 30, "GATAAG" * 5, {}, "all scores are equal: no base stands out in any of the sequences; try another layer"),
        ([1.0] * 20 + [4.0] * 10, "GATAAG" * 5, {}, "(at most 4 times are reached); lower it with --set min_factor=2"),
        ([0.1] * 27 + [4.0] * 3, "GATAAG" * 5, {}, "the longest run of high bases has 3, fewer than 5; lower it with --set min_len_bp=3"),
        ([1.0] * 20 + [4.0] * 10, "GATAAG" * 5, {"mean_factor": 9.0, "min_factor": 0.0}, "no base scores above 9 times the mean"),
        ([0.1] * 24 + [4.0] * 6, "GATAAG" * 5, {"max_q": 0.001}, "the lowest q is 0.1, and the most frequent string is in 2 of 2"),
        ([0.1] * 24 + [4.0] * 6, "GATAAG" * 5, {"max_q": 0.5}, "no group has 3 windows (at most 0); lower it with --set min_sites=1"),
    ],
)  # fmt: skip
def test_a_step_that_leaves_nothing_says_what_to_loosen(scores: list[float], positive: str, changed: dict[str, float], hint: str) -> None:
    found = run([scores] * 2, [positive] * 2, ["A" * 30] * 3, MotifSettings(**changed))  # type: ignore[arg-type]
    assert not found.motifs
    assert hint in found.hint
