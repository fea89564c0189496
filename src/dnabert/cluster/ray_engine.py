"""Shards over a Ray cluster, or over the cores and GPUs of this machine: a pool of actors, each with its model.

Ray's actors are used rather than Ray Data: shards come from a stream that is read as it is needed, results are wanted in the order of the
shards while later ones are worked on, and a small job should not wait half a minute for a data-flow engine to start. What Ray Data would
add, restarts of lost workers and waiting for room, actors have too.

Results travel to the driver, which keeps them, so that the nodes need no common disk for them; models and genomes are read by each worker
and must be reachable under the same path on every node.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from dnabert.errors import ClusterError, DnabertError, requires_extra
from dnabert.infer.shards import Shard, ShardStore, Task

__all__ = ["RayEngine"]

log = logging.getLogger(__name__)

S = TypeVar("S")
_WAITING_PER_WORKER = 3
"""Shards that are under way or done and not yet taken, for each worker: enough that none waits, few enough for flat memory."""
_PATIENCE_S = 60.0
"""Seconds without an answer after which it is looked whether the cluster still has room for all workers."""
_RETRIES = 3
"""Times that a shard is tried again when its worker, or the node it is on, is lost."""


class RayEngine:
    """A pool of workers on a Ray cluster.

    Args:
        address: ``local`` starts Ray on this machine; ``auto`` joins the cluster that this machine belongs to; or ``host:port``.
        workers: Workers; None: one for each GPU of the cluster, or for each two cores if there is no GPU.
        gpus: GPUs of a worker, also parts of one; None: one where the cluster has any, else none.
        cores: Processor cores of a worker, which torch uses all.

    Raises:
        DnabertError: Ray is not installed.
        ClusterError: The cluster cannot be reached, or is too small for one worker.
    """

    assembles = True

    def __init__(self, address: str = "local", workers: int | None = None, gpus: float | None = None, cores: int | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise requires_extra("ray", "cluster", "--engine ray") from error
        self._ray: Any = ray
        self._owns = not self._ray.is_initialized()
        if self._owns:
            self._connect(address)
        resources = self._ray.cluster_resources()
        all_gpus, all_cores = float(resources.get("GPU", 0)), float(resources.get("CPU", 0))
        self.gpus = (1.0 if all_gpus else 0.0) if gpus is None else gpus
        largest = max((int(node["Resources"].get("CPU", 0)) for node in self._ray.nodes() if node["Alive"]), default=1)
        self.cores = cores or (1 if self.gpus else min(2, max(1, largest)))
        room = _room(self._ray, self.cores, self.gpus)
        if not room:
            self.close()
            raise ClusterError(
                f"the Ray cluster at {address} has {all_cores:g} cores and {all_gpus:g} GPUs, and no node of it the {self.cores} cores and"
                f" {self.gpus:g} GPUs that a worker wants; ask for less, or join a larger cluster"
            )
        self.threads = self.cores
        self.workers = min(workers or room, room)
        if workers and workers > room:
            log.warning("%d workers asked for, the cluster has room for %d", workers, room)
        log.info("Ray: %d workers with %d cores and %g GPUs each", self.workers, self.cores, self.gpus)

    def _connect(self, address: str) -> None:
        try:
            self._ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ClusterError(f"--address {address}: no Ray cluster answers there: {str(error).splitlines()[0]}") from error

    def run(self, task: Task[S], shards: Iterable[Shard[S]], store: ShardStore) -> Iterator[str]:
        """Work on the shards that the store does not hold; see :class:`dnabert.infer.shards.Engine`.

        Raises:
            DnabertError: A shard's work raised it.
            ClusterError: Workers are lost again and again.
        """
        pool = _Pool(self._ray, self.workers, self.cores, self.gpus, task)
        waiting: deque[tuple[str, Any]] = deque()  # keys in order, with what will be their result; None: it is there
        try:
            for shard in shards:
                waiting.append((shard.key, None if store.holds(shard.key) else pool.begin(shard.content)))
                while len(waiting) >= self.workers * _WAITING_PER_WORKER or (waiting and waiting[0][1] is None):
                    yield self._finished(waiting.popleft(), store, pool)
            while waiting:
                yield self._finished(waiting.popleft(), store, pool)
        finally:
            pool.close()

    def _finished(self, entry: tuple[str, Any], store: ShardStore, pool: "_Pool") -> str:
        key, future = entry
        if future is not None:
            store.keep(key, pool.result(future))
        return key

    def close(self) -> None:
        """Leave the cluster, and end it if this engine started it."""
        if self._owns and self._ray.is_initialized():
            self._ray.shutdown()


def _room(ray: Any, cores: int, gpus: float) -> int:
    """Workers that the living nodes of the cluster can hold, other jobs aside; a worker is on one node."""
    count = 0
    for node in ray.nodes():
        if node["Alive"]:
            found = node["Resources"]
            room = int(found.get("CPU", 0)) // cores
            if gpus:  # a part of a GPU is of one GPU
                on_all = int(found.get("GPU", 0))
                room = min(room, on_all * int(1 / gpus) if gpus < 1 else int(on_all / gpus))
            count += room
    return count


class _Pool:
    """Actors that share the work; they start with the first shard that is not done."""

    def __init__(self, ray: Any, workers: int, cores: int, gpus: float, task: Task[Any]) -> None:
        self._ray, self._task, self._count = ray, task, workers
        self._cores, self._gpus = cores, gpus
        threads = {"env_vars": {"OMP_NUM_THREADS": str(cores)}}
        limits = {"max_restarts": -1, "max_task_retries": _RETRIES}
        self._kind = ray.remote(num_cpus=cores, num_gpus=gpus, runtime_env=threads, **limits)(_Worker)
        self._actors: list[Any] = []
        self._busy: dict[Any, Any] = {}
        self._has_answered = False

    def begin(self, content: Any) -> Any:
        """What will be the bytes of a shard; the worker with the least to do takes it."""
        if len(self._actors) < self._count:
            self._actors.append(self._kind.remote(self._task))
        if self._busy:
            ready, _ = self._ray.wait(list(self._busy), num_returns=len(self._busy), timeout=0)
            for future in ready:
                del self._busy[future]
        loads = [sum(other == place for other in self._busy.values()) for place in range(len(self._actors))]
        place = loads.index(min(loads))
        future = self._actors[place].work.remote(content)
        self._busy[future] = place
        return future

    def result(self, future: Any) -> bytes:
        """The bytes of a shard."""
        while not self._ray.wait([future], timeout=_PATIENCE_S)[0]:
            self._tell()
        try:
            result: bytes = self._ray.get(future)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, DnabertError):
                raise error.cause from None
            raise
        except self._ray.exceptions.RayActorError as error:
            raise ClusterError(
                f"a worker was lost {_RETRIES + 1} times at the same shard, perhaps for want of memory: {str(error).splitlines()[0]};"
                " what is done is kept: give its workers more room and go on with --resume"
            ) from error
        self._has_answered = True
        return result

    def _tell(self) -> None:
        """Why it may be that there is no answer."""
        room = _room(self._ray, self._cores, self._gpus)
        if room < self._count:
            log.warning(
                "nodes are lost: the cluster has room for %d of %d workers, and shards of the others wait until nodes join;"
                " or stop (what is done is kept), and go on with --resume",
                room,
                self._count,
            )
        elif not self._has_answered:
            log.info("no worker has answered yet: shards are large, or the cluster is at work for others")

    def close(self) -> None:
        for actor in self._actors:
            self._ray.kill(actor)


class _Worker:
    """The process of an actor."""

    def __init__(self, task: Task[Any]) -> None:
        self._task = task
        self._work: Callable[[Any], bytes] | None = None

    def work(self, content: Any) -> bytes:
        if self._work is None:
            self._work = self._task.start()
        return self._work(content)
