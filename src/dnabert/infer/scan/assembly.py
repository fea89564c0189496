"""Scores of shards put together: first counted among those of shuffles, then written as tracks and calls. One shard is held at a time.

Legend: S strands, W windows, K classes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from dnabert.infer.scan.background import Background
from dnabert.infer.scan.calls import CALL_COLUMNS, Call, CallMerger, bed_line
from dnabert.infer.scan.choices import ScanRule
from dnabert.infer.scan.config import Windows
from dnabert.infer.scan.plan import BaseShard, Content, Drawn
from dnabert.infer.scan.rules import apply_rule
from dnabert.infer.scan.tracks import open_track
from dnabert.infer.scan.work import read_scores
from dnabert.infer.shards import Shard, ShardStore
from dnabert.output import open_output

__all__ = ["Counts", "Layout", "Scored", "TrackName", "count_scores", "read_all", "write_results"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """Scores that follow each other.

    Attributes:
        contig: The contig.
        start: First base of the first window (or the first base).
        values: Scores, (S, W, K).
    """

    contig: str
    start: int
    values: Floats


@dataclass(frozen=True)
class TrackName:
    """One of the tracks.

    Attributes:
        strand: Its number among the strands that are read.
        output: Its number among the classes that are kept.
        label: Name of the class, label or value.
        sign: ``+``, ``-`` or ``.``.
        path: Where it is written.
    """

    strand: int
    output: int
    label: str
    sign: str
    path: Path


@dataclass(frozen=True)
class Layout:
    """How scores lie along the genome.

    Attributes:
        step: Bases from one score to the next.
        window_bp: Bases that a score is made of.
    """

    step: int
    window_bp: int

    @property
    def span(self) -> int:
        """Bases that a value of a track holds for: those in the middle of the window, without overlap."""
        return min(self.step, self.window_bp)

    @property
    def offset(self) -> int:
        """From the first base of a window to the first that its value holds for."""
        return (self.window_bp - self.span) // 2


@dataclass
class Counts:
    """What a scan ended with.

    Attributes:
        scored: Windows (or bases) with a score.
        unknown: Windows (or bases) left out for an N.
        calls: Calls written.
    """

    scored: int = 0
    unknown: int = 0
    calls: int = 0


def read_all(shards: Iterable[Shard[Content]], store: ShardStore, windows: Windows, rule: ScanRule) -> Iterator[Scored]:
    """The scores of all shards in the order of the genome, under the rule.

    Args:
        shards: The shards, in order; all are in the store.
        store: Their scores.
        windows: Where windows lie.
        rule: What is made of windows that follow each other.
    """
    before: Floats | None = None
    for shard in shards:
        scores, at = read_scores(store.read(shard.key)), 0
        if isinstance(shard.content, BaseShard):
            for segment in shard.content.segments:
                size = segment.last - segment.first
                yield Scored(segment.stretch.contig, segment.first, scores[:, at : at + size])
                at += size
            continue
        assert not isinstance(shard.content, Drawn)
        for run in shard.content.runs:
            part = scores[:, at : at + run.count]
            at += run.count
            if before is not None and not run.is_first and windows.group > 1:
                part = np.concatenate([before, part], axis=1)
            start = run.start - (part.shape[1] - run.count) * windows.stride_bp
            if part.shape[1] >= windows.group:
                yield Scored(run.contig, start, np.stack([apply_rule(rule, strand, windows.group) for strand in part]))
            before = part[:, part.shape[1] - min(windows.group - 1, part.shape[1]) :]


def count_scores(scored: Iterable[Scored], backgrounds: Sequence[Sequence[Background]] | None) -> Counts:
    """How many windows there are, and how they lie among the shuffles.

    Args:
        scored: All scores.
        backgrounds: Of each strand, for each class; None where none was asked for.
    """
    counts = Counts()
    for piece in scored:
        unknown = int(np.count_nonzero(np.isnan(piece.values[0, :, 0])))
        counts.unknown += unknown
        counts.scored += piece.values.shape[1] - unknown
        for strand, of_strand in enumerate(backgrounds or ()):
            for output, background in enumerate(of_strand):
                background.add(piece.values[strand, :, output])
    return counts


def write_results(
    scored: Iterable[Scored],
    tracks: Sequence[TrackName],
    bed: Path,
    layout: Layout,
    lengths: dict[str, int],
    merger: Callable[[], CallMerger],
    backgrounds: Sequence[Sequence[Background]] | None,
    *,
    max_q: float | None,
    is_probability: bool,
    provenance: str,
    force: bool,
    num_values: int | None = None,
) -> int:
    """Tracks and calls, whole or not at all.

    Args:
        scored: All scores.
        tracks: The tracks.
        bed: Where the calls go.
        layout: How scores lie.
        lengths: Bases by contig.
        merger: Makes what joins the windows of one track.
        backgrounds: As :func:`count_scores`, all windows counted.
        max_q: Highest q of a call, or None.
        is_probability: Whether scores are probabilities.
        provenance: ``#`` lines.
        force: Replace what is there.
        num_values: Scores of each track, as :attr:`Counts.scored`; None takes them for as many as fit on the contigs.

    Returns:
        Number of calls.

    Raises:
        OutputError: A file cannot be written.
    """
    with ExitStack() as stack:
        handle = stack.enter_context(open_output(bed, force))
        handle.write(provenance + "#" + "\t".join(CALL_COLUMNS) + "\n")
        writers = [stack.enter_context(open_track(track.path, lengths, layout.step, layout.span, num_values)) for track in tracks]
        calls = _Calls(handle, tracks, [merger() for _ in tracks], backgrounds, max_q, is_probability)
        for piece in scored:
            starts = piece.start + layout.step * np.arange(piece.values.shape[1])
            calls.begin(piece.contig)
            for track, writer, joined in zip(tracks, writers, calls.mergers, strict=True):
                values = piece.values[track.strand, :, track.output]
                writer.add(piece.contig, piece.start + layout.offset, values)
                joined.add(piece.contig, starts, values)
        calls.flush()
        return calls.number


class _Calls:
    """Calls of all tracks, written by contig and position.

    Args:
        handle: The BED file.
        tracks: The tracks.
        mergers: What joins the windows of each.
        backgrounds: Of each strand and class, or None.
        max_q: Highest q.
        is_probability: Whether scores are probabilities.
    """

    def __init__(
        self,
        handle: IO[str],
        tracks: Sequence[TrackName],
        mergers: Sequence[CallMerger],
        backgrounds: Sequence[Sequence[Background]] | None,
        max_q: float | None,
        is_probability: bool,
    ) -> None:
        self.handle, self.tracks, self.mergers = handle, tracks, mergers
        self.backgrounds, self.max_q, self.is_probability = backgrounds, max_q, is_probability
        self.number = 0
        self._contig = ""

    def begin(self, contig: str) -> None:
        """Go on with a contig; what is known of the one before is written."""
        if contig != self._contig:
            self.flush()
            self._contig = contig

    def flush(self) -> None:
        """Write all calls so far."""
        found: list[tuple[Call, TrackName, float | None, float | None]] = []
        for track, merger in zip(self.tracks, self.mergers, strict=True):
            for call in merger.take():
                p = q = None
                if self.backgrounds is not None:
                    background = self.backgrounds[track.strand][track.output]
                    p, q = float(background.p(call.value)), float(background.q(call.value))
                if self.max_q is None or (q is not None and q <= self.max_q):
                    found.append((call, track, p, q))
        for call, track, p, q in sorted(found, key=lambda entry: (entry[0].start, entry[0].end, entry[1].output, entry[1].strand)):
            self.number += 1
            line = bed_line(call, f"{track.label}_{self.number}", track.sign, self.is_probability, p, q)
            self.handle.write(line + "\n")
