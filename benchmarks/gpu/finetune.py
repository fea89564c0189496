"""The GUE benchmark on a lent GPU: `python -m benchmarks.gpu.finetune --minutes 9 --workers 8 --out DIR FLAGS...`.

FLAGS are those of ``benchmarks.quality.gue`` (models, data, recipe, seeds), which does the work and keeps of every cell its record and its
predictions; here is what a lent machine needs around it. Small models leave a GPU waiting for the next launch, so that several processes
share it and one folder of results: a cell that one works on the others leave alone. What is finished comes home as one parcel without
weights (``--home``, ``$OUT`` if set), whatever became of the processes. What is there already is not done again.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.machine import check_place, home_folder, is_rehearsal
from benchmarks.gpu.parcel import pack
from benchmarks.quality.cells.records import RESULT, read_records
from benchmarks.quality.options import NOT_DONE
from dnabert.errors import ConfigError, DnabertError, TrainingError

__all__ = ["finished_files", "share_out"]

RESERVE_S = 45
"""Kept at the end: processes that do not end by themselves, and the parcel."""
STARTUP_S = 15
"""The clock of a process begins when it has imported all."""
GRACE_S = 25
"""Of the reserve: a process that was told to stop and has not ended by then is killed."""
PAUSE_S = 30
"""Between two starts of a process: one that found only cells that others work on looks again."""
POLL_S = 0.2
TINY_ROWS = 24
_KEPT = (RESULT, "run.json", "metrics.json", "metrics.jsonl")
_TRUTH = "clean.npy"


def share_out(command: Sequence[str], workers: int, deadline: Deadline) -> list[int]:
    """As many processes as workers, until all is done or the time is over; the exit code of each.

    A process that ended with ``NOT_DONE`` before that, since what is left is in the hands of others, is started again. One that the end
    of the time meets has not failed: its code is ``NOT_DONE``.

    Args:
        command: Of each process; ``--minutes`` is added.
        workers: Processes.
        deadline: When they are to end.
    """
    begun: dict[subprocess.Popen[bytes], float] = {}

    def start() -> None:
        minutes = max(deadline.left_s - STARTUP_S, 1) / 60
        begun[subprocess.Popen([*command, "--minutes", f"{minutes:.3f}"])] = time.monotonic()

    codes: list[int] = []
    try:
        for _ in range(workers):
            start()
        while begun and deadline.left_s > 0:
            for process in list(begun):
                code = process.poll()
                if code is None:
                    continue
                if code == NOT_DONE and 0 not in codes and deadline.left_s > PAUSE_S:
                    if time.monotonic() - begun[process] >= PAUSE_S:
                        del begun[process]
                        start()
                    continue
                del begun[process]
                codes.append(code)
            time.sleep(POLL_S)
    finally:
        _stop(begun)
    return codes + [0 if process.returncode == 0 else NOT_DONE for process in begun]


def _stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ends processes: told first, as by Ctrl-C, so that the step of training in progress is saved."""
    end = time.monotonic() + GRACE_S
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(end - time.monotonic(), 0))
    for process in processes:
        process.kill()
        process.wait()


def finished_files(out: Path) -> dict[str, Path]:
    """What is to come home of a folder of results, by the name inside the parcel: finished cells and what is true of their tasks."""
    marks = [path for name in (RESULT, _TRUTH) for path in out.rglob(name)]
    found = [path for mark in marks for path in mark.parent.iterdir() if path.name in _KEPT or path.suffix == ".npy"]
    inside = {path.relative_to(out): path for path in [*found, *out.glob("skipped.json")]}
    return {f"{out.name}/{name.as_posix()}": path for name, path in inside.items() if not any(part.startswith(".") for part in name.parts)}


def main(words: list[str] | None = None) -> int:
    options, flags = _parser().parse_known_args(words)
    rehearsal = is_rehearsal(options.quick)
    try:
        return _run(options, flags, Deadline(options.minutes, RESERVE_S), rehearsal)
    except KeyboardInterrupt:
        print("finetune: stopped; the same command goes on", file=sys.stderr)
        return 130
    except DnabertError as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.finetune",
        description="The GUE benchmark on a lent GPU.",
        epilog="All other flags are those of python -m benchmarks.quality.gue.",
        allow_abbrev=False,
    )
    parser.add_argument("--minutes", type=float, required=True, help="all of this command, from now")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the GPU (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder of results; what is there is not done again")
    parser.add_argument("--home", type=Path, default=home_folder(), help="where the parcel goes (default: $OUT)")
    parser.add_argument("--quick", action="store_true", help="a rehearsal, as always without a GPU: a few rows, one epoch")
    return parser


def _run(options: argparse.Namespace, flags: list[str], deadline: Deadline, rehearsal: bool) -> int:
    for place in (options.out, options.home):
        if place is not None:
            check_place(place, rehearsal)
    if deadline.left_s <= STARTUP_S:
        raise ConfigError(f"--minutes {options.minutes:g}: {RESERVE_S + STARTUP_S} s are kept for the beginning and the end; give more")
    if options.workers < 1:
        raise ConfigError(f"--workers {options.workers}: at least one process is needed")
    command = [sys.executable, "-m", "benchmarks.quality.gue", *flags, "--out", str(options.out)]
    command += [
        "--device",
        "cuda" if torch.cuda.is_available() else "cpu",
        "--threads",
        str(max((os.cpu_count() or 1) // options.workers, 1)),
    ]
    command += ["--rehearse", str(TINY_ROWS)] if rehearsal else []
    try:
        codes = share_out(command, options.workers, deadline)
    finally:
        files = finished_files(options.out)
        if options.home is not None and files:
            for path in pack(files, options.home, options.out.name):
                print(f"  {path} {path.stat().st_size:,} bytes")
    failed = sum(code not in (0, NOT_DONE) for code in codes)
    if failed:
        raise TrainingError(f"{failed} of {options.workers} processes failed, see above; what is finished in {options.out} is kept")
    is_complete = 0 in codes
    cells = sum(1 for _ in read_records(options.out))
    name = "REHEARSAL, these figures mean nothing: " if rehearsal else ""
    print(f"{name}{options.out}: {cells} cells scored; {'complete' if is_complete else 'the same command goes on'}")
    return 0 if is_complete else NOT_DONE


if __name__ == "__main__":
    sys.exit(main())
