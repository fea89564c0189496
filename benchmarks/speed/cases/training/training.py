"""One step of our training loop, timed inside the loop itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.speed.rounds import seconds, take_turns
from dnabert.data.batch import Batch
from dnabert.device import Machine
from dnabert.train.loop import Job, LoopSettings, train

__all__ = ["TimedJob", "step_seconds", "time_steps", "train_steps"]


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
    train_steps(timed, settings, machine, steps + 1, folder)
    return (timed.marks[-1] - timed.marks[1]) / steps


def train_steps(job: Job, settings: LoopSettings, machine: Machine, num_steps: int, folder: Path | None = None) -> None:
    """So many steps of :func:`dnabert.train.loop.train`, evaluated once, after the last one.

    Args:
        job: What is trained.
        settings: The settings of the loop.
        machine: Where.
        num_steps: Steps.
        folder: Where the run's files may be until the end; None takes the system's.
    """
    with TemporaryDirectory(dir=folder) as run:
        train(
            job,
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


def time_steps(
    ours: Callable[[], float],
    theirs: Callable[[], None],
    steps: int,
    rounds: int,
    matmul: Callable[[], float],
    report: Callable[[str], None],
) -> dict[str, tuple[float, ...]]:
    """Seconds of a step of ours and of transformers, and of one operation of a matrix product, in turn.

    Args:
        ours: Mean seconds of a step of ours.
        theirs: A step of the reference.
        steps: Steps of the reference in a round.
        rounds: Rounds that count.
        matmul: Seconds of an operation.
        report: Told a line after each round.
    """
    theirs()  # makes the optimiser's state, as the first step of our loop does
    cases = {"ours": ours, "transformers": lambda: seconds(lambda: [theirs() for _ in range(steps)], steps), "an operation": matmul}
    return take_turns(cases, rounds, report=report)
