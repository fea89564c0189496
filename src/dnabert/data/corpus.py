"""Which windows of the genome are read at which step of pre-training.

An epoch holds one cut of the genome into windows that do not overlap and, merged with it, windows at random places. Half of the windows
have full length, the lengths of the others are uniform. N runs are never inside a window. Everything follows from the seed and the
number of the window, so that there is no state to save: window n of a run is the same window on every machine and after every restart.

Source: Ji et al. 2021, section 2.2 and supplement; recipe 1.3 (length law; the lost last k-mer of the released script is not kept).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dnabert.data.genome import Contig, GenomeStore, clean_runs
from dnabert.device import seed_of
from dnabert.dna.sequence import Codes, reverse_complement
from dnabert.errors import DataFileError

__all__ = ["Corpus", "CorpusConfig", "Windows"]


class CorpusConfig(BaseModel):
    """The law of the windows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_tokens: int = Field(default=510, ge=5, le=510)
    """Most k-mers of a window; full-length windows have this many."""
    min_tokens: int = Field(default=5, ge=1)
    """Fewest k-mers of a window."""
    full_probability: float = Field(default=0.5, ge=0, le=1)
    """Share of windows with full length; the others are uniform between min_tokens and max_tokens."""
    sampling_rate: float = Field(default=1.0, ge=0)
    """Windows at random places, for each window of the non-overlapping cut."""
    both_strands: bool = True
    """Read every other window, at random, as its reverse complement."""
    short_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the steps, from the first one on, in which windows are read in pieces of at most short_tokens k-mers: among few places
    attention finds the neighbours sooner, and a step costs less. BERT does so in 90 % of its steps (Devlin et al. 2019, A.2)."""
    short_tokens: int = Field(default=126, ge=5, le=510)
    """Most k-mers of such a piece."""
    shift_positions: bool = False
    """Short pieces begin at a random position, so that all positions are trained from the first step on and none stands for a place in a
    window (Kiyono et al. 2021, SHAPE). All rows that are computed together begin at the same one."""

    @model_validator(mode="after")
    def _lengths_are_ordered(self) -> Self:
        if self.min_tokens > self.max_tokens:
            raise ValueError(f"min_tokens {self.min_tokens} is more than max_tokens {self.max_tokens}")
        if self.short_share and self.short_tokens < self.min_tokens:
            raise ValueError(f"short_tokens {self.short_tokens} is less than min_tokens {self.min_tokens}")
        return self


@dataclass(frozen=True)
class Windows:
    """Windows of a genome store.

    Attributes:
        starts: First base in the store, shape (W,).
        lengths: Bases, shape (W,).
        reverse: Whether to read the reverse complement, shape (W,).
    """

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    reverse: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, indices: npt.NDArray[np.int64]) -> "Windows":
        """The windows at ``indices``."""
        return Windows(self.starts[indices], self.lengths[indices], self.reverse[indices])

    def cut(self, longest: int, shortest: int) -> "Windows":
        """Their pieces, one after the other: each of ``longest`` bases, the last of a window what is left.

        Args:
            longest: Bases of a piece.
            shortest: A last piece of fewer bases is left out; no window is shorter.
        """
        counts = np.maximum(1, -(-(self.lengths - shortest + 1) // longest))  # the last piece has from shortest to longest bases
        parents = np.repeat(np.arange(len(self)), counts)
        offsets = longest * (np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts))
        return Windows(self.starts[parents] + offsets, np.minimum(self.lengths[parents] - offsets, longest), self.reverse[parents])


class Corpus:
    """Pre-training windows of some contigs of a genome.

    Args:
        store: The genome.
        contigs: The contigs to read.
        kmer: Length of a k-mer.
        config: The law of the windows.
        seed: All randomness comes from it.

    Raises:
        DataFileError: No run of unambiguous bases is long enough for a window.
    """

    def __init__(self, store: GenomeStore, contigs: tuple[Contig, ...], kmer: int, config: CorpusConfig, seed: int) -> None:
        self.store = store
        self.kmer = kmer
        self.config = config
        self.seed = seed
        self._runs = clean_runs(store, contigs, config.min_tokens + kmer - 1)
        if not len(self._runs):
            names = ", ".join(contig.name for contig in contigs[:3])
            raise DataFileError(f"{next(iter(store.files))}: no run of {config.min_tokens + kmer - 1} bases without N in contigs {names}")
        self._epoch = lru_cache(maxsize=2)(self._make_epoch)
        self.num_bases = int((self._runs[:, 1] - self._runs[:, 0]).sum())
        self.windows_per_epoch = len(self._draw_epoch(0))

    def codes(self, start: int, length: int, reverse: bool) -> Codes:
        """Base codes of one window, read on its strand."""
        codes = self.store.codes[start : start + length]
        return reverse_complement(codes) if reverse else codes

    def windows(self, first: int, count: int) -> Windows:
        """Windows ``first`` to ``first + count`` of the endless sequence of epochs."""
        indices = np.arange(first, first + count)
        parts = []
        for epoch in range(first // self.windows_per_epoch, (first + count - 1) // self.windows_per_epoch + 1):
            inside = indices[indices // self.windows_per_epoch == epoch] - epoch * self.windows_per_epoch
            parts.append(self._epoch(epoch).take(inside))
        return Windows(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("starts", "lengths", "reverse")))

    def even_windows(self, count: int) -> Windows:
        """At most ``count`` full-length windows, evenly spread, forward strand: for validation."""
        size = self.config.max_tokens + self.kmer - 1
        starts, lengths = [], []
        for start, end in self._runs:
            grid = np.arange(start, max(end - size, start) + 1, size)
            starts.append(grid)
            lengths.append(np.minimum(size, end - grid))
        all_starts, all_lengths = np.concatenate(starts), np.concatenate(lengths)
        chosen = np.unique(np.linspace(0, len(all_starts) - 1, min(count, len(all_starts))).astype(np.int64))
        return Windows(all_starts[chosen], all_lengths[chosen], np.zeros(len(chosen), dtype=bool))

    def _make_epoch(self, epoch: int) -> Windows:
        drawn = self._draw_epoch(epoch)
        rng = np.random.default_rng(seed_of(self.seed, "order", epoch))
        order = np.resize(rng.permutation(len(drawn)), self.windows_per_epoch)
        return drawn.take(order)

    def _draw_epoch(self, epoch: int) -> Windows:
        rng = np.random.default_rng(seed_of(self.seed, "windows", epoch))
        starts, lengths = self._cut(rng)
        extra = round(self.config.sampling_rate * len(starts))
        if extra:
            more_starts, more_lengths = self._sample(rng, extra)
            starts, lengths = np.concatenate([starts, more_starts]), np.concatenate([lengths, more_lengths])
        reverse = rng.random(len(starts)) < 0.5 if self.config.both_strands else np.zeros(len(starts), dtype=bool)
        return Windows(starts, lengths, reverse)

    def _lengths(self, rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        config = self.config
        short = rng.integers(config.min_tokens, config.max_tokens + 1, size=count)
        full = rng.random(count) < config.full_probability
        return np.where(full, config.max_tokens, short) + self.kmer - 1

    def _cut(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Walk along every run and cut windows until it is used up; a last piece that is too short is left out."""
        smallest = self.config.min_tokens + self.kmer - 1
        starts, lengths = [], []
        for start, end in self._runs:
            position = int(start)
            while end - position >= smallest:
                drawn = self._lengths(rng, max(16, int((end - position) // (self.config.max_tokens // 2))))
                ends = np.minimum(position + np.cumsum(drawn), end)
                begins = np.concatenate(([position], ends[:-1]))
                keep = ends - begins >= smallest
                starts.append(begins[keep])
                lengths.append((ends - begins)[keep])
                position = int(ends[-1])
        return np.concatenate(starts), np.concatenate(lengths)

    def _sample(self, rng: np.random.Generator, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Windows at random places, every base equally likely; one that meets the end of its run is cut there."""
        sizes = self._runs[:, 1] - self._runs[:, 0]
        smallest = self.config.min_tokens + self.kmer - 1
        room = sizes - smallest + 1
        edges = np.cumsum(room)
        drawn = rng.integers(0, edges[-1], size=count)
        run = np.searchsorted(edges, drawn, side="right")
        starts = self._runs[run, 0] + drawn - (edges[run] - room[run])
        lengths = np.minimum(self._lengths(rng, count), self._runs[run, 1] - starts)
        return starts, lengths
