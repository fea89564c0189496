"""What others work is told from our own processes' work."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed import work
from benchmarks.speed.work import ForeignWork, OwnWork, Process, below, foreign_share, parse_busy, parse_process

ROOT = Path(__file__).parents[2]
BUSY = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass"
FIELDS = " ".join(["S", "7", *["0"] * 9, "300", "200", *["0"] * 6, "4711", "0"])
on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")


def test_busy_time_is_all_but_idle_and_waiting() -> None:
    tick = os.sysconf("SC_CLK_TCK")
    # user nice system idle iowait irq softirq steal guest guest_nice
    assert parse_busy("cpu  100 20 30 9999 8888 4 5 6 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n") == pytest.approx((100 + 20 + 30 + 4 + 5 + 6) / tick)


@pytest.mark.parametrize("name", [b"python", b"(a (b) c", b"na\xc3"])
def test_a_process_of_any_name_is_read(name: bytes) -> None:
    assert parse_process(b"12 (" + name + b") " + FIELDS.encode() + b"\n") == Process(7, 4711, 500 / os.sysconf("SC_CLK_TCK"))


def test_a_circle_of_parents_ends() -> None:
    assert below({2: Process(3, 0, 0.0), 3: Process(2, 0, 0.0)}, 2) == {2, 3}


def test_our_own_work_is_that_of_ours_since_the_beginning() -> None:
    own = OwnWork(2, {2: Process(1, 10, 5.0), 3: Process(2, 20, 7.0), 4: Process(1, 20, 100.0)}, ticks=50)
    assert own.seconds() == 0
    own.look({2: Process(1, 10, 6.0), 4: Process(1, 20, 200.0)})  # 3 has ended, 4 is a sister
    assert own.seconds() == 1
    own.look({2: Process(1, 10, 6.0), 3: Process(2, 50, 2.0), 5: Process(3, 60, 0.5)})  # a number is used anew, by one with a child
    assert own.seconds() == 1 + 2 + 0.5
    own.look({2: Process(1, 10, 6.0), 4: Process(2, 20, 201.0)})  # the sister is adopted: what it did before is not ours
    own.look({2: Process(1, 10, 6.0), 4: Process(2, 20, 204.0)})
    assert own.seconds() == 1 + 2 + 0.5 + 3


@on_linux
def test_processes_that_end_meanwhile_or_are_hidden_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 12, 13):
        (tmp_path / str(number)).mkdir()
    (tmp_path / "self").mkdir()
    (tmp_path / "12/stat").write_bytes(b"12 (na\xc3) " + FIELDS.encode())
    (tmp_path / "13/stat").write_bytes(b"13 (a) " + FIELDS.encode())
    read = Path.read_bytes

    def hidden(path: Path) -> bytes:
        if path.parent.name == "13":
            raise PermissionError(1, "Operation not permitted")
        return read(path)

    monkeypatch.setattr(work, "_PROC", tmp_path)
    monkeypatch.setattr(Path, "read_bytes", hidden)
    assert list(work._processes()) == [12]


@on_linux
@pytest.mark.parametrize(("waited", "seen", "share"), [(3.0, 5.0, 0.5), (7.0, 5.0, 0.3), (0.0, 0.0, 1.0)])
def test_the_larger_sum_is_ours(waited: float, seen: float, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of one core, ten seconds, all of them busy."""
    ticks = iter([0.0, 10.0])
    busy, own = iter([100.0, 110.0]), iter([50.0, 50.0 + waited])
    me = os.getpid()
    looks = iter([{me: Process(1, 0, 40.0)}, {me: Process(1, 0, 40.0), 99: Process(me, 1 << 60, seen)}])
    monkeypatch.setattr(work, "_LOOK_S", 1e6)
    monkeypatch.setattr(work, "_processes", lambda: next(looks))
    monkeypatch.setattr(work, "_busy_seconds", lambda: next(busy))
    monkeypatch.setattr(work, "_waited_seconds", lambda: next(own))
    monkeypatch.setattr(work, "reap_orphans", lambda: None)
    monkeypatch.setattr(work.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(work.os, "cpu_count", lambda: 1)
    with ForeignWork() as found:
        assert found.share() is None
    assert found.share() == pytest.approx(share)
    assert foreign_share(10.0, waited, seen, 10.0, 1) == pytest.approx(share)


def test_a_system_that_does_not_tell_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_PROC", tmp_path)
    with ForeignWork() as found:
        pass
    assert found.share() is None


def _run(script: str) -> None:
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@on_linux
def test_the_time_of_a_grandchild_whose_parent_ended_is_our_own() -> None:
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BUSY.format(0.5)!r}])"
    _run(f"""
import subprocess, sys, time
from benchmarks.speed import work
work.adopt_orphans()
before = work._waited_seconds()
subprocess.run([sys.executable, "-c", {orphan!r}])
for _ in range(600):
    work.reap_orphans()
    if work._waited_seconds() - before > 0.5:
        break
    time.sleep(0.05)
else:
    sys.exit("the time of the orphan was not counted")
""")


@on_linux
def test_the_time_of_a_child_whose_parent_ignores_its_end_is_seen_though_the_system_drops_it() -> None:
    """As Ray's raylet does. The child says when it has worked for two seconds, and is looked at before it may end."""
    busy = BUSY.format(2) + "\nprint(flush=True); input()"
    ignoring = f"""
import signal, subprocess, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
subprocess.run([sys.executable, "-c", {busy!r}])
"""
    _run(f"""
import os, subprocess, sys
from benchmarks.speed import work
before, own = work._waited_seconds(), work.OwnWork(os.getpid(), work._processes(), 0)
parent = subprocess.Popen([sys.executable, "-c", {ignoring!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
parent.stdout.readline()
own.look(work._processes())
parent.communicate("\\n")
waited, seen = work._waited_seconds() - before, own.seconds()
assert seen >= waited + 1, (seen, waited)
""")
