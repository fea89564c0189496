"""Variants by a pre-trained model, without labels: how much likelier the hidden bases of one allele are than those of the other.

Take a window with an allele of n bases. Every k-mer that covers a base of the allele is hidden ([MASK]): no visible k-mer shows any of
its bases, and all other bases are visible. For each hidden k-mer i the model gives probabilities of all k-mers; those that agree with the
visible bases are kept and made to add up to 1, and P_i is that of the k-mer that is there. With m_i the bases of the allele in k-mer i::

    LL    = n * sum_i log2 P_i / sum_i m_i       bits; sum_i m_i is n k away from the ends of a window, so that each base counts once
    score = LL + 2 n                             bits above four equally likely bases; 0 where no base is left (n = 0)
    LLR   = score(alternate) - score(reference)  below 0 where the alternate allele is the less likely one

Of an SNV the hidden k-mers, and what is visible, are the same for both alleles, and LLR is the mean over the k hidden k-mers of the log2
ratio of the probabilities of two k-mers. The 2 bits a base make alleles of different length comparable: without them every insertion would
be unlikely. Inserting bases and deleting them again give scores of opposite sign.

Legend: R windows, T tokens, M hidden k-mers, V vocabulary.

Source: the masked-marginal score of protein language models, Meier et al. 2021 (ESM-1v), carried over to overlapping k-mers, all of which
are hidden; the published masks leave neighbours that show most hidden bases (recipe 1.4).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
import torch

from dnabert.checkpoint import SavedModel
from dnabert.device import Machine, inference
from dnabert.dna.kmers import MASK_ID, NUM_SPECIAL
from dnabert.dna.regions import Strand
from dnabert.errors import ConfigError
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.variants.answers import PairScore, check_length, token_ids
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.reference import opposite
from dnabert.infer.variants.windows import WindowPair

__all__ = ["BITS_PER_BASE", "ZeroShotScorer", "hidden_tokens"]

BITS_PER_BASE = 2.0
"""log2 of four: what a base costs where all are equally likely."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Hidden:
    """A haplotype with its allele hidden.

    Attributes:
        ids: Token ids as the model reads them, (T,).
        tokens: Which k-mers are hidden, (M,).
        kmers: Their numbers, 0 to 4**k - 1, (M,).
        first: First base of the allele in each, counted in the k-mer, (M,).
        end: One past the last, (M,).
    """

    ids: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    kmers: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def hidden_tokens(place: int, count: int, num_kmers: int, kmer: int) -> npt.NDArray[np.int64]:
    """The k-mers of a window that cover a base of an allele.

    Args:
        place: Index of the allele's first base.
        count: Its bases.
        num_kmers: k-mers of the window.
        kmer: Length of a k-mer.

    Examples:
        >>> hidden_tokens(5, 1, 10, 3).tolist(), hidden_tokens(5, 0, 10, 3).tolist(), hidden_tokens(0, 2, 10, 3).tolist()
        ([3, 4, 5], [], [0, 1])
    """
    if count == 0:
        return np.empty(0, np.int64)
    return np.arange(max(place - kmer + 1, 0), min(place + count, num_kmers))


class ZeroShotScorer:
    """Scores pairs of windows by a pre-trained model.

    Args:
        saved: The model.
        machine: Where to compute.
        config: Settings.

    Attributes:
        length: Bases of a window.
        outputs: One, without a name.
        strands: On which strands centred windows are read.
        has_odds: There are none.

    Raises:
        ConfigError: The model is fine-tuned, or the window does not fit it.
    """

    outputs: tuple[str, ...] = ("",)
    output_names: tuple[str, ...] = ("log-likelihood",)
    has_odds = False

    def __init__(self, saved: SavedModel, machine: Machine, config: VariantConfig) -> None:
        if saved.info.head.task != "masked_lm":
            raise ConfigError(
                f"{saved.directory}: --zero-shot is for pre-trained models, and this one is fine-tuned ({saved.info.head.task});"
                " leave --zero-shot out"
            )
        self.saved, self.machine, self._config = saved, machine, config
        self._kmer = saved.model.config.kmer
        room = saved.tokenizer.max_tokens + self._kmer - 1
        self.length = config.window_bp or saved.info.window_bp or room
        if self.length > room:
            raise ConfigError(f"window_bp {self.length} is longer than the {room} bases that {saved.directory} reads at once; take less")
        check_length(self.length, self._kmer, config)
        self._both = config.strand in ("auto", "both")
        strands: dict[str, tuple[Strand, ...]] = {"strongest": ("+", "-"), "reverse": ("-",)}
        self.strands: tuple[Strand, ...] = strands.get(config.strand, ("+",))

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights."""
        return self.saved.sha256

    @property
    def direction(self) -> str:
        """How strands are read, in words."""
        if self._both:
            return "mean of both"
        return "of the site" if self._config.anchor != "none" else "the one with the larger change" if len(self.strands) == 2 else "one"

    def score(self, pairs: Sequence[WindowPair]) -> list[PairScore]:
        """A score for each pair; hidden windows that several pairs share are read once."""
        queries: list[tuple[bytes, int, int]] = []
        for pair in pairs:
            queries.append((pair.reference, pair.reference_place, pair.reference_bp))
            queries.append((pair.alternate, pair.alternate_place, pair.alternate_bp))
        if not queries:
            return []
        scores = self.allele_scores(queries)
        if self._both:
            turned = [(opposite(codes), self.length - place - count, count) for codes, place, count in queries]
            scores = [(one + other) / 2 for one, other in zip(scores, self.allele_scores(turned), strict=True)]
        found = []
        for reference, alternate in zip(scores[::2], scores[1::2], strict=True):
            ratio = alternate - reference
            found.append(PairScore((reference,), (alternate,), (ratio,), None, abs(ratio)))
        return found

    def allele_scores(self, queries: Sequence[tuple[bytes, int, int]]) -> list[float]:
        """The score of each allele, in bits.

        Args:
            queries: Base codes of a window, index of the allele's first base in it, and its bases.
        """
        codes = np.frombuffer(b"".join(codes for codes, _, _ in queries), np.uint8).reshape(len(queries), -1)
        ids = token_ids(codes, self._kmer)
        scores = [0.0] * len(queries)
        rows: dict[bytes, list[int]] = {}
        hidden: list[_Hidden] = []
        for number, (row, (_, place, count)) in enumerate(zip(ids, queries, strict=True)):
            hidden.append(self._hide(row, place, count))
            if count:
                rows.setdefault(hidden[-1].ids.tobytes(), []).append(number)
        alike = list(rows.values())
        for members, logits in zip(alike, self._logits([hidden[numbers[0]] for numbers in alike]), strict=True):
            for number in members:
                scores[number] = self._bits(hidden[number], logits, queries[number][2])
        return scores

    def _hide(self, ids: npt.NDArray[np.int64], place: int, count: int) -> _Hidden:
        tokens = hidden_tokens(place, count, len(ids) - 2, self._kmer)
        masked = ids.copy()
        masked[1 + tokens] = MASK_ID
        first = np.maximum(place - tokens, 0)
        end = np.minimum(place + count - tokens, self._kmer)
        return _Hidden(masked, tokens, ids[1 + tokens] - NUM_SPECIAL, first, end)

    def _bits(self, hidden: _Hidden, logits: Floats, count: int) -> float:
        total = 0.0
        for kmer, first, end, row in zip(
            hidden.kmers.tolist(), hidden.first.tolist(), hidden.end.tolist(), logits.astype(np.float64), strict=True
        ):
            behind = 4 ** (self._kmer - end)
            # Axes: bases before the hidden ones, hidden ones, bases behind them.
            options = row[NUM_SPECIAL:].reshape(4**first, 4 ** (end - first), behind)
            agreeing = options[kmer // (behind * 4 ** (end - first)), :, kmer % behind]
            total += row[NUM_SPECIAL + kmer] - np.logaddexp.reduce(agreeing)
        covered = int((hidden.end - hidden.first).sum())
        return count * float(total) / log(2) / covered + BITS_PER_BASE * count

    def _logits(self, hidden: Sequence[_Hidden]) -> Iterator[Floats]:
        """Logits of the hidden k-mers of each window, (M, V)."""
        width = self.length - self._kmer + 3
        rows = max(1, (self._config.tokens_per_batch or TOKENS_PER_BATCH[self.machine.device.type]) // width)
        for start in range(0, len(hidden), rows):
            piece = hidden[start : start + rows]
            ids = torch.from_numpy(np.stack([each.ids for each in piece])).to(self.machine.device)
            positions = np.concatenate([row * width + 1 + each.tokens for row, each in enumerate(piece)])
            with inference(self.saved.model, self.machine):  # never over a yield: the caller's own work would run in it
                logits = self.saved.model(ids, positions=torch.from_numpy(positions)).logits.float().cpu().numpy()
            yield from np.split(logits, np.cumsum([len(each.tokens) for each in piece])[:-1])
