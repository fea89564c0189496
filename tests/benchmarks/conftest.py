"""What holds for every test of the benchmarks."""

import gc

import pytest


@pytest.fixture(autouse=True)
def no_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks collect garbage before they time; among all that a test process holds it would take longer than the tests."""
    monkeypatch.setattr(gc, "collect", lambda: 0)
