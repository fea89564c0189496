"""Facts about the machine."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.speed.machine import ForeignWork, copy_seconds, describe, parse_busy, peak_memory_mb, usable_cores

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
    assert 0 <= foreign.share() <= 1


@on_linux
def test_the_time_of_a_grandchild_whose_parent_ended_is_our_own() -> None:
    busy = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    script = f"""
import subprocess, sys, time
from benchmarks.speed import machine
machine.adopt_orphans()
before = machine._own_seconds()
subprocess.run([sys.executable, "-c", {orphan!r}])
for _ in range(600):
    machine.reap_orphans()
    if machine._own_seconds() - before > 0.5:
        break
    time.sleep(0.05)
else:
    sys.exit("the time of the orphan was not counted")
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_machine_is_described_with_versions_and_commit() -> None:
    machine = describe(2, 0.25)
    assert machine.cpu
    assert machine.cores >= usable_cores() >= 1
    assert (machine.threads, machine.load) == (2, 0.25)
    assert set(machine.versions) == {"python", "dnabert", "torch", "transformers", "tokenizers", "numpy"}
    assert machine.date.endswith("+00:00")
    assert machine.commit


@on_linux
def test_peak_memory_is_what_was_taken_at_the_same_time() -> None:
    def twice() -> None:
        for _ in range(2):
            np.ones(64 << 20, np.uint8)

    once = peak_memory_mb(lambda: np.ones(64 << 20, np.uint8))
    assert once == pytest.approx(64, abs=8)
    assert peak_memory_mb(twice) == pytest.approx(64, abs=8)


def test_a_copy_takes_time() -> None:
    assert copy_seconds(1 << 20) > 0
