"""Facts about the machine."""

import platform

import numpy as np
import pytest

from benchmarks.speed.machine import copy_seconds, describe, peak_memory_mb, usable_cores

on_linux = pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc")


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
