"""A progress bar on stderr, for whoever watches a terminal."""

from collections.abc import Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import track

__all__ = ["watched"]

Item = TypeVar("Item")


def watched(items: Iterable[Item], what: str, total: int, *, quiet: bool) -> Iterable[Item]:
    """The items, with a progress bar on a terminal only; it is gone when they are through.

    Args:
        items: What is gone through.
        what: What they are called.
        total: How many there are.
        quiet: No bar at all.
    """
    console = Console(stderr=True)
    return track(items, what, total=total, console=console, disable=quiet or not console.is_terminal, transient=True)
