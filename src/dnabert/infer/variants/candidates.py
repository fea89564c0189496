"""Candidate variants: those in a high-attention region that change the answer (section 3.5 of the paper).

A base is in a high-attention region if its attention score (that of 2021; of an ensemble the sum) is above the mean and above ten times the
lowest score of the reference window, the rule by which motifs are found. An insertion is where the base before it or behind it is.

Source: Ji et al. 2021, section 3.5; recipe 1.8 and 1.9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnabert.data.sequences import SequenceSet, pack
from dnabert.infer.attention.scores import all_base_scores
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.config import CandidateConfig
from dnabert.infer.variants.windows import WindowPair
from dnabert.motif.steps.islands import high_bases

__all__ = ["HighRegion", "high_regions"]


@dataclass(frozen=True)
class HighRegion:
    """A high-attention region that a variant lies in.

    Attributes:
        start: Its first base on the genome, 0-based.
        end: One past its last base.
        score: The highest attention score of the variant's bases.
        ratio: That score as a multiple of the mean of the window.
    """

    start: int
    end: int
    score: float
    ratio: float


def high_regions(predictor: Predictor, pairs: Sequence[WindowPair], config: CandidateConfig) -> list[HighRegion | None]:
    """The high-attention region of the reference window that each variant lies in, None where it lies in none.

    Args:
        predictor: The model; the members of an ensemble are summed, and so are both strands where a member reads both.
        pairs: The variants' windows.
        config: What is high.

    Raises:
        ConfigError: There is no such layer.
    """
    rows: dict[bytes, int] = {}
    places = [rows.setdefault(pair.reference, len(rows)) for pair in pairs]
    if not rows:
        return []
    windows = SequenceSet(tuple(map(str, rows.values())), pack([np.frombuffer(codes, np.uint8) for codes in rows]))
    total = np.zeros((len(rows), len(pairs[0].reference)))
    for member in predictor.members:
        for reverse in (False,) if member.info.stranded else (False, True):
            scores = all_base_scores(
                member.model, windows, member.tokenizer, predictor.machine, layer=config.layer, normalise=False, reverse=reverse
            )
            total += np.stack(scores)
    high = np.stack([high_bases(row, config.mean_factor, config.min_factor) for row in total])
    return [_region(pair, total[row], high[row]) for pair, row in zip(pairs, places, strict=True)]


def _region(pair: WindowPair, scores: np.ndarray, high: np.ndarray) -> HighRegion | None:
    length = len(scores)
    first, last = pair.reference_place, pair.reference_place + pair.reference_bp
    if first == last:
        first, last = max(first - 1, 0), min(last + 1, length)
    found = np.flatnonzero(high[first:last])
    if not len(found):
        return None
    start = end = first + int(found[0])
    while start > 0 and high[start - 1]:
        start -= 1
    while end < length and high[end]:
        end += 1
    score = float(scores[first:last][found].max())
    if pair.window.strand == "-":
        start, end = length - end, length - start
    return HighRegion(pair.window.start + start, pair.window.start + end, score, score / float(scores.mean()))
