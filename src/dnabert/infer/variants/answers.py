"""What a fine-tuned model, or an ensemble, answers for windows with either allele, and how the answers differ.

Of a class or label with probability p (the mean over members, and over strands where both are read)::

    DIFF  = (alt - ref) * max(ref, alt)                 between -1 and 1
    LOGOR = log2(ref / (1 - ref)) - log2(alt / (1 - alt))    above 0 where the alternate allele makes the class less likely

LOGOR is computed from log p and log(1 - p), which the logits give without rounding to 0 or 1, and is finite: probabilities count as
between epsilon and 1 - epsilon. Of a value (regress) the difference is ``alt - ref`` in its unit, and there are no odds.

Legend: R windows, L bases, N k-mers (L-k+1), T tokens (N+2), K outputs.

Source: Ji et al. 2021, released code of section 3.5; recipe 1.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log2
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnabert.checkpoint import SavedModel
from dnabert.data.batch import EncodedSet
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine, inference
from dnabert.dna.kmers import CLS_ID, SEP_ID, kmer_ids
from dnabert.dna.regions import Strand
from dnabert.dna.sequence import Codes
from dnabert.errors import CheckpointError, ConfigError
from dnabert.forward import TOKENS_PER_BATCH, predict_set
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.reference import opposite
from dnabert.infer.variants.windows import WindowPair

__all__ = ["Answers", "ModelScorer", "PairScore", "check_fine_tuned", "check_length", "token_ids"]

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PairScore:
    """What a model says of a pair of windows.

    Attributes:
        reference: With the reference allele: probabilities, values, or bits (zero-shot), (K,).
        alternate: With the alternate allele, (K,).
        difference: (K,); zero-shot: the log-likelihood ratio in bits.
        log_odds: LOGOR in bits, (K,); None where there are no probabilities.
        total: How much the answer changes in all: sum over outputs of the absolute change.
    """

    reference: tuple[float, ...]
    alternate: tuple[float, ...]
    difference: tuple[float, ...]
    log_odds: tuple[float, ...] | None
    total: float

    @property
    def changes(self) -> tuple[float, ...]:
        """What rises with the alternate allele: log2 odds, a value, or the log-likelihood ratio, (K,)."""
        return self.difference if self.log_odds is None else tuple(-value for value in self.log_odds)


@dataclass(frozen=True)
class Answers:
    """A model's answers.

    Attributes:
        values: Probabilities or values, (R, K).
        log_odds: log2(p / (1 - p)), not clipped, (R, K); None of values.
    """

    values: Doubles
    log_odds: Doubles | None


class ModelScorer:
    """Scores pairs of windows by a fine-tuned model or an ensemble.

    Args:
        predictor: The model.
        config: Settings.

    Attributes:
        length: Bases of a window.
        outputs: Names of the classes, labels or values that are scored; of two classes only the second, and it is named "".
        strands: On which strands centred windows are read.
        has_odds: Whether there are probabilities.

    Raises:
        ConfigError: The model's task does not fit, or the window does not fit the model.
    """

    def __init__(self, predictor: Predictor, config: VariantConfig) -> None:
        self.predictor = predictor
        self._config = config
        head = predictor.info.head
        where = predictor.members[0].directory
        if head.task in ("token", "pair"):
            reads = "answers for every base" if head.task == "token" else "reads two sequences"
            raise ConfigError(
                f"{where}: variants are scored by one answer for one window, and this model {reads}; use one fine-tuned with"
                " --task classify, multilabel or regress"
            )
        self.has_odds = head.task != "regress"
        labels = predictor.info.labels or tuple(map(str, range(head.num_outputs)))
        binary = head.task == "classify" and len(labels) == 2
        self._columns = [1] if binary else list(range(len(labels)))
        self.outputs = tuple("" if len(self._columns) == 1 else labels[column] for column in self._columns)
        self.output_names = tuple(labels[column] for column in self._columns)
        self.length = self._window_length(str(where))
        self.strands: tuple[Strand, ...] = self._strands()
        self._both = config.strand == "both"
        self._never_both = config.strand in ("forward", "reverse", "strongest")

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights."""
        return self.predictor.sha256

    @property
    def direction(self) -> str:
        """How strands are read, in words."""
        if self._both or (not self._never_both and not any(member.info.stranded for member in self.predictor.members)):
            return "mean of both"
        if self._config.anchor != "none":
            return "of the site"
        return "the one with the larger change" if len(self.strands) == 2 else "forward" if self.strands == ("+",) else "reverse"

    def score(self, pairs: Sequence[WindowPair]) -> list[PairScore]:
        """A score for each pair; windows that several pairs share are read once."""
        rows: dict[bytes, int] = {}
        places = [(rows.setdefault(pair.reference, len(rows)), rows.setdefault(pair.alternate, len(rows))) for pair in pairs]
        if not rows:
            return []
        answers = self.answer(list(rows))
        values = answers.values[:, self._columns]
        odds = None
        if answers.log_odds is not None:
            bound = log2(1 - self._config.epsilon) - log2(self._config.epsilon)
            odds = np.clip(answers.log_odds[:, self._columns], -bound, bound)
        found = []
        for reference, alternate in places:
            ref, alt = values[reference], values[alternate]
            change = alt - ref
            difference = change if odds is None else change * np.maximum(ref, alt)
            log_odds = None if odds is None else tuple((odds[reference] - odds[alternate]).tolist())
            total = float(np.abs(change).sum())
            found.append(PairScore(tuple(ref.tolist()), tuple(alt.tolist()), tuple(difference.tolist()), log_odds, total))
        return found

    def answer(self, windows: Sequence[bytes]) -> Answers:
        """Answers for windows of one length.

        Args:
            windows: Base codes, as they are read.
        """
        both_of = [self._both or (not self._never_both and not member.info.stranded) for member in self.predictor.members]
        codes = _matrix(windows)
        turned = _matrix([opposite(window) for window in windows]) if any(both_of) else codes
        parts: list[tuple[float, Floats, SavedModel]] = []
        for member, both in zip(self.predictor.members, both_of, strict=True):
            for rows in (codes, turned) if both else (codes,):
                weight = 1 / (len(both_of) * (2 if both else 1))
                parts.append((weight, self.logits(member, rows), member))
        task = self.predictor.info.head.task
        if task == "regress":
            return Answers(np.sum([weight * _values(logits, member) for weight, logits, member in parts], axis=0), None)
        logs = [(log(weight), *_log_probabilities(logits.astype(np.float64), task)) for weight, logits, _ in parts]
        log_p = np.logaddexp.reduce([weight + yes for weight, yes, _ in logs], axis=0)
        log_q = np.logaddexp.reduce([weight + no for weight, _, no in logs], axis=0)
        return Answers(np.exp(log_p), (log_p - log_q) / log(2))

    def logits(self, member: SavedModel, codes: npt.NDArray[np.uint8]) -> Floats:
        """Logits of windows by a member, (R, K), of base codes (R, L): all that a baseline has to put in the place of a model."""
        machine = self.predictor.machine
        budget = self._config.tokens_per_batch or TOKENS_PER_BATCH[machine.device.type]
        if member.model.head_config.chunk_pooling is not None:
            names = tuple(map(str, range(len(codes))))
            data = EncodedSet(SequenceSet(names, pack(list(codes))), member.tokenizer, member.model.head_config)
            return predict_set(member.model, data, machine, tokens_per_batch=budget).values
        return _read(member, token_ids(codes, member.tokenizer.kmer), machine, budget)

    def _window_length(self, where: str) -> int:
        members = self.predictor.members
        trained = {member.info.window_bp for member in members}
        wanted = self._config.window_bp
        if wanted is None:
            if None in trained or len(trained) > 1:
                said = "do not agree on" if len(trained) > 1 else "does not say"
                raise ConfigError(f"{where}: the model {said} the length of its training windows: say it with --set window_bp=N")
            (wanted,) = trained
        assert wanted is not None
        rooms = [
            member.tokenizer.max_tokens + member.tokenizer.kmer - 1 for member in members if member.model.head_config.chunk_pooling is None
        ]
        if rooms and wanted > min(rooms):
            if self._config.window_bp is not None:
                raise ConfigError(f"window_bp {wanted} is longer than the {min(rooms)} bases that {where} reads at once; take less")
            wanted = min(rooms)
        check_length(wanted, self.predictor.kmer, self._config)
        return wanted

    def _strands(self) -> tuple[Strand, ...]:
        strand = self._config.strand
        if strand == "auto":
            strand = "strongest" if any(member.info.stranded for member in self.predictor.members) else "both"
        strands: dict[str, tuple[Strand, ...]] = {"strongest": ("+", "-"), "reverse": ("-",)}
        return strands.get(strand, ("+",))


def check_length(length: int, kmer: int, config: VariantConfig) -> None:
    """Stop where windows hold no k-mer, or are moved off their variant.

    Raises:
        ConfigError: They are.
    """
    if length < kmer:
        raise ConfigError(f"window_bp {length} is shorter than k = {kmer}; take more")
    far = max(config.shifts, key=abs)
    if abs(far) >= (length + 1) // 2:
        raise ConfigError(f"shifts: {far} moves a window of {length} bases off the variant; take less than {(length + 1) // 2}")


def check_fine_tuned(saved: SavedModel) -> None:
    """Stop where a model has no task.

    Raises:
        CheckpointError: It is pre-trained.
    """
    if saved.info.head.task == "masked_lm":
        raise CheckpointError(
            f"{saved.directory}: is a pre-trained model without a task; give --zero-shot to score by its hidden k-mers, or fine-tune it"
        )


def token_ids(codes: npt.NDArray[np.uint8], kmer: int) -> npt.NDArray[np.int64]:
    """Token ids of windows of one length, all in one go, with [CLS] and [SEP].

    Args:
        codes: Base codes, (R, L).
        kmer: Length of a k-mer.

    Returns:
        Ids, (R, T).

    Examples:
        >>> token_ids(np.array([[0, 0, 0, 1], [1, 0, 0, 0]], np.uint8), 3).tolist()
        [[2, 5, 6, 3], [2, 21, 5, 3]]
    """
    rows, length = codes.shape
    kmers = length - kmer + 1
    # k-mers over the end of one window and the begin of the next are made too, and left out.
    flat = np.zeros(rows * length + kmer - 1, np.uint8)
    flat[: rows * length] = codes.ravel()
    ids = np.empty((rows, kmers + 2), np.int64)
    ids[:, 0], ids[:, -1] = CLS_ID, SEP_ID
    ids[:, 1:-1] = kmer_ids(flat, kmer).reshape(rows, length)[:, :kmers]
    return ids


def _matrix(windows: Sequence[bytes]) -> Codes:
    matrix: Codes = np.frombuffer(b"".join(windows), np.uint8).reshape(len(windows), -1)
    return matrix


def _read(member: SavedModel, ids: npt.NDArray[np.int64], machine: Machine, budget: int) -> Floats:
    """Logits of windows, (R, K)."""
    rows = max(1, budget // ids.shape[1])
    found = []
    with inference(member.model, machine):
        for start in range(0, len(ids), rows):
            batch = torch.from_numpy(ids[start : start + rows]).to(machine.device)
            found.append(member.model(batch).logits.float().cpu().numpy())
    logits: Floats = np.concatenate(found)
    return logits


def _values(logits: Floats, member: SavedModel) -> Doubles:
    values = logits.astype(np.float64)
    if member.info.target_scale:
        values = values * np.asarray(member.info.target_scale) + np.asarray(member.info.target_mean)
    return values


def _log_probabilities(logits: Doubles, task: str) -> tuple[Doubles, Doubles]:
    """Logarithms of p and of 1 - p, (R, K) each."""
    if task == "multilabel":
        return -np.logaddexp(0, -logits), -np.logaddexp(0, logits)
    total: Doubles = np.logaddexp.reduce(logits, axis=1)
    log_q = np.empty_like(logits)
    for column in range(logits.shape[1]):
        others: Any = np.delete(logits, column, axis=1)
        log_q[:, column] = np.logaddexp.reduce(others, axis=1) - total
    return logits - total[:, None], log_q
