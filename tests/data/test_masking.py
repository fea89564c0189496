import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dnabert.data.masking import LEGACY_OFFSETS, MaskingConfig, hidden_bases, mask_legacy, mask_spans, mask_tokens
from dnabert.dna.kmers import MASK_ID, NUM_SPECIAL, PAD_ID, vocabulary_size

PUBLISHED_MASK_LIST = {3: [-1, 1], 4: [-1, 1, 2], 5: [-2, -1, 1, 2], 6: [-2, -1, 1, 2, 3]}  # recipe 1.4

RECIPE_TABLE = [  # recipe 1.4: k, centre probability, masked tokens, fully hidden bases, of these leaked (percent)
    (6, 0.025, 14.0, 3.4, 46),
    (5, 0.03, 14.1, 3.9, 40),
    (4, 0.0375, 14.1, 4.6, 34),
    (3, 0.05, 14.2, 5.7, 27),
    (6, 0.0333, 18.4, 4.9, 46),
]


def random_ids(rng: np.random.Generator, lengths: npt.NDArray[np.int64], kmer: int) -> npt.NDArray[np.uint16]:
    """Independent random k-mers, padded: enough for masking, which never looks at the letters."""
    width = int(lengths.max())
    ids = rng.integers(NUM_SPECIAL, vocabulary_size(kmer), size=(len(lengths), width))
    return np.where(np.arange(width) < lengths[:, None], ids, PAD_ID).astype(np.uint16)


def slow_hidden(targets: npt.NDArray[np.bool_], length: int, kmer: int) -> list[bool]:
    """One row's fully hidden bases, base by base."""
    hidden = []
    for base in range(length + kmer - 1):
        covering = range(max(0, base - kmer + 1), min(base, length - 1) + 1)
        hidden.append(all(targets[token] for token in covering))
    return hidden


def leaked_bases(inputs: npt.NDArray[np.uint16], ids: npt.NDArray[np.uint16], hidden: npt.NDArray[np.bool_], kmer: int) -> int:
    """Hidden bases that a covering k-mer still shows because the draw left it as it was."""
    leaked = 0
    for row, base in zip(*np.nonzero(hidden), strict=True):
        tokens = slice(max(0, base - kmer + 1), min(base, ids.shape[1] - 1) + 1)
        leaked += bool((inputs[row, tokens] == ids[row, tokens]).any())
    return leaked


@pytest.mark.parametrize(("kmer", "probability", "masked", "hidden", "leaked"), RECIPE_TABLE)
def test_legacy_masking_has_the_shares_of_the_recipe(kmer: int, probability: float, masked: float, hidden: float, leaked: float) -> None:
    rng = np.random.default_rng(kmer * 100 + round(probability * 1e4))
    lengths = np.full(3000, 510)
    ids = random_ids(rng, lengths, kmer)
    result = mask_legacy(ids, lengths, kmer, probability, rng)
    bases = hidden_bases(result.targets, lengths, kmer)
    # The table is rounded (to 0.1, leak to 1) and was itself measured to 0.1 points.
    assert 100 * result.targets.mean() == pytest.approx(masked, abs=0.2)
    assert 100 * bases.mean() == pytest.approx(hidden, abs=0.15)
    share = 100 * leaked_bases(result.inputs, ids, bases, kmer) / bases.sum()
    assert share == pytest.approx(leaked, abs=1)


@pytest.mark.parametrize(("kmer", "probability"), [(6, 0.025), (3, 0.05)])
def test_legacy_masked_share_follows_from_the_span_of_k(kmer: int, probability: float) -> None:
    lengths = np.full(2000, 510)
    rng = np.random.default_rng(1)
    result = mask_legacy(random_ids(rng, lengths, kmer), lengths, kmer, probability, rng)
    assert result.targets[:, 10:-10].mean() == pytest.approx(1 - (1 - probability) ** kmer, abs=0.004)


def test_legacy_offsets_are_those_of_the_published_code() -> None:
    for kmer, published in PUBLISHED_MASK_LIST.items():
        first, last = LEGACY_OFFSETS[kmer]
        assert sorted([0, *published]) == list(range(first, last + 1))


@given(
    kmer=st.sampled_from([3, 4, 5, 6]),
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    probability=st.sampled_from([0.05, 0.3, 0.9]),
    seed=st.integers(0, 1000),
)
def test_legacy_spans_equal_a_slow_loop_from_the_recipe(kmer: int, lengths: list[int], probability: float, seed: int) -> None:
    sizes = np.array(lengths)
    ids = random_ids(np.random.default_rng(seed), sizes, kmer)
    result = mask_legacy(ids, sizes, kmer, probability, np.random.default_rng(seed))
    draws = np.random.default_rng(seed).random(ids.shape)  # the first draw of mask_legacy: the centres
    for row, length in enumerate(lengths):
        expected = [False] * ids.shape[1]
        for center in range(length):
            if draws[row, center] < probability:
                for position in [center, *(center + offset for offset in PUBLISHED_MASK_LIST[kmer])]:
                    if 0 <= position < length:
                        expected[position] = True
        assert result.targets[row].tolist() == expected


def test_legacy_draws_80_10_10_for_every_kmer_by_itself_and_random_ids_include_special_ones() -> None:
    kmer, lengths = 3, np.full(4000, 510)
    rng = np.random.default_rng(3)
    ids = random_ids(rng, lengths, kmer)
    result = mask_legacy(ids, lengths, kmer, 0.05, rng)
    seen, truth = result.inputs[result.targets], ids[result.targets]
    size = vocabulary_size(kmer)
    masked, kept = float((seen == MASK_ID).mean()), float((seen == truth).mean())
    assert masked == pytest.approx(0.8 + 0.1 / size, abs=0.005)
    assert kept == pytest.approx(0.1 + 0.1 / size, abs=0.005)
    replaced = seen[(seen != MASK_ID) & (seen != truth)]
    assert set(replaced.tolist()) == set(range(size)) - {MASK_ID}
    assert (result.inputs[~result.targets] == ids[~result.targets]).all()


ROWS = st.lists(st.integers(1, 60), min_size=1, max_size=6)


@given(
    kmer=st.integers(1, 8),
    lengths=ROWS,
    rate=st.sampled_from([0.05, 0.15, 0.5, 0.99]),
    width=st.integers(1, 8),
    replace=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 1000),
)
def test_span_masking_never_leaks_and_its_spans_are_whole(
    kmer: int, lengths: list[int], rate: float, width: int, replace: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes, size = np.array(lengths), kmer - 1 + width
    ids = random_ids(rng, sizes, kmer)
    if kmer == 8:
        ids = ids.astype(np.uint32)
    before = ids.copy()
    result = mask_spans(ids, sizes, kmer, rate, width, replace, rng)
    assert (ids == before).all()
    assert (result.inputs[~result.targets] == ids[~result.targets]).all()
    for row, length in enumerate(lengths):
        targets, inputs = result.targets[row], result.inputs[row]
        assert not targets[length:].any()
        assert targets.sum() % size == 0
        if length < size:
            assert not targets.any()
        edges = np.flatnonzero(np.diff(np.concatenate(([0], targets.astype(int), [0]))))
        for start, end in edges.reshape(-1, 2):  # runs of hidden k-mers: one span, or several that touch
            assert (end - start) % size == 0
            for span in range(start, end, size):
                shown = inputs[span : span + size]
                wholly_masked = bool((shown == MASK_ID).all())
                assert wholly_masked or bool((shown >= NUM_SPECIAL).all())
                assert (shown != ids[row, span : span + size]).all()
                assert replace != 0 or wholly_masked
                assert replace != 1 or not wholly_masked
        hidden = np.array(slow_hidden(targets, length, kmer))
        assert hidden.sum() >= width * (targets.sum() // size)
        real = slice(0, length)
        visible = np.flatnonzero(inputs[real] == ids[row, real])
        for base in np.flatnonzero(hidden):
            assert not ((visible <= base) & (base < visible + kmer)).any()


@pytest.mark.parametrize("width", range(1, 9))
def test_span_masking_hides_the_expected_share_of_ragged_rows(width: int) -> None:
    kmer, rate = 6, 0.15
    rng = np.random.default_rng(width)
    lengths = rng.integers(60, 511, size=3000)
    result = mask_spans(random_ids(rng, lengths, kmer), lengths, kmer, rate, width, 0.1, rng)
    assert result.targets.sum() / lengths.sum() == pytest.approx(rate, abs=0.002)
    short = lengths < 150
    assert result.targets[short].sum() / lengths[short].sum() == pytest.approx(rate, abs=0.006)


def test_an_isolated_span_of_width_w_hides_exactly_w_bases() -> None:
    kmer = 6
    for width in (1, 3):
        targets = np.zeros((1, 40), dtype=bool)
        targets[0, 10 : 10 + kmer - 1 + width] = True
        assert hidden_bases(targets, np.array([40]), kmer).sum() == width


def test_span_places_and_replaced_kmers_are_even() -> None:
    kmer, length = 3, 30
    lengths = np.full(20_000, length)
    rng = np.random.default_rng(0)
    ids = np.full((len(lengths), length), NUM_SPECIAL, dtype=np.uint16)
    result = mask_spans(ids, lengths, kmer, 3 / length, 1, 1.0, rng)  # one span in each row
    starts = result.targets.argmax(1)
    counts = np.bincount(starts, minlength=length - 2)
    assert counts.min() > 0.85 * len(lengths) / (length - 2)
    assert counts.max() < 1.15 * len(lengths) / (length - 2)
    others = np.bincount(result.inputs[result.targets], minlength=vocabulary_size(kmer))
    assert not others[: NUM_SPECIAL + 1].any()  # neither a special token nor the truth
    assert others[NUM_SPECIAL + 1 :].min() > 0.8 * others.sum() / 63


@given(lengths=ROWS, kmer=st.integers(1, 8), share=st.floats(0, 1), seed=st.integers(0, 1000))
def test_hidden_bases_equal_a_slow_loop(lengths: list[int], kmer: int, share: float, seed: int) -> None:
    sizes = np.array(lengths)
    targets = np.random.default_rng(seed).random((len(sizes), sizes.max())) < share
    targets &= np.arange(targets.shape[1]) < sizes[:, None]
    found = hidden_bases(targets, sizes, kmer)
    for row, length in enumerate(lengths):
        assert found[row, : length + kmer - 1].tolist() == slow_hidden(targets[row], length, kmer)
        assert not found[row, length + kmer - 1 :].any()


@pytest.mark.parametrize("kind", ["legacy", "span"])
def test_padding_is_never_masked(kind: str) -> None:
    config = MaskingConfig.model_validate({"kind": kind})
    lengths = np.array([5, 100, 300])
    rng = np.random.default_rng(0)
    ids = random_ids(rng, lengths, 6)
    for _ in range(50):
        result = mask_tokens(ids, lengths, 6, config, 0.5, rng)
        padding = np.arange(300) >= lengths[:, None]
        assert not result.targets[padding].any()
        assert (result.inputs[padding] == PAD_ID).all()


def test_mask_tokens_gives_legacy_the_published_centre_probability() -> None:
    lengths = np.full(500, 510)
    ids = random_ids(np.random.default_rng(0), lengths, 6)
    config = MaskingConfig(kind="legacy")
    by_config = mask_tokens(ids, lengths, 6, config, config.rate, np.random.default_rng(1))
    by_hand = mask_legacy(ids, lengths, 6, 0.15 / 6, np.random.default_rng(1))
    assert (by_config.inputs == by_hand.inputs).all()


@pytest.mark.parametrize("num_steps", [6, 120, 120_000])
def test_the_last_sixth_of_training_hides_20_percent(num_steps: int) -> None:
    config = MaskingConfig(kind="legacy", final_rate=0.2)
    turn = num_steps * 5 // 6  # the paper: 100k of 120k
    assert [config.rate_at(step, num_steps) for step in (0, turn - 1, turn, num_steps - 1)] == [0.15, 0.15, 0.2, 0.2]


def test_without_a_final_rate_the_rate_stays() -> None:
    assert {MaskingConfig().rate_at(step, 100) for step in range(100)} == {0.15}


@pytest.mark.parametrize(("field", "value"), [("rate", 0), ("rate", 1), ("width", 0), ("final_part", 1.1), ("kind", "none")])
def test_a_masking_setting_out_of_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        MaskingConfig.model_validate({field: value})
