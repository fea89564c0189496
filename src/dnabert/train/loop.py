"""THE training loop: accumulate, clip, step, log, evaluate, save, resume. Pre-training and fine-tuning are jobs that it runs.

Every random draw of step s follows from the seed and s, so that a run that is killed at any moment and resumed ends with the same
weights, bit by bit on a CPU, as one that was never stopped.
"""

import json
import logging
import math
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor

from dnabert.data.batch import Batch
from dnabert.device import Machine, autocast, seed_of
from dnabert.errors import TrainingError
from dnabert.model.heads import Dnabert
from dnabert.output import write_text
from dnabert.train.config import OptimConfig
from dnabert.train.optim import Optimizers, lr_at, make_optimizer, set_lr
from dnabert.train.state import Progress, load_state, save_state
from dnabert.train.tracking import Tracker

__all__ = ["Job", "LoopSettings", "train"]

log = logging.getLogger(__name__)
STATE_FILE = "state.safetensors"


class Job(Protocol):
    """What the loop needs to know of a kind of training."""

    model: Dnabert

    def batches(self, step: int) -> Sequence[Batch]:
        """The pieces of step ``step`` (from 0), whose losses add up to the loss of the step."""
        ...

    def loss(self, batch: Batch, pieces: Sequence[Batch]) -> Tensor:
        """This piece's part of the step's loss: a scalar with gradient."""
        ...

    def evaluate(self) -> dict[str, float | int | None]:
        """Validation figures; nothing to report is an empty dictionary."""
        ...

    def score(self, figures: dict[str, float | int | None]) -> float | None:
        """The figure by which the best moment is chosen, larger is better; None: the last moment is the best."""
        ...


class LoopSettings(Protocol):
    """The settings that the loop reads; both training configurations have them."""

    @property
    def optim(self) -> OptimConfig:
        """Optimiser and learning rate."""
        ...

    @property
    def seed(self) -> int:
        """All randomness comes from it."""
        ...

    @property
    def log_every(self) -> int:
        """Steps between lines of metrics.jsonl."""
        ...

    @property
    def save_every(self) -> int:
        """Steps between saved states."""
        ...


def train(
    job: Job,
    settings: LoopSettings,
    run: Path,
    machine: Machine,
    *,
    num_steps: int,
    eval_every: int,
    patience: int,
    fingerprint: str,
    resume: bool,
    least_steps: int = 0,
    evaluate_first: bool = False,
    quiet: bool = False,
) -> Progress:
    """Train, and leave the best weights in the model.

    Args:
        job: What to train.
        settings: Optimiser, seed, and how often to log and save.
        run: The run directory; ``state.safetensors`` and ``metrics.jsonl`` are written there.
        machine: Where to compute.
        num_steps: Optimiser steps.
        eval_every: Steps between validations.
        patience: Stop after so many validations without a better figure; 0 never stops early.
        least_steps: Steps before which ``patience`` stops nothing.
        evaluate_first: Validate before the first step, too; where nothing after it is better, the beginning is kept (step 0).
        fingerprint: What the run is made of; a state with another one is not resumed.
        resume: Go on from the state in ``run`` if there is one.
        quiet: No progress bar.

    Returns:
        How far the run came.

    Raises:
        TrainingError: The loss is no longer a number.
        CheckpointError: The state cannot be resumed.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the state of the last whole step is saved.
    """
    model = job.model.to(machine.device)
    optimizer = make_optimizer(model, settings.optim)
    progress, best = Progress(), None
    state = run / STATE_FILE
    if resume and state.exists():
        progress, best = load_state(state, model, optimizer, fingerprint)
        log.info("going on from step %d of %d", progress.step, num_steps)
    _keep_lines(run / "metrics.jsonl", progress.step)
    saved = progress.step
    unread: list[_Step] = []
    with Tracker(run, num_steps, progress.step, quiet) as tracker, _interruptible() as interrupted:
        if evaluate_first and progress.step == 0:
            best = _evaluate(job, model, progress, tracker, best, 0)
        while progress.step < num_steps and not progress.stopped:
            lr = lr_at(progress.step, num_steps, settings.optim)
            set_lr(optimizer, lr)
            done = _one_step(job, model, optimizer, settings, machine, progress.step)
            progress.step += 1
            is_last = progress.step == num_steps
            logs, evaluates = progress.step % settings.log_every == 0 or is_last, progress.step % eval_every == 0 or is_last
            stops = interrupted.is_set()  # asked once: what comes later, in a validation say, ends the next step
            saves = stops or progress.step - saved >= settings.save_every
            # A GPU is asked for the loss of the step before while it computes this one, so that it never waits for the host.
            late = machine.device.type != "cpu" and not (logs or evaluates or saves) and bool(unread)
            unread.append(done)
            for step in unread[:-1] if late else unread:
                loss = step.checked_loss(settings.optim.lr)
            unread = unread[-1:] if late else []
            tracker.step(progress.step, done.num_tokens, loss)
            if logs:
                tracker.log(progress.step, {"loss": loss, "lr": lr, "grad_norm": float(done.norm)})
            if evaluates:
                best = _evaluate(job, model, progress, tracker, best, patience if progress.step >= least_steps else 0)
            if saves:
                tracker.flush()
                save_state(state, model, optimizer, progress, fingerprint, best)
                saved = progress.step
            if stops:
                log.warning("interrupted: step %d is saved in %s; go on with --resume", progress.step, run)
                raise KeyboardInterrupt
    if best is not None:
        model.load_state_dict(best)
    return progress


@dataclass(frozen=True)
class _Step:
    """A step that was begun; on a GPU its numbers may not be there yet.

    Attributes:
        number: Its number, from 1.
        loss: The loss, a scalar on the device.
        norm: Norm of the gradient before it was clipped, a scalar on the device.
        num_tokens: Tokens without padding.
    """

    number: int
    loss: Tensor
    norm: Tensor
    num_tokens: int

    def checked_loss(self, lr: float) -> float:
        """The loss.

        Raises:
            TrainingError: It is not a number.
        """
        value = float(self.loss)
        if not math.isfinite(value):
            raise TrainingError(f"step {self.number}: the loss is {value}; lower optim.lr (now {lr:g}), or use --dtype float32")
        return value


def _one_step(job: Job, model: Dnabert, optimizer: Optimizers, settings: LoopSettings, machine: Machine, step: int) -> _Step:
    model.train()
    torch.manual_seed(seed_of(settings.seed, "dropout", step))
    pieces = job.batches(step)
    optimizer.zero_grad()
    total = torch.zeros((), device=machine.device)
    for piece in pieces:
        batch = piece.to(machine.device)
        with autocast(machine):
            loss = job.loss(batch, pieces)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.optim.clip_norm)
    optimizer.step()
    return _Step(step + 1, total, norm, sum(piece.num_tokens for piece in pieces))


def _evaluate(
    job: Job,
    model: Dnabert,
    progress: Progress,
    tracker: Tracker,
    best: dict[str, Tensor] | None,
    patience: int,
) -> dict[str, Tensor] | None:
    with tracker.pause():
        figures = job.evaluate()
    if not figures:
        return best
    score = job.score(figures)
    tracker.log(progress.step, {f"valid_{name}": value for name, value in figures.items()})
    if score is None:
        return best
    if progress.best is None or score > progress.best:
        progress.best, progress.best_step, progress.stale = score, progress.step, 0
        return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    progress.stale += 1
    if patience and progress.stale >= patience:
        log.info("no better validation for %d times: stopping at step %d", patience, progress.step)
        progress.stopped = True
    return best


def _keep_lines(path: Path, step: int) -> None:
    """Drop the lines of metrics.jsonl that a resumed run will write again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            break  # the line that was being written when the run was killed
        if step and entry["step"] <= step:
            kept.append(line + "\n")
    write_text(path, "".join(kept))


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """A flag that Ctrl-C and SIGTERM set, so that the step in progress can end; a second Ctrl-C ends at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        log.warning("stopping: this step is finished and saved first; Ctrl-C again stops at once")
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
