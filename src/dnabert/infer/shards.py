"""Long jobs in pieces: each piece is done once, by any worker, and kept under the key of what it was made from.

A job is a stream of shards (some windows of a genome, some records of a VCF) and a task that turns a shard into bytes. An engine decides
where shards are worked on; the store keeps what is done, so that a job that was killed anywhere goes on where it was, and engines can
be exchanged in the middle of one.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from dnabert.errors import OutputError
from dnabert.output import write_bytes

__all__ = ["Engine", "LocalEngine", "Shard", "ShardStore", "Task", "ThreadedEngine", "Work", "shard_key", "tell_unused", "threads_of"]

log = logging.getLogger(__name__)

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

_PUBLISHED = "published"

Work = Callable[[S], bytes]
"""Turns what a shard holds into the bytes that are kept; the same bytes on every worker."""


@dataclass(frozen=True)
class Shard(Generic[S]):
    """One piece of a job.

    Attributes:
        key: What it is made from, see :func:`shard_key`.
        content: What the work needs; can be pickled.
    """

    key: str
    content: S


class Task(Protocol[S_contra]):
    """How a worker gets ready: a small object that can be pickled, such as a frozen dataclass of paths and settings."""

    def start(self) -> Callable[[S_contra], bytes]:
        """Load the model and whatever else is needed, once for each worker, and return the work."""
        ...


class Engine(Protocol):
    """Where shards are worked on."""

    @property
    def assembles(self) -> bool:
        """Whether this process puts the results together; the other ones end when their shards are done."""
        ...

    def run(self, task: Task[S], shards: Iterable[Shard[S]], store: "ShardStore") -> Iterator[str]:
        """Work on the shards that the store does not hold.

        Args:
            task: What is done with a shard.
            shards: The shards, read as they are needed, never all at once.
            store: Where results are kept.

        Yields:
            Their keys, in the order of the shards, each when its result is in the store; nothing on a process that does not assemble.
        """
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


@runtime_checkable
class ThreadedEngine(Protocol):
    """An engine whose workers compute with another number of threads than this process may."""

    @property
    def threads(self) -> int:
        """Threads that torch computes with in each worker, on a CPU."""
        ...


class LocalEngine:
    """This process, one shard after the other; the model is loaded when the first shard needs it."""

    assembles = True

    def run(self, task: Task[S], shards: Iterable[Shard[S]], store: "ShardStore") -> Iterator[str]:
        """Work on the shards that the store does not hold; see :class:`Engine`."""
        work: Work[S] | None = None
        for shard in shards:
            if not store.holds(shard.key):
                if work is None:
                    work = task.start()
                store.keep(shard.key, work(shard.content))
            yield shard.key

    def close(self) -> None:
        """Nothing is held."""


class ShardStore:
    """Results of shards in a folder, a file for each key, whole or not there.

    Args:
        folder: The folder; it is made when the first result comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holds(self, key: str) -> bool:
        """Whether the result of a shard is there."""
        return self._path(key).is_file()

    def keep(self, key: str, result: bytes) -> None:
        """Write the result of a shard; of two workers that do so at once, either's stands, and both are the same.

        Raises:
            OutputError: It cannot be written.
        """
        self._make_folder()
        write_bytes(self._path(key), result)

    def read(self, key: str) -> bytes:
        """The result of a shard.

        Raises:
            OutputError: It is not there.
        """
        try:
            return self._path(key).read_bytes()
        except OSError as error:
            raise OutputError(
                f"{self._path(key)}: a finished piece cannot be read: {error.strerror or error}; run the command again"
            ) from error

    def note(self, name: str, text: str = "") -> None:
        """Leave a sign for other processes, or for the next run; one of this name is replaced.

        Raises:
            OutputError: It cannot be written.
        """
        self._make_folder()
        write_bytes(self._note(name), text.encode())

    def read_note(self, name: str) -> str | None:
        """What a sign says; None where there is none.

        Raises:
            OutputError: It cannot be read.
        """
        try:
            return self._note(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{self._note(name)}: cannot be read: {error.strerror or error}; run the command again") from error

    def time_of_note(self, name: str) -> int | None:
        """When a sign was left last, in nanoseconds by the clock of the disk; None where there is none."""
        try:
            return self._note(name).stat().st_mtime_ns
        except OSError:  # a disk that does not answer is no news of a worker either
            return None

    def remove_note(self, name: str) -> None:
        """Take a sign away, if it is there.

        Raises:
            OutputError: It cannot be removed.
        """
        try:
            self._note(name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._note(name)}: cannot be removed: {error.strerror or error}; remove it") from error

    def publish(self, paths: Iterable[Path]) -> None:
        """Note that these results are about to be put in their places, so that a run that goes on after a kill may replace them.

        Raises:
            OutputError: It cannot be written.
        """
        self.note(_PUBLISHED, json.dumps([str(path.absolute()) for path in paths]))

    def published(self, path: Path) -> bool:
        """Whether a run that did not end was about to put a result there, see :meth:`publish`."""
        names: list[str] = json.loads(self.read_note(_PUBLISHED) or "[]")
        return str(path.absolute()) in names

    def may_replace(self, path: Path, *, is_named_by_run: bool) -> bool:
        """Whether a run that goes on may put a result in the place of a file.

        Args:
            path: The file.
            is_named_by_run: Whether its name follows from that of this folder, so that pieces here tell whose it is; any other file must
                have been noted, see :meth:`publish`.
        """
        return self.count() > 0 if is_named_by_run else self.published(path)

    def count(self) -> int:
        """How many results there are."""
        return sum(1 for _ in self.folder.glob("*.part"))

    def clear(self) -> None:
        """Remove all results and signs, and the folder if nothing else lies in it: what a user put there stays.

        What cannot be removed is told, and does no harm: a result is taken by its key only.
        """
        try:
            for pattern in ("*.part", "*.note", ".*.tmp"):
                for path in self.folder.glob(pattern):
                    path.unlink(missing_ok=True)
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()
        except OSError as error:
            log.warning("%s: finished pieces cannot be removed: %s", self.folder, error.strerror or error)

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.note"

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made: {error.strerror or error}") from error

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.part"


def threads_of(engine: Engine, device: str) -> int | None:
    """Threads that shards are computed with where that changes the last bits of sums: on a CPU; None on a GPU. A part of their keys.

    Args:
        engine: Where shards are worked on; one that says nothing of threads computes as this process does.
        device: Kind of device: ``cpu`` or ``cuda``.
    """
    if device != "cpu":
        return None
    if isinstance(engine, ThreadedEngine):
        return engine.threads
    import torch  # the engines are imported without it

    return torch.get_num_threads()


def tell_unused(store: ShardStore, keys: Iterable[str], threads: int | None) -> None:
    """A word where pieces are there that are not of this job.

    Args:
        store: The pieces.
        keys: Those of the job.
        threads: What :func:`threads_of` gave.
    """
    count = store.count()  # first: other ranks make pieces meanwhile
    if count and (count := count - sum(map(store.holds, set(keys)))) > 0:
        now = "" if threads is None else f", such as another number of threads ({threads} now)"
        log.warning("%s: %d pieces there are of other input or settings%s, and are not used", store.folder, count, now)


def shard_key(*parts: Any) -> str:
    """SHA-256 of what a shard is made from: model, settings, genome, place or content; bytes as they are, all else by its ``repr``.

    Examples:
        >>> shard_key("model", 0, 1000) == shard_key("model", 0, 1000)
        True
        >>> shard_key("a", "b") == shard_key("ab")
        False
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
