"""Shards over the ranks of ``torchrun``: every rank works on its share and keeps it in the same folder, rank 0 puts it together.

No messages are sent: a result that is in the folder is done. So ranks need a common disk and nothing else.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from dnabert.errors import ClusterError
from dnabert.infer.shards import Shard, ShardStore, Task

__all__ = ["RankEngine"]

S = TypeVar("S")
_POLL_S = 0.05


class RankEngine:
    """This process as one of several ranks: shard n belongs to rank n modulo their number.

    Args:
        rank: Number of this rank, from 0; None: torchrun's ``RANK``.
        ranks: How many there are; None: torchrun's ``WORLD_SIZE``.
        patience_s: Seconds without any news from the other ranks after which rank 0 gives up.

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
        self._run = os.environ.get("TORCHELASTIC_RUN_ID", "0")
        if (place := os.environ.get("LOCAL_RANK")) is not None and (torch := _torch()).cuda.is_available():
            torch.cuda.set_device(int(place) % torch.cuda.device_count())  # each rank of a node computes on a GPU of its own
        self.assembles = self.rank == 0

    def run(self, task: Task[S], shards: Iterable[Shard[S]], store: ShardStore) -> Iterator[str]:
        """Work on this rank's shards that the store does not hold; see :class:`dnabert.infer.shards.Engine`.

        Rank 0 yields all keys, in order, as they are there; the other ranks yield nothing.

        Raises:
            ClusterError: The other ranks do no more.
        """
        work: Callable[[S], bytes] | None = None
        pending: list[str] = []
        for number, shard in enumerate(shards):
            if number % self.ranks == self.rank and not store.holds(shard.key):
                if work is None:
                    work = task.start()
                store.keep(shard.key, work(shard.content))
            if self.assembles:
                pending.append(shard.key)
                while pending and store.holds(pending[0]):
                    yield pending.pop(0)
        for key in pending:
            self._wait(partial(store.holds, key), store)
            yield key
        if not self.assembles:
            store.note(self._done(self.rank))
        else:  # the pieces may be thrown away after this: no rank must look for them any more
            for rank in range(1, self.ranks):
                self._wait(partial(store.has_note, self._done(rank)), store)

    def _done(self, rank: int) -> str:
        return f"rank-{rank}-of-{self.ranks}-{self._run}.done"

    def close(self) -> None:
        """Nothing is held."""

    def _wait(self, is_there: Callable[[], bool], store: ShardStore) -> None:
        news, since = -1, time.monotonic()
        while not is_there():
            count = store.count()
            if count != news:
                news, since = count, time.monotonic()
            elif time.monotonic() - since > self.patience_s:
                raise ClusterError(
                    f"{store.folder}: no rank has finished a shard for {self.patience_s:g} seconds; what is done is kept: look at the other"
                    " ranks' messages and go on with --resume"
                )
            time.sleep(_POLL_S)


def _torch() -> Any:
    return import_module("torch")
