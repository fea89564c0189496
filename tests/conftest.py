"""What holds for every test."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# numba's pool sets the threads of OpenMP, which are torch's too, and sums of another number of threads differ in their last bits.
os.environ.setdefault("NUMBA_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
settings.register_profile("dnabert", deadline=None)  # how fast a busy machine is, is not what a property says
settings.load_profile("dnabert")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The command line sets up logging for its process; here each test begins and ends without that."""
    _forget_command_line()
    yield
    _forget_command_line()


def _forget_command_line() -> None:
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for name in ("dnabert", "benchmarks"):  # the scripts of the benchmarks set these up too
        logging.getLogger(name).setLevel(logging.NOTSET)
    for handler in [handler for handler in root.handlers if type(handler) is logging.StreamHandler]:
        root.removeHandler(handler)
