"""Batches of the next step, made in a thread while the device computes this one; and the time of a step of the loop with its batches.

Batches follow from the seed and the number of the step alone, so that nothing but the time changes.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

import dnabert.train.pretrain as pretrain_module
from benchmarks.gpu.deadline import Deadline
from benchmarks.speed.cases.training.training import TimedJob, train_steps
from dnabert.data.batch import Batch
from dnabert.device import Machine
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob

__all__ = ["PrefetchingJob", "loop_seconds", "prefetched"]


class PrefetchingJob(PretrainJob):
    """Pre-training whose next batches are made ahead; arguments as those of :class:`PretrainJob`."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._ahead: tuple[int, Future[list[Batch]]] | None = None
        self.deadline: Deadline | None = None

    def batches(self, step: int) -> list[Batch]:
        """The masked windows of a step, in pieces of like length; those of the next step are begun."""
        if self.deadline is not None:
            self.deadline.tell_if_over()
        ahead, self._ahead = self._ahead, None
        made = ahead[1].result() if ahead else []  # also one that is not wanted: the corpus is read by one thread at a time
        if ahead is None or ahead[0] != step:
            made = super().batches(step)
        self._ahead = (step + 1, self._pool.submit(super().batches, step + 1))
        return made

    def close(self) -> None:
        """Ends the thread."""
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def prefetched(deadline: Deadline) -> Iterator[None]:
    """Inside, :func:`dnabert.train.pretrain.pretrain` makes its batches ahead, and asks for the deadline in every step.

    It has no argument for its job, so its name for the class is replaced until the loop itself makes batches ahead.
    """
    made: list[PrefetchingJob] = []

    def make(*given: Any, **named: Any) -> PrefetchingJob:
        made.append(PrefetchingJob(*given, **named))
        made[-1].deadline = deadline
        return made[-1]

    before = pretrain_module.PretrainJob
    pretrain_module.PretrainJob = make  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        pretrain_module.PretrainJob = before  # type: ignore[misc]
        for job in made:
            job.close()


class _MarkedJob(TimedJob):
    """Batches of their own in every step, in place of the same ones; the device is idle when the first step that counts begins."""

    def __init__(self, job: PretrainJob, first: int) -> None:
        super().__init__(job, ())
        self._real = job
        self._first = first

    def batches(self, step: int) -> Sequence[Batch]:
        """The job's batches of this step."""
        if step == self._first and self._real.machine.device.type == "cuda":
            torch.cuda.synchronize()  # the loop is a step ahead of the device
        super().batches(step)
        return self._real.batches(step)


def loop_seconds(job: PretrainJob, config: PretrainConfig, machine: Machine, counts: tuple[int, int]) -> float:
    """Mean seconds of a step of :func:`dnabert.train.loop.train`, its batches included; the weights of the job's model change.

    Args:
        job: What is trained.
        config: The settings.
        machine: Where.
        counts: Steps before, and steps that count.
    """
    marked, num_steps = _MarkedJob(job, counts[0]), sum(counts)
    train_steps(marked, config.model_copy(update={"save_every": num_steps + 1}), machine, num_steps)
    return (marked.marks[-1] - marked.marks[counts[0]]) / counts[1]
