"""What others work is told from our own processes' work."""

import os
import platform
import subprocess
import sys

import pytest

from benchmarks.speed.work import ForeignWork, Process, below, parse_busy, parse_process

BUSY = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"
on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")


def test_busy_time_is_all_but_idle_and_waiting() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    # user nice system idle iowait irq softirq steal guest guest_nice
    assert parse_busy("cpu  100 20 30 9999 8888 4 5 6 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n") == pytest.approx((100 + 20 + 30 + 4 + 5 + 6) / tick)


@on_linux
def test_the_share_of_others_is_a_share() -> None:
    foreign = ForeignWork.begin()
    assert foreign is not None
    sum(range(100_000))
    assert 0 <= foreign.end() <= 1


@on_linux
def test_the_time_of_a_grandchild_whose_parent_ended_is_our_own() -> None:
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BUSY.format(0.5)!r}])"
    script = f"""
import subprocess, sys, time
from benchmarks.speed import work
work.adopt_orphans()
before = work._own_seconds()
subprocess.run([sys.executable, "-c", {orphan!r}])
for _ in range(600):
    work.reap_orphans()
    if work._own_seconds() - before > 0.5:
        break
    time.sleep(0.05)
else:
    sys.exit("the time of the orphan was not counted")
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@on_linux
def test_the_time_of_a_child_whose_parent_ignores_its_end_is_our_own() -> None:
    """As Ray's raylet does: the system adds the child's time to nobody's."""
    ignoring = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
subprocess.run([sys.executable, "-c", {BUSY.format(2.5)!r}])
"""
    script = f"""
import subprocess, sys
from benchmarks.speed import work
work._LOOK_S = 0.1
before, found = work._own_seconds(), work.ForeignWork.begin()
subprocess.run([sys.executable, "-c", {ignoring!r}], check=True)
rusage, seen = work._own_seconds() - before, sum(found._seen.values()) - sum(found._before.values())
found.end()
assert rusage < 1.5, f"the system told of it: {{rusage}}"
assert seen > 2, f"not seen: {{seen}}"
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@on_linux
def test_what_is_not_below_us_is_foreign() -> None:
    """A process that was there before, and is below another one, counts as other work; the same one below us does not."""
    script = f"""
import os, subprocess, sys, time
from benchmarks.speed import work
busy = subprocess.Popen([sys.executable, "-c", {BUSY.format(30)!r}])
if os.fork() == 0:  # a sister of the busy one
    found = work.ForeignWork.begin()
    time.sleep(1)
    share = found.end()
    os._exit(0 if share * os.cpu_count() > 0.3 else 1)
code = os.waitstatus_to_exitcode(os.wait()[1])
busy.kill()
sys.exit(code)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_name_with_blanks_and_brackets_is_read() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    fields = ["S", "7", *["0"] * 9, "300", "200", *["0"] * 6, "4711", "0"]
    assert parse_process(f"12 (a (b) c) {' '.join(fields)}\n") == Process(parent=7, begun=4711, seconds=500 / tick)


def test_a_circle_of_parents_ends() -> None:
    assert below({2: Process(3, 0, 0.0), 3: Process(2, 0, 0.0)}, 2) == {2, 3}
