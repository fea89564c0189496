"""What is done with a shard of a scan: base codes become k-mer ids once, and windows are views of them.

The ids of the reverse strand are made from the same ids; rows of a batch are copied from the views with [CLS] and [SEP] about them. Every
batch has the same number of rows (the last of a shard is filled up), so that a score does not depend on what else is scanned.

Legend: W windows, T k-mers of a window, R rows of a batch, K outputs, S strands, L rows of a window of a token model.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnabert.checkpoint import SavedModel
from dnabert.choices import DeviceName, DtypeName
from dnabert.data.datasets.shuffle import shuffle_dinucleotides
from dnabert.device import choose_machine, inference
from dnabert.dna.kmers import CLS_ID, PAD_ID, SEP_ID, reverse_complement_ids
from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import AMBIGUOUS, Codes
from dnabert.forward import TOKENS_PER_BATCH, Predictions, probabilities, stitch, window_starts
from dnabert.infer.predictor import Predictor
from dnabert.infer.scan.choices import ScanRule
from dnabert.infer.scan.config import Windows
from dnabert.infer.scan.plan import BaseShard, Content, Drawn, Segment, WindowShard
from dnabert.infer.scan.rules import apply_rule

__all__ = ["ScanTask", "Scanner", "batch_rows", "read_scores"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ScanTask:
    """How a worker of a scan gets ready.

    Attributes:
        model: Model directory.
        genome: Genome file.
        device: Where to compute.
        dtype: Number type.
        windows: Where windows lie.
        rule: What is made of the windows of the background.
        strands: Strands that are read: ``+``, ``-`` or ``.``, the mean of both.
        classes: Numbers of the outputs that are kept.
    """

    model: Path
    genome: Path
    device: DeviceName
    dtype: DtypeName
    windows: Windows
    rule: ScanRule
    strands: tuple[str, ...]
    classes: tuple[int, ...]

    def start(self) -> Callable[[Content], bytes]:
        """Load the model, open the genome, and return the work."""
        return Scanner(self, Predictor(self.model, choose_machine(self.device, self.dtype)), Genome(self.genome)).work


def batch_rows(members: Sequence[SavedModel], window_bp: int, device: str) -> int:
    """Windows of a batch, R: as many as `predict` takes; of an ensemble as many as the member takes that takes the fewest."""

    def rows(member: SavedModel) -> int:
        kmers, full = window_bp - member.model.config.kmer + 1, member.tokenizer.max_tokens
        return max(1, TOKENS_PER_BATCH[device] // (-(-kmers // full) * (min(kmers, full) + 2)))

    return min(map(rows, members))


def read_scores(content: bytes) -> Floats:
    """Scores of a shard: strands, windows (or bases, or shuffles), classes, (S, W, K); NaN where there is an N."""
    scores: Floats = np.load(io.BytesIO(content), allow_pickle=False)
    return scores


@dataclass(frozen=True)
class _Piece:
    """Windows that follow each other.

    Attributes:
        codes: Base codes from the first base of the first window to the last base of the last.
        count: Windows.
    """

    codes: Codes
    count: int


class Scanner:
    """A model and a genome, ready to score shards.

    Args:
        task: What is done.
        predictor: The model.
        genome: The genome.
    """

    def __init__(self, task: ScanTask, predictor: Predictor, genome: Genome) -> None:
        self.task, self.predictor, self.genome = task, predictor, genome
        self.is_token = predictor.info.head.task == "token"

    def work(self, content: Content) -> bytes:
        """Scores of a shard, as :func:`read_scores` reads them."""
        if isinstance(content, WindowShard):
            pieces = [self._piece(run.contig, run.start, run.count) for run in content.runs]
            scores = self._scores(pieces, self.task.windows.window_bp)
        elif isinstance(content, BaseShard):
            scores = np.concatenate([self._base_scores(segment) for segment in content.segments], axis=1)
        else:
            scores = self._background(content)
        out = io.BytesIO()
        np.save(out, np.ascontiguousarray(scores[..., list(self.task.classes)], dtype=np.float32), allow_pickle=False)
        return out.getvalue()

    def _piece(self, contig: str, start: int, count: int, window_bp: int | None = None) -> _Piece:
        length = (window_bp or self.task.windows.window_bp) + (count - 1) * self.task.windows.stride_bp
        return _Piece(self.genome.codes(Region(contig, start, start + length)), count)

    def _scores(self, pieces: Sequence[_Piece], window_bp: int) -> Floats:
        """Probabilities or values of windows, (S, W, K)."""
        unknown = np.concatenate([_has_unknown(piece, window_bp, self.task.windows.stride_bp) for piece in pieces])

        def read(member: SavedModel, reverse: bool) -> Floats:
            logits, rows = (
                self._logits(member, pieces, window_bp, unknown, reverse),
                batch_rows(self.predictor.members, window_bp, self.task.device),
            )
            # Batch by batch too: the last elements of an array may be rounded in another way than those before.
            probs = [_probabilities(member, logits[at : at + rows]) for at in range(0, len(logits), rows)]
            return np.concatenate(probs)[: len(unknown)]

        scores = self._on_strands(read)
        scores[:, unknown] = np.nan
        return scores

    def _on_strands(self, read: Callable[[SavedModel, bool], Floats]) -> Floats:
        """What ``read`` gives for members and strands, as the mean over members, for each strand that is asked for, (S, W, K)."""
        found = []
        for strand in self.task.strands:
            total: Floats | None = None
            for number, member in enumerate(self.predictor.members):
                mean = read(member, strand == "-")
                if strand == ".":
                    mean = _weighted(mean, read(member, True), 0.5)
                total = mean if total is None else _weighted(mean, total, 1 / (number + 1))
            assert total is not None
            found.append(total)
        return np.stack(found)

    def _logits(
        self, member: SavedModel, pieces: Sequence[_Piece], window_bp: int, unknown: npt.NDArray[np.bool_], reverse: bool
    ) -> Floats:
        """Logits of windows, (W, K), of a token model (W, L, K), rows in forward order, and behind them those that fill up the last batch.

        Where all windows of a batch are unknown they are 0.
        """
        machine, kmer, stride = self.predictor.machine, member.model.config.kmer, self.task.windows.stride_bp
        kmers, rows = window_bp - kmer + 1, batch_rows(self.predictor.members, window_bp, machine.device.type)
        views = (_views(piece, member, kmers, stride, machine.device, reverse) for piece in pieces)
        nothing = _nothing(member, rows, window_bp).to(machine.device)
        found: list[Tensor] = []
        with inference(member.model, machine):
            for number, ids in enumerate(_batches(views, rows, reverse)):
                if unknown[number * rows : (number + 1) * rows].all():
                    found.append(nothing)
                else:
                    found.append(member.model(**_framed(ids, member.tokenizer.max_tokens)).logits.float())
            logits: Floats = torch.cat(found).cpu().numpy()
        return logits[:, ::-1] if reverse and self.is_token else logits

    def _base_scores(self, segment: Segment) -> Floats:
        """Probabilities of bases of a stretch, (S, bases, K), stitched from the windows that reach into the segment."""
        stretch, windows = segment.stretch, self.task.windows
        length = stretch.end - stretch.start
        window_bp = min(windows.window_bp, length)
        starts = window_starts(length, window_bp, windows.stride_bp)
        first, last = segment.first - stretch.start, segment.last - stretch.start
        starts = starts[(starts < last) & (starts + window_bp > first)]
        regular = int(np.count_nonzero(np.diff(starts) == windows.stride_bp)) + 1  # but for the one that ends with the stretch
        pieces = [self._piece(stretch.contig, stretch.start + int(starts[0]), regular, window_bp)]
        pieces += [self._piece(stretch.contig, stretch.start + int(start), 1, window_bp) for start in starts[regular:]]
        unknown = np.concatenate([_has_unknown(piece, window_bp, windows.stride_bp) for piece in pieces])
        origin = int(starts[0])

        def read(member: SavedModel, reverse: bool) -> Floats:
            logits = self._logits(member, pieces, window_bp, unknown, reverse)
            known = [(int(start) - origin, rows) for start, rows, bad in zip(starts, logits, unknown, strict=False) if not bad]
            whole = np.full((last - origin, logits.shape[2]), np.nan, dtype=np.float32)
            if known:
                stitched = stitch(known, int(starts[-1]) + logits.shape[1] - origin)[: last - origin]
                whole[: len(stitched)] = stitched
            return _probabilities(member, whole[first - origin :])

        return self._on_strands(read)

    def _background(self, drawn: Drawn) -> Floats:
        """Scores of shuffles, (S, shuffles, K); of a token model those of all their bases."""
        windows = self.task.windows
        codes: list[Codes] = []
        for contig, start in drawn.places:
            if len(codes) == drawn.wanted:
                break
            one = self.genome.codes(Region(contig, start, start + windows.evaluation_bp))
            if one.max() < AMBIGUOUS:
                codes.append(one)
        classes = self.predictor.info.head.num_outputs
        if not codes:
            return np.empty((len(self.task.strands), 0, classes), np.float32)
        shuffled = shuffle_dinucleotides(np.stack(codes), np.arange(len(codes)), drawn.seed, drawn.shuffles).codes
        pieces = [_Piece(one, windows.group) for one in shuffled.reshape(-1, windows.evaluation_bp)]
        if self.is_token:
            known = np.zeros(len(pieces), dtype=np.bool_)

            def read(member: SavedModel, reverse: bool) -> Floats:
                logits = self._logits(member, pieces, windows.window_bp, known, reverse)[: len(pieces)]
                return _probabilities(member, logits.reshape(-1, logits.shape[2]))

            return self._on_strands(read)
        scores = self._scores(pieces, windows.window_bp)  # (S, shuffles x group, K)
        grouped = scores.reshape(len(scores), len(pieces), windows.group, classes)
        return np.stack([[apply_rule(self.task.rule, one, windows.group)[0] for one in strand] for strand in grouped])


def _probabilities(member: SavedModel, logits: Floats) -> Floats:
    return probabilities(Predictions(logits), member.model, member.info.target_scale, member.info.target_mean).values


def _weighted(left: Floats, right: Floats, weight: float) -> Floats:
    """``weight`` times left plus the rest of right, as the predictor averages."""
    return (weight * left + (1 - weight) * right).astype(np.float32)


def _has_unknown(piece: _Piece, window_bp: int, stride_bp: int) -> npt.NDArray[np.bool_]:
    """Whether there is an N in each window, (W,)."""
    flags = piece.codes >= AMBIGUOUS
    if not flags.any():
        return np.zeros(piece.count, dtype=np.bool_)
    sums = np.concatenate(([0], np.cumsum(flags, dtype=np.int32)))
    starts = stride_bp * np.arange(piece.count)
    has: npt.NDArray[np.bool_] = sums[starts + window_bp] > sums[starts]
    return has


def _views(piece: _Piece, member: SavedModel, kmers: int, stride: int, device: torch.device, reverse: bool) -> Tensor:
    """Ids of windows as a view of those of the piece, (W, T); on the reverse strand the last window comes first."""
    ids: npt.NDArray[Any] = member.tokenizer.kmer_ids(piece.codes)
    if reverse:
        ids = reverse_complement_ids(ids, member.model.config.kmer)
    return torch.from_numpy(ids.astype(np.int32)).to(device).unfold(0, kmers, stride)


def _batches(views: Iterator[Tensor], rows: int, reverse: bool) -> Iterator[Tensor]:
    """Ids of ``rows`` windows at a time, (R, T), in the order of the genome; the last batch is filled up with its first row."""
    waiting: list[Tensor] = []
    room = rows
    for view in views:
        count, start = len(view), 0
        while start < count:
            end = min(count, start + room)
            waiting.append(view[count - end : count - start].flip(0) if reverse else view[start:end])
            start, room = end, room - (end - start)
            if not room:
                yield torch.cat(waiting)
                waiting, room = [], rows
    if waiting:
        last = torch.cat(waiting)
        yield torch.cat([last, last[:1].expand(rows - len(last), -1)])


def _framed(ids: Tensor, max_tokens: int) -> dict[str, Any]:
    """Arguments of the model: ids (R, T) in chunks of at most ``max_tokens``, each with [CLS] and [SEP]; a window's follow each other."""
    count, kmers = ids.shape
    chunks = -(-kmers // max_tokens)
    width = min(kmers, max_tokens)
    framed = torch.full((count, chunks, width + 2), PAD_ID, dtype=torch.long, device=ids.device)
    framed[..., 0] = CLS_ID
    for chunk in range(chunks):
        part = ids[:, chunk * width : (chunk + 1) * width]
        framed[:, chunk, 1 : part.shape[1] + 1] = part
        framed[:, chunk, part.shape[1] + 1] = SEP_ID
    framed = framed.flatten(0, 1)  # (R x chunks, width + 2)
    padded = kmers < chunks * width
    return {"ids": framed, "mask": framed != PAD_ID if padded else None, "num_chunks": [chunks] * count if chunks > 1 else None}


def _nothing(member: SavedModel, rows: int, window_bp: int) -> Tensor:
    """Logits in the place of those of a batch of N only."""
    head = member.model.head_config
    if head.task != "token":
        return torch.zeros(rows, head.num_outputs)
    return torch.zeros(rows, window_bp - (0 if head.token_level == "base" else member.model.config.kmer - 1), head.num_outputs)
