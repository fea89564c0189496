"""One step of our training loop, timed inside the loop itself."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from dnabert.data.batch import Batch
from dnabert.device import Machine
from dnabert.train.loop import Job, LoopSettings, train

__all__ = ["TimedJob", "step_seconds"]


class TimedJob:
    """A job of the loop that gives it the same batch in every step, and notes when each step begins and when the last one has ended.

    The loop asks for the batch of a step when it begins with it, and evaluates once, after the last one.

    Args:
        job: The job itself: its model and its loss are used.
        pieces: The batch of every step.
    """

    def __init__(self, job: Job, pieces: Sequence[Batch]) -> None:
        self.marks: list[float] = []
        self._job = job
        self._pieces = pieces

    def batches(self, step: int) -> Sequence[Batch]:
        """The same pieces."""
        self.marks.append(perf_counter())
        return self._pieces

    def evaluate(self) -> dict[str, float | int | None]:
        """Nothing."""
        self.marks.append(perf_counter())
        return {}

    def score(self, figures: dict[str, float | int | None]) -> float | None:
        """Nothing is chosen."""
        return None

    def __getattr__(self, name: str) -> Any:
        """All else, the model and its loss above all, is the job's own."""
        return getattr(self._job, name)


def step_seconds(job: Job, pieces: Sequence[Batch], settings: LoopSettings, machine: Machine, steps: int, folder: Path) -> float:
    """Mean seconds of a step of :func:`dnabert.train.loop.train` on a given batch; a first step, which is not counted, comes before.

    Args:
        job: What is trained.
        pieces: The batch of every step.
        settings: The settings of the loop.
        machine: Where.
        steps: Steps that count.
        folder: Where the run's files may be.
    """
    timed = TimedJob(job, pieces)
    with TemporaryDirectory(dir=folder) as run:
        num_steps = steps + 1
        train(
            timed,
            settings,
            Path(run),
            machine,
            num_steps=num_steps,
            eval_every=num_steps,
            patience=0,
            fingerprint="",
            resume=False,
            quiet=True,
        )
    return (timed.marks[-1] - timed.marks[1]) / steps
