"""Where a run's numbers go: ``metrics.jsonl``, TensorBoard, and a progress bar on a terminal."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["Tracker"]


class Tracker:
    """Logs a run; use it as a context.

    Args:
        run: The run directory.
        num_steps: Steps of the whole run.
        done: Steps done before.
        quiet: No progress bar.
    """

    def __init__(self, run: Path, num_steps: int, done: int, quiet: bool) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._file = (run / "metrics.jsonl").open("a", encoding="utf-8")
        self._board = SummaryWriter(str(run / "tensorboard"), purge_step=done)
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=quiet or not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("training", total=num_steps, completed=done, note="")
        self._tokens = 0
        self._seconds = 0.0
        self._since = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        self._since = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
        self._file.close()
        self._board.close()

    def step(self, step: int, tokens: int, loss: float) -> None:
        """One optimiser step is done."""
        now = time.perf_counter()
        self._seconds += now - self._since
        self._since = now
        self._tokens += tokens
        self._bar.update(self._task, completed=step, note=f"loss {loss:.4f}  {self._rate():,.0f} tokens/s")

    def _rate(self) -> float:
        return self._tokens / self._seconds if self._seconds else 0.0

    def log(self, step: int, figures: Mapping[str, float | int | None]) -> None:
        """One line of metrics.jsonl, and the same numbers for TensorBoard."""
        entry: dict[str, float | int | None] = {"step": step, **figures}
        if "loss" in figures:
            entry["tokens_per_s"] = round(self._rate(), 1)
            self._tokens, self._seconds = 0, 0.0
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        for name, value in entry.items():
            if name != "step" and value is not None:
                self._board.add_scalar(name.replace("valid_", "valid/"), value, step)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Time inside does not count for the rate of training."""
        try:
            yield
        finally:
            self._since = time.perf_counter()

    def flush(self) -> None:
        """Push everything to disk."""
        self._file.flush()
        self._board.flush()
