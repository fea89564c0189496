"""Hard negatives: places that are no sites, but that a trained model takes for sites.

Source: Wang et al. 2019, SpliceFinder (false positives are added to the training set, round by round); Ji et al. 2021, section 3.4.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from dnabert.data.datasets.intervals import IntervalSet
from dnabert.data.datasets.splice.config import HardNegativeConfig
from dnabert.data.datasets.splice.decoys import Taken
from dnabert.data.datasets.splice.loci import Locus, merge_loci
from dnabert.data.datasets.splice.places import ACCEPTOR_OFFSET, Places, pair_number, read_pairs, read_windows, usable_windows
from dnabert.data.genome import GenomeStore
from dnabert.dna.sequence import Codes
from dnabert.errors import CheckpointError

__all__ = ["HardNegatives", "Pool", "Scorer", "collect_hard_negatives"]

log = logging.getLogger(__name__)

Scorer = Callable[[list[Codes]], npt.NDArray[np.floating]]
"""From the base codes of N windows to the probability of the class ``none`` of each, 0-1, shape (N,)."""

_BASES_AT_A_TIME = 1 << 14
"""Bases of genes that are searched for GT and AG to make a batch: about 2,000 windows."""
_MIN_LOOKED_AT = 100
"""Fewer windows than this tell nothing of a model."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class HardNegatives:
    """What one model took for sites, in one split.

    Attributes:
        places: The places that are kept.
        num_looked_at: Windows that the model was shown.
        num_called: Those of them that it called a site.
    """

    places: Places
    num_looked_at: int
    num_called: int


class Pool:
    """All places of a split that are no sites, each once: GT and AG in genes, and some of any kind.

    Of the n bases that there are, base ``(first + step * i) mod n`` is the i-th: the order needs no memory, and with a step near n / golden
    ratio each batch is spread over all genes. The seed chooses the first.

    Args:
        store: The genome.
        loci: Where the genes lie.
        taken: Places to be passed over: sites, and negatives that the set has already.
        usable: The window of each place lies within one interval of each of these.
        window_bp: Length of the windows, in bases.
        random_share: Share of places of any kind, 0-1.
        rng: Source of randomness.
    """

    def __init__(
        self,
        store: GenomeStore,
        loci: Sequence[Locus],
        taken: Taken,
        usable: Sequence[IntervalSet],
        window_bp: int,
        random_share: float,
        rng: np.random.Generator,
    ) -> None:
        self.store = store
        self.taken = taken
        self.usable = usable
        self.window_bp = window_bp
        self.random_share = random_share
        genes = [merge_loci(store, loci, flag, gap_bp=1) for flag in (False, True)]
        self._genes = _Walk([IntervalSet(rows[:, 0], rows[:, 1]).within(usable[0]) for rows in genes], rng)
        self._anywhere = _Walk([usable[0], usable[0]], rng)

    def batches(self) -> Iterator[Places]:
        """Batches of places; none is empty, and no place comes twice."""
        while places := self._genes.next_places(_BASES_AT_A_TIME):
            is_decoy = read_pairs(self.store, places, 0) == pair_number("GT")
            is_decoy |= read_pairs(self.store, places, ACCEPTOR_OFFSET) == pair_number("AG")
            decoys = places.take(is_decoy)
            num_random = round(len(decoys) * self.random_share / (1 - self.random_share))
            batch = Places.joined([decoys, self._anywhere.next_places(num_random)])
            batch = batch.take(usable_windows(batch, self.window_bp, *self.usable))
            batch = batch.take(self.taken.take_free(batch, len(batch)))
            if len(batch):
                yield batch


class _Walk:
    """The bases of both strands that are in a set each, one after the other, each once, in an order that is spread over all of them."""

    def __init__(self, strands: Sequence[IntervalSet], rng: np.random.Generator) -> None:
        self.starts = np.concatenate([bases.starts for bases in strands])
        self.is_reverse = np.repeat([False, True], [len(bases) for bases in strands])
        self.ranks_before = np.concatenate(([0], *(bases.ends - bases.starts for bases in strands))).cumsum()
        self.size = int(self.ranks_before[-1])
        self.left = self.size
        self.rank = int(rng.integers(max(self.size, 1)))
        self.step = max(1, round(_GOLDEN * self.size))
        while gcd(self.step, self.size) > 1:
            self.step += 1

    def next_places(self, count: int) -> Places:
        """The next ``count`` places, or those that are left."""
        count = min(count, self.left)
        if not count:
            return Places.joined([])
        self.left -= count
        ranks = (self.rank + self.step * np.arange(count + 1, dtype=np.int64)) % self.size
        self.rank, ranks = int(ranks[-1]), ranks[:-1]
        stretch = np.searchsorted(self.ranks_before, ranks, side="right") - 1
        return Places(self.starts[stretch] + ranks - self.ranks_before[stretch], self.is_reverse[stretch])


def collect_hard_negatives(
    pool: Iterator[Places], store: GenomeStore, scorer: Scorer, wanted: int, window_bp: int, config: HardNegativeConfig, told: str
) -> HardNegatives:
    """Places of the pool that a model calls sites, in the order of the pool.

    Stops when as many as wanted are found, when the model was shown ``max_looked_at`` windows, or at the end of the pool.

    Args:
        pool: Batches of places (:meth:`Pool.batches`); it is left where the search stopped.
        store: The genome.
        scorer: The model.
        wanted: How many are wanted.
        window_bp: Length of the windows, in bases.
        config: What counts as a call, and how many windows are shown.
        told: What is searched for, for messages, such as ``hard negatives of round 1, train``.

    Raises:
        CheckpointError: The model's answer is not one probability for each window.
    """
    kept: list[Places] = []
    looked_at = called = found = 0
    while found < wanted and looked_at < config.max_looked_at:
        batch = next(pool, None)
        if batch is None:
            break
        batch = batch.take(np.arange(min(len(batch), config.max_looked_at - looked_at)))
        probabilities = np.asarray(scorer(list(read_windows(store, batch, window_bp))))
        if probabilities.shape != (len(batch),) or not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise CheckpointError(
                f"the model gave an answer of shape {probabilities.shape} for {len(batch)} windows; it must be the probability of 'none'"
                " for each, 0-1"
            )
        is_called = probabilities < 1 - config.threshold
        looked_at += len(batch)
        called += int(is_called.sum())
        kept.append(batch.take(np.flatnonzero(is_called)[: wanted - found]))
        found += len(kept[-1])
        log.info("%s: %d windows looked at, %d called a site, %d of %d kept", told, looked_at, called, found, wanted)
    if looked_at >= _MIN_LOOKED_AT and called > looked_at / 2:
        log.warning(
            "%s: the model calls %d of %d windows that are no sites a site: it tells the two apart badly, and its hard negatives are"
            " little more than decoys; see its metrics",
            told,
            called,
            looked_at,
        )
    if wanted and not found:
        _warn_of_none(looked_at, config, told)
    return HardNegatives(Places.joined(kept), looked_at, called)


def _warn_of_none(looked_at: int, config: HardNegativeConfig, told: str) -> None:
    if not looked_at:
        log.warning("%s: none, since no window is left that the rounds before have not looked at; leave this round out", told)
        return
    is_limited = looked_at >= config.max_looked_at
    log.warning(
        "%s: none. The model calls none of %d windows a site (GT and AG in genes that no transcript uses, and %g %% at places of any kind;"
        " %s), with hard.threshold = %g; lower it with --set hard.threshold=SHARE%s, or end the rounds here",
        told,
        looked_at,
        100 * config.random_share,
        f"hard.max_looked_at = {config.max_looked_at} ended the search" if is_limited else "these are all that there are",
        config.threshold,
        ", show more with --set hard.max_looked_at=COUNT" if is_limited else "",
    )
