"""How much of a machine's work is ours and how much that of others. Never imports torch."""

import ctypes
import os
import resource
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

__all__ = ["ForeignWork", "Process", "adopt_orphans", "below", "parse_busy", "parse_process", "reap_orphans"]

_PROC = Path("/proc")
_SET_CHILD_SUBREAPER = 36
"""Source: prctl(2)."""
_LOOK_S = 1.0
"""Seconds between two looks at our processes; one that ends in between loses at most so much."""


class Process(NamedTuple):
    """A process as ``/proc/PID/stat`` tells of it.

    Attributes:
        parent: Its parent's number.
        begun: When it was started, in ticks since the machine was; tells two processes of one number apart.
        seconds: Processor time by now.
    """

    parent: int
    begun: int
    seconds: float


class ForeignWork:
    """How much other processes have worked since this was made.

    The system adds the time of ended children to their parent's, but not where the parent ignores that they end, as Ray's raylet does
    (POSIX, SIGCHLD). So a thread looks at all processes below this one, and the larger of both sums is ours.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], float] = {}
        self._end = threading.Event()
        self._look()
        self._before = dict(self._seen)
        self._busy_s, self._own_s, self._since = parse_busy((_PROC / "stat").read_text()), _own_seconds(), time.perf_counter()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @classmethod
    def begin(cls) -> Self | None:
        """From now on; None where the system does not tell."""
        return cls() if (_PROC / "stat").exists() else None

    def end(self) -> float:
        """Share of all cores' time that others took, 0-1; watches no longer."""
        self._end.set()
        self._thread.join()
        self._look()
        passed = time.perf_counter() - self._since
        seen = sum(seconds - self._before.get(key, 0.0) for key, seconds in self._seen.items())
        foreign = parse_busy((_PROC / "stat").read_text()) - self._busy_s - max(_own_seconds() - self._own_s, seen)
        return min(max(foreign / (passed * (os.cpu_count() or 1)), 0.0), 1.0)

    def _watch(self) -> None:
        while not self._end.wait(_LOOK_S):
            self._look()

    def _look(self) -> None:
        processes = _processes()
        for number in {os.getpid(), *below(processes, os.getpid())} & processes.keys():
            found = processes[number]
            self._seen[number, found.begun] = found.seconds


def parse_busy(stat: str) -> float:
    """Seconds in which the cores of the machine were not idle, from ``/proc/stat``; what a host took away (steal) counts too."""
    user, nice, system, _idle, _wait, irq, soft, steal = (int(text) for text in stat.split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def parse_process(stat: str) -> Process:
    """What ``/proc/PID/stat`` tells; the name, which stands in brackets, may hold blanks and brackets. Source: proc(5)."""
    fields = stat.rpartition(")")[2].split()  # begins with the third field, the state
    return Process(parent=int(fields[1]), begun=int(fields[19]), seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def below(processes: Mapping[int, Process], ancestor: int) -> set[int]:
    """Numbers of the children of a process, of their children, and so on.

    Examples:
        >>> sorted(below({2: Process(1, 0, 0.0), 3: Process(2, 0, 0.0), 4: Process(3, 0, 0.0), 5: Process(1, 0, 0.0)}, 2))
        [3, 4]
    """
    found, edge = set[int](), {ancestor}
    while edge:
        edge = {number for number, process in processes.items() if process.parent in edge} - found
        found |= edge
    return found


def adopt_orphans() -> None:
    """Be the parent of processes whose parents end, as Ray's do, so that they stay below this one; nothing where the system cannot."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> None:
    """Let the system forget adopted processes that have ended, which adds their time to ours; no child may be waited for elsewhere."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _own_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _processes() -> dict[int, Process]:
    """Those that run, by their numbers."""
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                found[int(folder.name)] = parse_process((folder / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
    return found
