from pathlib import Path

import pytest

from dnabert.data.simulate import SimulatedGenome, SimulationConfig, simulate_genome, write_simulation
from tests.data.simulate.reading import RICH, SMALL

HEADING = "# dnabert 0\n# command: dnabert simulate\n"


@pytest.fixture(scope="session")
def promoters_only() -> SimulatedGenome:
    return simulate_genome(SimulationConfig(), seed=7)


@pytest.fixture(scope="session")
def small() -> SimulatedGenome:
    return simulate_genome(SMALL, seed=3)


@pytest.fixture(scope="session")
def rich() -> SimulatedGenome:
    return simulate_genome(RICH, seed=5)


@pytest.fixture(scope="session")
def small_files(small: SimulatedGenome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out_dir = tmp_path_factory.mktemp("small")
    write_simulation(small, out_dir, HEADING)
    return out_dir


@pytest.fixture(scope="session")
def rich_files(rich: SimulatedGenome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out_dir = tmp_path_factory.mktemp("rich")
    write_simulation(rich, out_dir, HEADING)
    return out_dir
