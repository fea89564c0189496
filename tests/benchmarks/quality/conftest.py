"""A folder of two whole tasks and one without a train table, and a toy model."""

from pathlib import Path

import pytest

from tests.benchmarks.quality.made_tasks import make_data
from tests.toy import save_toy_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "gue")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_toy_run(tmp_path)
