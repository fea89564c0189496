import hashlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dnabert.data.corpus import Corpus, CorpusConfig, Windows
from dnabert.data.genome import Contig, GenomeStore, clean_runs
from dnabert.dna.sequence import AMBIGUOUS, encode_bases, reverse_complement
from dnabert.errors import DataFileError

PINNED_WINDOWS = "7bd8b967639d8bc7ac5aa28b8125eb7b0787f24a9c291486451224f954556b25"


def store_of(*lengths: int, seed: int = 0, runs_of_n: int = 0) -> GenomeStore:
    """Contigs of random bases, with runs of N of 1 to 60 bases in them."""
    rng = np.random.default_rng(seed)
    total = sum(lengths)
    codes = rng.integers(0, 4, size=total).astype(np.uint8)
    for _ in range(runs_of_n):
        start = rng.integers(total)
        codes[start : start + rng.integers(1, 60)] = AMBIGUOUS
    starts = np.cumsum([0, *lengths]).tolist()
    contigs = tuple(Contig(f"c{i}", start, length) for i, (start, length) in enumerate(zip(starts, lengths, strict=False)))
    return GenomeStore(codes, contigs, "key", {"genome.fa": "sha"}, 0)


def corpus_of(store: GenomeStore, kmer: int = 6, seed: int = 1, **settings_: float | bool) -> Corpus:
    return Corpus(store, store.contigs, kmer, CorpusConfig.model_validate(settings_), seed)


def rows(windows: Windows) -> list[tuple[int, int, bool]]:
    return list(zip(windows.starts.tolist(), windows.lengths.tolist(), windows.reverse.tolist(), strict=True))


def epoch(corpus: Corpus, number: int = 0) -> Windows:
    return corpus.windows(number * corpus.windows_per_epoch, corpus.windows_per_epoch)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(30, 3000), min_size=1, max_size=4),
    kmer=st.integers(1, 8),
    seed=st.integers(0, 100),
    runs_of_n=st.integers(0, 12),
)
def test_windows_never_touch_n_nor_cross_contigs(lengths: list[int], kmer: int, seed: int, runs_of_n: int) -> None:
    store = store_of(*lengths, seed=seed, runs_of_n=runs_of_n)
    if not len(clean_runs(store, store.contigs, 5 + kmer - 1)):
        return
    corpus = corpus_of(store, kmer, seed)
    ends = np.array([contig.start + contig.length for contig in store.contigs])
    for start, length, _ in [*rows(corpus.windows(0, 3 * corpus.windows_per_epoch)), *rows(corpus.even_windows(50))]:
        assert 5 + kmer - 1 <= length <= 509 + kmer
        assert (store.codes[start : start + length] < AMBIGUOUS).all()
        contig = int(np.searchsorted(ends, start, side="right"))
        assert store.contigs[contig].start <= start
        assert start + length <= ends[contig]


@settings(max_examples=40, deadline=None)
@given(kmer=st.integers(1, 8), seed=st.integers(0, 100), runs_of_n=st.integers(0, 12))
def test_the_cut_alone_covers_every_run_without_overlap_but_for_ends_that_are_too_short(kmer: int, seed: int, runs_of_n: int) -> None:
    store = store_of(4000, 700, seed=seed, runs_of_n=runs_of_n)
    corpus = corpus_of(store, kmer, seed, sampling_rate=0)
    windows = sorted(rows(epoch(corpus)))
    for (start, length, _), (after, _, _) in pairwise(windows):
        assert start + length <= after
    covered = np.zeros(len(store.codes), dtype=int)
    for start, length, _ in windows:
        covered[start : start + length] += 1
    assert covered.max() == 1
    smallest = 5 + kmer - 1
    for start, end in clean_runs(store, store.contigs, smallest):
        missing = np.flatnonzero(covered[start:end] == 0)
        assert len(missing) < smallest
        assert missing.tolist() == list(range(end - start - len(missing), end - start))  # only at the end of the run


def test_half_of_the_windows_are_full_and_the_lengths_of_the_others_are_even() -> None:
    kmer = 6
    corpus = corpus_of(store_of(4_000_000), kmer)
    tokens = epoch(corpus).lengths - kmer + 1
    assert len(tokens) > 15_000
    # A short window has full length in one of 506 cases; standard error 0.004.
    assert (tokens == 510).mean() == pytest.approx(0.5 + 0.5 / 506, abs=0.016)
    short = tokens[tokens < 510]
    assert short.min() == 5
    assert short.max() == 509
    counts = np.histogram(short, bins=5, range=(5, 510))[0]
    assert counts / len(short) == pytest.approx([0.2] * 5, abs=0.02)


def test_full_length_is_509_plus_k_bases_so_that_no_kmer_is_lost() -> None:
    for kmer in (3, 6):
        corpus = corpus_of(store_of(50_000), kmer, full_probability=1)
        assert np.bincount(epoch(corpus).lengths).argmax() == 509 + kmer


def test_random_sampling_adds_as_many_windows_as_asked_at_even_places() -> None:
    store = store_of(300_000)
    alone = corpus_of(store, sampling_rate=0).windows_per_epoch
    for rate in (0.5, 1, 3):
        assert corpus_of(store, sampling_rate=rate).windows_per_epoch == alone + round(rate * alone)
    many = corpus_of(store, sampling_rate=20)
    starts = many._sample(np.random.default_rng(0), 20_000)[0]
    counts = np.histogram(starts, bins=10, range=(0, 300_000))[0]
    assert counts / len(starts) == pytest.approx([0.1] * 10, abs=0.01)


def test_a_window_is_the_same_whatever_batch_it_is_asked_in_also_across_epochs() -> None:
    store = store_of(9000, 4000, runs_of_n=5)
    corpus = corpus_of(store)
    total = 3 * corpus.windows_per_epoch + 7
    whole = rows(corpus.windows(0, total))
    fresh = corpus_of(store)
    for size in (1, 5, corpus.windows_per_epoch, corpus.windows_per_epoch + 1, 2 * corpus.windows_per_epoch + 3):
        pieces = [rows(fresh.windows(first, size)) for first in range(0, total, size)]
        assert [row for piece in pieces for row in piece][:total] == whole
    middle = corpus_of(store)  # asked for nothing before
    assert rows(middle.windows(total - 3, 3)) == whole[-3:]


def test_every_epoch_has_its_own_windows() -> None:
    corpus = corpus_of(store_of(9000))
    first, second = set(rows(epoch(corpus, 0))), set(rows(epoch(corpus, 1)))
    assert len(first & second) < 0.2 * len(first)


def test_the_first_epoch_holds_each_drawn_window_once() -> None:
    corpus = corpus_of(store_of(30_000))
    assert sorted(rows(epoch(corpus))) == sorted(rows(corpus._draw_epoch(0)))


def test_half_of_the_windows_are_read_on_the_other_strand_unless_told_not_to() -> None:
    store = store_of(2_000_000)
    assert epoch(corpus_of(store)).reverse.mean() == pytest.approx(0.5, abs=0.02)
    assert not epoch(corpus_of(store, both_strands=False)).reverse.any()


def test_a_reversed_window_is_the_reverse_complement_of_the_same_bases() -> None:
    store = store_of(2000)
    corpus = corpus_of(store)
    assert corpus.codes(100, 50, False).tolist() == store.codes[100:150].tolist()
    assert corpus.codes(100, 50, True).tolist() == reverse_complement(store.codes[100:150]).tolist()


def test_the_windows_of_a_seed_are_pinned() -> None:
    corpus = corpus_of(store_of(200_000, 30_000, runs_of_n=20), seed=42)
    windows = corpus.windows(corpus.windows_per_epoch - 500, 1000)
    content = np.stack([windows.starts, windows.lengths, windows.reverse.astype(np.int64)]).astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest() == PINNED_WINDOWS


def test_another_seed_gives_other_windows() -> None:
    store = store_of(20_000)
    assert rows(epoch(corpus_of(store, seed=1))) != rows(epoch(corpus_of(store, seed=2)))


def test_only_the_given_contigs_are_read() -> None:
    store = store_of(3000, 3000, 3000)
    corpus = Corpus(store, (store.contigs[1],), 6, CorpusConfig(), 0)
    windows = epoch(corpus)
    assert corpus.num_bases == 3000
    assert windows.starts.min() >= 3000
    assert (windows.starts + windows.lengths).max() <= 6000


def spread(windows: Windows) -> npt.NDArray[np.int64]:
    return np.diff(windows.starts)


def test_even_windows_are_full_spread_and_forward() -> None:
    store = store_of(515 * 100 + 300)
    windows = corpus_of(store).even_windows(10)
    assert len(windows) == 10
    assert set(windows.lengths.tolist()) == {515}
    assert not windows.reverse.any()
    assert spread(windows).min() == spread(windows).max() == 515 * 11
    assert windows.starts[0] == 0


def test_even_windows_of_short_runs_take_the_whole_run_and_are_never_more_than_there_are() -> None:
    store = GenomeStore(encode_bases("ACGT" * 10 + "N" + "ACGT" * 5), (Contig("c", 0, 61),), "key", {"g.fa": ""}, 1)
    assert rows(corpus_of(store).even_windows(100)) == [(0, 40, False), (41, 20, False)]
    assert len(corpus_of(store).even_windows(1)) == 1


def test_contigs_without_a_run_that_is_long_enough_are_an_error_with_their_names() -> None:
    store = store_of(9, 9)
    with pytest.raises(DataFileError, match=r"genome\.fa: no run of 10 bases without N in contigs c0, c1"):
        corpus_of(store)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_tokens": 20, "max_tokens": 10}, "min_tokens 20 is more than max_tokens 10"),
        ({"max_tokens": 511}, "less than or equal to 510"),
        ({"full_probability": 1.5}, "full_probability"),
        ({"sampling_rate": -1}, "sampling_rate"),
        ({"short_share": 0.5, "short_tokens": 10, "min_tokens": 20}, "short_tokens 10 is less than min_tokens 20"),
    ],
)
def test_a_law_of_windows_that_cannot_hold_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CorpusConfig.model_validate(values)


@given(lengths=st.lists(st.integers(10, 900), min_size=1, max_size=20), longest=st.integers(10, 200))
def test_pieces_of_windows_cover_them_but_for_ends_that_are_too_short(lengths: list[int], longest: int) -> None:
    starts = 1000 * np.arange(len(lengths))
    reverse = np.arange(len(lengths)) % 2 == 0
    pieces = rows(Windows(starts, np.array(lengths), reverse).cut(longest, 10))
    expected = []
    for window, length in enumerate(lengths):
        for offset in range(0, length, longest):
            size = min(longest, length - offset)
            if size >= 10:
                expected.append((1000 * window + offset, size, window % 2 == 0))
    assert pieces == expected
