"""Ending in time: at a moment given beforehand the loop of training is told to stop, as by Ctrl-C, and saves its state."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Deadline"]

_AGAIN_S = 1.0


class Deadline:
    """A moment by which all must be done.

    Args:
        minutes: Time from now.
        reserve_s: What is kept for saving and packing after the loop has stopped.
    """

    def __init__(self, minutes: float, reserve_s: float) -> None:
        self._end = time.monotonic() + 60 * minutes - reserve_s
        self.is_over = False
        """Whether the loop was told to stop."""

    @property
    def left_s(self) -> float:
        """Seconds left for training; negative when there are none."""
        return self._end - time.monotonic()

    def tell_if_over(self) -> None:
        """SIGINT for this thread, the main one, once, when the time is over: a loop that asks in every step saves that step and ends."""
        if self.left_s <= 0 and not self.is_over:
            self.is_over = True
            signal.raise_signal(signal.SIGINT)

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Inside, the main thread gets SIGINT when the time is over, wherever it is: for work whose state is not needed.

        The loop of training ends its step and raises ``KeyboardInterrupt``. Where no loop runs, work goes on, and is told again a second
        later: reading before the loop and writing after it take seconds, for which the reserve is. A Ctrl-C by hand stops as ever.
        """
        timers: list[threading.Timer] = []

        def arm(seconds: float) -> None:
            timers.append(threading.Timer(max(seconds, 0.01), fire))
            timers[-1].daemon = True
            timers[-1].start()

        def fire() -> None:
            self.is_over = True
            os.kill(os.getpid(), signal.SIGINT)

        def outside_loop(_number: int, _frame: FrameType | None) -> None:
            if not self.is_over:
                raise KeyboardInterrupt
            arm(_AGAIN_S)

        before = signal.signal(signal.SIGINT, outside_loop)
        arm(self.left_s)
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()
            signal.signal(signal.SIGINT, before)
