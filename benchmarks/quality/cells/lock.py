"""One process at a time works on a cell, so that several may share a folder of results."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dnabert.errors import DnabertError

__all__ = ["CellIsBusyError", "only_worker"]


class CellIsBusyError(DnabertError):
    """Another process works on the cell."""


@contextmanager
def only_worker(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Nobody else is in this block for the folder, which need not exist; the system gives it free when a process is killed.

    Args:
        folder: The folder of the cell; beside it lies a hidden file meanwhile.
        wait: Wait until it is free.

    Raises:
        CellIsBusyError: Another process is, and ``wait`` is off.
    """
    place = folder.with_name(f".{folder.name}.lock")
    place.parent.mkdir(parents=True, exist_ok=True)
    while True:
        held = os.open(place, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(held, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(held)
            raise CellIsBusyError(f"{folder}: another process works on it") from error
        if _is_at(place, held):
            break
        os.close(held)  # its last holder removed it between the opening and the locking
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        os.close(held)


def _is_at(place: Path, held: int) -> bool:
    """Whether an open file is the one that lies at ``place``."""
    try:
        return os.path.samestat(place.stat(), os.fstat(held))
    except FileNotFoundError:
        return False
