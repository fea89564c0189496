"""An end by the clock: training stops after a whole step, saved, and the same command goes on."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["TimeIsUp", "time_limit"]


class TimeIsUp(KeyboardInterrupt):
    """The minutes are spent; what is done is kept, and the same command goes on."""


@contextmanager
def time_limit(minutes: float | None) -> Iterator[Callable[[], bool]]:
    """Whether the time is up, as a function; inside, when it is, the step of training in progress is ended and saved.

    Args:
        minutes: The limit; None is none, 0 is up at once.

    Raises:
        TimeIsUp: The block was ended by the limit.
    """
    over = threading.Event()
    if minutes is None:
        yield over.is_set
        return
    if minutes <= 0:
        over.set()
        yield over.is_set
        return

    def end() -> None:
        over.set()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(minutes * 60, end)
    timer.daemon = True
    timer.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        yield over.is_set
    except KeyboardInterrupt:
        if over.is_set():
            raise TimeIsUp from None
        raise
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
