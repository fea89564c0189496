"""Shards over the ranks of ``torchrun``: every rank works on its share and keeps it in the same folder, rank 0 puts it together.

No messages are sent: a result that is in the folder is done, and so are signs that ranks leave each other there. So ranks need a common
disk and nothing else.

How the run ends, so that what a killed run left is never believed: rank 0 writes a word that nobody can know before; each other rank, when
its shards are done, answers with it, and again whenever it changes; rank 0 takes the word away when all have answered, and all end.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from threading import Event, Thread
from typing import Any, TypeVar

from dnabert.errors import ClusterError, OutputError
from dnabert.infer.shards import Shard, ShardStore, Task

__all__ = ["RankEngine"]

log = logging.getLogger(__name__)

S = TypeVar("S")
_POLL_S = 0.05
_BEAT_S = 30.0
"""Seconds between two signs of life of a rank at work, at most."""
_WORD = "rank-0-word"


class RankEngine:
    """This process as one of several ranks: shard n belongs to rank n modulo their number.

    Args:
        rank: Number of this rank, from 0; None: torchrun's ``RANK``.
        ranks: How many there are; None: torchrun's ``WORLD_SIZE``.
        patience_s: Seconds without any sign of life from the other ranks after which a rank that waits gives up.

    Raises:
        ClusterError: This process was not started by torchrun.
    """

    def __init__(self, rank: int | None = None, ranks: int | None = None, patience_s: float = 3600) -> None:
        try:
            self.rank = int(os.environ["RANK"]) if rank is None else rank
            self.ranks = int(os.environ["WORLD_SIZE"]) if ranks is None else ranks
        except KeyError as error:
            raise ClusterError(
                f"{error.args[0]} is not set: start the command with torchrun --nproc-per-node N -m dnabert ..., or choose another --engine"
            ) from error
        self.patience_s = patience_s
        if (place := os.environ.get("LOCAL_RANK")) is not None and (torch := _torch()).cuda.is_available():
            torch.cuda.set_device(int(place) % torch.cuda.device_count())  # each rank of a node computes on a GPU of its own
        self.assembles = self.rank == 0

    def run(self, task: Task[S], shards: Iterable[Shard[S]], store: ShardStore) -> Iterator[str]:
        """Work on this rank's shards that the store does not hold; see :class:`dnabert.infer.shards.Engine`.

        Rank 0 yields all keys, in order, as they are there; the other ranks yield nothing, and end when rank 0 has all.

        Raises:
            ClusterError: The other ranks do no more, or make pieces of other settings.
        """
        work: Callable[[S], bytes] | None = None
        pending: list[tuple[int, str]] = []  # ranks and keys
        word = secrets.token_hex(8)
        if self.assembles:
            store.note(_WORD, word)
        with self._beating(store):
            for number, shard in enumerate(shards):
                owner = number % self.ranks
                if owner == self.rank and not store.holds(shard.key):
                    if work is None:
                        work = task.start()
                    store.keep(shard.key, work(shard.content))
                if self.assembles:
                    pending.append((owner, shard.key))
                    while pending and store.holds(pending[0][1]):
                        yield pending.pop(0)[1]
            for owner, key in pending:
                self._wait_for_piece(owner, key, word, store)
                yield key
            # The pieces may be thrown away after this: no rank must look for them any more.
            for rank in range(1, self.ranks) if self.assembles else ():
                self._wait(partial(_has_answered, rank, word, store), store)
        if self.assembles:
            store.remove_note(_WORD)
        else:
            self._answer(store)

    def close(self) -> None:
        """Nothing is held."""

    def _wait_for_piece(self, owner: int, key: str, word: str, store: ShardStore) -> None:
        def is_there() -> bool:
            ended = _has_answered(owner, word, store)  # looked at first: what an ended rank made is there
            if store.holds(key):
                return True
            if ended:
                raise ClusterError(
                    f"{store.folder}: rank {owner} has ended and has not made a piece that is its own, so its settings are others; give all"
                    " ranks the same command, device and number of threads (OMP_NUM_THREADS)"
                )
            return False

        self._wait(is_there, store)

    def _answer(self, store: ShardStore) -> None:
        """Say to rank 0 that the work is done, until it has heard so."""
        answered: str | None = None

        def is_heard() -> bool:
            nonlocal answered
            word = store.read_note(_WORD)
            if word is not None and word != answered:
                store.note(_done(self.rank), word)
                answered = word
            return word is None and answered is not None

        self._wait(is_heard, store)

    def _wait(self, is_there: Callable[[], bool], store: ShardStore) -> None:
        news, since = self._news(store), time.monotonic()
        while not is_there():
            found = self._news(store)
            if found != news:
                news, since = found, time.monotonic()
            elif time.monotonic() - since > self.patience_s:
                raise ClusterError(
                    f"{store.folder}: no other rank has given a sign of life for {self.patience_s:g} seconds; what is done is kept: look"
                    " at the other ranks' messages and go on with --resume"
                )
            time.sleep(_POLL_S)

    def _news(self, store: ShardStore) -> tuple[int, list[int | None]]:
        """Changes when another rank has done something."""
        return store.count(), [store.time_of_note(_alive(rank)) for rank in range(self.ranks) if rank != self.rank]

    @contextmanager
    def _beating(self, store: ShardStore) -> Iterator[None]:
        """Signs of life in the folder while the block runs."""
        ended = Event()
        pause_s = min(_BEAT_S, self.patience_s / 4)

        def beat() -> None:
            while not ended.is_set():
                try:
                    store.note(_alive(self.rank))
                except OutputError as error:
                    log.warning("no sign of life could be left for the other ranks: %s", error)
                ended.wait(pause_s)

        thread = Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _has_answered(rank: int, word: str, store: ShardStore) -> bool:
    return store.read_note(_done(rank)) == word


def _done(rank: int) -> str:
    return f"rank-{rank}-done"


def _alive(rank: int) -> str:
    return f"rank-{rank}-alive"


def _torch() -> Any:
    return import_module("torch")
