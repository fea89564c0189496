"""File handles that no two processes or threads share.

After a fork, parent and child have one file position between them: whoever reads moves it for the other, who then decodes wrong
bases without an error. And htslib's and libBigWig's handles are not made for two threads at a time.
"""

import os
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

__all__ = ["OwnHandle"]


class _Closable(Protocol):
    def close(self) -> object: ...


H = TypeVar("H", bound=_Closable)

# Closing a handle of the parent may move the parent's file position as well (fclose does), so these are kept open, unused.
_inherited: list[object] = []


class OwnHandle(Generic[H]):
    """One handle of a file for each process and thread that asks, opened when it first asks.

    Args:
        open_file: Opens the file; called once in every process and thread.
    """

    def __init__(self, open_file: Callable[[], H]) -> None:
        self._open_file = open_file
        self._handles: dict[tuple[int, int], H] = {}
        self._is_closed = False

    def get(self) -> H:
        """The handle of this process and thread.

        Raises:
            ValueError: It was closed.
        """
        if self._is_closed:
            raise ValueError("the file was closed")
        owner = os.getpid(), threading.get_ident()
        handle = self._handles.get(owner)
        if handle is None:
            self._set_inherited_aside()
            handle = self._handles[owner] = self._open_file()
        return handle

    def close(self) -> None:
        """Closes what this process has opened."""
        self._set_inherited_aside()
        self._is_closed = True
        while self._handles:
            self._handles.popitem()[1].close()

    def _set_inherited_aside(self) -> None:
        _inherited.extend(self._handles.pop(owner) for owner in list(self._handles) if owner[0] != os.getpid())
