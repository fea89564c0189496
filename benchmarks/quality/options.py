"""Flags that the commands share, and how a command ends."""

import argparse
import json
import logging
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import torch

from benchmarks.quality.cells.contestants import Contestant, read_contestant
from benchmarks.quality.cells.limit import TimeIsUp, time_limit
from benchmarks.quality.cells.lock import CellIsBusyError
from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.cells.runner import Cell, Runner
from benchmarks.quality.cells.tasks import Found, Task, find_tasks, read_task
from dnabert.device import choose_machine
from dnabert.errors import ConfigError, DnabertError
from dnabert.output import write_json

__all__ = ["DATA", "NOT_DONE", "add_run_flags", "command_of", "contestants_of", "run_all", "run_command", "runner_of", "tasks_of"]

DATA = Path("../shared/data/gue")
NOT_DONE = 3
"""Exit code where the minutes are spent before all is done, or other processes work on some of it; the same command goes on."""

log = logging.getLogger(__name__)


def add_run_flags(parser: argparse.ArgumentParser, out: str, models: Sequence[str] = ()) -> None:
    """The flags of a command that runs cells."""
    text = "[NAME=]MODEL: a run, a packaged name, random:mini:6, random:MODEL, cnn or cnn-lstm; may be given several times"
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the tasks (default: %(default)s)")
    parser.add_argument("--model", action="append", metavar="[NAME=]MODEL", help=f"{text} (default: {', '.join(models)})")
    parser.add_argument("--out", type=Path, default=Path(out), help="folder of results (default: %(default)s)")
    parser.add_argument("--tasks", nargs="+", default=[], metavar="TASK", help="names, or beginnings of names, of tasks (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1, 2, ... (default: %(default)s)")
    parser.add_argument("--points", type=int, metavar="N", help="of a grid, the first N points only (default: all)")
    parser.add_argument("--minutes", type=float, help="stop, and keep all, after so long; the same command goes on. 0 runs nothing")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--force", action="store_true", help="run anew what is there")
    parser.add_argument("--keep-weights", action="store_true", help="keep the fine-tuned weights")
    parser.add_argument("--rehearse", type=int, metavar="ROWS", help="a rehearsal: so many rows of each split, one epoch, two grid points")
    parser.set_defaults(default_models=tuple(models))


def command_of(module: str) -> str:
    """The command line, as it is to be typed."""
    return shlex.join(["python", "-m", f"benchmarks.quality.{module}", *sys.argv[1:]])


def contestants_of(options: argparse.Namespace) -> list[Contestant]:
    """The contestants in the order they are named.

    Raises:
        ConfigError: Two have one name, or none is named.
    """
    found = [read_contestant(text) for text in options.model or options.default_models]
    if not found:
        raise ConfigError("--model is missing; give a run, a packaged name, random:mini:6, cnn or cnn-lstm")
    slugs = [contestant.slug for contestant in found]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise ConfigError(f"two models are called {slug}; name one with --model NAME={slug}")
    return found


@contextmanager
def runner_of(options: argparse.Namespace, command: str) -> Iterator[Runner]:
    """A runner with the settings of the flags, for as long as its minutes last.

    Raises:
        ConfigError: A number is out of range.
        TimeIsUp: The minutes are spent.
    """
    if options.seeds < 1:
        raise ConfigError(f"--seeds {options.seeds}: at least one seed is needed")
    if options.points is not None and options.points < 1:
        raise ConfigError(f"--points {options.points}: at least one point is needed")
    if options.rehearse is not None and options.rehearse < 20:
        raise ConfigError(f"--rehearse {options.rehearse}: with fewer than 20 rows a class may be missing")
    if options.threads is not None:
        if options.threads < 1:
            raise ConfigError(f"--threads {options.threads}: at least one thread is needed")
        torch.set_num_threads(options.threads)
    machine = choose_machine(options.device, options.dtype)
    with time_limit(options.minutes) as is_over:
        yield Runner(
            options.out,
            machine,
            command,
            tuning_seed=1,
            is_over=is_over,
            most_points=options.points,
            rehearsal=options.rehearse is not None,
            force=options.force,
            keep_weights=options.keep_weights,
        )


def run_all(
    runner: Runner,
    options: argparse.Namespace,
    found: Found,
    recipes: Sequence[RecipeName],
    shares: Sequence[float] = (1.0,),
) -> None:
    """Every task x contestant x recipe x share x seed; all of one seed before the next, so that a table fills evenly.

    Cells that another process works on are passed over, and told of at the end.

    Raises:
        TimeIsUp: The minutes are spent.
        CellIsBusyError: Another process works on some of the cells.
    """
    contestants = contestants_of(options)
    if "few" in recipes:
        for contestant in contestants:
            if contestant.sizes is None:
                log.info("%s: left out, recipe few is for DNABERT models", contestant.name)
        contestants = [contestant for contestant in contestants if contestant.sizes is not None]
    _keep_skipped(options.out / "skipped.json", found)
    busy = [cell for task in found.tasks for cell in _run_task(runner, options, task, contestants, recipes, shares)]
    if busy:
        raise CellIsBusyError(f"{len(busy)} cells are left to other processes; when they have ended, the same command says what is missing")


def _keep_skipped(path: Path, found: Found) -> None:
    for name, reason in found.skipped.items():
        log.info("%s: skipped, %s", name, reason)
    before: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    run = {task.name for task in found.tasks}
    write_json(path, {name: reason for name, reason in (before | found.skipped).items() if name not in run})


def _run_task(
    runner: Runner,
    options: argparse.Namespace,
    task: Task,
    contestants: Sequence[Contestant],
    recipes: Sequence[RecipeName],
    shares: Sequence[float],
) -> list[Cell]:
    """Runs the cells of a task; those that other processes work on are given back."""
    if runner.is_over():
        raise TimeIsUp
    data = read_task(task, options.rehearse)
    busy = []
    for seed, contestant, recipe, share in product(range(1, options.seeds + 1), contestants, recipes, shares):
        cell = Cell(data, contestant, recipe, seed, share)
        try:
            runner.run(cell)
        except CellIsBusyError as error:
            log.info("%s; passed over", error)
            busy.append(cell)
    return busy


def run_command(work: Callable[[], None]) -> int:
    """Exit code of a command: 0, 1 with one line on stderr, 3 where something is left to do or to other processes, 130 after Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    logging.getLogger("benchmarks.quality").setLevel(logging.INFO)
    try:
        work()
    except TimeIsUp:
        log.info("the minutes are spent; the same command goes on")
        return NOT_DONE
    except CellIsBusyError as error:
        log.info("%s", error)
        return NOT_DONE
    except KeyboardInterrupt:
        log.info("stopped; the same command goes on")
        return 130
    except DnabertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def tasks_of(options: argparse.Namespace) -> Found:
    """The tasks of ``--data`` that ``--tasks`` names."""
    return find_tasks(options.data, options.tasks)
