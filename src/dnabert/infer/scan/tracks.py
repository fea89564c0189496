"""Scores along a genome into bigWig as they come, so that a track of any length needs little memory.

Source: Kent et al. 2010 (bigWig and bigBed); written by libBigWig.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyBigWig

from dnabert.errors import OutputError
from dnabert.output import write_error

__all__ = ["TrackWriter", "open_track"]

_BLOCK = 1 << 15
"""Values that are handed on at once: always as many, so that the bytes do not depend on the pieces that come in."""
_MOST_ZOOMED = 50_000_000
"""Values of a track that is summarised for browsers: libBigWig keeps 13 bytes of each in memory for that. Larger ones have no summaries."""


class TrackWriter:
    """Values of a track; what follows without a gap becomes one run of equal steps.

    Args:
        track: The open bigWig.
        step: Bases from one value to the next.
        span: Bases that a value holds for, at most ``step``.
        path: What it will be called, for messages.
    """

    def __init__(self, track: Any, step: int, span: int, path: Path) -> None:
        self._track, self.step, self.span, self._path = track, step, span, path
        self._contig, self._start = "", 0
        self._waiting: list[npt.NDArray[np.float32]] = []
        self._count = 0

    def add(self, contig: str, start: int, values: npt.NDArray[np.float32]) -> None:
        """Write values; contigs come in the order of the header, places ascending.

        Args:
            contig: The contig.
            start: First base of the first value, 0-based.
            values: A value for every step, (W,); where it is NaN there is none.
        """
        known = np.flatnonzero(~np.isnan(values))
        if not len(known):
            return
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            self._add_run(contig, start + int(run[0]) * self.step, values[run[0] : run[-1] + 1])

    def _add_run(self, contig: str, start: int, values: npt.NDArray[np.float32]) -> None:
        if contig != self._contig or start != self._start + self._count * self.step:
            self.flush()
            self._contig, self._start = contig, start
        self._waiting.append(values)
        self._count += len(values)
        if self._count >= _BLOCK:
            whole = np.concatenate(self._waiting)
            full = len(whole) - len(whole) % _BLOCK
            for first in range(0, full, _BLOCK):
                self._write(whole[first : first + _BLOCK])
            self._waiting, self._count = [whole[full:]], len(whole) - full

    def flush(self) -> None:
        """Write what waits."""
        if self._count:
            self._write(np.concatenate(self._waiting))
        self._waiting, self._count = [], 0

    def _write(self, values: npt.NDArray[np.float32]) -> None:
        with _told(self._path):
            self._track.addEntries(self._contig, self._start, values=values.astype(np.float64).tolist(), span=self.span, step=self.step)
        self._start += len(values) * self.step


def _check_whole(path: Path) -> None:
    """LibBigWig only prints that it could not write the end of a file.

    Raises:
        RuntimeError: The file does not end as it must.
    """
    with path.open("rb") as handle:
        first = handle.read(4)
        handle.seek(-4, os.SEEK_END)
        if handle.read(4) != first:
            raise RuntimeError("its end is missing")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What libBigWig could not do, which it says without a reason; not what a model could not, whose scores come in between."""
    try:
        yield
    except RuntimeError as error:
        raise OutputError(f"{path}: the bigWig file cannot be written ({error}); is there space left? choose another --out") from error


@contextlib.contextmanager
def open_track(path: Path, lengths: Mapping[str, int], step: int, span: int, num_values: int | None = None) -> Iterator[TrackWriter]:
    """A bigWig file that appears, whole, when the block ends without an error.

    Args:
        path: Where to.
        lengths: Bases by contig; the order of the contigs.
        step: Bases from one value to the next.
        span: Bases that a value holds for.
        num_values: Values that will come; None is one at every step of every contig. Beyond 50 million the track has no summaries.

    Raises:
        OutputError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    values = sum(lengths.values()) // step if num_values is None else num_values
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _told(path):
            track = pyBigWig.open(str(temporary), "w")
        try:
            with _told(path):
                track.addHeader(list(lengths.items()), **({"maxZooms": 0} if values > _MOST_ZOOMED else {}))
            writer = TrackWriter(track, step, span, path)
            yield writer
            writer.flush()
        finally:
            track.close()
        with _told(path):
            _check_whole(temporary)
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
