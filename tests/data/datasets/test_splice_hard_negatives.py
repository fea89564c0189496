import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from dnabert.data.datasets.example import Example
from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.splice.decoys import Taken
from dnabert.data.datasets.splice.hard_negatives import Pool
from dnabert.data.datasets.splice.loci import Locus
from dnabert.data.datasets.splice.places import Places
from dnabert.dna.sequence import Codes, decode_bases
from dnabert.errors import CheckpointError, ConfigError
from tests.data.datasets.splice_genes import build, pair_places, site_of, three_genes
from tests.data.stores import random_bases, store_of


class Model:
    """Takes a window for a site where it has these letters in its middle; remembers what it was shown.

    Args:
        letters: The letters that begin at index 20 of 40.
    """

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.shown: list[str] = []

    def __call__(self, windows: Sequence[Codes]) -> npt.NDArray[np.float64]:
        texts = [decode_bases(window) for window in windows]
        self.shown += texts
        return np.array([0.4 if text[20:].startswith(self.letters) else 0.6 for text in texts])


def hard(rows: Sequence[Example]) -> list[Example]:
    return [row for row in rows if row.source.startswith("hard")]


def test_what_a_model_takes_for_a_site_is_kept_in_each_split() -> None:
    texts, genes = three_genes()
    model = Model("GTA")
    draft = build(texts, genes, scorers=[model], hard={"per_donor": 2})
    rows = hard(draft.examples)
    assert draft.examples[-len(rows) :] == rows
    assert Counter(row.split for row in rows) == {"train": 8, "valid": 8, "test": 8}
    known = {site_of(row)[1:] for row in draft.examples if row.source.split(":")[0] != "hard-negative"}
    for row in rows:
        assert row.label == "none"
        assert row.source == "hard-negative:round1"
        assert decode_bases(row.codes)[20:23] == "GTA"
        assert row.split == {"c0": "train", "c1": "valid", "c2": "test"}[row.region.contig]
        assert site_of(row)[1:] not in known
        _, contig, place, strand = site_of(row)
        assert row.region.name == f"hard1:{contig}:{place}({strand})"
    assert draft.counts["hard negatives of round 1, train: wanted"] == 8
    assert draft.counts["hard negatives of round 1, train: kept"] == 8
    assert draft.counts["hard negatives of round 1, train: called a site"] >= 8
    looked_at = [draft.counts[f"hard negatives of round 1, {split}: windows looked at"] for split in ("train", "valid", "test")]
    assert sum(looked_at) == len(model.shown)


def test_the_rest_of_the_set_is_the_same_with_and_without_models() -> None:
    texts, genes = three_genes()
    plain, more = build(texts, genes), build(texts, genes, scorers=[Model("GTA")])
    assert [row.region for row in more.examples[: len(plain.examples)]] == [row.region for row in plain.examples]


def test_a_further_round_leaves_the_first_as_it_was_and_looks_at_other_windows() -> None:
    texts, genes = three_genes()
    once = hard(build(texts, genes, scorers=[Model("GTA")]).examples)
    second = Model("GTC")
    both = hard(build(texts, genes, scorers=[Model("GTA"), second]).examples)
    assert [row.region for row in both if row.source.endswith("round1")] == [row.region for row in once]
    assert all(decode_bases(row.codes)[20:23] == "GTC" for row in both if row.source.endswith("round2"))
    names = [row.region.name.split(":", 1)[1] for row in both]
    assert len(set(names)) == len(names)
    assert not {decode_bases(row.codes) for row in once} & set(second.shown)


def test_a_seed_and_a_model_give_the_same_windows() -> None:
    texts, genes = three_genes()
    once, again, other = (hard(build(texts, genes, seed, scorers=[Model("GT")]).examples) for seed in (3, 3, 4))
    assert [row.region for row in once] == [row.region for row in again]
    assert {row.region for row in once} != {row.region for row in other}


def test_hard_negatives_may_be_for_training_only() -> None:
    texts, genes = three_genes()
    draft = build(texts, genes, scorers=[Model("GT")], hard={"train_only": True})
    assert {row.split for row in hard(draft.examples)} == {"train"}
    assert not any("valid" in name for name in draft.counts)


def test_no_more_windows_are_looked_at_than_allowed() -> None:
    texts, genes = three_genes()
    model = Model("no such letters")
    draft = build(texts, genes, scorers=[model], hard={"max_looked_at": 30})
    assert len(model.shown) == 90
    assert draft.counts["hard negatives of round 1, test: windows looked at"] == 30
    assert draft.counts["hard negatives of round 1, test: kept"] == 0


def test_the_search_ends_where_no_place_is_left() -> None:
    texts, genes = three_genes()
    model = Model("no such letters")
    draft = build(texts, genes, scorers=[model, model])
    assert draft.counts["hard negatives of round 1, train: windows looked at"] > 100
    assert draft.counts["hard negatives of round 2, train: windows looked at"] == 0


def test_the_threshold_decides_what_is_called_a_site() -> None:
    texts, genes = three_genes()
    assert hard(build(texts, genes, scorers=[Model("GT")], hard={"threshold": 0.6}).examples) == []
    assert len(hard(build(texts, genes, scorers=[Model("no such letters")], hard={"threshold": 0.39}).examples)) == 6


def test_a_model_that_calls_everything_a_site_is_told(caplog: pytest.LogCaptureFixture) -> None:
    texts, genes = three_genes()
    build(texts, genes, scorers=[Model("GTA")])
    assert caplog.messages == []
    build(texts, genes, scorers=[Model("")])
    assert caplog.messages[0].startswith("hard negatives of round 1, train: the model calls ")
    assert "windows that are no sites a site: it tells the two apart badly" in caplog.messages[0]


def test_a_round_that_finds_nothing_says_what_was_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    texts, genes = three_genes()
    model = Model("no such letters")
    build(texts, genes, scorers=[model], hard={"max_looked_at": 30, "train_only": True})
    draft = build(texts, genes, scorers=[model, model], hard={"train_only": True, "threshold": 0.6})
    shown = draft.counts["hard negatives of round 1, train: windows looked at"]
    told = (
        "hard negatives of round 1, train: none. The model calls none of {} windows a site (GT and AG in genes that no transcript uses, and"
        " 10 % at places of any kind; {}), with hard.threshold = {}; lower it with --set hard.threshold=SHARE{}, or end the rounds here"
    )
    assert caplog.messages == [
        told.format(30, "hard.max_looked_at = 30 ended the search", 0.5, ", show more with --set hard.max_looked_at=COUNT"),
        told.format(shown, "these are all that there are", 0.6, ""),
        "hard negatives of round 2, train: none, since no window is left that the rounds before have not looked at; leave this round out",
    ]


def test_progress_tells_round_and_split(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="dnabert.data.datasets.splice.hard_negatives")
    texts, genes = three_genes()
    build(texts, genes, scorers=[Model("GTA"), Model("GTC")])
    beginnings = [message.split(":")[0] for message in caplog.messages]
    assert list(dict.fromkeys(beginnings)) == [
        f"hard negatives of round {number}, {split}" for split in ("train", "valid", "test") for number in (1, 2)
    ]


@pytest.mark.parametrize(("columns", "value"), [((3,), 0.0), ((), np.nan), ((), 2.0)])
def test_an_answer_that_is_no_probability_stops_the_search(columns: tuple[int, ...], value: float) -> None:
    texts, genes = three_genes()
    with pytest.raises(CheckpointError, match="it must be the probability of 'none' for each, 0-1"):
        build(texts, genes, scorers=[lambda windows: np.full((len(windows), *columns), value)])


def test_hard_negatives_are_for_whole_windows_only() -> None:
    texts, genes = three_genes()
    with pytest.raises(
        ConfigError,
        match="hard negatives are windows with one label, and --level is token; leave --hard-negatives out, or make it sequence",
    ):
        build(texts, genes, scorers=[Model("GT")], level="token")


@pytest.mark.parametrize("seed", range(4))
def test_the_pool_holds_each_gt_and_ag_of_the_genes_once(seed: int) -> None:
    texts = [random_bases(300, seed), random_bases(200, seed + 10)]
    store = store_of(*texts)
    loci = [Locus("a", 20, 180, False), Locus("b", 100, 290, False), Locus("c", 50, 260, True), Locus("d", 310, 480, True)]
    known = Places(np.array([60, 70]), np.array([False, True]))
    whole = IntervalSet(np.array([0, 300]), np.array([300, 500]))
    pool = Pool(store, loci, Taken(known), [whole], 10, 0.0, np.random.default_rng(seed))
    found = [(int(place), bool(flag)) for batch in pool.batches() for place, flag in zip(batch.positions, batch.is_reverse, strict=True)]
    expected = set()
    for start, text, strand, first, last in ((0, texts[0], "+", 20, 290), (0, texts[0], "-", 50, 260), (300, texts[1], "-", 10, 180)):
        places = pair_places(text, strand, "GT", 0) | pair_places(text, strand, "AG", -2)
        expected |= {(start + place, strand == "-") for place in places if first <= place < last and 5 <= place < len(text) - 5}
    assert sorted(found) == sorted(expected - {(60, False), (70, True)})


def test_the_pool_shows_some_places_of_any_kind() -> None:
    text = random_bases(4000, 1)
    whole = IntervalSet(np.array([0]), np.array([4000]))
    pool = Pool(store_of(text), [Locus("a", 0, 4000, False)], Taken(Places.joined([])), [whole], 10, 0.5, np.random.default_rng(0))
    places = Places.joined(list(pool.batches()))
    pairs = pair_places(text, "+", "GT", 0) | pair_places(text, "+", "AG", -2)
    is_pair = np.isin(places.positions, list(pairs)) & ~places.is_reverse
    assert 0.4 < is_pair.mean() < 0.65
    assert 0.2 < places.is_reverse.mean() < 0.3
    assert len(np.unique(places.keys)) == len(places)
