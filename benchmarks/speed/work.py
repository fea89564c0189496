"""How much of a machine's work is ours and how much that of others. Never imports torch."""

import ctypes
import os
import resource
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["ForeignWork", "OwnWork", "Process", "adopt_orphans", "below", "foreign_share", "parse_busy", "parse_process", "reap_orphans"]

_PROC = Path("/proc")
_SET_CHILD_SUBREAPER = 36
"""Source: prctl(2)."""
_LOOK_S = 1.0
"""Seconds between two looks at our processes."""


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


class OwnWork:
    """Processor time of a process and of all below it, from looks at them.

    Args:
        root: Number of the process.
        processes: Those that run at the beginning.
        ticks: That moment, as :attr:`Process.begun`.
    """

    def __init__(self, root: int, processes: Mapping[int, Process], ticks: int) -> None:
        self._root, self._ticks = root, ticks
        self._first: dict[tuple[int, int], float] = {}
        self._last: dict[tuple[int, int], float] = {}
        self.look(processes)

    def look(self, processes: Mapping[int, Process]) -> None:
        """Take note of the time of ours among the processes that run."""
        for number in {self._root, *below(processes, self._root)} & processes.keys():
            _, begun, seconds = processes[number]
            self._first.setdefault((number, begun), 0.0 if begun >= self._ticks else seconds)
            self._last[number, begun] = seconds

    def seconds(self) -> float:
        """Since the beginning, also of those that have ended; what they did after the last look at them is not known."""
        return sum(self._last.values()) - sum(self._first.values())


class ForeignWork:
    """How much other processes work, from the beginning of a ``with`` block to its end.

    The system adds the time of ended children to their parent's, but not where the parent ignores that they end, as Ray's raylet does
    (POSIX, SIGCHLD). So a thread looks at all processes below this one, and the larger of both sums is ours. A process that ends loses,
    on each core, up to a second of its time, and one that begins and ends between two looks all of it: the share is then too large. It is
    too small where an adopted process that worked before the block ends in it: the system adds all of its time at once.
    """

    def __init__(self) -> None:
        self._share: float | None = None

    def __enter__(self) -> Self:
        if (_PROC / "stat").exists():
            self._end = threading.Event()
            self._own = OwnWork(os.getpid(), _processes(), int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")))
            self._busy_s, self._waited_s, self._since = _busy_seconds(), _waited_seconds(), time.perf_counter()
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if (_PROC / "stat").exists():
            self._end.set()
            self._thread.join()
            self._own.look(_processes())  # those that have ended and are not reaped are there still
            if kind is None:
                reap_orphans()
                passed, busy, waited = time.perf_counter() - self._since, _busy_seconds() - self._busy_s, _waited_seconds() - self._waited_s
                self._share = foreign_share(busy, waited, self._own.seconds(), passed, os.cpu_count() or 1)

    def share(self) -> float | None:
        """Share of all cores' time that others took, 0-1; None before the block has ended, and where the system does not tell."""
        return self._share

    def _watch(self) -> None:
        while not self._end.wait(_LOOK_S):
            self._own.look(_processes())


def foreign_share(busy_s: float, waited_s: float, seen_s: float, passed_s: float, cores: int) -> float:
    """Share of all cores' time that others took.

    Args:
        busy_s: Processor time of the whole machine.
        waited_s: That of this process and its children, as the system adds it up.
        seen_s: The same from looks at the processes.
        passed_s: Time that has passed.
        cores: Cores of the machine.

    Examples:
        >>> foreign_share(6.0, 4.0, 5.0, 5.0, 2), foreign_share(6.0, 5.0, 4.0, 5.0, 2)
        (0.1, 0.1)
        >>> foreign_share(5.0, 5.1, 0.0, 5.0, 2), foreign_share(11.0, 0.0, 0.0, 5.0, 2)
        (0.0, 1.0)
    """
    return min(max((busy_s - max(waited_s, seen_s)) / (passed_s * cores), 0.0), 1.0)


def parse_busy(stat: str) -> float:
    """Seconds in which the cores of the machine were not idle, from ``/proc/stat``; what a host took away (steal) counts too."""
    user, nice, system, _idle, _wait, irq, soft, steal = (int(text) for text in stat.split("\n")[0].split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def parse_process(stat: bytes) -> Process:
    """What ``/proc/PID/stat`` tells; the name, which stands in brackets, may hold any bytes. Source: proc(5)."""
    fields = stat.rpartition(b")")[2].split()  # begins with the third field, the state
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


def _busy_seconds() -> float:
    return parse_busy((_PROC / "stat").read_text())


def _waited_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _processes() -> dict[int, Process]:
    """Those that run, by their numbers; without those that have ended meanwhile, and those of others that the system hides (hidepid)."""
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                found[int(folder.name)] = parse_process((folder / "stat").read_bytes())
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found
